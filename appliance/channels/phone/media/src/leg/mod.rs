//! A call leg as a media thread has it.
//!
//! [`Inward`] takes packets in and makes what is heard of them, [`Outward`] says things and relays, [`Reports`] speaks RTCP.
//! The [worker](crate::worker) calls [`Leg::tick`] on the leg's steady clock and [`Leg::receive`] when packets arrive.

mod hear;
mod inward;
mod outward;
mod record;
mod relay;
mod remote;
mod reports;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_queue::ArrayQueue;
use mio::net::UdpSocket;

use crate::group::Seat;
use crate::playing::Track;
use crate::sdp::{Agreed, Format, Secure};
use crate::shared::{Command, Shared};
use crate::srtp::{Opener, Sealer};
use crate::{Heard, MediaConfig, Statistics};

use inward::Inward;
use outward::Outward;
use record::Recorder;
use remote::Remote;
use reports::Reports;

/// Sounds that may wait.
const TRACKS: usize = 64;

/// The two sockets of a leg. When they are dropped their ports are given back.
#[derive(Debug)]
pub(crate) struct Sockets {
    pub(crate) rtp: UdpSocket,
    pub(crate) rtcp: UdpSocket,
    pub(crate) port: u16,
    pub(crate) given_back: Arc<ArrayQueue<u16>>,
    pub(crate) open: Arc<AtomicUsize>,
}

impl Drop for Sockets {
    fn drop(&mut self) {
        // The queue holds as many as there are pairs.
        let _room = self.given_back.push(self.port);
        self.open.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Where a leg's sound comes from and goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Path {
    /// It speaks for itself.
    #[default]
    Alone,
    /// Packets are relayed to and from the leg in this slot.
    Relay(usize),
    /// What others of its group say is mixed for it.
    Mix,
}

/// What a tick gives to the rest of a leg's group.
#[derive(Debug, Default)]
pub(crate) struct Ticked {
    /// Whether there is a new frame in [`Leg::frame`].
    pub(crate) heard: bool,
    /// A key that was pressed.
    pub(crate) digit: Option<char>,
    /// Whether something changed that decides how the group is joined.
    pub(crate) changed: bool,
    /// Whether a packet was sent.
    pub(crate) sent: bool,
}

/// A call leg.
pub(crate) struct Leg {
    pub(crate) id: u64,
    pub(crate) shared: Arc<Shared>,
    pub(crate) sockets: Sockets,
    pub(crate) seat: Option<Seat>,
    pub(crate) path: Path,
    /// When the next tick is due.
    pub(crate) due: Instant,
    config: Arc<MediaConfig>,
    agreed: Option<Agreed>,
    remote: Remote,
    inward: Inward,
    outward: Outward,
    reports: Reports,
    recorder: Option<Recorder>,
    ticks: u64,
}

impl Leg {
    pub(crate) fn new(id: u64, shared: Arc<Shared>, sockets: Sockets, config: Arc<MediaConfig>, due: Instant) -> Self {
        Self {
            id,
            shared,
            sockets,
            seat: None,
            path: Path::Alone,
            due,
            agreed: None,
            remote: Remote::default(),
            inward: Inward::new(&config, due),
            outward: Outward::new(),
            reports: Reports::new(due),
            recorder: None,
            ticks: 0,
            config,
        }
    }

    /// What is between two ticks: 20 ms, or 10 where packets are of another length.
    pub(crate) fn period(&self) -> Duration {
        let odd = self.agreed.as_ref().is_some_and(|agreed| !agreed.packet_ms.is_multiple_of(20));
        Duration::from_millis(if odd { 10 } else { 20 })
    }

    /// Whether the line was dropped.
    pub(crate) fn closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// Says farewell.
    pub(crate) fn close(&mut self, now: Instant) {
        self.report(now, true);
        self.publish();
    }

    /// Takes what the line has to say. Whether it concerns the group.
    pub(crate) fn obey(&mut self, now: Instant) -> bool {
        let mut changed = self.shared.has_news() && self.obey_news(now);
        if self.seat.as_ref().is_some_and(|seat| seat.group.ended.load(Ordering::Acquire)) {
            self.seat = None;
            changed = true;
        }
        changed
    }

    fn obey_news(&mut self, now: Instant) -> bool {
        let mut changed = false;
        if let Some(agreed) = self.shared.take_agreed() {
            self.agree(*agreed, now);
            changed = true;
        }
        while let Some(command) = self.shared.next_command() {
            match command {
                Command::Play(track) if self.outward.tracks.len() < TRACKS => self.outward.tracks.push_back(track),
                Command::Play(_) => tracing::warn!("a line has too many sounds to play"),
                Command::Digits(digits) => digits.chars().for_each(|digit| self.send_digit(digit)),
                Command::Gain(db) => self.outward.set_gain(db),
                Command::Hear(drum) => self.inward.drum = Some(drum),
                Command::Tap(side) => self.recorder = Some(Recorder::new(side)),
                Command::Join(seat) => {
                    self.seat = Some(seat);
                    changed = true;
                }
                Command::Leave(group) => {
                    if self.seat.as_ref().is_some_and(|seat| seat.group.id == group) {
                        self.seat = None;
                        changed = true;
                    }
                }
            }
        }
        changed
    }

    /// One tick of the clock, of `steps` periods where the thread was late: time that has passed is skipped, not caught up.
    pub(crate) fn tick(&mut self, now: Instant, steps: u32) -> Ticked {
        let mut ticked = Ticked { changed: self.obey(now), ..Ticked::default() };
        let period = self.period().as_millis() as u64;
        let packet_ms = self.agreed.as_ref().map_or(20, |agreed| u64::from(agreed.packet_ms));
        for step in 1..=steps {
            self.ticks += period;
            if self.ticks.is_multiple_of(packet_ms) {
                self.outward.advance(packet_ms as u32);
                // Of several packets that are due only the last is sent: no burst after a standstill.
                ticked.sent = step == steps && self.speak(now);
            }
        }
        for step in 0..steps.min(10) {
            if (self.ticks - u64::from(step) * period).is_multiple_of(20) {
                ticked.heard |= self.hear();
            }
        }
        if let Some(press) = self.inward.events.overdue(now) {
            self.pressed(press);
        }
        self.watch_silence(now);
        ticked.digit = self.inward.digit.take();
        if self.reports.due(now) {
            self.report(now, false);
        }
        if self.ticks.is_multiple_of(100) {
            self.publish();
        }
        ticked
    }

    fn agree(&mut self, agreed: Agreed, now: Instant) {
        let before = self.agreed.take();
        let secure = |agreed: Option<&Agreed>| agreed.and_then(|agreed| agreed.secure.clone());
        let (old, new) = (secure(before.as_ref()), secure(Some(&agreed)));
        // A context whose key stays stays too, and with it the roll-over counter.
        let key = |secure: &Option<Secure>, ours: bool| {
            secure.as_ref().map(|s| (s.suite, if ours { s.ours.clone() } else { s.theirs.clone() }))
        };
        if key(&old, false) != key(&new, false) {
            self.inward.opener = key(&new, false).and_then(|(suite, key)| Opener::new(suite, key).ok());
        }
        if key(&old, true) != key(&new, true) {
            self.outward.sealer = key(&new, true).and_then(|(suite, key)| Sealer::new(suite, &key).ok());
        }
        self.remote.agree(&agreed);
        self.outward.agree(&agreed);
        let held = (before.as_ref().is_some_and(|before| before.held_by_peer), agreed.held_by_peer);
        match held {
            (false, true) => self.tell(Heard::Held),
            (true, false) => self.tell(Heard::Resumed),
            _ => {}
        }
        self.inward.quiet_since = now;
        self.agreed = Some(agreed);
        self.ticks = self.ticks / 20 * 20;
    }

    fn tell(&self, event: Heard) {
        if let Some(drum) = &self.inward.drum {
            drum.event(event);
        }
    }

    fn format(&self, payload_type: u8) -> Option<Format> {
        self.agreed.as_ref()?.receive.iter().find(|format| format.payload_type == payload_type).copied()
    }

    fn publish(&self) {
        let ticks = |ticks: u64| Duration::from_micros(ticks * 125);
        self.shared.publish(&Statistics {
            packets_received: self.inward.reception.received(),
            packets_sent: self.outward.packets,
            lost: self.inward.reception.lost(),
            late: self.inward.late,
            refused: self.inward.refused,
            jitter: ticks(u64::from(self.inward.reception.jitter())),
            buffered: ticks(self.inward.jitter.delay().unsigned_abs()),
            round_trip: self.reports.round_trip,
            peer_loss: self.reports.peer_loss,
        });
    }
}

impl Drop for Leg {
    /// However a leg comes to its end, nobody waits for it: sounds and taps end when they are dropped, and the ear here.
    fn drop(&mut self) {
        self.obey(Instant::now());
        self.shared.close();
        if let Some(drum) = &self.inward.drum {
            drum.close();
        }
    }
}

/// The queue of sounds.
type Tracks = VecDeque<Track>;

/// Sends a datagram. What the system refuses (a full queue, an unreachable host) is lost, as the network would lose it.
fn send(socket: &UdpSocket, bytes: &[u8], to: SocketAddr) -> bool {
    socket.send_to(bytes, to).is_ok()
}
