//! Figures of one line and of all.

use std::time::Duration;

/// What a line has sent and received.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Statistics {
    /// RTP packets received and accepted.
    pub packets_received: u64,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// Packets that never came (RFC 3550 A.3).
    pub lost: u64,
    /// Packets that came too late to be heard.
    pub late: u64,
    /// Packets that were refused: not RTP, wrong source, not authentic, replayed.
    pub refused: u64,
    /// Interarrival jitter (RFC 3550 §6.4.1).
    pub jitter: Duration,
    /// Delay that the jitter buffer adds at present.
    pub buffered: Duration,
    /// Round trip by the peer's reports, once there was one.
    pub round_trip: Option<Duration>,
    /// The part of our packets that the peer last reported as lost, 0 to 1.
    pub peer_loss: Option<f32>,
}

/// What all lines together do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Lines that are open.
    pub lines: usize,
    /// RTP packets received since the start.
    pub packets_received: u64,
    /// RTP packets sent since the start.
    pub packets_sent: u64,
    /// Packets that were not sent because the thread was late: their time was skipped.
    pub skipped: u64,
    /// 99 of 100 packets of our own (relayed ones have no time of their own) were sent within this time of their due time,
    /// on the slowest thread over the last seconds.
    pub send_delay_p99: Duration,
}
