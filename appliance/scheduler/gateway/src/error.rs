//! Why a node did not do what it was asked.

use std::io;
use std::time::Duration;

use camino::Utf8PathBuf;

/// Why a node did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NodeError {
    #[error("failed to read `{path}`")]
    Read {
        path: Utf8PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{path}` holds no API key")]
    NoKey { path: Utf8PathBuf },
    #[error("failed to set up TLS to the node from `{path}`")]
    Tls {
        path: Utf8PathBuf,
        #[source]
        source: reqwest::Error,
    },
    #[error("`{url}` is no address of a node")]
    Address { url: String },
    #[error("failed to set up the client of the node")]
    Client(#[source] reqwest::Error),
    #[error("failed to ask the node {what}")]
    Ask {
        what: &'static str,
        #[source]
        source: reqwest::Error,
    },
    #[error("failed to open a live session at the node")]
    Upgrade {
        #[source]
        source: Box<reqwest_websocket::Error>,
    },
    #[error("the node did not answer {what} within {} ms", within.as_millis())]
    Late { what: &'static str, within: Duration },
    /// 429 or 503: it or another node may do it later.
    #[error("the node is busy: {message}")]
    Busy { retry_after: Duration, message: String },
    /// The request itself is at fault.
    #[error("the node refused: {message}")]
    Refused { message: String },
    #[error("the node failed with status {status}: {message}")]
    Failed { status: u16, message: String },
    #[error("the node broke off {what}")]
    BrokeOff {
        what: &'static str,
        #[source]
        source: reqwest::Error,
    },
    #[error("the node sent more than {most} bytes for {what}")]
    TooMuch { what: &'static str, most: usize },
    #[error("the node's answer to {what} cannot be read")]
    Unreadable {
        what: &'static str,
        #[source]
        source: serde_json::Error,
    },
    #[error("the node's heartbeat cannot be read")]
    Heartbeat(#[source] sse_stream::Error),
    #[error("the node's heartbeat stopped")]
    Stopped,
    #[error("another dispatcher has taken over")]
    Succeeded,
}

/// An error with its causes, for logs.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        text.push_str(": ");
        text.push_str(&one.to_string());
        cause = one.source();
    }
    text
}
