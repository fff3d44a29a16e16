//! Voice activity: how probable it is that somebody speaks, moment by moment.
//!
//! Two detectors stand behind one trait. `earshot` is pure Rust, goes on from frame to frame and costs next to nothing, so
//! live audio always goes through it; what it takes for speech though it hardly changes is taken back ([`super::steadiness`]). Silero's model, when there is one, is the better judge of a stretch of audio, but
//! whisper.cpp forgets its state at each call ([`super::silero`]): it judges whole recordings, and live turns at their end.

use earshot::Detector;

use super::RATE;
use super::steadiness::Steadiness;

/// Tells speech from everything else in audio that comes piece by piece.
pub(crate) trait VoiceActivity: Send {
    /// Samples in a frame.
    fn frame(&self) -> usize;

    /// The probability of speech in each full frame of `samples`, which go on where the last call ended; what does not fill
    /// a frame is left out, so pieces other than the last are whole frames.
    ///
    /// Samples are at 16 kHz, finite, from -1 to 1.
    fn hear(&mut self, samples: &[f32]) -> Vec<f32>;
}

/// The detector of the `earshot` crate, which does not let itself be fooled by tones.
pub(crate) struct Earshot {
    detector: Box<Detector>,
    steadiness: Steadiness,
}

/// The most that a sound that hardly changes counts as speech.
const STEADY: f32 = 0.1;

impl Earshot {
    /// 16 ms.
    pub(crate) const FRAME: usize = 256;

    /// A detector that has heard nothing yet.
    pub(crate) fn new() -> Self {
        Self { detector: Detector::default_boxed(), steadiness: Steadiness::default() }
    }

    /// The probability of speech in the next frame.
    pub(crate) fn hear_frame(&mut self, frame: &[f32]) -> f32 {
        debug_assert_eq!(frame.len(), Self::FRAME);
        let probability = self.detector.predict_f32(frame).clamp(0.0, 1.0);
        if self.steadiness.hear(frame) { probability.min(STEADY) } else { probability }
    }
}

impl VoiceActivity for Earshot {
    fn frame(&self) -> usize {
        Self::FRAME
    }

    fn hear(&mut self, samples: &[f32]) -> Vec<f32> {
        samples.chunks_exact(Self::FRAME).map(|frame| self.hear_frame(frame)).collect()
    }
}

/// Brings samples to what detectors and whisper.cpp expect: finite and from -1 to 1.
pub(crate) fn tame(samples: &mut [f32]) {
    for sample in samples {
        *sample = if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
    }
}

/// How long so many samples last, in seconds.
pub(crate) fn seconds(samples: usize) -> f64 {
    samples as f64 / f64::from(RATE)
}

/// Where in a piece of audio somebody speaks: the probabilities that a [`VoiceActivity`] gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Activity {
    /// Seconds in a frame.
    frame: f64,
    probabilities: Vec<f32>,
}

/// The probability from which a frame counts as speech in a recording.
const SPEECH: f32 = 0.5;
/// The mean probability over [`SMOOTHING`] from which somebody speaks; the shortest word reaches it.
const SPEAKS: f32 = 0.4;
/// Seconds over which probabilities are averaged: clicks, and the first moment of a tone, are no speech.
const SMOOTHING: f64 = 0.32;

impl Activity {
    /// Of frames with so many samples.
    pub(crate) fn new(frame: usize, probabilities: Vec<f32>) -> Self {
        Self { frame: seconds(frame), probabilities }
    }

    /// Audio that goes on.
    pub(crate) fn extend(&mut self, probabilities: impl IntoIterator<Item = f32>) {
        self.probabilities.extend(probabilities);
    }

    /// Forgets the first seconds, in whole frames.
    pub(crate) fn forget(&mut self, seconds: f64) {
        let frames = (seconds / self.frame).round() as usize;
        self.probabilities.drain(..frames.min(self.probabilities.len()));
    }

    /// The frames from one time to another, in seconds.
    fn between(&self, start: f64, end: f64) -> &[f32] {
        let count = self.probabilities.len();
        let first = ((start / self.frame).floor().max(0.0) as usize).min(count);
        let last = ((end / self.frame).ceil().max(0.0) as usize).clamp(first, count);
        &self.probabilities[first..last]
    }

    /// The highest probability of speech between two times, averaged over [`SMOOTHING`]; 0 where nothing was heard.
    pub(crate) fn peak(&self, start: f64, end: f64) -> f32 {
        let frames = self.between(start, end);
        let window = ((SMOOTHING / self.frame).round() as usize).clamp(1, frames.len().max(1));
        frames.windows(window).map(|window| window.iter().sum::<f32>() / window.len() as f32).fold(0.0, f32::max)
    }

    /// Which part of the time between two times is speech, from 0 to 1.
    pub(crate) fn share(&self, start: f64, end: f64) -> f32 {
        let frames = self.between(start, end);
        let spoken = frames.iter().filter(|probability| **probability >= SPEECH).count();
        if frames.is_empty() { 0.0 } else { spoken as f32 / frames.len() as f32 }
    }

    /// Whether anybody speaks.
    pub(crate) fn speaks(&self) -> bool {
        self.speaks_since(0.0)
    }

    /// Whether anybody speaks at `start`, in seconds, or later.
    pub(crate) fn speaks_since(&self, start: f64) -> bool {
        self.peak(start - SMOOTHING, f64::INFINITY) >= SPEAKS
    }

    /// When the first speech begins, in seconds.
    pub(crate) fn first_speech(&self) -> Option<f64> {
        let first = self.probabilities.iter().position(|probability| *probability >= SPEECH)?;
        Some(first as f64 * self.frame)
    }

    /// The time spent speaking from `start` on, frame by frame up to `end`: for each frame when it ends, in seconds, and how
    /// much was spoken until then. Silence counts a little, so that the second number always grows.
    pub(crate) fn spoken(&self, start: f64, end: f64) -> Vec<(f64, f64)> {
        const SILENCE: f64 = 0.05;
        let mut spoken = 0.0;
        let mut time = start;
        let mut steps = vec![(start, 0.0)];
        while time < end {
            let index = ((time / self.frame) + 1e-6).floor();
            let next = ((index + 1.0) * self.frame).min(end);
            let speech = self.probabilities.get(index as usize).is_some_and(|probability| *probability >= SPEECH);
            spoken += (next - time) * if speech { 1.0 } else { SILENCE };
            steps.push((next, spoken));
            time = next;
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_noise_and_tones_are_no_speech() {
        let mut state = 1_u32;
        let mut noise = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 8_388_608.0 - 1.0
        };
        let tone = |hertz: f32| move |i: usize| (i as f32 * hertz * std::f32::consts::TAU / RATE as f32).sin() * 0.3;
        let (test_tone, dial_tone) = (tone(1004.0), tone(425.0));
        let busy = |i: usize| if (i / 8_000).is_multiple_of(2) { dial_tone(i) } else { 0.0 };
        let length = 5 * RATE as usize;
        let sounds: [(&str, Vec<f32>); 6] = [
            ("silence", vec![0.0; length]),
            ("noise", (0..length).map(|_| noise() * 0.1).collect()),
            ("loud noise", (0..length).map(|_| noise()).collect()),
            ("test tone", (0..length).map(test_tone).collect()),
            ("dial tone", (0..length).map(dial_tone).collect()),
            ("busy line", (0..length).map(busy).collect()),
        ];
        for (name, samples) in sounds {
            let activity = Activity::new(Earshot::FRAME, Earshot::new().hear(&samples));
            assert!(!activity.speaks(), "{name}: {}", activity.peak(0.0, f64::INFINITY));
        }
    }

    #[test]
    fn numbers_that_are_none_become_silence() {
        let mut samples = [f32::NAN, f32::INFINITY, -3.0, 0.5];
        tame(&mut samples);
        assert_eq!(samples, [0.0, 0.0, -1.0, 0.5]);
    }

    #[test]
    fn a_click_is_no_speech_but_a_syllable_is() {
        let mut probabilities = vec![0.0; 100];
        probabilities[50] = 1.0;
        assert!(!Activity::new(Earshot::FRAME, probabilities.clone()).speaks());
        probabilities[50..62].fill(1.0);
        let activity = Activity::new(Earshot::FRAME, probabilities);
        assert!(activity.speaks());
        assert!((activity.first_speech().unwrap() - 0.8).abs() < 1e-9);
        assert!(activity.peak(1.1, 1.6) < 0.01);
        assert!(activity.share(0.8, 0.992) > 0.99);
    }

    #[test]
    fn time_spoken_grows_fast_in_speech_and_slowly_in_silence() {
        let activity = Activity::new(160, [vec![1.0; 100], vec![0.0; 100], vec![1.0; 100]].concat());
        let steps = activity.spoken(0.0, 3.0);
        let at = |time: f64| steps.iter().find(|(when, _)| *when >= time - 1e-9).unwrap().1;
        assert!((at(1.0) - 1.0).abs() < 0.01 && (at(2.0) - 1.05).abs() < 0.01 && (at(3.0) - 2.05).abs() < 0.01);
        assert!(steps.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1));
    }
}
