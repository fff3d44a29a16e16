//! What a message must have before anything is done with it (RFC 3261 §8.1.1, §8.2, §16.3): a status for what must be
//! refused, silence for malformed responses.

use super::name::Known;
use super::uri::{Scheme, Uri};
use super::{CSeq, Headers, NameAddr, Request, Response, Via};

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) status: u16,
    pub(crate) why: &'static str,
}

const fn bad(why: &'static str) -> Fault {
    Fault { status: 400, why }
}

/// Headers that may stand only once.
const ONCE: [Known; 8] = [
    Known::From,
    Known::To,
    Known::CallId,
    Known::CSeq,
    Known::MaxForwards,
    Known::ContentType,
    Known::Expires,
    Known::SessionExpires,
];

/// Whether a request could be answered at all: somebody to send it to, and what makes it known to them.
pub(crate) fn can_be_answered(headers: &Headers) -> bool {
    headers.via().is_some()
        && [Known::From, Known::To, Known::CallId, Known::CSeq].iter().all(|name| headers.get(*name).is_some())
}

/// Checks what every request must have.
///
/// # Errors
/// The fault with its status.
pub(crate) fn request(request: &Request) -> Result<(), Fault> {
    let headers = &request.headers;
    let cseq = headers.get(Known::CSeq).and_then(CSeq::parse).ok_or(bad("a malformed CSeq"))?;
    if cseq.method != request.method {
        return Err(bad("CSeq names another method"));
    }
    if let Some(twice) = ONCE.iter().find(|name| headers.count(**name) > 1) {
        return Err(bad(match twice {
            Known::From | Known::To | Known::CallId | Known::CSeq => "From, To, Call-ID or CSeq twice",
            _ => "a header twice that may stand once",
        }));
    }
    addresses(headers)?;
    let uri = request.uri.as_str();
    if uri.starts_with('<') {
        return Err(bad("the request's address is in brackets"));
    }
    let uri = Uri::parse(uri).map_err(|_| bad("a malformed address in the request line"))?;
    if uri.headers.is_some() && request.method != "REGISTER" {
        return Err(bad("an address with headers in the request line"));
    }
    if matches!(uri.scheme, Scheme::Other(_)) {
        return Err(Fault { status: 416, why: "another scheme" });
    }
    if headers.get(Known::MaxForwards).is_some_and(|hops| hops.trim().parse::<u8>().is_err()) {
        return Err(bad("a malformed Max-Forwards"));
    }
    let numbers = [Known::Expires, Known::MinExpires, Known::MinSe, Known::SessionExpires, Known::RSeq];
    if numbers.iter().any(|name| headers.get(*name).is_some() && headers.number(*name).is_none()) {
        return Err(bad("a malformed number"));
    }
    contacts(request)
}

/// The addresses that every message bears.
fn addresses(headers: &Headers) -> Result<(), Fault> {
    if headers.call_id().is_empty() {
        return Err(bad("no Call-ID"));
    }
    for name in [Known::From, Known::To] {
        let value = headers.get(name).ok_or(bad("no From or To"))?;
        NameAddr::parse(value).map_err(|_| bad("a malformed From or To"))?;
    }
    if headers.list(Known::Via).any(|via| Via::parse(via).is_err()) || headers.via().is_none() {
        return Err(bad("a malformed Via"));
    }
    Ok(())
}

fn contacts(request: &Request) -> Result<(), Fault> {
    let headers = &request.headers;
    for name in [Known::Contact, Known::Route, Known::RecordRoute] {
        // A list with quotes that never close yields nothing, though the header is there.
        let values: Vec<_> = headers.list(name).collect();
        if values.is_empty() && headers.get(name).is_some_and(|value| !value.trim().is_empty()) {
            return Err(bad("a malformed list of addresses"));
        }
        let star = |value: &str| name == Known::Contact && request.method == "REGISTER" && value == "*";
        if values.iter().any(|value| !star(value) && NameAddr::parse(value).is_err()) {
            return Err(bad("a malformed Contact or Route"));
        }
    }
    if request.method == "INVITE" && headers.list(Known::Contact).count() != 1 {
        return Err(bad("INVITE needs one Contact"));
    }
    Ok(())
}

/// Checks what every response must have; one that has it not is passed over.
pub(crate) fn response(response: &Response) -> bool {
    response.headers.cseq().is_some()
        && addresses(&response.headers).is_ok()
        && response.headers.list(Known::Via).count() == 1
}
