//! A sound on its way out.

use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::sound::{Sound, duration};

const GO: u8 = 0;
const PAUSE: u8 = 1;
const STOP: u8 = 2;

/// A sound that was given to a line. Dropping it changes nothing: the sound goes on.
#[derive(Clone)]
pub struct Playing {
    progress: Arc<Progress>,
}

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
        self.progress.control.store(STOP, Ordering::Release);
    }

    /// Holds it where it is; the line sends silence meanwhile.
    pub fn pause(&self) {
        let _stopped = self.progress.control.compare_exchange(GO, PAUSE, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Goes on from where it was paused.
    pub fn resume(&self) {
        let _stopped = self.progress.control.compare_exchange(PAUSE, GO, Ordering::AcqRel, Ordering::Acquire);
    }

    /// How much of it has been sent.
    pub fn position(&self) -> Duration {
        duration(self.progress.sent.load(Ordering::Acquire))
    }

    /// When its first packet was sent, if one was.
    pub fn started_at(&self) -> Option<Instant> {
        self.progress.started.get().copied()
    }

    /// Waits until its first packet has been sent; `None` where it ends without any.
    pub async fn started(&self) -> Option<Instant> {
        loop {
            let mut told = std::pin::pin!(self.progress.told.notified());
            told.as_mut().enable();
            if self.progress.started.get().is_some() || self.progress.ended.get().is_some() {
                return self.started_at();
            }
            told.await;
        }
    }

    /// Waits until it has ended: all was sent, it was stopped, or the line closed.
    pub async fn ended(&self) -> Ended {
        loop {
            let mut told = std::pin::pin!(self.progress.told.notified());
            told.as_mut().enable();
            if let Some(ended) = self.progress.ended.get() {
                return *ended;
            }
            told.await;
        }
    }
}

impl fmt::Debug for Playing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Playing").field("position", &self.position()).finish_non_exhaustive()
    }
}

/// What the media thread and the handles of a sound share.
#[derive(Debug)]
struct Progress {
    control: AtomicU8,
    /// Ticks of 1/8000 s.
    sent: AtomicUsize,
    started: OnceLock<Instant>,
    ended: OnceLock<Ended>,
    told: Notify,
}

/// A sound in a line's queue: the media thread's side. However it goes, its handles learn of its end when it is dropped.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) sound: Sound,
    progress: Arc<Progress>,
    sent: usize,
    last_sent: Option<Instant>,
    complete: bool,
}

/// What a track wants at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Play,
    Wait,
    End,
}

impl Track {
    pub(crate) fn new(sound: Sound) -> (Self, Playing) {
        let progress = Arc::new(Progress {
            control: AtomicU8::new(GO),
            sent: AtomicUsize::new(0),
            started: OnceLock::new(),
            ended: OnceLock::new(),
            told: Notify::new(),
        });
        let playing = Playing { progress: Arc::clone(&progress) };
        (Self { sound, progress, sent: 0, last_sent: None, complete: false }, playing)
    }

    pub(crate) fn wish(&self) -> Wish {
        match self.progress.control.load(Ordering::Acquire) {
            GO => Wish::Play,
            PAUSE => Wish::Wait,
            _ => Wish::End,
        }
    }

    /// Ticks that were sent.
    pub(crate) fn sent(&self) -> usize {
        self.sent
    }

    /// Counts what was put into a packet.
    pub(crate) fn advance(&mut self, ticks: usize) {
        self.sent += ticks;
        self.complete = match &self.sound {
            Sound::Prepared(prepared) => self.sent >= prepared.ticks(),
            Sound::Streamed(stream) => stream.finished(),
        };
    }

    /// Publishes what was counted, once its packet was sent.
    pub(crate) fn published(&mut self, now: Instant) {
        let more = self.progress.sent.swap(self.sent, Ordering::Release) != self.sent;
        if more && self.last_sent.replace(now).is_none() {
            let _first = self.progress.started.set(now);
            self.progress.told.notify_waiters();
        }
    }

    pub(crate) fn complete(&self) -> bool {
        self.complete
    }
}

impl Drop for Track {
    fn drop(&mut self) {
        let stopped_at = self.last_sent.filter(|_| !self.complete);
        let heard = duration(self.progress.sent.load(Ordering::Acquire));
        let _once = self.progress.ended.set(Ended { heard, complete: self.complete, stopped_at });
        self.progress.told.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::Prepared;

    fn track() -> (Track, Playing) {
        Track::new(Sound::Prepared(Arc::new(Prepared::from_pcm(&[1_000; 8_000], 8_000))))
    }

    #[tokio::test]
    async fn a_sound_has_started_with_its_first_packet() {
        let (mut track, playing) = track();
        assert_eq!(playing.started_at(), None);
        let first = Instant::now();
        let told = tokio::spawn({
            let playing = playing.clone();
            async move { playing.started().await }
        });
        for packet in 0..3 {
            track.advance(160);
            track.published(first + Duration::from_millis(20 * packet));
        }
        assert_eq!(told.await.unwrap(), Some(first));
        assert_eq!(playing.started_at(), Some(first));
    }

    #[tokio::test]
    async fn a_sound_that_was_never_sent_never_started() {
        let (track, playing) = track();
        playing.stop();
        drop(track);
        assert_eq!(playing.started().await, None);
    }
}
