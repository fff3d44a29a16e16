//! Sounds that hardly change: tones, noise, hum.
//!
//! `earshot` takes dial tones and loud noise for speech. What they have in common, and speech has not, is that their spectrum
//! stays the same: a busy line sounds each time as it sounded before, while even a slow speaker goes from vowel to consonant
//! within half a second. The shape of the spectrum is compared by autocorrelation, which needs no transform; how much it
//! varies over the loud frames of half a second tells one from the other. Measured on 16 kHz frames of 16 ms: tones below
//! 0.02, white noise 0.05 to 0.07, brown noise about 0.1, speech with and without a telephone's band mostly above 0.17.

use std::collections::VecDeque;

/// Lags of the autocorrelation, in samples.
const LAGS: usize = 12;
/// Frames that are compared: about half a second.
const FRAMES: usize = 32;
/// A frame counts when it has this part of the energy of the loudest.
const LOUD: f32 = 0.04;
/// How little loud frames may vary, by how many there are of them; the more, the surer it is.
const STEADY: [(usize, f32); 3] = [(16, 0.11), (8, 0.07), (4, 0.03)];

/// Compares each frame with those before it.
#[derive(Debug, Default)]
pub(crate) struct Steadiness {
    frames: VecDeque<Shape>,
}

/// The energy of a frame and the shape of its spectrum.
#[derive(Debug, Clone, Copy)]
struct Shape {
    energy: f32,
    correlation: [f32; LAGS],
}

impl Steadiness {
    /// Whether the sound up to the end of this frame hardly changes.
    pub(crate) fn hear(&mut self, frame: &[f32]) -> bool {
        if self.frames.len() == FRAMES {
            self.frames.pop_front();
        }
        self.frames.push_back(Shape::of(frame));
        let loudest = self.frames.iter().map(|shape| shape.energy).fold(0.0, f32::max);
        let loud = || self.frames.iter().filter(move |shape| shape.energy >= loudest * LOUD);
        let count = loud().count();
        let Some((_, limit)) = STEADY.iter().find(|(least, _)| count >= *least) else { return false };
        let variance = |lag: usize| {
            let mean = loud().map(|shape| shape.correlation[lag]).sum::<f32>() / count as f32;
            loud().map(|shape| (shape.correlation[lag] - mean).powi(2)).sum::<f32>() / count as f32
        };
        ((0..LAGS).map(variance).sum::<f32>() / LAGS as f32).sqrt() < *limit
    }
}

impl Shape {
    fn of(frame: &[f32]) -> Self {
        let energy = frame.iter().map(|sample| sample * sample).sum::<f32>() + 1e-9;
        let correlation = std::array::from_fn(|lag| {
            frame[(lag + 1).min(frame.len())..].iter().zip(frame).map(|(late, early)| late * early).sum::<f32>()
                / energy
        });
        Self { energy, correlation }
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    fn steady_part(samples: &[f32]) -> f32 {
        let mut steadiness = Steadiness::default();
        let verdicts: Vec<bool> = samples.chunks_exact(256).map(|frame| steadiness.hear(frame)).collect();
        verdicts.iter().filter(|steady| **steady).count() as f32 / verdicts.len() as f32
    }

    fn tone(hertz: &[f32]) -> Vec<f32> {
        (0..48_000).map(|i| hertz.iter().map(|hertz| (i as f32 * hertz * TAU / 16_000.0).sin() * 0.1).sum()).collect()
    }

    #[test]
    fn tones_are_steady_even_when_they_come_and_go() {
        assert!(steady_part(&tone(&[1004.0])) > 0.95);
        assert!(steady_part(&tone(&[350.0, 440.0])) > 0.95);
        let mut busy = tone(&[425.0]);
        for (index, sample) in busy.iter_mut().enumerate() {
            *sample *= f32::from((index / 8_000).is_multiple_of(2));
        }
        assert!(steady_part(&busy) > 0.8, "{}", steady_part(&busy));
    }

    #[test]
    fn a_sound_that_moves_is_not_steady() {
        // A vowel's formants move about as fast as this sweep.
        let mut phase = 0.0;
        let sweep: Vec<f32> = (0..48_000)
            .map(|i| {
                phase += TAU * (600.0 + 500.0 * (i as f32 * TAU * 3.0 / 16_000.0).sin()) / 16_000.0;
                f32::sin(phase) * 0.3
            })
            .collect();
        assert!(steady_part(&sweep) < 0.1, "{}", steady_part(&sweep));
    }

    #[test]
    fn silence_and_frames_of_any_length_are_judged_without_panic() {
        let mut steadiness = Steadiness::default();
        for length in [0, 1, 5, 256] {
            for _ in 0..40 {
                steadiness.hear(&vec![0.0; length]);
            }
        }
    }
}
