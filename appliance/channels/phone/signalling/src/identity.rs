//! Who calls, as the headers tell it (RFC 3261, RFC 3323, RFC 3325, RFC 5806, RFC 7044).

use std::net::IpAddr;

use crate::message::params::Params;
use crate::message::{Headers, Known, NameAddr};
use crate::{CallName, Caller};

/// What stands for an address that is withheld.
pub(crate) const ANONYMOUS: &str = "sip:anonymous@anonymous.invalid";

/// The caller. What a trusted peer asserts counts more than what the caller says; what is withheld stays so.
pub(crate) fn caller(headers: &Headers, trusted: bool) -> Caller {
    let from = headers.address(Known::From);
    let private = headers
        .all(Known::Privacy)
        .flat_map(|value| value.split([';', ',']))
        .any(|wish| ["id", "user", "header"].iter().any(|kind| wish.trim().eq_ignore_ascii_case(kind)));
    let withheld = from.as_ref().is_none_or(|from| {
        from.uri.host.ends_with("anonymous.invalid")
            || from.uri.user_plain().is_some_and(|user| user.eq_ignore_ascii_case("anonymous"))
    });
    if private || withheld {
        return Caller { anonymous: true, uri: ANONYMOUS.into(), ..Caller::default() };
    }
    let asserted: Vec<NameAddr> = if trusted {
        headers.list(Known::PAssertedIdentity).take(2).filter_map(|value| NameAddr::parse(value).ok()).collect()
    } else {
        Vec::new()
    };
    // Two may be asserted, a SIP address and a `tel`; the one with a number is of use.
    let best = asserted.iter().find(|one| one.uri.number().is_some()).or(asserted.first()).cloned();
    let is_asserted = best.is_some();
    let Some(shown) = best.or(from.clone()) else { return Caller::default() };
    Caller {
        number: shown.uri.number(),
        display: shown.display.or(from.and_then(|from| from.display)).map(|name| name.chars().take(80).collect()),
        anonymous: false,
        asserted: is_asserted,
        uri: shown.uri.to_string(),
    }
}

/// The number that was called first: the last `Diversion`, which is the first in time, or the first `History-Info`.
pub(crate) fn diverted_from(headers: &Headers) -> Option<String> {
    let number = |value: &str| NameAddr::parse(value).ok().and_then(|address| address.uri.number());
    if let Some(first) = headers.list(Known::Diversion).last() {
        return number(first);
    }
    // A history of one entry is the address that was called, and no forwarding.
    let history: Vec<&str> = headers.list(Known::HistoryInfo).take(32).collect();
    if history.len() > 1 { number(history[0]) } else { None }
}

/// On whose word (RFC 3892).
pub(crate) fn referred_by(headers: &Headers) -> Option<String> {
    headers.address(Known::ReferredBy).map(|by| by.uri.to_string())
}

/// `Replaces`: the call as we know it, and whether only an unanswered one is meant (RFC 3891 §6.1).
pub(crate) fn replaces(value: &str) -> Option<(CallName, bool)> {
    let (call_id, params) = value.split_once(';')?;
    let params = Params::parse(params).ok()?;
    let name = CallName {
        call_id: call_id.trim().to_owned(),
        local_tag: params.get("to-tag").filter(|tag| !tag.is_empty())?.to_owned(),
        remote_tag: params.get("from-tag")?.to_owned(),
    };
    Some((name, params.has("early-only")))
}

/// `Replaces` for a call as the one who is sent there knows it: `to-tag` is the tag of the side that is called.
pub(crate) fn replaces_value(name: &CallName) -> String {
    format!("{};to-tag={};from-tag={}", name.call_id, name.remote_tag, name.local_tag)
}

/// Addresses that mean nothing beyond their own network.
pub(crate) fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_link_local()
                || v4.is_loopback()
                || v4.is_unspecified()
                || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback() || v6.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(Known, &str)]) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in lines {
            headers.push(*name, *value);
        }
        headers
    }

    #[test]
    fn what_is_asserted_counts_only_from_whom_we_trust() {
        let lines = headers(&[
            (Known::From, "\"Ana\" <sip:100@example.org>;tag=1"),
            (Known::PAssertedIdentity, "<tel:+40211234567>"),
        ]);
        let (trusted, other) = (caller(&lines, true), caller(&lines, false));
        assert_eq!((trusted.number.as_deref(), trusted.asserted), (Some("+40211234567"), true));
        assert_eq!((other.number.as_deref(), other.asserted), (Some("100"), false));
        assert_eq!(trusted.display.as_deref(), Some("Ana"));
    }

    #[test]
    fn whoever_asks_not_to_be_known_is_not_though_a_trusted_peer_knows() {
        for (from, privacy) in [
            ("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1", "none"),
            ("<sip:0722000000@example.org>;tag=1", "critical;id"),
        ] {
            let lines = headers(&[
                (Known::From, from),
                (Known::Privacy, privacy),
                (Known::PAssertedIdentity, "<sip:+40722000000@example.org>"),
            ]);
            let caller = caller(&lines, true);
            assert!(caller.anonymous && caller.number.is_none() && caller.display.is_none());
            assert!(!caller.uri.contains("0722"));
        }
    }

    #[test]
    fn the_number_that_was_called_first_is_read_from_either_header() {
        let two =
            headers(&[(Known::Diversion, "<sip:+40212@b>;reason=no-answer, <sip:+40211@a>;reason=unconditional")]);
        assert_eq!(diverted_from(&two).as_deref(), Some("+40211"));
        let history = headers(&[(Known::HistoryInfo, "<sip:+40211@a>;index=1, <sip:+40212@b;cause=302>;index=1.1")]);
        assert_eq!(diverted_from(&history).as_deref(), Some("+40211"));
        assert_eq!(diverted_from(&headers(&[(Known::HistoryInfo, "<sip:+40211@a>;index=1")])), None);
    }

    #[test]
    fn replaces_is_read_from_our_side_and_written_from_theirs() {
        let (name, early) = replaces("98732@x;from-tag=r33th4x0r;to-tag=ff87ff;early-only").expect("well formed");
        assert_eq!((name.local_tag.as_str(), name.remote_tag.as_str(), early), ("ff87ff", "r33th4x0r", true));
        let value = replaces_value(&CallName { call_id: "c".into(), local_tag: "l".into(), remote_tag: "r".into() });
        assert_eq!(value, "c;to-tag=r;from-tag=l");
    }
}
