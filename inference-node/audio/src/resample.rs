//! Sample rates converted, at once or as samples come.
//!
//! A windowed sinc of 128 samples of the lower rate: flat to 3.6 kHz of the 4 kHz that telephony has, aliases more than 60 dB
//! down, and a delay of 64 of those samples (8 ms at 8 kHz) plus one chunk of 1 ms. An FFT resampler of the same passband
//! would have to collect a block as long as its filter first, twice the delay. Whole buffers take the same way with longer
//! chunks, so that streamed and whole results are alike.
//!
//! Between usual rates the output falls on few positions between input samples (160 for 44.1 to 16 kHz); the sinc is
//! tabulated at just these, which is exact and four times as fast as interpolating. Odd pairs of rates interpolate.

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Async, FixedAsync, Indexing, Resampler as _, SincInterpolationParameters, SincInterpolationType, WindowFunction,
};

use crate::pcm::Pcm;

/// The length of the filter in samples of the lower rate; half of it is the delay.
const FILTER_SAMPLES: u64 = 128;
/// Up to so many positions between two input samples the filter is tabulated exactly.
const EXACT_POSITIONS: u32 = 512;
/// A chunk of a whole buffer, in input samples. Streams take 1 ms instead.
const WHOLE_CHUNK: usize = 1024;
/// The rates that are converted, in hertz.
pub(crate) const RATES: std::ops::RangeInclusive<u32> = 4_000..=384_000;

/// Why a rate cannot be converted.
#[derive(Debug, thiserror::Error)]
pub enum ResampleError {
    /// A rate that no sound has.
    #[error("cannot convert from {from} Hz to {to} Hz: rates must lie between 4000 and 384000 Hz")]
    Rate {
        /// The input's rate.
        from: u32,
        /// The output's rate.
        to: u32,
    },
    /// The filter could not be made.
    #[error("failed to set up the conversion from {from} Hz to {to} Hz")]
    Setup {
        /// The input's rate.
        from: u32,
        /// The output's rate.
        to: u32,
        /// Why.
        #[source]
        source: rubato::ResamplerConstructionError,
    },
    /// The filter refused samples, which is a defect of this crate.
    #[error("failed to convert the sample rate")]
    Process(#[source] rubato::ResampleError),
    /// The buffers did not match, which is a defect of this crate.
    #[error("failed to convert the sample rate: buffers of the wrong size")]
    Buffers,
}

/// Converts a whole sound to `rate` (hertz). The output has as many samples as the duration makes, to the nearest.
///
/// # Errors
/// When one of the rates is not between 4 and 384 kHz.
pub fn resample(pcm: &Pcm, rate: u32) -> Result<Pcm, ResampleError> {
    let mut resampler = Resampler::for_whole(pcm.rate, rate)?;
    let mut samples = resampler.push(&pcm.samples)?;
    samples.extend(resampler.finish()?);
    Ok(Pcm { rate, samples })
}

/// Converts mono samples from one rate to another as they come.
pub struct Resampler {
    from: u32,
    to: u32,
    /// `None` where both rates are the same.
    filter: Option<Async<f32>>,
    /// Input that does not yet fill a chunk.
    waiting: Vec<f32>,
    /// What the filter writes a chunk's output into.
    chunk: Vec<f32>,
    /// The filter's delay in output samples.
    delay: usize,
    /// How many of them are still to be dropped.
    to_drop: usize,
    consumed: u64,
    produced: u64,
}

impl std::fmt::Debug for Resampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resampler").field("from", &self.from).field("to", &self.to).finish_non_exhaustive()
    }
}

impl Resampler {
    /// A converter from rate `from` to rate `to`, in hertz.
    ///
    /// # Errors
    /// When one of them is not between 4 and 384 kHz.
    pub fn new(from: u32, to: u32) -> Result<Self, ResampleError> {
        Self::with_chunk(from, to, (from / 1000) as usize)
    }

    /// As [`new`](Self::new), with the longer chunks that suit a sound that is all there.
    pub(crate) fn for_whole(from: u32, to: u32) -> Result<Self, ResampleError> {
        Self::with_chunk(from, to, WHOLE_CHUNK)
    }

    fn with_chunk(from: u32, to: u32, chunk: usize) -> Result<Self, ResampleError> {
        if !RATES.contains(&from) || !RATES.contains(&to) {
            return Err(ResampleError::Rate { from, to });
        }
        let parameters = filter_parameters(from, to);
        let filter = if from == to {
            None
        } else {
            let made = Async::new_sinc(f64::from(to) / f64::from(from), 1.0, &parameters, chunk, 1, FixedAsync::Input);
            Some(made.map_err(|source| ResampleError::Setup { from, to, source })?)
        };
        let delay = if from == to { 0 } else { delay(&parameters, from, to) };
        let chunk = vec![0.0; filter.as_ref().map_or(0, Async::output_frames_max)];
        Ok(Self { from, to, filter, waiting: Vec::new(), chunk, delay, to_drop: delay, consumed: 0, produced: 0 })
    }

    /// The rate of what goes in, in hertz.
    #[must_use]
    pub fn from(&self) -> u32 {
        self.from
    }

    /// The rate of what comes out, in hertz.
    #[must_use]
    pub fn to(&self) -> u32 {
        self.to
    }

    /// How long a sample stays inside at most, in seconds: the filter's delay and one chunk.
    #[must_use]
    pub fn latency_seconds(&self) -> f64 {
        self.filter.as_ref().map_or(0.0, |filter| {
            self.delay as f64 / f64::from(self.to) + filter.input_frames_max() as f64 / f64::from(self.from)
        })
    }

    /// How many samples come out of `samples` samples.
    pub(crate) fn expected_len(&self, samples: u64) -> u64 {
        expected_len(samples, self.from, self.to)
    }

    /// Takes any number of samples and gives what is ready, which may be nothing.
    ///
    /// # Errors
    /// Never with this version of the filter.
    pub fn push(&mut self, samples: &[f32]) -> Result<Vec<f32>, ResampleError> {
        self.consumed += samples.len() as u64;
        let Some(filter) = &self.filter else {
            self.produced += samples.len() as u64;
            return Ok(samples.to_vec());
        };
        let mut output =
            Vec::with_capacity((samples.len() as f64 * filter.resample_ratio()) as usize + self.chunk.len());
        // Whole chunks of a long input are read where they lie.
        let chunk = filter.input_frames_next();
        let mut rest = samples;
        if !self.waiting.is_empty() {
            let missing = chunk.saturating_sub(self.waiting.len()).min(rest.len());
            let (head, tail) = rest.split_at(missing);
            self.waiting.extend_from_slice(head);
            rest = tail;
            if self.waiting.len() < chunk {
                return Ok(output);
            }
            let waiting = std::mem::take(&mut self.waiting);
            self.process(&waiting, &mut output)?;
        }
        let mut chunks = rest.chunks_exact(chunk);
        for full in &mut chunks {
            self.process(full, &mut output)?;
        }
        self.waiting.extend_from_slice(chunks.remainder());
        Ok(output)
    }

    /// Gives the rest, after which output and input last equally long. The converter is then as new.
    ///
    /// # Errors
    /// Never with this version of the filter.
    pub fn finish(&mut self) -> Result<Vec<f32>, ResampleError> {
        let expected = expected_len(self.consumed, self.from, self.to);
        let mut output = Vec::new();
        while self.filter.is_some() && self.produced < expected {
            // Whatever waits goes in with silence after it, then silence alone pushes the delay out.
            let waiting = std::mem::take(&mut self.waiting);
            self.process(&waiting, &mut output)?;
        }
        let surplus = self.produced.saturating_sub(expected);
        output.truncate(output.len().saturating_sub(surplus as usize));
        if let Some(filter) = &mut self.filter {
            filter.reset();
        }
        self.to_drop = self.delay;
        self.waiting.clear();
        (self.consumed, self.produced) = (0, 0);
        Ok(output)
    }

    /// Converts one chunk, which silence fills up where it is short.
    fn process(&mut self, input: &[f32], output: &mut Vec<f32>) -> Result<(), ResampleError> {
        let Some(filter) = &mut self.filter else { return Ok(()) };
        let indexing = Indexing::new().partial_len(input.len());
        let frames = self.chunk.len();
        let source = SequentialSlice::new(input, 1, input.len()).map_err(|_| ResampleError::Buffers)?;
        let mut target = SequentialSlice::new_mut(&mut self.chunk, 1, frames).map_err(|_| ResampleError::Buffers)?;
        let (_, written) =
            filter.process_into_buffer(&source, &mut target, Some(&indexing)).map_err(ResampleError::Process)?;
        let dropped = self.to_drop.min(written);
        self.to_drop -= dropped;
        output.extend(self.chunk.iter().take(written).skip(dropped));
        self.produced += (written - dropped) as u64;
        Ok(())
    }
}

/// How many samples `consumed` samples become, to the nearest.
fn expected_len(consumed: u64, from: u32, to: u32) -> u64 {
    ((u128::from(consumed) * u128::from(to) + u128::from(from) / 2) / u128::from(from)) as u64
}

fn filter_parameters(from: u32, to: u32) -> SincInterpolationParameters {
    let lower = u64::from(from.min(to));
    // rubato rounds to the next multiple of 8; so do we, to know what it does.
    let length = (FILTER_SAMPLES * u64::from(from)).div_ceil(lower).next_multiple_of(8);
    let positions = to / greatest_common_divisor(from, to);
    let (positions, interpolation) = if positions <= EXACT_POSITIONS {
        (positions, SincInterpolationType::Nearest)
    } else {
        (256, SincInterpolationType::Cubic)
    };
    SincInterpolationParameters::new(length as usize, WindowFunction::Blackman2)
        .oversampling_factor(positions as usize)
        .interpolation(interpolation)
}

/// How many samples come out before the one that belongs to the first input sample, to the nearest.
///
/// rubato reports half its filter, which is up to two samples more: its first output already lies one step behind the
/// filter's edge, and its tabulated sinc peaks one position early.
fn delay(parameters: &SincInterpolationParameters, from: u32, to: u32) -> usize {
    let centre = parameters.sinc_len as f64 / 2.0 - 1.0 / parameters.oversampling_factor as f64;
    (centre * f64::from(to) / f64::from(from) - 1.0).round() as usize
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests;
