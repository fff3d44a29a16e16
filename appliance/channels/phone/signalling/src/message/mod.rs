//! Messages: read leniently where the protocol wants that, refused exactly where it does not (RFC 3261 §7, RFC 4475).

pub(crate) mod address;
pub(crate) mod body;
pub(crate) mod check;
pub(crate) mod headers;
pub(crate) mod name;
pub(crate) mod params;
pub(crate) mod parse;
pub(crate) mod reason;
pub(crate) mod uri;
pub(crate) mod via;

use bytes::{BufMut, Bytes, BytesMut};

pub(crate) use address::NameAddr;
pub(crate) use headers::Headers;
pub(crate) use name::Known;
pub(crate) use uri::Uri;
pub(crate) use via::Via;

use crate::message::headers::Header;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) headers: Headers,
    pub(crate) body: Bytes,
}

/// Either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message {
    Request(Request),
    Response(Response),
}

/// `CSeq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CSeq {
    pub(crate) number: u32,
    pub(crate) method: String,
}

impl CSeq {
    /// Reads a number below 2³¹ and a method.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (number, method) = text.trim().split_once(|c: char| c.is_ascii_whitespace())?;
        let number = number.parse::<u32>().ok().filter(|number| *number < 1 << 31)?;
        let method = method.trim();
        parse::is_token(method).then(|| Self { number, method: method.to_owned() })
    }
}

impl Headers {
    /// The sequence number and its method.
    pub(crate) fn cseq(&self) -> Option<CSeq> {
        CSeq::parse(self.get(Known::CSeq)?)
    }

    /// The topmost hop.
    pub(crate) fn via(&self) -> Option<Via> {
        Via::parse(self.list(Known::Via).next()?).ok()
    }

    /// The first address of a header.
    pub(crate) fn address(&self, name: Known) -> Option<NameAddr> {
        NameAddr::parse(self.list(name).next()?).ok()
    }

    /// The tag of From or To.
    pub(crate) fn tag(&self, name: Known) -> Option<String> {
        NameAddr::parse(self.get(name)?).ok()?.tag().map(str::to_owned)
    }

    /// The `Call-ID`.
    pub(crate) fn call_id(&self) -> &str {
        self.get(Known::CallId).unwrap_or_default()
    }

    /// A whole number, such as `Expires`; what follows it (a comment, parameters) is passed over.
    pub(crate) fn number(&self, name: Known) -> Option<u32> {
        let value = self.get(name)?.trim();
        let end = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
        let rest = value[end..].trim_start();
        if end == 0 || !(rest.is_empty() || rest.starts_with([';', '('])) {
            return None;
        }
        Some(value[..end].parse().unwrap_or(u32::MAX))
    }
}

impl Request {
    /// A request without headers.
    pub(crate) fn new(method: &str, uri: impl std::fmt::Display) -> Self {
        Self { method: method.into(), uri: uri.to_string(), headers: Headers::default(), body: Bytes::new() }
    }

    /// Sets the body and its type.
    pub(crate) fn with_body(mut self, content_type: &str, body: Bytes) -> Self {
        self.headers.set(Known::ContentType, content_type);
        self.body = body;
        self
    }

    /// A response that takes over what every response must (RFC 3261 §8.2.6). `tag` becomes ours where To has none.
    pub(crate) fn respond(&self, status: u16, tag: &str) -> Response {
        let mut headers = Headers::default();
        for name in [Known::Via, Known::From, Known::To, Known::CallId, Known::CSeq] {
            headers.copy(&self.headers, name);
        }
        if status > 100
            && let Some(to) = headers.get(Known::To)
            && NameAddr::parse(to).is_ok_and(|to| to.tag().is_none())
        {
            let to = format!("{to};tag={tag}");
            headers.replace_first(Known::To, to);
        }
        if status == 100 {
            headers.copy(&self.headers, Known::Timestamp);
        }
        Response { status, reason: reason::phrase(status).into(), headers, body: Bytes::new() }
    }

    /// The bytes on the wire.
    pub(crate) fn to_bytes(&self) -> Bytes {
        write(&format!("{} {} SIP/2.0", self.method, self.uri), &self.headers, &self.body)
    }
}

impl Response {
    /// Sets the body and its type.
    pub(crate) fn with_body(mut self, content_type: &str, body: Bytes) -> Self {
        self.headers.set(Known::ContentType, content_type);
        self.body = body;
        self
    }

    /// The bytes on the wire.
    pub(crate) fn to_bytes(&self) -> Bytes {
        write(&format!("SIP/2.0 {} {}", self.status, self.reason), &self.headers, &self.body)
    }
}

fn write(start: &str, headers: &Headers, body: &Bytes) -> Bytes {
    let mut bytes = BytesMut::with_capacity(512 + body.len());
    bytes.put_slice(start.as_bytes());
    bytes.put_slice(b"\r\n");
    for Header { name, value, raw } in headers.iter().filter(|header| header.name != Known::ContentLength.into()) {
        bytes.put_slice(name.text().as_bytes());
        bytes.put_slice(b": ");
        bytes.put_slice(raw.as_deref().unwrap_or(value.as_bytes()));
        bytes.put_slice(b"\r\n");
    }
    bytes.put_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.put_slice(body);
    bytes.freeze()
}
