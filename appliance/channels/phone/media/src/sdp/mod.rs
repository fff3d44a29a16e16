//! Session descriptions: what the peer wants, what we want, and what both agree on (RFC 3264, RFC 8866).
//!
//! Nothing here does I/O. [`read`] turns bytes into what matters to a telephone call, [`write`] the other way round, and the
//! [`Negotiator`] holds what was said and agreed on one line.

pub(crate) mod crypto;
mod negotiator;
mod read;
mod write;

use std::net::SocketAddr;

pub(crate) use negotiator::{Agreed, Negotiator, Secure, Terms};

use crate::{Codec, Direction};
use crypto::{Key, Suite};

/// What a payload type carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Sound.
    Voice(Codec),
    /// Keys (RFC 4733).
    Digits,
    /// Comfort noise (RFC 3389).
    Noise,
}

/// A payload type and what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) payload_type: u8,
    pub(crate) content: Content,
}

/// One `a=crypto` line that we understand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyOffer {
    pub(crate) tag: u32,
    pub(crate) suite: Suite,
    pub(crate) key: Key,
}

/// A media section, as much of it as is repeated when it is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) media: String,
    pub(crate) protocol: String,
    pub(crate) formats: String,
    pub(crate) mid: Option<String>,
}

/// The sound that a description offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Audio {
    /// Which of the sections it is.
    pub(crate) section: usize,
    /// `RTP/SAVP` or `RTP/SAVPF` rather than `RTP/AVP` or `RTP/AVPF`.
    pub(crate) secure: bool,
    /// Where the peer wants RTP; `None` when it names nowhere (`c=0.0.0.0`, a host name).
    pub(crate) rtp: Option<SocketAddr>,
    pub(crate) rtcp: Option<SocketAddr>,
    pub(crate) rtcp_mux: bool,
    /// As seen from the peer.
    pub(crate) direction: Direction,
    pub(crate) formats: Vec<Format>,
    pub(crate) packet_ms: Option<u32>,
    pub(crate) most_packet_ms: Option<u32>,
    pub(crate) keys: Vec<KeyOffer>,
}

/// A session description that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) sections: Vec<Section>,
    /// The first audio section with a port and a transport that we speak.
    pub(crate) audio: Option<Audio>,
}

impl Direction {
    /// The same, seen from the other side.
    pub(crate) fn reversed(self) -> Self {
        match self {
            Self::SendOnly => Self::ReceiveOnly,
            Self::ReceiveOnly => Self::SendOnly,
            same => same,
        }
    }

    /// Whether our side sends.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendReceive | Self::SendOnly)
    }

    /// Whether our side receives.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendReceive | Self::ReceiveOnly)
    }

    /// What both allow.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self.sends() && other.sends(), self.receives() && other.receives()) {
            (true, true) => Self::SendReceive,
            (true, false) => Self::SendOnly,
            (false, true) => Self::ReceiveOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// The attribute's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SendReceive => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::ReceiveOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }
}
