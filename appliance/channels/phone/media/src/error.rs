//! What can fail, and what a caller is told of it.

use std::io;
use std::net::IpAddr;

/// A line or the media threads could not be started.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// A setting makes no sense.
    #[error("media setting `{key}`: {reason}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A media thread could not be started.
    #[error("failed to start a media thread")]
    Thread {
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No pair of ports is free.
    #[error("all {pairs} pairs of media ports are in use or resting")]
    PortsExhausted {
        /// Pairs that the configured range holds.
        pairs: usize,
    },
    /// As many lines are open as the configuration allows.
    #[error("all {limit} lines are open")]
    Full {
        /// The configured number.
        limit: usize,
    },
    /// The address is not among the configured ones.
    #[error("`{address}` is not an address of the media configuration")]
    Address {
        /// The address that was asked for.
        address: IpAddr,
    },
    /// A socket could not be opened.
    #[error("failed to open a media socket on `{address}`")]
    Socket {
        /// The local address.
        address: IpAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The media threads have been stopped.
    #[error("the media threads have stopped")]
    Stopped,
}

/// A session description was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NegotiationError {
    /// The description could not be read.
    #[error("session description, {place}: {reason}")]
    Malformed {
        /// Where: a line number or the name of the field.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// Nothing in it can be accepted: no common codec, fax only, encryption missing.
    #[error("session description not acceptable: {reason}")]
    NotAcceptable {
        /// Why, in words that fit a SIP `Warning`.
        reason: String,
    },
    /// An answer without an offer of ours, or an offer while ours is open.
    #[error("session description out of turn: {reason}")]
    OutOfTurn {
        /// What was expected.
        reason: &'static str,
    },
}

impl NegotiationError {
    /// The SIP status with which an offer is refused: 400, 488 or 491.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed { .. } => 400,
            Self::NotAcceptable { .. } => 488,
            Self::OutOfTurn { .. } => 491,
        }
    }

    /// The code of the SIP `Warning` header (RFC 3261 §20.43) that goes with the refusal.
    pub fn warning_code(&self) -> u16 {
        match self {
            Self::NotAcceptable { .. } => 305,
            Self::Malformed { .. } | Self::OutOfTurn { .. } => 399,
        }
    }

    /// The text of the SIP `Warning` header; it holds no quotation marks and no line breaks.
    pub fn warning_text(&self) -> String {
        self.to_string().chars().map(|c| if c.is_control() || c == '"' { ' ' } else { c }).take(160).collect()
    }
}
