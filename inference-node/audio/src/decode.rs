//! Bytes from outside become samples.
//!
//! Containers and codecs are symphonia's, Opus is libopus'. How each of them shows that a file ends early (symphonia 0.6):
//!
//! | container | how it shows | what we do |
//! |---|---|---|
//! | WAV | a short last packet, then an end-of-file error | compare with the length of the `data` chunk, read by ourselves |
//! | FLAC | an end-of-file error if STREAMINFO says how many samples there are | compare with that number |
//! | MP3 | nothing: it just ends | compare with the Xing, Info or VBRI header where there is one |
//! | Ogg | an end-of-file error unless the last page is marked as last | the mark is missing: truncated |
//! | WebM | an end-of-file error inside a cluster, or nothing | compare with the duration; a recording in progress has none |
//!
//! A file that is shorter than it promises is an error, since a transcript of half a recording looks like one of all of it.

mod containers;
mod error;
mod hint;
mod raw;
mod sink;
mod sniff;
mod vorbis;
mod wave;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use error::DecodeError;
pub use hint::FormatHint;

use crate::pcm::Pcm;
use sink::Sink;
use sniff::Content;

/// What decoding may cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The longest sound, in seconds.
    pub max_seconds: f64,
    /// The most mono samples that are kept, at the rate they are kept at; four bytes each.
    pub max_samples: u64,
}

impl Default for Limits {
    /// Two hours, at 48 kHz at most: 1.4 GB of samples. [`decode_at`] keeps two hours at 16 kHz in a third of that.
    fn default() -> Self {
        Self { max_seconds: 7200.0, max_samples: 7200 * 48_000 }
    }
}

/// Decodes a whole file to mono at its own rate. What it is is found by content, then by `hint`.
///
/// # Errors
/// When the bytes are no sound, of a kind we do not read, damaged, shorter than they promise, or beyond `limits`; these are
/// checked while decoding, so that a small file that unpacks to days of silence is refused early.
pub fn decode(bytes: &[u8], hint: Option<FormatHint>, limits: Limits) -> Result<Pcm, DecodeError> {
    guarded(bytes, hint, Sink::new(limits))
}

/// As [`decode`], and converts to `rate` (hertz) on the way, so that a long recording is never held at its own rate.
///
/// # Errors
/// As [`decode`]; also when `rate` is not between 4 and 384 kHz.
pub fn decode_at(bytes: &[u8], hint: Option<FormatHint>, limits: Limits, rate: u32) -> Result<Pcm, DecodeError> {
    guarded(bytes, hint, Sink::converting(limits, rate))
}

/// Demuxers and decoders index by what files say, and some unexpected file makes one panic: that must cost one request, not
/// the process. Nothing outlives the call but the error, so no broken state can be seen later. (A build with `panic = abort`
/// would lose this; the workspace has none.)
fn guarded(bytes: &[u8], hint: Option<FormatHint>, sink: Sink) -> Result<Pcm, DecodeError> {
    catch_unwind(AssertUnwindSafe(|| decode_into(bytes, hint, sink))).unwrap_or(Err(DecodeError::Crashed))
}

fn decode_into(bytes: &[u8], hint: Option<FormatHint>, mut sink: Sink) -> Result<Pcm, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    match sniff::content(bytes, hint) {
        Content::Container(container, bytes) => containers::decode(container, bytes, &mut sink)?,
        Content::Raw(raw) => raw::decode(raw, bytes, &mut sink)?,
        Content::Unsupported(what) => return Err(DecodeError::Unsupported { what: what.to_owned() }),
        Content::Unknown => return Err(DecodeError::NotAudio),
    }
    let pcm = sink.finish()?;
    if pcm.samples.is_empty() { Err(DecodeError::Empty) } else { Ok(pcm) }
}

#[cfg(test)]
mod tests;
