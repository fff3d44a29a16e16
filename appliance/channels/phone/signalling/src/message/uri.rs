//! Addresses: `sip:`, `sips:` and `tel:` (RFC 3261 §19.1, RFC 3966); any other scheme is kept but leads nowhere.

use std::fmt;
use std::net::IpAddr;

use super::params::Params;
use crate::Transport;

/// The scheme of an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Sip,
    Sips,
    Tel,
    Other(String),
}

/// An address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Uri {
    pub(crate) scheme: Scheme,
    /// The user part without its password, as it came (escaped); the number of a `tel:`; all of another scheme.
    pub(crate) user: Option<String>,
    /// Lower case; IPv6 without its brackets.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) params: Params,
    /// What follows the question mark, as it came.
    pub(crate) headers: Option<String>,
}

/// What comes is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed address")]
pub(crate) struct MalformedUri;

impl Uri {
    /// A `sip:` address.
    pub(crate) fn sip(user: Option<&str>, host: &str, port: Option<u16>) -> Self {
        Self {
            scheme: Scheme::Sip,
            user: user.map(escape_user),
            host: host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase(),
            port,
            params: Params::default(),
            headers: None,
        }
    }

    /// Reads an address.
    pub(crate) fn parse(text: &str) -> Result<Self, MalformedUri> {
        let text = text.trim();
        if text.is_empty() || text.bytes().any(|b| b <= b' ' || matches!(b, b'<' | b'>' | 0x7f)) {
            return Err(MalformedUri);
        }
        let (scheme, rest) = text.split_once(':').ok_or(MalformedUri)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        if !scheme.bytes().next().is_some_and(|b| b.is_ascii_alphabetic()) || !scheme.bytes().all(plain) {
            return Err(MalformedUri);
        }
        match scheme.to_ascii_lowercase().as_str() {
            "sip" => Self::parse_sip(Scheme::Sip, rest),
            "sips" => Self::parse_sip(Scheme::Sips, rest),
            "tel" => {
                let (number, params) = rest.split_once(';').unwrap_or((rest, ""));
                let digits = number.strip_prefix('+').unwrap_or(number);
                if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit() || b"-.()*#".contains(&b)) {
                    return Err(MalformedUri);
                }
                Ok(Self::bare(Scheme::Tel, number, Params::parse(params).map_err(|_| MalformedUri)?))
            }
            other if !rest.is_empty() => Ok(Self::bare(Scheme::Other(other.to_owned()), rest, Params::default())),
            _ => Err(MalformedUri),
        }
    }

    fn bare(scheme: Scheme, user: &str, params: Params) -> Self {
        Self { scheme, user: Some(user.to_owned()), host: String::new(), port: None, params, headers: None }
    }

    fn parse_sip(scheme: Scheme, rest: &str) -> Result<Self, MalformedUri> {
        // The user part may hold `;`, `?` and `/`, so it is cut off first; an `@` in it must be escaped.
        let (user, rest) = match rest.split_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, rest),
        };
        let user = match user {
            None => None,
            Some(user) => {
                let name = user.split_once(':').map_or(user, |(name, _)| name);
                if name.is_empty() || !escapes_are_whole(user) {
                    return Err(MalformedUri);
                }
                Some(name.to_owned())
            }
        };
        let (rest, headers) = match rest.split_once('?') {
            Some((rest, headers)) => (rest, Some(headers.to_owned())),
            None => (rest, None),
        };
        let (place, params) = rest.split_once(';').unwrap_or((rest, ""));
        let (host, port) = split_host(place).ok_or(MalformedUri)?;
        let params = Params::parse(params).map_err(|_| MalformedUri)?;
        if headers.as_deref().is_some_and(|headers| !escapes_are_whole(headers)) {
            return Err(MalformedUri);
        }
        Ok(Self { scheme, user, host, port, params, headers })
    }

    /// The user part in plain text.
    pub(crate) fn user_plain(&self) -> Option<String> {
        self.user.as_deref().map(unescape)
    }

    /// The telephone number that the address means, if it means one: digits with a leading `+` where it has one.
    pub(crate) fn number(&self) -> Option<String> {
        let user = self.user_plain()?;
        let user = user.split(';').next().unwrap_or_default();
        if !matches!(self.scheme, Scheme::Sip | Scheme::Sips | Scheme::Tel) {
            return None;
        }
        let number: String = user.chars().filter(|c| !matches!(c, '-' | '.' | '(' | ')' | ' ')).collect();
        let digits = number.strip_prefix('+').unwrap_or(&number);
        let is_number = !digits.is_empty() && digits.len() <= 32 && digits.bytes().all(|b| b.is_ascii_digit());
        is_number.then_some(number)
    }

    /// The host where it is an IP address.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// The transport that the address asks for; `sips` asks for TLS.
    pub(crate) fn transport(&self) -> Option<Transport> {
        if self.scheme == Scheme::Sips {
            return Some(Transport::Tls);
        }
        self.params.get("transport").and_then(Transport::from_name)
    }

    /// The value of a header in the address (`?Replaces=…`), unescaped.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.as_deref()?.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            key.eq_ignore_ascii_case(name).then(|| unescape(value))
        })
    }

    /// Whether two addresses mean the same device (RFC 3261 §19.1.4, as far as registered contacts need it).
    pub(crate) fn same_place(&self, other: &Self) -> bool {
        self.scheme == other.scheme
            && self.user_plain() == other.user_plain()
            && self.host == other.host
            && self.port == other.port
            && self.transport() == other.transport()
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_deref();
        match &self.scheme {
            Scheme::Tel => return write!(f, "tel:{}{}", user.unwrap_or_default(), self.params),
            Scheme::Other(scheme) => return write!(f, "{scheme}:{}", user.unwrap_or_default()),
            Scheme::Sip => f.write_str("sip:")?,
            Scheme::Sips => f.write_str("sips:")?,
        }
        if let Some(user) = user {
            write!(f, "{user}@")?;
        }
        f.write_str(&bracketed(&self.host))?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)?;
        if let Some(headers) = &self.headers {
            write!(f, "?{headers}")?;
        }
        Ok(())
    }
}

/// A host as it is written: IPv6 in brackets.
pub(crate) fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`. The host comes back in lower case and without brackets.
pub(crate) fn split_host(place: &str) -> Option<(String, Option<u16>)> {
    let place = place.trim();
    let (host, port) = if let Some(inner) = place.strip_prefix('[') {
        let (host, rest) = inner.split_once(']')?;
        host.parse::<std::net::Ipv6Addr>().ok()?;
        (host, rest.trim().strip_prefix(':').or_else(|| rest.trim().is_empty().then_some(""))?)
    } else {
        place.split_once(':').unwrap_or((place, ""))
    };
    let host = host.trim();
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
    if host.is_empty() || !host.bytes().all(letters) {
        return None;
    }
    let port = port.trim();
    let port = if port.is_empty() { None } else { Some(port.parse().ok()?) };
    Some((host.to_ascii_lowercase(), port))
}

fn escapes_are_whole(text: &str) -> bool {
    let bytes = text.as_bytes();
    (0..bytes.len()).all(|at| {
        bytes[at] != b'%' || bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Text without its `%xx`.
pub(crate) fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut plain, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// Text as it may stand in a user part or in a header of an address.
pub(crate) fn escape_user(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()+$&=,/".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
