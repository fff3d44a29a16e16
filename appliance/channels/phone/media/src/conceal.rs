//! What is heard where nothing arrived: the last pitch period again, fading away (in the manner of G.711 Appendix I), and
//! the noise that a silent peer describes (RFC 3389).

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

/// Milliseconds of sound that are remembered: three of the longest pitch periods.
const MEMORY_MS: usize = 45;
/// Slots of 10 ms after which concealment is silent.
const FADE: u32 = 6;

/// Remembers what was heard and goes on from it.
#[derive(Debug)]
pub(crate) struct Concealer {
    memory: Vec<i16>,
    rate: u32,
    /// The pitch period in samples, and where in it the next slot begins, while concealing.
    repeating: Option<(usize, usize)>,
    slots: u32,
    random: SmallRng,
}

impl Concealer {
    pub(crate) fn new(rate: u32) -> Self {
        let memory = Vec::with_capacity(rate as usize * MEMORY_MS / 1_000);
        Self { memory, rate, repeating: None, slots: 0, random: SmallRng::seed_from_u64(u64::from(rate)) }
    }

    /// Remembers a slot that was received, and joins it smoothly to what was made up before it.
    pub(crate) fn received(&mut self, slot: &mut [i16]) {
        if self.repeating.is_some() {
            let overlap = (slot.len() / 2).min(64);
            let mut guess = vec![0; overlap];
            self.repeat(&mut guess);
            cross_fade(&guess, slot);
            self.repeating = None;
        }
        self.slots = 0;
        let most = self.rate as usize * MEMORY_MS / 1_000;
        let excess = (self.memory.len() + slot.len()).saturating_sub(most).min(self.memory.len());
        self.memory.drain(..excess);
        self.memory.extend_from_slice(slot);
    }

    /// Makes up a slot. Says whether it holds anything but silence.
    pub(crate) fn missing(&mut self, slot: &mut [i16]) -> bool {
        if self.slots >= FADE || self.memory.len() < self.rate as usize / 50 {
            slot.fill(0);
            return false;
        }
        if self.repeating.is_none() {
            self.repeating = Some((self.pitch(), 0));
        }
        self.repeat(slot);
        self.slots += 1;
        true
    }

    /// Fills a slot with noise at `level` decibels below full scale.
    pub(crate) fn noise(&mut self, level: u8, slot: &mut [i16]) {
        (self.repeating, self.slots) = (None, FADE);
        let peak = (32_768.0 * 10_f32.powf(-f32::from(level) / 20.0) * 1.732).min(8_000.0) as i16;
        for sample in slot {
            *sample = if peak > 0 { self.random.random_range(-peak..=peak) } else { 0 };
        }
    }

    fn repeat(&mut self, slot: &mut [i16]) {
        let Some((period, mut phase)) = self.repeating else { return };
        let begin = self.memory.len() - period;
        let from = 1.0 - self.slots as f32 / FADE as f32;
        let step = 1.0 / FADE as f32 / (self.rate as f32 / 100.0);
        for (index, sample) in slot.iter_mut().enumerate() {
            *sample = (f32::from(self.memory[begin + phase]) * (from - index as f32 * step).max(0.0)) as i16;
            phase = (phase + 1) % period;
        }
        self.repeating = Some((period, phase));
    }

    /// The period, between 2.5 and 15 ms, at which the end of the memory is most like what came before.
    fn pitch(&self) -> usize {
        let window = self.rate as usize / 100;
        let (shortest, longest) =
            (self.rate as usize / 400, (self.rate as usize * 15 / 1_000).min(self.memory.len() / 2));
        let Some(tail) = self.memory.len().checked_sub(window) else { return shortest };
        // At 16 kHz every other lag and sample is enough for the ear and a quarter of the work.
        let stride = self.rate as usize / 8_000;
        let likeness = |lag: usize| {
            let from = tail.checked_sub(lag)?;
            let (mut product, mut energy) = (0_i64, 1_i64);
            for index in (0..window).step_by(stride) {
                let (now, then) = (i64::from(self.memory[tail + index]), i64::from(self.memory[from + index]));
                product += now * then;
                energy += then * then;
            }
            Some(product as f64 / (energy as f64).sqrt())
        };
        let lags = (shortest..=longest.max(shortest)).step_by(stride);
        let scored = lags.filter_map(|lag| Some((lag, likeness(lag)?)));
        scored.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(shortest, |(lag, _)| lag)
    }
}

/// Fades from `old` into the beginning of `new`.
pub(crate) fn cross_fade(old: &[i16], new: &mut [i16]) {
    let length = old.len().min(new.len()) as i32;
    for (index, (old, new)) in (0..length).zip(old.iter().zip(new.iter_mut())) {
        *new = ((i32::from(*old) * (length - index) + i32::from(*new) * index) / length) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::level_db;
    use crate::test_sounds::{correlation, tone};

    #[test]
    fn a_lost_slot_of_a_steady_tone_is_not_heard_missing() {
        for rate in [8_000, 16_000] {
            let sound = tone(200.0, rate, 100, 8_000.0);
            let slot = rate as usize / 100;
            let mut concealer = Concealer::new(rate);
            let mut heard = Vec::new();
            for (index, part) in sound.chunks(slot).enumerate() {
                let mut part = part.to_vec();
                if index == 6 {
                    assert!(concealer.missing(&mut part));
                } else {
                    concealer.received(&mut part);
                }
                heard.extend(part);
            }
            assert!(correlation(&sound, &heard) > 0.98, "{rate}");
        }
    }

    #[test]
    fn a_long_loss_fades_to_silence() {
        let mut concealer = Concealer::new(8_000);
        for part in tone(300.0, 8_000, 60, 8_000.0).chunks_mut(80) {
            concealer.received(part);
        }
        let mut slot = [1; 80];
        let levels: Vec<f32> = (0..8)
            .map(|_| {
                concealer.missing(&mut slot);
                level_db(&slot)
            })
            .collect();
        assert!(levels.is_sorted_by(|a, b| a >= b), "{levels:?}");
        assert_eq!(levels[7], -100.0);
    }

    #[test]
    fn before_anything_was_heard_there_is_silence() {
        let mut slot = [1; 80];
        assert!(!Concealer::new(8_000).missing(&mut slot));
        assert_eq!(slot, [0; 80]);
    }

    #[test]
    fn noise_is_as_loud_as_the_peer_says() {
        let mut concealer = Concealer::new(8_000);
        let mut second = vec![0; 8_000];
        for level in [40, 60] {
            concealer.noise(level, &mut second);
            assert!((level_db(&second) + f32::from(level)).abs() < 1.0);
        }
        concealer.noise(127, &mut second);
        assert!(second.iter().all(|sample| *sample == 0));
    }
}
