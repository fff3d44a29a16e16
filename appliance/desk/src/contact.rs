//! A citizen across channels, with how far each address is assured.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::ContactId;
use crate::language::Language;

/// The ways in which a citizen reaches the institution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The web chat.
    Chat,
    /// E-mail.
    Email,
    /// The telephone.
    Phone,
}

impl Channel {
    /// The name on the wire and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Email => "email",
            Self::Phone => "phone",
        }
    }

    /// Whether a reply must be carried to the citizen (through the outbox) rather than fetched by an open page.
    #[must_use]
    pub fn pushes_replies(self) -> bool {
        matches!(self, Self::Email)
    }
}

/// How far we know that an address is the citizen's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// The citizen said so.
    Claimed,
    /// The channel vouches for it: a verified mail domain, an asserted telephone number.
    Asserted,
    /// The citizen answered a code sent to it.
    Confirmed,
    /// Tied to a checked identity document.
    Identified,
}

/// Where a citizen can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The channel it belongs to.
    pub channel: Channel,
    /// The address in canonical form: lower-case e-mail, E.164 number, a random browser token for the chat.
    pub value: String,
    /// How far it is assured.
    pub assurance: Assurance,
}

/// One citizen. Two contacts are joined only on an address that both hold as `Confirmed` or better.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// The name by which the citizen wants to be called, if given.
    pub name: Option<String>,
    /// The language last used.
    pub language: Language,
    /// Where the citizen can be reached.
    pub addresses: Vec<Address>,
    /// When we first heard from the citizen.
    pub created_at: Timestamp,
}
