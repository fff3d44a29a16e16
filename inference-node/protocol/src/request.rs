//! What accompanies every request: its class, its deadline, its trace.

use serde::{Deserialize, Serialize};

/// Header with the [`Class`]; `chat` when absent.
pub const CLASS_HEADER: &str = "x-sfetnic-class";
/// Header with the milliseconds left until nobody wants the answer any more, as seen when the request was sent: clocks of
/// different machines are never compared.
pub const DEADLINE_HEADER: &str = "x-sfetnic-deadline-ms";
/// Header with the milliseconds left until the first token must have come: whoever dispatches the request rejects it where
/// that cannot be met. An inference node does not read it.
pub const FIRST_TOKEN_HEADER: &str = "x-sfetnic-first-token-ms";
/// Header with the epoch of the dispatcher that sends the request: the fencing token of its lease (Kleppmann 2016, "How to
/// do distributed locking"). A node that has heard of a later dispatcher refuses with [`STALE_EPOCH`].
pub const EPOCH_HEADER: &str = "x-sfetnic-epoch";
/// The code of the error that a dispatcher gets whose lease has gone to another.
pub const STALE_EPOCH: &str = "stale_epoch";
/// Header with the trace (W3C Trace Context).
pub const TRACE_HEADER: &str = "traceparent";
/// Header in which a node gives back the name that its logs know a request by.
pub const REQUEST_ID_HEADER: &str = "x-request-id";

/// How urgent a request is, the most urgent first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A person holds a telephone.
    Voice,
    /// A person looks at a screen.
    #[default]
    Chat,
    /// A letter waits.
    Mail,
    /// Nobody waits.
    Batch,
}

impl Class {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Voice, Self::Chat, Self::Mail, Self::Batch];

    /// The name used in the header and in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Chat => "chat",
            Self::Mail => "mail",
            Self::Batch => "batch",
        }
    }

    /// The class of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}
