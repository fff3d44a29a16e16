//! What is heard on a line, as the outside takes it.

use std::sync::Arc;
use std::time::Duration;

/// Something heard on a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// 20 ms of sound.
    Frame(Frame),
    /// A key was pressed and released. One for each press.
    Digit {
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
        /// How long it was held.
        duration: Duration,
    },
    /// The first packet arrived.
    Started,
    /// No RTP arrived for the configured time, though the line is not held. Told once for each silence.
    TimedOut,
    /// The peer put us on hold.
    Held,
    /// The peer took us back.
    Resumed,
    /// The line is closed; nothing follows.
    Closed,
}

/// 20 ms of sound, in one channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// When it was spoken, since the line's first frame. Grows by 20 ms from frame to frame.
    pub at: Duration,
    /// Samples; 20 ms of them.
    pub samples: Arc<[i16]>,
    /// Samples in a second: 8000, or 16000 for G.722.
    pub rate: u32,
    /// How likely it is speech, 0 to 1.
    pub speech: f32,
    /// Mean level in decibels below full scale: 0 is the loudest, −100 is silence.
    pub level_db: f32,
    /// Whether the packet was lost and this is a guess of what it held.
    pub concealed: bool,
}

/// The listener of a line. There is one; what it does not fetch in time is overwritten by what is newer.
#[derive(Debug)]
pub struct Ear {}

impl Ear {
    /// The next thing heard. After `Closed` it says `Closed` for ever.
    pub async fn next(&mut self) -> Heard {
        unimplemented!()
    }

    /// Frames that were overwritten because nobody fetched them.
    pub fn missed(&self) -> u64 {
        unimplemented!()
    }

    /// Whether frames are wanted. Without them the line need not decode, which is most of a bridged call's cost;
    /// digits and events still come. At first they are.
    pub fn want_frames(&self, _wanted: bool) {
        unimplemented!()
    }
}
