//! One thing said in a conversation.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{BlobId, ConversationId, IdempotencyKey, OperatorId, TurnId};
use crate::language::Language;
use crate::outcome::{Outcome, StageTrace};

/// The longest text that a turn may hold, in characters.
pub const MAX_TEXT_CHARS: usize = 8_000;

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Author {
    /// The citizen.
    Citizen,
    /// The machine.
    Assistant,
    /// A member of staff.
    Operator(OperatorId),
}

/// A choice of an earlier turn, picked by button or key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    /// The number, in its conversation, of the turn that offered the choice.
    pub turn: u64,
    /// Which of its choices, counted from 1.
    pub number: u8,
}

/// A file that came with a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Where its bytes are.
    pub blob: BlobId,
    /// The name it came with.
    pub name: String,
    /// Its media type, told from its content.
    pub media_type: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Content {
    /// The words; Markdown where the assistant speaks, plain text elsewhere.
    pub text: String,
    /// The choice that the citizen picked, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pick: Option<Pick>,
    /// What came with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The assistant's outcome in full, where the assistant speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// How the assistant came to it; shown to operators only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<StageTrace>,
}

impl Content {
    /// Words alone.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// One thing said, durable and numbered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Its id.
    pub id: TurnId,
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// Its number in the conversation, from 1, without gaps.
    pub number: u64,
    /// Who said it.
    pub author: Author,
    /// In which language.
    pub language: Language,
    /// What was said.
    pub content: Content,
    /// Of an answer that was spoken and interrupted: the words that the citizen heard. `None`: all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<String>,
    /// When it became durable.
    pub at: Timestamp,
}

impl Turn {
    /// Whether so much of it reached the citizen that it was told.
    #[must_use]
    pub fn reached_citizen(&self) -> bool {
        self.heard.as_ref().is_none_or(|heard| !heard.trim().is_empty())
    }
}

/// A turn before it is durable.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTurn {
    /// Its id, chosen by the caller.
    pub id: TurnId,
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// Who says it.
    pub author: Author,
    /// In which language.
    pub language: Language,
    /// What is said.
    pub content: Content,
    /// What a retry repeats.
    pub key: IdempotencyKey,
}

/// Whether the citizen found an answer of use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// Of use or not.
    pub useful: bool,
    /// Why, in the citizen's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}
