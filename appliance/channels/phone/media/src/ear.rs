//! What is heard on a line, as the outside takes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_queue::ArrayQueue;
use tokio::sync::Notify;

/// Frames that wait for a slow listener: 5 s.
const FRAMES: usize = 250;
/// Events that wait.
const EVENTS: usize = 256;

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
pub struct Ear {
    drum: Arc<Drum>,
}

impl Ear {
    /// The next thing heard; events before frames that wait. After `Closed` it says `Closed` for ever.
    pub async fn next(&mut self) -> Heard {
        loop {
            let told = self.drum.told.notified();
            let closed = self.drum.closed.load(Ordering::Acquire);
            if let Some(event) = self.drum.events.pop() {
                return event;
            }
            if let Some(frame) = self.drum.frames.pop() {
                return Heard::Frame(frame);
            }
            if closed {
                return Heard::Closed;
            }
            told.await;
        }
    }

    /// Frames that were overwritten because nobody fetched them.
    pub fn missed(&self) -> u64 {
        self.drum.missed.load(Ordering::Relaxed)
    }

    /// Whether frames are wanted. Without them the line need not decode, which is most of a bridged call's cost;
    /// digits and events still come. At first they are.
    pub fn want_frames(&self, wanted: bool) {
        self.drum.wanted.store(wanted, Ordering::Release);
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.want_frames(false);
    }
}

/// What an ear and the media thread share.
#[derive(Debug)]
pub(crate) struct Drum {
    frames: ArrayQueue<Frame>,
    events: ArrayQueue<Heard>,
    told: Notify,
    wanted: AtomicBool,
    missed: AtomicU64,
    closed: AtomicBool,
}

impl Drum {
    pub(crate) fn new() -> (Arc<Self>, Ear) {
        let drum = Arc::new(Self {
            frames: ArrayQueue::new(FRAMES),
            events: ArrayQueue::new(EVENTS),
            told: Notify::new(),
            wanted: AtomicBool::new(true),
            missed: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        });
        (Arc::clone(&drum), Ear { drum })
    }

    pub(crate) fn wants_frames(&self) -> bool {
        self.wanted.load(Ordering::Acquire)
    }

    pub(crate) fn frame(&self, frame: Frame) {
        if self.frames.force_push(frame).is_some() {
            self.missed.fetch_add(1, Ordering::Relaxed);
        }
        self.told.notify_one();
    }

    pub(crate) fn event(&self, event: Heard) {
        self.events.force_push(event);
        self.told.notify_one();
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.told.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(index: u64) -> Frame {
        Frame {
            at: Duration::from_millis(20 * index),
            samples: Arc::from([0_i16; 160].as_slice()),
            rate: 8_000,
            speech: 0.0,
            level_db: -100.0,
            concealed: false,
        }
    }

    #[tokio::test]
    async fn a_listener_that_sleeps_hears_the_newest_and_misses_no_key() {
        let (drum, mut ear) = Drum::new();
        drum.event(Heard::Digit { digit: '1', duration: Duration::from_millis(100) });
        (0..FRAMES as u64 + 10).for_each(|index| drum.frame(frame(index)));
        drum.close();
        assert_eq!(ear.missed(), 10);
        assert!(matches!(ear.next().await, Heard::Digit { digit: '1', .. }));
        assert_eq!(ear.next().await, Heard::Frame(frame(10)));
        for _ in 1..FRAMES {
            assert!(matches!(ear.next().await, Heard::Frame(_)));
        }
        assert_eq!((ear.next().await, ear.next().await), (Heard::Closed, Heard::Closed));
    }

    #[tokio::test]
    async fn an_ear_that_is_dropped_wants_no_frames() {
        let (drum, ear) = Drum::new();
        assert!(drum.wants_frames());
        drop(ear);
        assert!(!drum.wants_frames());
    }
}
