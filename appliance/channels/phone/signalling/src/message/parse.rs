//! From bytes to a message.
//!
//! Lines may end in CRLF or LF, lists and folded lines are as the protocol allows them. What is malformed but can be
//! answered comes back as a request with the status that refuses it.

use bytes::Bytes;

use super::headers::{Header, Headers};
use super::name::{Known, Name};
use super::{Message, Request, Response};

/// The longest head (start line and headers) that is read, in bytes.
pub(crate) const MAX_HEAD: usize = 32 * 1024;
/// The longest body that is read, in bytes.
pub(crate) const MAX_BODY: usize = 64 * 1024;
/// The most header lines that are read.
const MAX_HEADERS: usize = 256;

/// What comes is no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// Nothing to answer: no request, or one without what an answer needs.
    Silence(&'static str),
    /// A request that is to be refused.
    Refuse { status: u16, why: &'static str, request: Box<Request> },
}

/// Reads a message that fills its bytes: a datagram, or what [`crate::stream`] cut out of a stream.
pub(crate) fn parse(bytes: &[u8]) -> Result<Message, Malformed> {
    let start = bytes.iter().position(|b| !matches!(b, b'\r' | b'\n')).ok_or(Malformed::Silence("empty"))?;
    let bytes = &bytes[start..];
    let (head, body) = match head_end(bytes) {
        Some((end, skip)) => (&bytes[..end], &bytes[end + skip..]),
        None => (bytes, &bytes[bytes.len()..]),
    };
    if head.len() > MAX_HEAD || body.len() > MAX_BODY {
        return Err(Malformed::Silence("too long"));
    }
    let mut lines = unfolded(head).into_iter();
    let first = lines.next().ok_or(Malformed::Silence("empty"))?;
    let mut fault: Option<(u16, &'static str)> = None;
    let headers = read_headers(lines, &mut fault);
    let body = cut_body(&headers, body, &mut fault);
    let first = String::from_utf8_lossy(&first).into_owned();

    if first.len() >= 7 && first.is_char_boundary(4) && first[..4].eq_ignore_ascii_case("SIP/") {
        if let Some((_, why)) = fault {
            return Err(Malformed::Silence(why));
        }
        return read_status_line(&first)
            .map(|(status, reason)| Message::Response(Response { status, reason, headers, body }))
            .ok_or(Malformed::Silence("malformed status line"));
    }
    let (method, uri, line_fault) = read_request_line(&first);
    let Some(method) = method else { return Err(Malformed::Silence("no request line")) };
    let request = Request { method, uri, headers, body };
    match line_fault.or(fault) {
        None => Ok(Message::Request(request)),
        Some((status, why)) => Err(Malformed::Refuse { status, why, request: Box::new(request) }),
    }
}

/// Where the head ends, and how many bytes of line ends follow.
pub(crate) fn head_end(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut at = 0;
    while let Some(offset) = bytes[at..].iter().position(|b| *b == b'\n') {
        at += offset + 1;
        match &bytes[at..] {
            [b'\r', b'\n', ..] => return Some((at, 2)),
            [b'\n', ..] => return Some((at, 1)),
            _ => {}
        }
    }
    None
}

/// The lines, those that begin with a space or a tab joined to the one before.
fn unfolded(head: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in head.split(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (line.first(), lines.last_mut()) {
            (Some(b' ' | b'\t'), Some(last)) => {
                last.push(b' ');
                last.extend_from_slice(line.trim_ascii());
            }
            (None, _) => {}
            _ => lines.push(line.to_vec()),
        }
    }
    lines
}

fn read_headers(lines: impl Iterator<Item = Vec<u8>>, fault: &mut Option<(u16, &'static str)>) -> Headers {
    let mut headers = Headers::default();
    for line in lines {
        if headers.len() >= MAX_HEADERS {
            fault.get_or_insert((513, "too many headers"));
            break;
        }
        let Some(colon) = line.iter().position(|b| *b == b':') else {
            fault.get_or_insert((400, "a header without a colon"));
            continue;
        };
        let name = std::str::from_utf8(&line[..colon]).unwrap_or_default().trim_ascii_end();
        if !is_token(name) {
            fault.get_or_insert((400, "a malformed name of a header"));
            continue;
        }
        let value = line[colon + 1..].trim_ascii();
        let (text, raw) = match std::str::from_utf8(value) {
            Ok(text) => (text.to_owned(), None),
            Err(_) => (String::from_utf8_lossy(value).into_owned(), Some(Bytes::copy_from_slice(value))),
        };
        headers.push_header(Header { name: Name::parse(name), value: text, raw });
    }
    headers
}

/// The body, as long as `Content-Length` says. Bytes beyond it are passed over (RFC 3261 §18.3).
fn cut_body(headers: &Headers, body: &[u8], fault: &mut Option<(u16, &'static str)>) -> Bytes {
    let Some(length) = headers.get(Known::ContentLength) else { return Bytes::copy_from_slice(body) };
    let same = headers.all(Known::ContentLength).all(|other| other.trim() == length.trim());
    match length.trim().parse::<usize>() {
        Ok(length) if same && length <= body.len() => Bytes::copy_from_slice(&body[..length]),
        Ok(_) if same => {
            fault.get_or_insert((400, "the body is shorter than Content-Length"));
            Bytes::new()
        }
        _ => {
            fault.get_or_insert((400, "a malformed Content-Length"));
            Bytes::new()
        }
    }
}

fn read_status_line(line: &str) -> Option<(u16, String)> {
    let rest = line.get(..8).filter(|v| v.eq_ignore_ascii_case("SIP/2.0 ")).and_then(|_| line.get(8..))?;
    let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let status = Some(status).filter(|s| s.len() == 3)?.parse().ok().filter(|s| (100..700).contains(s))?;
    Some((status, reason.trim().to_owned()))
}

/// Method and address, and what is wrong with the line. Without a method there is nobody to answer.
fn read_request_line(line: &str) -> (Option<String>, String, Option<(u16, &'static str)>) {
    let mut words = line.split(' ');
    let method = words.next().filter(|m| is_token(m)).map(str::to_owned);
    let Some((_, rest)) = line.split_once(' ') else { return (None, String::new(), None) };
    let Some((uri, version)) = rest.trim_end().rsplit_once(' ') else { return (None, String::new(), None) };
    let fault = match version {
        v if v.eq_ignore_ascii_case("SIP/2.0") && rest.ends_with(' ') => Some((400, "spaces after the version")),
        v if v.eq_ignore_ascii_case("SIP/2.0") => None,
        v if v.len() > 4 && v.is_char_boundary(4) && v[..4].eq_ignore_ascii_case("SIP/") => {
            Some((505, "another version of the protocol"))
        }
        _ => return (None, String::new(), None),
    };
    let spaced = uri.is_empty() || uri.bytes().any(|b| b <= b' ');
    let fault = fault.or(spaced.then_some((400, "spaces in the request line")));
    (method, uri.to_owned(), fault)
}

/// Whether a text is a token (RFC 3261 §25.1).
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b))
}

/// The headers of a part of a body; malformed lines are passed over.
pub(crate) fn part_headers(head: &[u8]) -> Headers {
    read_headers(unfolded(head).into_iter(), &mut None)
}
