//! Transactions: one request with its responses (RFC 3261 §17, with RFC 6026 for 2xx to INVITE). State machines that are
//! told the time and say what to send.

mod client;
mod server;

use std::sync::Arc;

pub(crate) use client::{ClientTransaction, Verdict};
pub(crate) use server::ServerTransaction;

use crate::message::via::COOKIE;
use crate::message::{Headers, Known, Via};

/// The name of a transaction.
pub(crate) type Key = Arc<str>;

/// What a machine wants when its time has come.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Fired {
    /// To be sent again.
    pub(crate) resend: Option<bytes::Bytes>,
    /// Nobody answered: no response to a request, no ACK to a refusal.
    pub(crate) timed_out: bool,
    /// It is over and can be forgotten.
    pub(crate) over: bool,
}

/// The name of the transaction that a request belongs to (RFC 3261 §17.2.3). An ACK bears that of its INVITE. A client that
/// does not know branches is recognised by all that stays the same.
pub(crate) fn server_key(method: &str, via: &Via, headers: &Headers) -> Key {
    let method = if method == "ACK" { "INVITE" } else { method };
    let port = via.port.unwrap_or(0);
    match via.branch().filter(|branch| branch.len() > COOKIE.len() && starts_with_cookie(branch)) {
        Some(branch) => format!("{}|{}|{port}|{method}", branch.to_ascii_lowercase(), via.host),
        None => {
            let number = headers.cseq().map_or(0, |cseq| cseq.number);
            let from = headers.tag(Known::From).unwrap_or_default();
            format!("|{}|{number}|{from}|{}|{port}|{method}", headers.call_id(), via.host)
        }
    }
    .into()
}

fn starts_with_cookie(branch: &str) -> bool {
    branch.get(..COOKIE.len()).is_some_and(|start| start.eq_ignore_ascii_case(COOKIE))
}

/// The name of the transaction that a response belongs to.
pub(crate) fn client_key(branch: &str, method: &str) -> Key {
    format!("{branch}|{method}").into()
}
