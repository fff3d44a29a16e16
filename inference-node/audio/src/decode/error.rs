//! Why bytes did not become samples.

use crate::resample::ResampleError;

/// Why bytes did not become samples. All but [`Crashed`](Self::Crashed) are the sender's to mend.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// There are no bytes, or no samples in them.
    #[error("the audio is empty")]
    Empty,
    /// The bytes are no audio file, and nobody said that they are raw samples.
    #[error(
        "this is no audio file: send WAV, MP3, FLAC, Ogg (Opus, Vorbis) or WebM (Opus), or name the raw format, such as \
         audio/PCMA"
    )]
    NotAudio,
    /// An audio file, but of a kind that is not read here.
    #[error("{what} is not supported: send WAV, MP3, FLAC, Ogg (Opus, Vorbis) or WebM (Opus)")]
    Unsupported {
        /// The container or codec.
        what: String,
    },
    /// The file promises more than there is.
    #[error("the audio is cut off: its header promises more than the {readable_seconds:.1} s that can be read")]
    Truncated {
        /// How much could be decoded.
        readable_seconds: f64,
    },
    /// The file contradicts its own format.
    #[error("the audio is damaged after {readable_seconds:.1} s: {reason}")]
    Damaged {
        /// How much could be decoded before.
        readable_seconds: f64,
        /// What the reader of the format says.
        reason: String,
    },
    /// Longer than the limit.
    #[error("the audio is longer than {max_seconds:.0} s: send it in parts")]
    TooLong {
        /// The limit.
        max_seconds: f64,
    },
    /// More samples than the limit.
    #[error("the audio has more than {max_samples} samples: send it at a lower sample rate or in parts")]
    TooManySamples {
        /// The limit.
        max_samples: u64,
    },
    /// A rate that no sound has.
    #[error("a sample rate of {rate} Hz is not supported: it must lie between 4000 and 384000 Hz")]
    SampleRate {
        /// What the file or the hint says.
        rate: u32,
    },
    /// The sample rate could not be converted.
    #[error("failed to convert the sample rate of the audio")]
    Resample(#[source] ResampleError),
    /// The decoder panicked.
    #[error("the decoder failed on this audio: it is damaged in an unusual way")]
    Crashed,
}
