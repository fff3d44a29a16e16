//! What is heard while one waits: a few quiet bars, computed, so that nobody's rights are in them.

use std::f64::consts::TAU;

use media::Prepared;

const RATE: u32 = 16_000;
/// Length of a note, in seconds.
const NOTE: f64 = 0.6;
/// Notes as semitones above A3; a slow walk through chords that ends where it began.
const MELODY: [i32; 32] = [
    3, 10, 7, 10, 15, 10, 7, 10, 0, 7, 3, 7, 12, 7, 3, 7, 8, 15, 12, 15, 20, 15, 12, 15, 10, 17, 14, 17, 22, 17, 14, 10,
];
const A3: f64 = 220.0;
/// Well below speech.
const LOUDNESS: f64 = 2_600.0;

/// The bars once.
pub(crate) fn bars() -> Prepared {
    let note_samples = (NOTE * f64::from(RATE)) as usize;
    let ring = note_samples * 3;
    let mut sound = vec![0.0_f64; note_samples * MELODY.len() + ring];
    for (place, semitones) in MELODY.iter().enumerate() {
        let frequency = A3 * 2_f64.powf(f64::from(*semitones) / 12.0);
        for sample in 0..ring {
            let at = sample as f64 / f64::from(RATE);
            // A plucked string: a quick beginning, a long end, the octave fading first.
            let envelope = (at / 0.012).min(1.0) * (-at * 2.6).exp();
            let tone = (TAU * frequency * at).sin() + 0.3 * (-at * 3.0).exp() * (TAU * 2.0 * frequency * at).sin();
            sound[place * note_samples + sample] += envelope * tone;
        }
    }
    // What rings on after the last bar rings into the first, so that the bars can be repeated without a seam.
    let whole = note_samples * MELODY.len();
    for sample in 0..ring {
        sound[sample] += sound[whole + sample];
    }
    #[expect(clippy::cast_possible_truncation, reason = "far below the largest sample")]
    let samples: Vec<i16> = sound[..whole].iter().map(|value| (value * LOUDNESS) as i16).collect();
    Prepared::from_pcm(&samples, RATE)
}
