//! RTCP: what is told to the peer, and what it tells (RFC 3550 §6).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rtcp_types::{
    Bye, Compound, Packet, ReceiverReport, ReportBlock, RtcpPacketWriter as _, RtcpPacketWriterExt as _, Sdes,
    SdesChunk, SdesItem, SenderReport,
};

/// Seconds between 1900 and 1970.
const NTP_EPOCH: u64 = 2_208_988_800;
/// A compound packet larger than this is not for a call.
const MOST_BYTES: usize = 1_500;

/// What we sent so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    pub(crate) ntp: u64,
    pub(crate) timestamp: u32,
    pub(crate) packets: u32,
    pub(crate) octets: u32,
}

/// What we heard of the peer's source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    pub(crate) ssrc: u32,
    pub(crate) lost: u32,
    pub(crate) lost_part: u8,
    pub(crate) highest: u32,
    pub(crate) jitter: u32,
    /// The middle of the NTP time in the peer's last sender report, and how long ago it came, in 1/65536 s.
    pub(crate) last_report: u32,
    pub(crate) since_report: u32,
}

/// What the peer tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// A sender report: the middle of its NTP time.
    Sender { ssrc: u32, middle: u32 },
    /// How our source `about` arrives.
    Reception { about: u32, lost_part: u8, last_report: u32, since_report: u32 },
    /// A source leaves.
    Bye { ssrc: u32 },
}

/// The time as NTP has it: seconds since 1900 in the upper half.
pub(crate) fn ntp(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    ((since.as_secs() + NTP_EPOCH) << 32) | ((u64::from(since.subsec_nanos()) << 32) / 1_000_000_000)
}

/// The middle 32 bits of an NTP time: 1/65536 s.
pub(crate) fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// The round trip that a report block tells: now less when our report left, less the time the peer kept it.
pub(crate) fn round_trip(now: u64, last_report: u32, since_report: u32) -> Option<Duration> {
    let trip = middle(now).wrapping_sub(last_report).wrapping_sub(since_report);
    // Clocks that disagree make it negative, which as an unsigned number is hours.
    (last_report != 0 && trip < 60 << 16).then(|| Duration::from_micros((u64::from(trip) * 1_000_000) >> 16))
}

/// A compound packet: a report, our name, and a farewell on the last one.
pub(crate) fn write(ssrc: u32, name: &str, sent: Option<Sent>, block: Option<Block>, bye: bool) -> Option<Vec<u8>> {
    let block = block.map(|block| {
        ReportBlock::builder(block.ssrc)
            .fraction_lost(block.lost_part)
            .cumulative_lost(block.lost)
            .extended_sequence_number(block.highest)
            .interarrival_jitter(block.jitter)
            .last_sender_report_timestamp(block.last_report)
            .delay_since_last_sender_report_timestamp(block.since_report)
    });
    let mut compound = Compound::builder();
    compound = if let Some(sent) = sent {
        let mut report = SenderReport::builder(ssrc)
            .ntp_timestamp(sent.ntp)
            .rtp_timestamp(sent.timestamp)
            .packet_count(sent.packets)
            .octet_count(sent.octets);
        if let Some(block) = block {
            report = report.add_report_block(block);
        }
        compound.add_packet(report)
    } else {
        let mut report = ReceiverReport::builder(ssrc);
        if let Some(block) = block {
            report = report.add_report_block(block);
        }
        compound.add_packet(report)
    };
    let named = SdesChunk::builder(ssrc).add_item(SdesItem::builder(SdesItem::CNAME, name));
    compound = compound.add_packet(Sdes::builder().add_chunk(named));
    if bye {
        compound = compound.add_packet(Bye::builder().add_source(ssrc));
    }
    let mut bytes = vec![0; compound.calculate_size().ok()?];
    compound.write_into(&mut bytes).ok()?;
    Some(bytes)
}

/// Reads a compound packet. It must begin with a report (RFC 3550 A.2); what we do not know in it is passed over.
pub(crate) fn read(bytes: &[u8], mut told: impl FnMut(Told)) -> bool {
    if bytes.len() > MOST_BYTES || !matches!(bytes.get(1), Some(200 | 201)) {
        return false;
    }
    let Ok(compound) = Compound::parse(bytes) else { return false };
    for packet in compound {
        match packet {
            Ok(Packet::Sr(report)) => {
                told(Told::Sender { ssrc: report.ssrc(), middle: middle(report.ntp_timestamp()) });
                report.report_blocks().for_each(|block| told(reception(&block)));
            }
            Ok(Packet::Rr(report)) => report.report_blocks().for_each(|block| told(reception(&block))),
            Ok(Packet::Bye(bye)) => bye.ssrcs().for_each(|ssrc| told(Told::Bye { ssrc })),
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    true
}

fn reception(block: &ReportBlock<'_>) -> Told {
    Told::Reception {
        about: block.ssrc(),
        lost_part: block.fraction_lost(),
        last_report: block.last_sender_report_timestamp(),
        since_report: block.delay_since_last_sender_report_timestamp(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(bytes: &[u8]) -> Vec<Told> {
        let mut all = Vec::new();
        assert!(read(bytes, |one| all.push(one)));
        all
    }

    const BLOCK: Block =
        Block { ssrc: 2, lost: 5, lost_part: 64, highest: 70_000, jitter: 12, last_report: 99, since_report: 7 };

    #[test]
    fn what_is_written_is_what_is_read() {
        let sent = Sent { ntp: 0x1234_5678_9abc_def0, timestamp: 1, packets: 2, octets: 3 };
        let bytes = write(1, "name", Some(sent), Some(BLOCK), true).unwrap();
        assert_eq!(
            told(&bytes),
            [
                Told::Sender { ssrc: 1, middle: 0x5678_9abc },
                Told::Reception { about: 2, lost_part: 64, last_report: 99, since_report: 7 },
                Told::Bye { ssrc: 1 },
            ]
        );
        assert_eq!(told(&write(1, "name", None, None, false).unwrap()), []);
    }

    #[test]
    fn a_round_trip_is_what_the_peer_did_not_keep() {
        let left = ntp(UNIX_EPOCH + Duration::from_secs(1_000));
        let back = ntp(UNIX_EPOCH + Duration::from_millis(1_000_250));
        let trip = round_trip(back, middle(left), 65_536 / 10).unwrap();
        assert!(trip.as_millis().abs_diff(150) <= 1, "{trip:?}");
        assert_eq!(round_trip(left, middle(back), 0), None, "clocks that disagree");
        assert_eq!(round_trip(back, 0, 0), None, "no report of ours has arrived");
    }

    #[test]
    fn a_packet_that_does_not_begin_with_a_report_is_refused() {
        let bytes = write(1, "name", None, None, true).unwrap();
        assert!(!read(&bytes[8..], |_| ()));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(kind in 199..206_u8, bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let mut packet = vec![0x81, kind];
            packet.extend(bytes);
            read(&packet, |_| ());
        }
    }
}
