//! Typed ids: UUIDv7, so that they sort by age and never clash between servers.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, of this moment.
            #[must_use]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

typed_id!(
    /// One citizen, across channels.
    ContactId,
    /// One exchange on one channel.
    ConversationId,
    /// One thing said in a conversation.
    TurnId,
    /// One matter that a person owes an answer to.
    CaseId,
    /// One member of the institution's staff.
    OperatorId,
    /// One message that waits to leave.
    OutgoingId,
    /// One telephone call.
    CallId,
    /// One promise to ring somebody.
    CallBackId,
    /// One command given on another server than the one that has the call.
    IntentId,
);

/// Names a department: a slug of the configuration (`evidenta-persoanelor`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DepartmentId(pub String);

impl std::fmt::Display for DepartmentId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<&str> for DepartmentId {
    fn from(slug: &str) -> Self {
        Self(slug.to_owned())
    }
}

/// Names bytes by the lower-case hexadecimal SHA-256 of their content.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlobId(pub String);

/// What a sender chooses so that a retry is recognised: a client's key, a Message-ID, a call id with its sequence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(pub String);
