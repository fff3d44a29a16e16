//! `"Name" <sip:…>;tag=…`: the value of From, To, Contact, Route and their like (RFC 3261 §20.10).

use std::fmt;

use super::params::{Params, quote, unquote};
use super::uri::{MalformedUri, Uri};

/// An address with a name and parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameAddr {
    pub(crate) display: Option<String>,
    pub(crate) uri: Uri,
    pub(crate) params: Params,
}

impl NameAddr {
    /// Reads one; of an address without angle brackets all parameters belong to the header.
    pub(crate) fn parse(text: &str) -> Result<Self, MalformedUri> {
        let text = text.trim();
        let open = find_bracket(text);
        let Some(open) = open else {
            let (uri, params) = text.split_once(';').unwrap_or((text, ""));
            // Commas, question marks and spaces must stand in brackets.
            if uri.bytes().any(|b| matches!(b, b',' | b'?' | b' ' | b'"')) {
                return Err(MalformedUri);
            }
            let params = Params::parse(params).map_err(|_| MalformedUri)?;
            return Ok(Self { display: None, uri: Uri::parse(uri)?, params });
        };
        let display = text[..open].trim();
        if !display.starts_with('"') && display.bytes().any(|b| matches!(b, b'"' | b',' | b';' | b'<' | b'>' | b'@')) {
            return Err(MalformedUri);
        }
        let display = unquote(display).map_err(|_| MalformedUri)?;
        let (uri, rest) = text[open + 1..].split_once('>').ok_or(MalformedUri)?;
        let rest = rest.trim();
        // Spaces inside the brackets belong to no address (RFC 4475 §3.1.2.14).
        if uri.trim() != uri {
            return Err(MalformedUri);
        }
        if !rest.is_empty() && !rest.starts_with(';') {
            return Err(MalformedUri);
        }
        Ok(Self {
            display: (!display.is_empty()).then_some(display),
            uri: Uri::parse(uri)?,
            params: Params::parse(rest).map_err(|_| MalformedUri)?,
        })
    }

    /// The tag.
    pub(crate) fn tag(&self) -> Option<&str> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }
}

/// Where the address begins, outside quotes.
fn find_bracket(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'<' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            write!(f, "{} ", quote(display))?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}
