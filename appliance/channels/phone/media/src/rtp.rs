//! RTP packets, and the statistics of a source (RFC 3550).

use std::ops::Range;

use rtp_types::RtpPacket;

/// Bytes of the headers that we write: no contributors, no extension.
pub(crate) const HEADER: usize = 12;
/// Packets by which a sequence number may run ahead before the source counts as restarted (RFC 3550 A.1).
const MOST_AHEAD: u16 = 3_000;

/// What matters of an RTP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) payload_type: u8,
    pub(crate) marker: bool,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
}

impl Header {
    /// Reads a packet: its header, and where its payload lies, padding and extension left out.
    pub(crate) fn read(bytes: &[u8]) -> Option<(Self, Range<usize>)> {
        let packet = RtpPacket::parse(bytes).ok()?;
        let header = Self {
            payload_type: packet.payload_type(),
            marker: packet.marker_bit(),
            sequence: packet.sequence_number(),
            timestamp: packet.timestamp(),
            ssrc: packet.ssrc(),
        };
        let begin = packet.payload_offset();
        let end = begin + packet.payload().len();
        (end <= bytes.len()).then_some((header, begin..end))
    }

    /// The header's bytes.
    pub(crate) fn bytes(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[0] = 0x80;
        bytes[1] = self.payload_type | if self.marker { 0x80 } else { 0 };
        bytes[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        bytes
    }
}

/// Whether bytes on a socket that carries both are RTCP rather than RTP (RFC 5761 §4).
pub(crate) fn is_rtcp(bytes: &[u8]) -> bool {
    bytes.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

/// What a packet means for its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The first of a source that was not heard before, or that has restarted.
    Source,
    /// The next, or one that was overtaken.
    Fresh,
    /// One that came before.
    Duplicate,
    /// A sequence number out of all order; a second in a row restarts the source.
    Stray,
}

/// What is known of the source that a line hears (RFC 3550 A.1, A.3, A.8).
#[derive(Debug, Default)]
pub(crate) struct Reception {
    ssrc: Option<u32>,
    first: u32,
    /// The highest sequence number, with its cycles above 16 bits.
    highest: u32,
    /// Which of the 64 numbers up to the highest have come.
    seen: u64,
    stray: Option<u16>,
    received: u64,
    /// Of earlier sources.
    lost_before: u64,
    received_before: u64,
    expected_at_report: u64,
    received_at_report: u64,
    transit: Option<u32>,
    /// In 1/16 of a tick.
    jitter: u32,
}

impl Reception {
    pub(crate) fn ssrc(&self) -> Option<u32> {
        self.ssrc
    }

    /// Counts a packet that arrived when our clock, in ticks of 1/8000 s, showed `now`.
    pub(crate) fn hear(&mut self, header: &Header, now: u32) -> Arrival {
        if self.ssrc != Some(header.ssrc) {
            self.begin(header);
            return Arrival::Source;
        }
        let ahead = header.sequence.wrapping_sub(self.highest as u16);
        if ahead == 0 {
            return Arrival::Duplicate;
        }
        if ahead < MOST_AHEAD {
            self.highest = self.highest.wrapping_add(u32::from(ahead));
            self.seen = if ahead < 64 { self.seen << ahead | 1 } else { 1 };
        } else {
            let behind = ahead.wrapping_neg();
            if behind >= 64 {
                if self.stray.replace(header.sequence.wrapping_add(1)) == Some(header.sequence) {
                    self.begin(header);
                    return Arrival::Source;
                }
                return Arrival::Stray;
            }
            if self.seen >> behind & 1 == 1 {
                return Arrival::Duplicate;
            }
            self.seen |= 1 << behind;
        }
        self.stray = None;
        self.received += 1;
        let transit = now.wrapping_sub(header.timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let difference = transit.wrapping_sub(before).cast_signed().unsigned_abs();
            // A pause of the peer's clock is no jitter.
            if difference < 8_000 {
                self.jitter = self.jitter.saturating_add(difference).saturating_sub((self.jitter + 8) >> 4);
            }
        }
        Arrival::Fresh
    }

    fn begin(&mut self, header: &Header) {
        let (lost, received) = (self.lost(), self.received());
        *self = Self {
            ssrc: Some(header.ssrc),
            first: u32::from(header.sequence),
            highest: u32::from(header.sequence),
            seen: 1,
            received: 1,
            lost_before: lost,
            received_before: received,
            ..Self::default()
        };
    }

    fn expected(&self) -> u64 {
        if self.ssrc.is_some() { u64::from(self.highest.wrapping_sub(self.first)) + 1 } else { 0 }
    }

    /// Packets that never came, of all sources so far.
    pub(crate) fn lost(&self) -> u64 {
        self.lost_before + self.expected().saturating_sub(self.received)
    }

    /// Packets that came, of all sources so far.
    pub(crate) fn received(&self) -> u64 {
        self.received_before + self.received
    }

    /// Interarrival jitter in ticks.
    pub(crate) fn jitter(&self) -> u32 {
        self.jitter >> 4
    }

    /// The highest sequence number, extended by its cycles.
    pub(crate) fn highest(&self) -> u32 {
        self.highest
    }

    /// Packets of this source that never came, and the part of 256 since the last report; begins a new report.
    pub(crate) fn report(&mut self) -> (u32, u8) {
        let expected = self.expected() - self.expected_at_report;
        let received = self.received - self.received_at_report;
        (self.expected_at_report, self.received_at_report) = (self.expected(), self.received);
        let lost = expected.saturating_sub(received);
        let part = (lost << 8).checked_div(expected).unwrap_or(0);
        let total = self.expected().saturating_sub(self.received).min(0x7f_ffff);
        (total as u32, part.min(255) as u8)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn header(sequence: u16, ssrc: u32) -> Header {
        Header { payload_type: 8, marker: false, sequence, timestamp: u32::from(sequence).wrapping_mul(160), ssrc }
    }

    #[test]
    fn a_header_is_read_as_it_is_written() {
        let written = Header { marker: true, ..header(40_000, 0xdead_beef) };
        let mut bytes = written.bytes().to_vec();
        bytes.extend([1, 2, 3]);
        assert_eq!(Header::read(&bytes), Some((written, 12..15)));
    }

    #[test]
    fn loss_and_repetition_are_counted_across_the_wrap() {
        let mut reception = Reception::default();
        let mut arrivals = Vec::new();
        for index in 65_530_u32..65_550 {
            if index != 65_535 && index != 65_540 {
                arrivals.push(reception.hear(&header(index as u16, 1), index * 160));
            }
        }
        assert_eq!(arrivals[0], Arrival::Source);
        assert!(arrivals[1..].iter().all(|arrival| *arrival == Arrival::Fresh));
        assert_eq!((reception.lost(), reception.received(), reception.highest()), (2, 18, 65_549));
        assert_eq!(reception.report(), (2, (2 * 256 / 20) as u8));
        assert_eq!(reception.hear(&header(65_535, 1), 0), Arrival::Fresh, "overtaken, not lost");
        assert_eq!(reception.hear(&header(65_535, 1), 0), Arrival::Duplicate);
        assert_eq!(reception.lost(), 1);
    }

    #[test]
    fn a_source_that_restarts_needs_two_packets_in_sequence() {
        let mut reception = Reception::default();
        reception.hear(&header(100, 1), 0);
        assert_eq!(reception.hear(&header(30_000, 1), 0), Arrival::Stray);
        assert_eq!(reception.hear(&header(101, 1), 0), Arrival::Fresh);
        assert_eq!(reception.hear(&header(40_000, 1), 0), Arrival::Stray);
        assert_eq!(reception.hear(&header(40_001, 1), 0), Arrival::Source);
    }

    #[test]
    fn figures_survive_a_change_of_source() {
        let mut reception = Reception::default();
        for sequence in [1, 2, 4] {
            reception.hear(&header(sequence, 1), 0);
        }
        assert_eq!(reception.hear(&header(9, 2), 0), Arrival::Source);
        assert_eq!((reception.lost(), reception.received(), reception.ssrc()), (1, 4, Some(2)));
    }

    #[test]
    fn jitter_is_none_on_a_steady_path_and_grows_on_another() {
        let mut reception = Reception::default();
        for index in 0..200 {
            reception.hear(&header(index, 1), u32::from(index) * 160 + 5);
        }
        assert_eq!(reception.jitter(), 0);
        for index in 200..600 {
            reception.hear(&header(index, 1), u32::from(index) * 160 + u32::from(index % 2) * 80);
        }
        assert!((60..=80).contains(&reception.jitter()), "{}", reception.jitter());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut reception = Reception::default();
            if let Some((header, payload)) = Header::read(&bytes) {
                prop_assert!(payload.end <= bytes.len());
                reception.hear(&header, 0);
            }
            let _ = is_rtcp(&bytes);
        }

        #[test]
        fn no_sequence_makes_the_figures_overflow(
            packets in proptest::collection::vec((any::<u16>(), 0..3_u32, any::<u32>()), 0..200),
        ) {
            let mut reception = Reception::default();
            for (sequence, ssrc, now) in packets {
                reception.hear(&header(sequence, ssrc), now);
                reception.report();
                let _ = (reception.lost(), reception.jitter());
            }
        }
    }
}
