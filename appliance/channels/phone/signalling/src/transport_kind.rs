//! Over what a message travels.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Over what a message travels (RFC 3261 §18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A plain stream.
    Tcp,
    /// A stream over TLS 1.2 or 1.3.
    Tls,
}

impl Transport {
    /// Whether it delivers what it takes, so that nothing is sent twice.
    pub fn is_reliable(self) -> bool {
        self != Self::Udp
    }

    /// The name in `Via` and in a URI's `transport`.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Udp, Self::Tcp, Self::Tls].into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    /// As it is written in a URI.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    /// As it is written in `Via`.
    pub(crate) fn via_name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// The port that is meant when none is named.
    pub(crate) fn default_port(self) -> u16 {
        if self == Self::Tls { 5061 } else { 5060 }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
