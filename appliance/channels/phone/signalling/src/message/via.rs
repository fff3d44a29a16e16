//! `Via`: the way that a request came and its response goes back (RFC 3261 §18.2, RFC 3581).

use std::fmt;
use std::net::SocketAddr;

use super::params::Params;
use super::uri::{bracketed, split_host};

/// What every branch of this protocol's second version begins with.
pub(crate) const COOKIE: &str = "z9hG4bK";

/// One hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Via {
    /// Upper case.
    pub(crate) transport: String,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) params: Params,
}

/// What comes is no hop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed Via")]
pub(crate) struct MalformedVia;

impl Via {
    /// Reads one hop: `SIP / 2.0 / UDP host:port;branch=…`.
    pub(crate) fn parse(text: &str) -> Result<Self, MalformedVia> {
        let mut parts = text.splitn(3, '/');
        let (name, version) = (parts.next().unwrap_or_default().trim(), parts.next().unwrap_or_default().trim());
        let rest = parts.next().ok_or(MalformedVia)?.trim_start();
        if !name.eq_ignore_ascii_case("SIP") || version != "2.0" {
            return Err(MalformedVia);
        }
        let (transport, rest) = rest.split_once(|c: char| c.is_ascii_whitespace()).ok_or(MalformedVia)?;
        let (place, params) = rest.split_once(';').unwrap_or((rest, ""));
        let (host, port) = split_host(place).ok_or(MalformedVia)?;
        let params = Params::parse(params).map_err(|_| MalformedVia)?;
        Ok(Self { transport: transport.to_ascii_uppercase(), host, port, params })
    }

    /// The branch, which names the transaction where it begins with the cookie.
    pub(crate) fn branch(&self) -> Option<&str> {
        self.params.get("branch").filter(|branch| !branch.is_empty())
    }

    /// Notes where the request really came from.
    pub(crate) fn note_source(&mut self, source: SocketAddr) {
        let asked = self.params.has("rport");
        if asked {
            self.params.set("rport", Some(&source.port().to_string()));
        }
        if asked || self.host.parse() != Ok(source.ip()) {
            self.params.set("received", Some(&source.ip().to_string()));
        }
    }

    /// Where a response goes over UDP: to the source, at its port where `rport` asked so, else at the one in `Via`.
    pub(crate) fn reply_to(&self, source: SocketAddr) -> SocketAddr {
        let port = if self.params.has("rport") { source.port() } else { self.port.unwrap_or(5060) };
        SocketAddr::new(source.ip(), port)
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, bracketed(&self.host))?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)
    }
}
