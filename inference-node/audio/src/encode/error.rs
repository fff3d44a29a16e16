//! Why samples did not become bytes.

use crate::resample::ResampleError;

/// Why samples did not become bytes.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The sample rate could not be converted.
    #[error("failed to convert the sample rate of the speech")]
    Resample(#[source] ResampleError),
    /// libopus refused something.
    #[error("failed to encode Opus: {reason}")]
    Opus {
        /// What libopus says.
        reason: &'static str,
    },
    /// Pages could not be written.
    #[error("failed to write an Ogg page")]
    Ogg(#[source] std::io::Error),
    /// The FLAC encoder refused something.
    #[error("failed to encode FLAC: {reason}")]
    Flac {
        /// What the encoder says.
        reason: String,
    },
}
