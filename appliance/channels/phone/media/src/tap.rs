//! A recording's source: both directions of a line, side by side.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crossbeam_queue::ArrayQueue;
use tokio::sync::Notify;

/// Pairs that wait to be fetched: 10 s.
const PAIRS: usize = 500;

/// 20 ms of a line, A-law at 8 kHz.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapPair {
    /// What the caller said.
    pub left: [u8; 160],
    /// What the caller was told: by us or by whom the line is joined with.
    pub right: [u8; 160],
}

/// Both directions of a line from the moment it was taken. What is not fetched in time is dropped and counted.
#[derive(Debug)]
pub struct Tap {
    pipe: Arc<Pipe>,
}

impl Tap {
    /// The next 20 ms; `None` when the line is closed, or another tap was taken.
    pub async fn next(&mut self) -> Option<TapPair> {
        loop {
            let told = self.pipe.told.notified();
            let closed = self.pipe.closed.load(Ordering::Acquire);
            if let Some(pair) = self.pipe.pairs.pop() {
                return Some(pair);
            }
            if closed {
                return None;
            }
            told.await;
        }
    }

    /// Pairs that were dropped because nobody fetched them.
    pub fn dropped(&self) -> u64 {
        self.pipe.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.pipe.abandoned.store(true, Ordering::Release);
    }
}

/// What a tap and the media thread share.
#[derive(Debug)]
pub(crate) struct Pipe {
    pairs: ArrayQueue<TapPair>,
    told: Notify,
    dropped: AtomicU64,
    closed: AtomicBool,
    abandoned: AtomicBool,
}

impl Pipe {
    fn new() -> Self {
        Self {
            pairs: ArrayQueue::new(PAIRS),
            told: Notify::new(),
            dropped: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
        }
    }
}

/// The media thread's side of a tap.
#[derive(Debug)]
pub(crate) struct TapSide {
    pipe: Arc<Pipe>,
}

impl TapSide {
    pub(crate) fn new() -> (Self, Tap) {
        let pipe = Arc::new(Pipe::new());
        (Self { pipe: Arc::clone(&pipe) }, Tap { pipe })
    }

    /// Whether nobody listens any more.
    pub(crate) fn abandoned(&self) -> bool {
        self.pipe.abandoned.load(Ordering::Acquire)
    }

    pub(crate) fn push(&self, pair: TapPair) {
        if self.pipe.pairs.push(pair).is_err() {
            self.pipe.dropped.fetch_add(1, Ordering::Relaxed);
        }
        self.pipe.told.notify_one();
    }
}

impl Drop for TapSide {
    fn drop(&mut self) {
        self.pipe.closed.store(true, Ordering::Release);
        self.pipe.told.notify_one();
    }
}
