//! What a line can say: sounds prepared once for all calls, and sounds that are still being made.

use std::sync::Arc;
use std::time::Duration;

/// Something to play.
#[derive(Debug)]
pub enum Sound {
    /// A sound that is known whole, shared by all lines that play it.
    Prepared(Arc<Prepared>),
    /// A sound that arrives while it is played.
    Streamed(StreamedSound),
}

/// A sound that is known whole, encoded at most once for each codec.
#[derive(Debug)]
pub struct Prepared {}

impl Prepared {
    /// Keeps a sound of one channel at `rate` samples in a second, 8000 to 48000.
    ///
    /// This resamples the whole sound: milliseconds for each second of it, off the media threads.
    pub fn from_pcm(_samples: &[i16], _rate: u32) -> Self {
        unimplemented!()
    }

    /// How long it lasts.
    pub fn duration(&self) -> Duration {
        unimplemented!()
    }
}

/// The end of a stream that a line plays.
#[derive(Debug)]
pub struct StreamedSound {}

/// The end of a stream into which a sound is written.
#[derive(Debug)]
pub struct SoundWriter {}

/// The stream's sound was stopped or its line closed: what is pushed would never be heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the streamed sound has ended")]
pub struct StreamEnded;

/// A stream of one channel at `rate` samples in a second that holds at most `bound` of unsaid sound.
pub fn stream(_rate: u32, _bound: Duration) -> (SoundWriter, StreamedSound) {
    unimplemented!()
}

impl SoundWriter {
    /// Appends samples, and waits while the stream is full.
    ///
    /// # Errors
    /// `StreamEnded` when nobody plays it any more.
    pub async fn push(&mut self, _samples: &[i16]) -> Result<(), StreamEnded> {
        unimplemented!()
    }

    /// Says that all was pushed; the same as dropping the writer.
    pub fn finish(self) {
        unimplemented!()
    }
}
