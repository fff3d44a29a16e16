//! RTCP of a leg: reports every few seconds, and a farewell.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use rand::Rng as _;

use super::{Leg, send};
use crate::codec::TICKS_PER_MS;
use crate::rtcp::{self, Block, Sent, Told};

/// Reports are this far apart, half to one and a half times (RFC 3550 §6.3.5).
const INTERVAL: Duration = Duration::from_secs(5);

/// What is reported, and what the peer reported.
#[derive(Debug)]
pub(crate) struct Reports {
    /// Our name: random for each call, so that it tells nothing (RFC 7022).
    name: String,
    next: Instant,
    /// The timestamp of the last packet that we sent, and when.
    spoke: Option<(u32, Instant)>,
    /// Packets that were sent at the last report.
    packets: u64,
    /// The peer's last sender report: the middle of its time, and when it came.
    last: Option<(u32, Instant)>,
    pub(super) round_trip: Option<Duration>,
    pub(super) peer_loss: Option<f32>,
}

impl Reports {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            name: format!("{:024x}", rand::random::<u128>() >> 32),
            next: now + interval() / 2,
            spoke: None,
            packets: 0,
            last: None,
            round_trip: None,
            peer_loss: None,
        }
    }

    pub(super) fn due(&self, now: Instant) -> bool {
        now >= self.next
    }

    pub(super) fn spoke(&mut self, timestamp: u32, now: Instant) {
        self.spoke = Some((timestamp, now));
    }
}

fn interval() -> Duration {
    INTERVAL.mul_f32(rand::rng().random_range(0.5..1.5))
}

impl Leg {
    /// Sends a report, the last one with a farewell.
    pub(super) fn report(&mut self, now: Instant, bye: bool) {
        self.reports.next = now + interval();
        let (Some(agreed), Some(to)) = (&self.agreed, self.remote.rtcp()) else { return };
        let (mux, secure) = (agreed.rtcp_mux, agreed.secure.is_some());
        let spoke = self.reports.spoke.filter(|_| bye || self.outward.packets > self.reports.packets);
        self.reports.packets = self.outward.packets;
        let sent = spoke.map(|(timestamp, at)| {
            let passed = now.saturating_duration_since(at).as_millis() as usize * TICKS_PER_MS;
            Sent {
                ntp: rtcp::ntp(SystemTime::now()),
                timestamp: timestamp.wrapping_add(passed as u32),
                packets: self.outward.packets as u32,
                octets: self.outward.octets as u32,
            }
        });
        let reception = &mut self.inward.reception;
        let block = reception.ssrc().map(|ssrc| {
            let (lost, lost_part) = reception.report();
            let (highest, jitter) = (reception.highest(), reception.jitter());
            let since = |at: Instant| (now.saturating_duration_since(at).as_micros() * 65_536 / 1_000_000) as u32;
            let (last_report, since_report) = self.reports.last.map_or((0, 0), |(middle, at)| (middle, since(at)));
            Block { ssrc, lost, lost_part, highest, jitter, last_report, since_report }
        });
        let Some(plain) = rtcp::write(self.outward.ssrc, &self.reports.name, sent, block, bye) else { return };
        let socket = if mux { &self.sockets.rtp } else { &self.sockets.rtcp };
        match (&mut self.outward.sealer, secure) {
            (Some(sealer), _) => {
                if let Ok(sealed) = sealer.rtcp(&plain) {
                    send(socket, &sealed, to);
                }
            }
            (None, true) => {}
            (None, false) => _ = send(socket, &plain, to),
        }
    }

    /// Takes a datagram of RTCP.
    pub(crate) fn receive_rtcp(&mut self, bytes: &[u8], from: SocketAddr, now: Instant) {
        let Some(agreed) = &self.agreed else { return };
        let (mux, secure) = (agreed.rtcp_mux, agreed.secure.is_some());
        let opened = match (&mut self.inward.opener, secure) {
            (Some(opener), _) => opener.rtcp(bytes).ok(),
            (None, true) => None,
            (None, false) => Some(bytes.into()),
        };
        let admitted = |leg: &mut Self| mux && leg.remote.rtp() == Some(from) || leg.remote.admit_rtcp(from, secure);
        let Some(plain) = opened.filter(|_| admitted(self)) else {
            self.inward.refused += 1;
            return;
        };
        let (ours, theirs) = (self.outward.ssrc, self.inward.reception.ssrc());
        let reports = &mut self.reports;
        let understood = rtcp::read(&plain, |told| match told {
            Told::Sender { ssrc, middle } if theirs.is_none_or(|known| known == ssrc) => {
                reports.last = Some((middle, now));
            }
            Told::Reception { about, lost_part, last_report, since_report } if about == ours => {
                reports.peer_loss = Some(f32::from(lost_part) / 256.0);
                let trip = rtcp::round_trip(rtcp::ntp(SystemTime::now()), last_report, since_report);
                reports.round_trip = trip.or(reports.round_trip);
            }
            // Signalling says when a call is over; a source that leaves may be followed by another.
            Told::Sender { .. } | Told::Reception { .. } | Told::Bye { .. } => {}
        });
        self.inward.refused += u64::from(!understood);
    }
}
