//! A sound on its way out.

use std::time::{Duration, Instant};

/// A sound that was given to a line. Dropping it changes nothing: the sound goes on.
#[derive(Debug, Clone)]
pub struct Playing {}

/// How a sound came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// How much of it was sent.
    pub heard: Duration,
    /// Whether that was all of it.
    pub complete: bool,
    /// When the last packet that carried some of it was sent, if it was cut short after it had begun.
    pub stopped_at: Option<Instant>,
}

impl Playing {
    /// Stops it: at most one more packet of it goes out. The next sound in the queue begins.
    pub fn stop(&self) {
        unimplemented!()
    }

    /// Holds it where it is; the line sends silence meanwhile.
    pub fn pause(&self) {
        unimplemented!()
    }

    /// Goes on from where it was paused.
    pub fn resume(&self) {
        unimplemented!()
    }

    /// How much of it has been sent.
    pub fn position(&self) -> Duration {
        unimplemented!()
    }

    /// Waits until it has ended: all was sent, it was stopped, or the line closed.
    pub async fn ended(&self) -> Ended {
        unimplemented!()
    }
}
