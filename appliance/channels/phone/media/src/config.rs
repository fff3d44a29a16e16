//! What an installation decides about the sound of its calls.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use crate::MediaError;

/// Settings of the media threads. The default serves a laptop on its loopback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MediaConfig {
    /// First UDP port for media; lines take pairs, RTP on the even port and RTCP on the next.
    pub first_port: u16,
    /// Last UDP port for media.
    pub last_port: u16,
    /// Local addresses that lines may use, at most one of each family is enough.
    pub bind: Vec<IpAddr>,
    /// The address that session descriptions name instead of the local one, where a NAT stands between.
    pub advertised: Option<IpAddr>,
    /// Media threads; 0 takes half of the processor's cores, at least one.
    pub threads: usize,
    /// Real-time priority of the media threads, 1 to 99, so that a busy machine does not make calls stutter; 0 leaves it to
    /// the system. It needs a permission (`LimitRTPRIO=` of systemd); without it a warning is logged and calls go on.
    pub real_time_priority: u8,
    /// Codecs that are offered and accepted, the preferred first.
    pub codecs: Vec<Codec>,
    /// Milliseconds of sound in a packet that is sent, where the peer asks for nothing else: 10 to 60 in steps of 10.
    pub packet_ms: u32,
    /// Seconds without any RTP, on a line that is not held, after which its ear hears `TimedOut`.
    pub timeout_seconds: u32,
    /// Whether keys are recognised by their tones where the peer did not agree to telephone-event (RFC 4733).
    pub in_band_digits: bool,
    /// What a line sends while it has nothing to say.
    pub idle: Idle,
    /// Least and most milliseconds by which what is heard is delayed to even out the network.
    pub jitter_ms: [u32; 2],
    /// Lines that may be open at once.
    pub max_lines: usize,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self {
            first_port: 20_000,
            last_port: 29_999,
            bind: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            advertised: None,
            threads: 0,
            real_time_priority: 10,
            codecs: vec![Codec::G722, Codec::Pcma, Codec::Pcmu],
            packet_ms: 20,
            timeout_seconds: 30,
            in_band_digits: true,
            idle: Idle::Silence,
            jitter_ms: [20, 200],
            max_lines: 4_000,
        }
    }
}

impl MediaConfig {
    /// Whether the settings make sense.
    pub(crate) fn check(&self) -> Result<(), MediaError> {
        let checks = [
            (self.last_port > self.first_port && self.first_port > 0, "last_port", "it leaves no pair of ports"),
            (!self.bind.is_empty(), "bind", "there is no address"),
            (
                self.advertised.is_some() || self.bind.iter().all(|address| !address.is_unspecified()),
                "bind",
                "an address of zeros, and none to advertise: peers would take it for hold",
            ),
            (self.threads <= 256, "threads", "more than 256"),
            (self.real_time_priority <= 99, "real_time_priority", "more than 99"),
            (!self.codecs.is_empty(), "codecs", "there is none"),
            (
                (10..=60).contains(&self.packet_ms) && self.packet_ms.is_multiple_of(10),
                "packet_ms",
                "not 10 to 60 in steps of 10",
            ),
            (self.timeout_seconds > 0, "timeout_seconds", "it is 0"),
            (
                10 <= self.jitter_ms[0] && self.jitter_ms[0] < self.jitter_ms[1] && self.jitter_ms[1] <= 500,
                "jitter_ms",
                "not a least and most between 10 and 500",
            ),
        ];
        match checks.into_iter().find(|(fine, ..)| !fine) {
            Some((_, key, reason)) => Err(MediaError::Setting { key, reason }),
            None => Ok(()),
        }
    }
}

/// A codec for speech. All three carry 64 kbit/s: 8 bytes are a millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// G.711 A-law, 8 kHz.
    Pcma,
    /// G.711 µ-law, 8 kHz.
    Pcmu,
    /// G.722, 16 kHz; its RTP clock runs at 8000 all the same (RFC 3551 §4.5.2).
    G722,
}

/// What a line sends while it has nothing to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Idle {
    /// Packets of silence, so that address translators and recorders stay alive.
    Silence,
    /// Comfort noise (RFC 3389) where the peer agreed to it, packets of silence elsewhere.
    ComfortNoise,
}

/// Whether a line's media is encrypted (SRTP with keys in the session description, RFC 4568).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecurePolicy {
    /// Never: an offer that insists on RTP/SAVP is refused.
    #[default]
    Off,
    /// Where the peer offers it; our own offers are RTP/AVP with keys beside, which a peer may ignore.
    Offered,
    /// Always: an offer or answer without keys is refused.
    Required,
}
