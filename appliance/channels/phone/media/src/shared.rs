//! What a line's handle and its leg on a media thread share. Neither side ever waits for the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_queue::ArrayQueue;

use crate::Statistics;
use crate::ear::Drum;
use crate::group::Seat;
use crate::playing::Track;
use crate::sdp::Agreed;
use crate::tap::TapSide;

/// Commands that wait for a leg, which looks every few milliseconds.
const COMMANDS: usize = 128;

/// What a line tells its leg.
#[derive(Debug)]
pub(crate) enum Command {
    Play(Track),
    Digits(String),
    Gain(f32),
    Hear(Arc<Drum>),
    Tap(TapSide),
    Join(Seat),
    Leave(u64),
}

/// Both sides of one line.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The media thread that has the leg.
    pub(crate) worker: AtomicUsize,
    pub(crate) closed: AtomicBool,
    /// Whether something waits for the leg: one load tells, where looking into the queues costs a fence for each packet.
    news: AtomicBool,
    commands: ArrayQueue<Command>,
    /// The newest that was agreed; one that was not yet taken is replaced.
    agreed: ArrayQueue<Box<Agreed>>,
    figures: Counters,
}

#[derive(Debug, Default)]
struct Counters {
    received: AtomicU64,
    sent: AtomicU64,
    lost: AtomicU64,
    late: AtomicU64,
    refused: AtomicU64,
    jitter_us: AtomicU64,
    buffered_us: AtomicU64,
    /// One more than microseconds; 0 is unknown.
    round_trip_us: AtomicU64,
    /// One more than 256ths; 0 is unknown.
    peer_loss: AtomicU64,
}

impl Shared {
    pub(crate) fn new(worker: usize) -> Self {
        Self {
            worker: AtomicUsize::new(worker),
            closed: AtomicBool::new(false),
            news: AtomicBool::new(false),
            commands: ArrayQueue::new(COMMANDS),
            agreed: ArrayQueue::new(1),
            figures: Counters::default(),
        }
    }

    /// Gives a command to the leg. One too many is dropped, and with it what it carries: its sound ends, its tap closes.
    pub(crate) fn command(&self, command: Command) {
        if self.commands.push(command).is_err() {
            tracing::warn!("a line was given more commands than its media thread could take");
        }
        self.news.store(true, Ordering::Release);
        if self.closed.load(Ordering::Acquire) {
            // Nobody will look any more.
            while self.commands.pop().is_some() {}
        }
    }

    /// The leg is over: what waits for it ends.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        while self.commands.pop().is_some() {}
    }

    /// Whether something has come since this was last asked.
    pub(crate) fn has_news(&self) -> bool {
        self.news.load(Ordering::Relaxed) && self.news.swap(false, Ordering::AcqRel)
    }

    pub(crate) fn next_command(&self) -> Option<Command> {
        self.commands.pop()
    }

    pub(crate) fn agree(&self, agreed: Agreed) {
        self.agreed.force_push(Box::new(agreed));
        self.news.store(true, Ordering::Release);
    }

    pub(crate) fn take_agreed(&self) -> Option<Box<Agreed>> {
        self.agreed.pop()
    }

    pub(crate) fn publish(&self, statistics: &Statistics) {
        let figures = &self.figures;
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX - 1);
        let known = |value: Option<u64>| value.map_or(0, |value| value + 1);
        for (counter, value) in [
            (&figures.received, statistics.packets_received),
            (&figures.sent, statistics.packets_sent),
            (&figures.lost, statistics.lost),
            (&figures.late, statistics.late),
            (&figures.refused, statistics.refused),
            (&figures.jitter_us, micros(statistics.jitter)),
            (&figures.buffered_us, micros(statistics.buffered)),
            (&figures.round_trip_us, known(statistics.round_trip.map(micros))),
            (&figures.peer_loss, known(statistics.peer_loss.map(|part| (part * 256.0) as u64))),
        ] {
            counter.store(value, Ordering::Relaxed);
        }
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let figures = &self.figures;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Statistics {
            packets_received: load(&figures.received),
            packets_sent: load(&figures.sent),
            lost: load(&figures.lost),
            late: load(&figures.late),
            refused: load(&figures.refused),
            jitter: Duration::from_micros(load(&figures.jitter_us)),
            buffered: Duration::from_micros(load(&figures.buffered_us)),
            round_trip: load(&figures.round_trip_us).checked_sub(1).map(Duration::from_micros),
            peer_loss: load(&figures.peer_loss).checked_sub(1).map(|part| part as f32 / 256.0),
        }
    }
}
