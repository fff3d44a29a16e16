//! Samples become bytes for a client.

mod error;
mod flac;
mod format;
mod opus;

pub use error::EncodeError;
pub use format::OutputFormat;

use crate::g711::{alaw_encode, ulaw_encode};
use crate::level::limit;
use crate::pcm::{Pcm, from_i16, to_i16};
use crate::resample::Resampler;
use crate::wav::{self, Coding};
use flac::FlacWriter;
use opus::OpusWriter;

/// Encodes sound as it comes: samples in, bytes out that can be sent at once.
///
/// Rates are converted and peaks limited (see [`crate::level::limit`]) on the way. What a file's header says of its length is
/// unknown while it streams; where all samples are there, [`encode`] writes it.
#[derive(Debug)]
pub struct StreamEncoder {
    resampler: Resampler,
    /// What precedes the first samples, until it has been given out.
    header: Vec<u8>,
    writer: Writer,
}

#[derive(Debug)]
enum Writer {
    S16,
    Alaw,
    Ulaw,
    Flac(Box<FlacWriter>),
    Opus(Box<OpusWriter>),
}

impl StreamEncoder {
    /// An encoder of mono sound of `input_rate` (hertz) in the rate that is usual for the format, see
    /// [`OutputFormat::usual_rate`].
    ///
    /// # Errors
    /// When the rate is not between 4 and 384 kHz, or an encoder cannot be set up.
    pub fn new(format: OutputFormat, input_rate: u32) -> Result<Self, EncodeError> {
        Self::with_rate(format, input_rate, format.usual_rate(input_rate))
    }

    /// As [`new`](Self::new), in the rate `output_rate`. Opus knows 8, 12, 16, 24 and 48 kHz and takes the next above.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_rate(format: OutputFormat, input_rate: u32, output_rate: u32) -> Result<Self, EncodeError> {
        Self::set_up(format, input_rate, output_rate, None)
    }

    fn set_up(
        format: OutputFormat,
        input_rate: u32,
        output_rate: u32,
        input_samples: Option<u64>,
    ) -> Result<Self, EncodeError> {
        let output_rate = if format == OutputFormat::Opus { opus::rate_for(output_rate) } else { output_rate };
        let resampler = Resampler::new(input_rate, output_rate).map_err(EncodeError::Resample)?;
        let samples = input_samples.map(|samples| resampler.expected_len(samples));
        let wav = |coding| wav::header(coding, output_rate, samples.and_then(|samples| samples.try_into().ok()));
        let (header, writer) = match format {
            OutputFormat::Wav => (wav(Coding::S16), Writer::S16),
            OutputFormat::WavAlaw => (wav(Coding::Alaw), Writer::Alaw),
            OutputFormat::WavUlaw => (wav(Coding::Ulaw), Writer::Ulaw),
            OutputFormat::Pcm => (Vec::new(), Writer::S16),
            OutputFormat::Alaw => (Vec::new(), Writer::Alaw),
            OutputFormat::Ulaw => (Vec::new(), Writer::Ulaw),
            OutputFormat::Flac => {
                let flac = FlacWriter::new(output_rate)?;
                (flac.header(samples)?, Writer::Flac(Box::new(flac)))
            }
            OutputFormat::Opus => (Vec::new(), Writer::Opus(Box::new(OpusWriter::new(input_rate, output_rate)?))),
        };
        Ok(Self { resampler, header, writer })
    }

    /// The rate of what comes out, in hertz.
    #[must_use]
    pub fn output_rate(&self) -> u32 {
        self.resampler.to()
    }

    /// Takes any number of samples; gives the bytes that are ready, which may be none.
    ///
    /// # Errors
    /// When an encoder refuses the samples.
    pub fn push(&mut self, samples: &[f32]) -> Result<Vec<u8>, EncodeError> {
        let samples = self.resampler.push(samples).map_err(EncodeError::Resample)?;
        let mut bytes = std::mem::take(&mut self.header);
        self.writer.write(samples, &mut bytes)?;
        Ok(bytes)
    }

    /// As [`push`](Self::push), of 16-bit samples.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_i16(&mut self, samples: &[i16]) -> Result<Vec<u8>, EncodeError> {
        let samples: Vec<f32> = samples.iter().map(|&sample| from_i16(sample)).collect();
        self.push(&samples)
    }

    /// Gives the rest.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(mut self) -> Result<Vec<u8>, EncodeError> {
        let samples = self.resampler.finish().map_err(EncodeError::Resample)?;
        let mut bytes = std::mem::take(&mut self.header);
        self.writer.write(samples, &mut bytes)?;
        match self.writer {
            Writer::Flac(flac) => flac.finish(&mut bytes)?,
            Writer::Opus(opus) => opus.finish(&mut bytes)?,
            Writer::S16 | Writer::Alaw | Writer::Ulaw => {}
        }
        Ok(bytes)
    }
}

impl Writer {
    fn write(&mut self, mut samples: Vec<f32>, bytes: &mut Vec<u8>) -> Result<(), EncodeError> {
        for sample in &mut samples {
            *sample = limit(*sample);
        }
        match self {
            Self::S16 => bytes.extend(samples.iter().flat_map(|&sample| to_i16(sample).to_le_bytes())),
            Self::Alaw => bytes.extend(samples.iter().map(|&sample| alaw_encode(to_i16(sample)))),
            Self::Ulaw => bytes.extend(samples.iter().map(|&sample| ulaw_encode(to_i16(sample)))),
            Self::Flac(flac) => flac.write(&samples, bytes)?,
            Self::Opus(opus) => opus.write(&samples, bytes)?,
        }
        Ok(())
    }
}

/// Encodes a whole sound; `rate` as [`OutputFormat::usual_rate`] where it is `None`. Unlike a stream, WAV and FLAC then say
/// how long they are.
///
/// # Errors
/// As [`StreamEncoder::new`].
pub fn encode(pcm: &Pcm, format: OutputFormat, rate: Option<u32>) -> Result<Vec<u8>, EncodeError> {
    let rate = rate.unwrap_or(format.usual_rate(pcm.rate));
    let mut encoder = StreamEncoder::set_up(format, pcm.rate, rate, Some(pcm.samples.len() as u64))?;
    let mut bytes = encoder.push(&pcm.samples)?;
    bytes.extend(encoder.finish()?);
    // RIFF pads chunks of odd length.
    if matches!(format, OutputFormat::WavAlaw | OutputFormat::WavUlaw) && bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    Ok(bytes)
}
