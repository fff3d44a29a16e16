//! Keys as tones: the pairs of ITU-T Q.23, heard by Goertzel's filter as Q.24 wants it.

use std::f32::consts::TAU;
use std::time::Duration;

use super::event::Press;

const LOW: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const PAD: [[char; 4]; 4] = [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// Samples at 8 kHz in a block: 12.75 ms, so that a tone of 40 ms covers two whole ones.
const BLOCK: usize = 102;
/// Blocks that must agree before a key counts, and that must be without it before it is released.
const HITS: u32 = 2;
const MISSES: u32 = 2;
/// The part of a block's energy that the two tones must hold.
const PURITY: f32 = 0.60;
/// How much stronger one tone of the pair may be: 8 dB for the low one, 4 dB for the high one.
const LOW_STRONGER: f32 = 6.3;
const HIGH_STRONGER: f32 = 4.0;
/// A tone stands out from the others of its group by this: 8 dB.
const STANDS_OUT: f32 = 6.3;
/// Mean square below which a block is silence: −40 dB.
const LEAST: f32 = 1e-4 * 32_768.0 * 32_768.0;

/// Hears keys in sound at 8 kHz.
#[derive(Debug, Default)]
pub(crate) struct ToneDetector {
    block: Vec<i16>,
    candidate: Option<char>,
    agreed: u32,
    pressed: Option<char>,
    missed: u32,
    blocks: u32,
}

impl ToneDetector {
    /// Takes samples; gives the key that was released in them.
    pub(crate) fn hear(&mut self, samples: &[i16]) -> Option<Press> {
        let mut released = None;
        for sample in samples {
            self.block.push(*sample);
            if self.block.len() == BLOCK {
                let key = judge(&self.block);
                self.block.clear();
                released = self.follow(key).or(released);
            }
        }
        released
    }

    fn follow(&mut self, key: Option<char>) -> Option<Press> {
        self.agreed = if key.is_some() && key == self.candidate { self.agreed + 1 } else { 1 };
        self.candidate = key;
        let confirmed = key.filter(|_| self.agreed >= HITS);
        if let Some(pressed) = self.pressed {
            if key == Some(pressed) {
                self.blocks += 1 + self.missed;
                self.missed = 0;
                return None;
            }
            self.missed += 1;
            if self.missed < MISSES && confirmed.is_none() {
                return None;
            }
            self.pressed = None;
            let duration = Duration::from_micros(u64::from(self.blocks) * BLOCK as u64 * 125);
            self.begin(confirmed);
            return Some(Press { digit: pressed, duration });
        }
        self.begin(confirmed);
        None
    }

    fn begin(&mut self, key: Option<char>) {
        (self.pressed, self.missed, self.blocks) = (key, 0, HITS);
    }
}

/// The key whose tones make up a block, if any.
fn judge(block: &[i16]) -> Option<char> {
    let energy: f32 = block.iter().map(|sample| f32::from(*sample) * f32::from(*sample)).sum();
    if energy < LEAST * BLOCK as f32 {
        return None;
    }
    let low = LOW.map(|hertz| power(block, hertz));
    let high = HIGH.map(|hertz| power(block, hertz));
    let (row, column) = (loudest(&low)?, loudest(&high)?);
    let (l, h) = (low[row], high[column]);
    // A sine of amplitude a has power (a·n/2)² here and energy n·a²/2.
    let explained = 2.0 * (l + h) / BLOCK as f32;
    let matched = explained > PURITY * energy && l < h * LOW_STRONGER && h < l * HIGH_STRONGER;
    matched.then(|| PAD[row][column])
}

/// The strongest of a group, if it stands out.
fn loudest(powers: &[f32; 4]) -> Option<usize> {
    let best = (0..4).max_by(|a, b| powers[*a].total_cmp(&powers[*b]))?;
    (0..4).all(|other| other == best || powers[best] > powers[other] * STANDS_OUT).then_some(best)
}

fn power(block: &[i16], hertz: f32) -> f32 {
    let coefficient = 2.0 * (TAU * hertz / 8_000.0).cos();
    let (mut last, mut before) = (0.0_f32, 0.0_f32);
    for sample in block {
        let next = f32::from(*sample) + coefficient * last - before;
        before = last;
        last = next;
    }
    last * last + before * before - coefficient * last * before
}

/// The tones of a key, `ms` milliseconds of them at `rate`. Silence for what is no key.
pub(crate) fn tones(key: char, rate: u32, ms: u32) -> Vec<i16> {
    let key = key.to_ascii_uppercase();
    let place = (0..16).map(|index| (index / 4, index % 4)).find(|(row, column)| PAD[*row][*column] == key);
    let samples = rate * ms / 1_000;
    (0..samples)
        .map(|index| {
            let sine = |hertz: f32| (TAU * hertz * index as f32 / rate as f32).sin();
            place.map_or(0, |(row, column)| ((sine(LOW[row]) + sine(HIGH[column])) * 6_000.0) as i16)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digits::KEYS;
    use crate::test_sounds::tone;

    fn keys(sound: &[i16]) -> String {
        let mut detector = ToneDetector::default();
        sound.chunks(160).filter_map(|frame| detector.hear(frame)).map(|press| press.digit).collect()
    }

    #[test]
    fn every_key_is_heard_once() {
        for ms in [60, 100, 400] {
            let mut sound = Vec::new();
            for key in KEYS {
                sound.extend(tones(key, 8_000, ms));
                sound.extend(vec![0; 480]);
            }
            assert_eq!(keys(&sound), KEYS.iter().collect::<String>(), "{ms} ms");
        }
    }

    #[test]
    fn a_press_lasts_as_long_as_it_did() {
        let mut sound = tones('7', 8_000, 500);
        sound.extend(vec![0; 800]);
        let mut detector = ToneDetector::default();
        let press = sound.chunks(160).find_map(|frame| detector.hear(frame)).unwrap();
        assert!(press.duration.as_millis().abs_diff(500) < 30, "{press:?}");
    }

    #[test]
    fn single_tones_noise_and_short_bursts_are_no_keys() {
        assert_eq!(keys(&tone(697.0, 8_000, 500, 8_000.0)), "");
        assert_eq!(keys(&tone(425.0, 8_000, 500, 8_000.0)), "");
        let mut seed = 1_u32;
        let noise: Vec<i16> = (0..80_000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 18) as i16 - 8_192
            })
            .collect();
        assert_eq!(keys(&noise), "");
        let mut burst = tones('5', 8_000, 15);
        burst.extend(vec![0; 800]);
        assert_eq!(keys(&burst), "");
    }

    #[test]
    fn keys_are_heard_through_noise_and_at_a_low_level() {
        let mut seed = 7_u32;
        let mut sound: Vec<i16> = tones('4', 8_000, 100).iter().map(|sample| sample / 10).collect();
        for sample in &mut sound {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample += ((seed >> 24) as i16 - 128) / 2;
        }
        sound.extend(vec![0; 800]);
        assert_eq!(keys(&sound), "4");
    }
}
