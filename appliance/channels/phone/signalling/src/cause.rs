//! Why a call ends: the `Reason` header (RFC 3326) with the telephone network's causes (Q.850) or a SIP status.

use crate::message::params::Params;

/// Why a call ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The list that `code` is from.
    pub protocol: CauseProtocol,
    /// The cause or status.
    pub code: u16,
    /// The same in words; never a citizen's.
    pub text: String,
}

/// From which list a cause's number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CauseProtocol {
    /// ITU-T Q.850, the telephone network's causes.
    Q850,
    /// A SIP status.
    Sip,
}

impl Cause {
    /// One of Q.850.
    pub fn q850(code: u16, text: &str) -> Self {
        Self { protocol: CauseProtocol::Q850, code, text: text.into() }
    }

    /// A SIP status.
    pub fn sip(code: u16, text: &str) -> Self {
        Self { protocol: CauseProtocol::Sip, code, text: text.into() }
    }

    /// The conversation is over.
    pub fn normal() -> Self {
        Self::q850(16, "Normal call clearing")
    }

    /// Something broke on our side.
    pub fn temporary_failure() -> Self {
        Self::q850(41, "Temporary failure")
    }

    /// The first cause of a `Reason` header that we know how to read.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (protocol, rest) = value.split_once(';')?;
        let protocol = match protocol.trim() {
            name if name.eq_ignore_ascii_case("Q.850") => CauseProtocol::Q850,
            name if name.eq_ignore_ascii_case("SIP") => CauseProtocol::Sip,
            _ => return None,
        };
        let params = Params::parse(rest).ok()?;
        let code = params.get("cause")?.parse().ok()?;
        Some(Self { protocol, code, text: params.get("text").unwrap_or_default().chars().take(120).collect() })
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self.protocol {
            CauseProtocol::Q850 => "Q.850",
            CauseProtocol::Sip => "SIP",
        };
        write!(f, "{name};cause={}", self.code)?;
        if !self.text.is_empty() {
            let plain: String = self.text.chars().filter(|c| !c.is_control() && *c != '"' && *c != '\\').collect();
            write!(f, ";text=\"{plain}\"")?;
        }
        Ok(())
    }
}
