//! Bodies: the session description, alone or in a multipart (RFC 5621); key presses; statuses in a NOTIFY (RFC 3420).

use std::time::Duration;

use bytes::Bytes;

use super::name::Known;
use super::params::Params;
use super::parse::head_end;
use super::{Headers, parse};

/// The type of session descriptions.
pub(crate) const SDP: &str = "application/sdp";

/// What a body says of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Session {
    /// Nothing.
    None,
    /// A description.
    Sdp(Bytes),
    /// Something that may not be passed over and is not understood.
    Unsupported,
}

/// The type of a body in small letters, and its parameters.
pub(crate) fn content_type(headers: &Headers) -> Option<(String, Params)> {
    let value = headers.get(Known::ContentType)?;
    let (name, params) = value.split_once(';').unwrap_or((value, ""));
    Some((name.trim().to_ascii_lowercase(), Params::parse(params).unwrap_or_default()))
}

/// Finds the session description.
pub(crate) fn session(headers: &Headers, body: &Bytes) -> Session {
    if body.is_empty() {
        return Session::None;
    }
    let encoded = headers.list(Known::ContentEncoding).any(|e| !e.eq_ignore_ascii_case("identity"));
    let optional = handling(headers).is_some_and(|wish| wish.eq_ignore_ascii_case("optional"));
    let unknown = if optional { Session::None } else { Session::Unsupported };
    if encoded {
        return unknown;
    }
    match content_type(headers) {
        // RFC 3261 demands a type; a body without one from a careless peer is a description or nothing.
        None if body.starts_with(b"v=0") => Session::Sdp(body.clone()),
        Some((name, _)) if name == SDP => Session::Sdp(body.clone()),
        Some((name, params)) if name.starts_with("multipart/") => match params.get("boundary") {
            Some(boundary) => search_parts(body, boundary, unknown),
            None => unknown,
        },
        _ => unknown,
    }
}

/// What is wished for those who do not understand a body or a part of one: `required` or `optional`.
fn handling(headers: &Headers) -> Option<String> {
    let (_, params) = headers.get(Known::ContentDisposition)?.split_once(';')?;
    Params::parse(params).ok()?.get("handling").map(str::to_owned)
}

/// The first description among the parts. A part that may not be passed over and is no description refuses the whole.
fn search_parts(body: &Bytes, boundary: &str, unknown: Session) -> Session {
    let mark = format!("--{boundary}");
    let mut found = None;
    for (start, end) in parts(body, mark.as_bytes()).into_iter().take(16) {
        let part = body.slice(start..end);
        let (head, content) = match head_end(&part) {
            Some((head, skip)) => (part.slice(..head), part.slice(head + skip..)),
            None => continue,
        };
        let headers = parse::part_headers(&head);
        match content_type(&headers) {
            Some((name, _)) if name == SDP && found.is_none() => found = Some(content),
            // RFC 3261 §20.11 takes silence for `required`; trunks that attach what they please do not mean it so.
            _ if handling(&headers).is_some_and(|wish| wish.eq_ignore_ascii_case("required")) => {
                return Session::Unsupported;
            }
            _ => {}
        }
    }
    found.map_or(unknown, Session::Sdp)
}

/// Where the parts lie, between the lines that begin with the mark.
fn parts(body: &[u8], mark: &[u8]) -> Vec<(usize, usize)> {
    let mut marks = Vec::new();
    let mut at = 0;
    while at < body.len() {
        let line = body[at..].iter().position(|b| *b == b'\n').map_or(body.len(), |n| at + n + 1);
        if body[at..line].starts_with(mark) {
            marks.push((at, line));
        }
        at = line;
    }
    marks
        .windows(2)
        .map(|pair| {
            let (start, end) = (pair[0].1, pair[1].0);
            let part = &body[start..end.max(start)];
            let cut = part.strip_suffix(b"\r\n").or(part.strip_suffix(b"\n")).unwrap_or(part).len();
            (start, start + cut)
        })
        .collect()
}

/// A key press in an INFO: `application/dtmf-relay` (Signal=, Duration=) or `application/dtmf` (the digit alone).
pub(crate) fn digit(kind: &str, body: &[u8]) -> Option<(char, Duration)> {
    let text = std::str::from_utf8(body).ok()?;
    let (mut signal, mut duration) = (None, Duration::from_millis(160));
    if kind == "application/dtmf" {
        signal = Some(text.trim());
    } else {
        for line in text.lines() {
            let (name, value) = line.split_once(['=', ':'])?;
            match name.trim().to_ascii_lowercase().as_str() {
                "signal" => signal = Some(value.trim()),
                "duration" => duration = Duration::from_millis(value.trim().parse::<u64>().ok()?.clamp(1, 10_000)),
                _ => {}
            }
        }
    }
    let digit = match signal? {
        "10" => '*',
        "11" => '#',
        one if one.len() == 1 => one.chars().next()?.to_ascii_uppercase(),
        _ => return None,
    };
    matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D').then_some((digit, duration))
}

/// The status in a `message/sipfrag`.
pub(crate) fn sipfrag_status(body: &[u8]) -> Option<u16> {
    let text = String::from_utf8_lossy(body);
    let mut words = text.trim_start().lines().next()?.split_ascii_whitespace();
    words.next().filter(|version| version.eq_ignore_ascii_case("SIP/2.0"))?;
    words.next()?.parse().ok().filter(|status| (100..700).contains(status))
}
