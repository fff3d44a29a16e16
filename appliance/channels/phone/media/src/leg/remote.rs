//! Where the peer is: where its description says, until packets show better (symmetric RTP, RFC 4961).
//!
//! Behind an address translator the description names an address that nobody can reach, so that the source of the first
//! valid packets counts instead. A stranger must not take a call over by sending a packet: a source that has proved itself
//! is left only for what is authentic, what the description names, or when it has fallen silent.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::sdp::Agreed;

/// Silence after which another source may be the peer.
const SILENCE: Duration = Duration::from_secs(1);

/// What is known of the peer's addresses.
#[derive(Debug, Default)]
pub(crate) struct Remote {
    stated: Option<SocketAddr>,
    stated_rtcp: Option<SocketAddr>,
    mux: bool,
    proved: Option<SocketAddr>,
    proved_rtcp: Option<SocketAddr>,
    last: Option<Instant>,
    /// A source, and the sequence number with which it would prove itself.
    candidate: Option<(SocketAddr, u32, u16)>,
}

impl Remote {
    pub(crate) fn agree(&mut self, agreed: &Agreed) {
        if self.stated != agreed.rtp {
            (self.proved, self.proved_rtcp, self.candidate) = (None, None, None);
        }
        (self.stated, self.stated_rtcp, self.mux) = (agreed.rtp, agreed.rtcp, agreed.rtcp_mux);
    }

    /// Where RTP is sent.
    pub(crate) fn rtp(&self) -> Option<SocketAddr> {
        // Without a stated address the peer is on hold in the old way: nothing is sent wherever its packets came from.
        self.proved.or(self.stated)
    }

    /// Where RTCP is sent.
    pub(crate) fn rtcp(&self) -> Option<SocketAddr> {
        if self.mux {
            return self.rtp();
        }
        let beside = |rtp: SocketAddr| Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?));
        match (self.proved_rtcp, self.proved, self.stated) {
            (Some(proved), _, _) => Some(proved),
            (None, Some(proved), stated) if stated.is_none_or(|stated| stated.ip() != proved.ip()) => beside(proved),
            _ => self.stated_rtcp,
        }
    }

    /// Whether a valid packet from this source is the peer's; if so it is known from now on.
    pub(crate) fn admit(&mut self, from: SocketAddr, packet: Packet, now: Instant) -> bool {
        let admitted = match self.proved {
            Some(proved) if proved == from => true,
            _ if packet.authentic || self.stated == Some(from) => true,
            Some(proved) => {
                let silent = self.last.is_none_or(|last| now.saturating_duration_since(last) >= SILENCE);
                (silent || (packet.new_source && proved.ip() == from.ip())) && self.in_sequence(from, packet)
            }
            None => self.in_sequence(from, packet),
        };
        if admitted {
            (self.proved, self.last, self.candidate) = (Some(from), Some(now), None);
        }
        admitted
    }

    /// A control packet that belongs to the peer shows where its answers are wanted.
    pub(crate) fn admit_rtcp(&mut self, from: SocketAddr, authentic: bool) -> bool {
        let ours = authentic || self.rtp().is_some_and(|rtp| rtp.ip() == from.ip()) || self.stated_rtcp == Some(from);
        if ours {
            self.proved_rtcp = Some(from);
        }
        ours
    }

    /// Two packets in sequence prove a source that nothing else speaks for.
    fn in_sequence(&mut self, from: SocketAddr, packet: Packet) -> bool {
        let next = (from, packet.ssrc, packet.sequence.wrapping_add(1));
        self.candidate.replace(next) == Some((from, packet.ssrc, packet.sequence))
    }
}

/// What a packet says for itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packet {
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    /// Whether it was encrypted with the peer's key.
    pub(crate) authentic: bool,
    /// Whether its source is not the one heard so far.
    pub(crate) new_source: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(sequence: u16) -> Packet {
        Packet { ssrc: 1, sequence, authentic: false, new_source: false }
    }

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_peer_behind_a_translator_proves_itself_by_two_packets() {
        let mut remote = Remote { stated: Some(address("10.0.0.1:4000")), ..Remote::default() };
        let (real, now) = (address("192.0.2.1:7000"), Instant::now());
        assert_eq!(remote.rtp(), remote.stated);
        assert!(!remote.admit(real, packet(1), now));
        assert!(remote.admit(real, packet(2), now));
        assert_eq!(remote.rtp(), Some(real));
        assert_eq!(remote.rtcp(), Some(address("192.0.2.1:7001")));
    }

    #[test]
    fn a_stranger_does_not_take_over_a_call_that_is_alive() {
        let mut remote = Remote { stated: Some(address("192.0.2.1:4000")), ..Remote::default() };
        let (peer, stranger, now) = (address("192.0.2.1:4000"), address("203.0.113.9:1"), Instant::now());
        assert!(remote.admit(peer, packet(1), now));
        for sequence in 1..10 {
            assert!(!remote.admit(stranger, packet(sequence), now + SILENCE / 2));
            assert!(!remote.admit(stranger, Packet { new_source: true, ..packet(sequence) }, now + SILENCE / 2));
        }
        assert_eq!(remote.rtp(), Some(peer));
        assert!(!remote.admit(stranger, packet(10), now + SILENCE));
        assert!(remote.admit(stranger, packet(11), now + SILENCE), "the peer has fallen silent");
        assert!(remote.admit(peer, packet(2), now + SILENCE), "what the description names comes back at once");
    }

    #[test]
    fn an_authentic_packet_is_the_peers_wherever_it_comes_from() {
        let mut remote = Remote { stated: Some(address("192.0.2.1:4000")), ..Remote::default() };
        assert!(remote.admit(address("203.0.113.9:1"), Packet { authentic: true, ..packet(1) }, Instant::now()));
    }
}
