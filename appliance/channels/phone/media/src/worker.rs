//! A media thread: the sockets and the clocks of its legs.
//!
//! The thread sleeps until a packet arrives or a leg's tick is due. Ticks are absolute: each is due one period after the one
//! before was due, whenever that one ran, so that nothing drifts; a whole period of lateness is skipped and counted. The
//! legs' ticks are spread over the period, and looked at between packets, so that a flood on one leg's port delays no other.

mod delays;
mod groups;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_queue::ArrayQueue;
use mio::{Events, Interest, Poll, Token, Waker};
use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

use crate::leg::Leg;
use delays::Delays;

/// The waker's token; legs have two each from 0 on.
const WAKE: Token = Token(usize::MAX);
/// Datagrams that are taken from one socket before others have their turn.
const AT_ONCE: usize = 16;
/// Sockets that are read before the clocks are looked at again.
const BETWEEN_CLOCKS: usize = 16;
/// The largest datagram that is taken; a packet of 60 ms has 500 bytes.
const DATAGRAM: usize = 2_048;
/// Legs that may be on their way to a thread.
const ARRIVING: usize = 8_192;
/// The longest sleep.
const SLEEP: Duration = Duration::from_millis(500);

/// A media thread as others see it.
#[derive(Debug)]
pub(crate) struct Door {
    arriving: ArrayQueue<Box<Leg>>,
    waker: Waker,
    stop: AtomicBool,
    pub(crate) received: AtomicU64,
    pub(crate) sent: AtomicU64,
    pub(crate) skipped: AtomicU64,
    /// 99 of 100 packets were at most this late, in microseconds.
    pub(crate) delay_p99_us: AtomicU64,
}

impl Door {
    /// A door and the poll behind it.
    pub(crate) fn new() -> io::Result<(Self, Poll)> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), WAKE)?;
        let door = Self {
            arriving: ArrayQueue::new(ARRIVING),
            waker,
            stop: AtomicBool::new(false),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            delay_p99_us: AtomicU64::new(0),
        };
        Ok((door, poll))
    }

    /// Brings a leg. It comes back when too many wait at the door.
    pub(crate) fn bring(&self, leg: Box<Leg>) -> Result<(), Box<Leg>> {
        self.arriving.push(leg)?;
        self.wake();
        Ok(())
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        if let Err(error) = self.waker.wake() {
            tracing::error!(%error, "failed to wake a media thread");
        }
    }
}

/// A media thread.
pub(crate) struct Worker {
    index: usize,
    doors: Arc<[Door]>,
    poll: Poll,
    legs: Vec<Option<Box<Leg>>>,
    vacant: Vec<usize>,
    /// Ticks that are due: when, which slot, whose.
    clocks: BinaryHeap<Reverse<(Instant, usize, u64)>>,
    /// The slots of each group's legs.
    groups: HashMap<u64, Vec<usize>>,
    /// Sockets that had more than their turn allowed.
    unread: Vec<Token>,
    datagram: Box<[u8; DATAGRAM]>,
    scratch: Vec<u8>,
    delays: Delays,
}

impl Worker {
    pub(crate) fn new(index: usize, doors: Arc<[Door]>, poll: Poll) -> Self {
        Self {
            index,
            doors,
            poll,
            legs: Vec::new(),
            vacant: Vec::new(),
            clocks: BinaryHeap::new(),
            groups: HashMap::new(),
            unread: Vec::new(),
            datagram: Box::new([0; DATAGRAM]),
            scratch: Vec::with_capacity(DATAGRAM),
            delays: Delays::default(),
        }
    }

    /// Works until it is told to stop.
    pub(crate) fn run(mut self, real_time_priority: u8) {
        if let Err(reason) = raise(real_time_priority)
            && self.index == 0
        {
            tracing::warn!(%reason, "media threads have no real-time priority; a busy machine may make calls stutter");
        }
        let mut events = Events::with_capacity(1_024);
        loop {
            let sleep = self.sleep(Instant::now());
            match self.poll.poll(&mut events, Some(sleep)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => {
                    tracing::error!(%error, "a media thread failed to wait for packets");
                    // Better a clock that wakes up every millisecond than one that spins.
                    std::thread::park_timeout(Duration::from_millis(1));
                }
                Ok(()) | Err(_) => {}
            }
            self.run_clocks(Instant::now());
            let ready = std::mem::take(&mut self.unread);
            let ready = ready.into_iter().chain(events.iter().map(|event| event.token()));
            for (turn, token) in (1..).zip(ready) {
                self.read(token);
                if turn % BETWEEN_CLOCKS == 0 {
                    self.run_clocks(Instant::now());
                }
            }
            self.welcome();
            if self.door().is_some_and(|door| door.stop.load(Ordering::Acquire)) {
                break;
            }
        }
        let now = Instant::now();
        self.welcome();
        self.legs.iter_mut().flatten().for_each(|leg| leg.close(now));
    }

    fn door(&self) -> Option<&Door> {
        self.doors.get(self.index)
    }

    fn sleep(&self, now: Instant) -> Duration {
        if !self.unread.is_empty() {
            return Duration::ZERO;
        }
        let next = self.clocks.peek().map(|Reverse((due, ..))| due.saturating_duration_since(now));
        next.unwrap_or(SLEEP).min(SLEEP)
    }

    /// Runs every tick that is due.
    fn run_clocks(&mut self, mut now: Instant) {
        while let Some(Reverse((due, slot, id))) = self.clocks.peek().copied() {
            if due > now {
                break;
            }
            self.clocks.pop();
            self.run_clock(slot, id, now);
            now = Instant::now();
        }
    }

    fn run_clock(&mut self, slot: usize, id: u64, now: Instant) {
        let Some(leg) = self.leg_mut(slot).filter(|leg| leg.id == id) else { return };
        if leg.closed() {
            leg.close(now);
            self.let_go(slot);
            return;
        }
        let period = leg.period();
        let late = now.saturating_duration_since(leg.due);
        let steps = 1 + u32::try_from(late.as_nanos() / period.as_nanos()).unwrap_or(u32::MAX).min(100_000);
        leg.due += period * steps;
        let due = leg.due;
        let ticked = leg.tick(now, steps);
        self.clocks.push(Reverse((due, slot, id)));
        let skipped = u64::from(steps - 1);
        if ticked.sent {
            self.delays.add(late, now);
        }
        let p99 = self.delays.fresh_p99();
        if let Some(door) = self.door() {
            door.sent.fetch_add(u64::from(ticked.sent), Ordering::Relaxed);
            door.skipped.fetch_add(skipped, Ordering::Relaxed);
            if let Some(p99) = p99 {
                door.delay_p99_us.store(p99, Ordering::Relaxed);
            }
        }
        if ticked.changed {
            self.seat(slot);
        }
        if ticked.heard || ticked.digit.is_some() {
            self.share(slot, ticked.heard, ticked.digit);
        }
        self.move_home(slot);
    }

    /// Reads a socket.
    fn read(&mut self, token: Token) {
        if token == WAKE {
            return;
        }
        let (slot, control) = (token.0 / 2, token.0 % 2 == 1);
        for _ in 0..AT_ONCE {
            let Some(leg) = self.legs.get_mut(slot).and_then(Option::as_deref_mut) else { return };
            let socket = if control { &leg.sockets.rtcp } else { &leg.sockets.rtp };
            let (length, from) = match socket.recv_from(self.datagram.as_mut_slice()) {
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // An earlier packet of ours found nobody there; the next datagram may be fine.
                Err(_) => continue,
            };
            let now = Instant::now();
            let bytes = &self.datagram[..length];
            if control {
                leg.receive_rtcp(bytes, from, now);
                continue;
            }
            let concerns_group = leg.obey(now);
            let pass = leg.receive(bytes, from, now);
            if let Some(door) = self.doors.get(self.index) {
                door.received.fetch_add(1, Ordering::Relaxed);
            }
            if let Some(pass) = pass
                && let Some(other) = self.legs.get_mut(pass.to).and_then(Option::as_deref_mut)
                && let Some(payload) = pass.opened.as_deref().unwrap_or(bytes).get(pass.payload.clone())
            {
                other.relay(&pass.header, pass.content, payload, &mut self.scratch, now);
                if let Some(door) = self.doors.get(self.index) {
                    door.sent.fetch_add(1, Ordering::Relaxed);
                }
            }
            if concerns_group {
                self.seat(slot);
            }
        }
        self.unread.push(token);
    }

    /// Takes in the legs at the door.
    fn welcome(&mut self) {
        while let Some(leg) = self.door().and_then(|door| door.arriving.pop()) {
            self.adopt(leg);
        }
    }

    fn adopt(&mut self, mut leg: Box<Leg>) {
        let slot = self.vacant.pop().unwrap_or_else(|| {
            self.legs.push(None);
            self.legs.len() - 1
        });
        let registry = self.poll.registry();
        let registered = registry
            .register(&mut leg.sockets.rtp, Token(slot * 2), Interest::READABLE)
            .and_then(|()| registry.register(&mut leg.sockets.rtcp, Token(slot * 2 + 1), Interest::READABLE));
        if let Err(error) = registered {
            tracing::error!(%error, "failed to wait for a line's packets; the line is closed");
            leg.close(Instant::now());
            self.vacant.push(slot);
            return;
        }
        leg.shared.worker.store(self.index, Ordering::Release);
        self.clocks.push(Reverse((leg.due, slot, leg.id)));
        let (id, seated) = (leg.id, leg.seat.is_some());
        if let Some(place) = self.legs.get_mut(slot) {
            *place = Some(leg);
        }
        tracing::trace!(id, slot, "a line's leg has come to a media thread");
        // What came before its sockets were watched tells nothing by itself.
        self.unread.push(Token(slot * 2));
        if seated {
            self.seat(slot);
        }
    }

    /// Takes a leg out of its slot; without its sockets nothing wakes this thread for it.
    fn let_go(&mut self, slot: usize) -> Option<Box<Leg>> {
        let mut leg = self.legs.get_mut(slot)?.take()?;
        self.vacant.push(slot);
        let registry = self.poll.registry();
        for socket in [&mut leg.sockets.rtp, &mut leg.sockets.rtcp] {
            if let Err(error) = registry.deregister(socket) {
                tracing::warn!(%error, "failed to stop waiting for a line's packets");
            }
        }
        self.unseat(slot);
        Some(leg)
    }

    fn leg(&self, slot: usize) -> Option<&Leg> {
        self.legs.get(slot).and_then(Option::as_deref)
    }

    fn leg_mut(&mut self, slot: usize) -> Option<&mut Leg> {
        self.legs.get_mut(slot).and_then(Option::as_deref_mut)
    }
}

/// Puts this thread before all that is not real time. What it does between two sleeps is short, and bounded.
fn raise(priority: u8) -> Result<(), String> {
    if priority == 0 {
        return Ok(());
    }
    let wanted = ThreadPriorityValue::try_from(priority)?;
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
    set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Crossplatform(wanted), policy)
        .map_err(|error| error.to_string())
}
