//! Where decoded samples go: mixed to mono, converted if asked, counted.

use super::Limits;
use super::error::DecodeError;
use crate::pcm::{Pcm, mix_to_mono};
use crate::resample::{RATES, Resampler};

/// Collects samples within limits.
pub(super) struct Sink {
    limits: Limits,
    /// The rate to convert to; `None` keeps the file's.
    wanted: Option<u32>,
    /// The file's rate, once known.
    rate: u32,
    resampler: Option<Resampler>,
    /// Frames decoded so far, at the file's rate.
    frames: u64,
    mono: Vec<f32>,
    samples: Vec<f32>,
}

impl Sink {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, wanted: None, rate: 0, resampler: None, frames: 0, mono: Vec::new(), samples: Vec::new() }
    }

    pub(super) fn converting(limits: Limits, rate: u32) -> Self {
        Self { wanted: Some(rate), ..Self::new(limits) }
    }

    /// Says the file's rate, before the first samples. It cannot change later.
    pub(super) fn begin(&mut self, rate: u32) -> Result<(), DecodeError> {
        if !RATES.contains(&rate) {
            return Err(DecodeError::SampleRate { rate });
        }
        if self.rate != 0 && self.rate != rate {
            return Err(DecodeError::Unsupported { what: "audio that changes its sample rate".to_owned() });
        }
        if self.rate == 0
            && let Some(wanted) = self.wanted
        {
            self.resampler = Some(Resampler::for_whole(rate, wanted).map_err(DecodeError::Resample)?);
        }
        self.rate = rate;
        Ok(())
    }

    /// Refuses before decoding what promises to exceed the limits.
    pub(super) fn promise(&mut self, frames: u64) -> Result<(), DecodeError> {
        self.check(frames)?;
        Ok(())
    }

    /// Takes interleaved samples.
    pub(super) fn push(&mut self, interleaved: &[f32], channels: usize) -> Result<(), DecodeError> {
        let frames = interleaved.len().checked_div(channels).unwrap_or(0);
        self.frames += frames as u64;
        self.check(self.frames)?;
        let Some(resampler) = &mut self.resampler else {
            mix_to_mono(interleaved, channels, &mut self.samples);
            return Ok(());
        };
        self.mono.clear();
        mix_to_mono(interleaved, channels, &mut self.mono);
        self.samples.extend(resampler.push(&self.mono).map_err(DecodeError::Resample)?);
        Ok(())
    }

    /// Takes the place of what could not be decoded, so that what follows keeps its time.
    pub(super) fn push_silence(&mut self, frames: u64) -> Result<(), DecodeError> {
        self.check(self.frames.saturating_add(frames))?;
        self.push(&vec![0.0; frames as usize], 1)
    }

    /// Frames taken so far.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// The same in seconds.
    pub(super) fn seconds(&self) -> f64 {
        if self.rate == 0 { 0.0 } else { self.frames as f64 / f64::from(self.rate) }
    }

    pub(super) fn finish(mut self) -> Result<Pcm, DecodeError> {
        if let Some(resampler) = &mut self.resampler {
            self.samples.extend(resampler.finish().map_err(DecodeError::Resample)?);
        }
        Ok(Pcm { rate: self.wanted.unwrap_or(self.rate), samples: self.samples })
    }

    /// Whether `frames` are within the limits.
    fn check(&self, frames: u64) -> Result<(), DecodeError> {
        let Limits { max_seconds, max_samples } = self.limits;
        let seconds = frames as f64 / f64::from(self.rate.max(1));
        if seconds > max_seconds {
            return Err(DecodeError::TooLong { max_seconds });
        }
        let kept = self.wanted.map_or(frames as f64, |wanted| seconds * f64::from(wanted));
        if kept > max_samples as f64 {
            return Err(DecodeError::TooManySamples { max_samples });
        }
        Ok(())
    }
}
