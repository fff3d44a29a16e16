//! One exchange on one channel, and who owns it: exactly one of the assistant, a queue or an operator.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::contact::Channel;
use crate::ids::{CaseId, ContactId, ConversationId, DepartmentId, OperatorId};
use crate::language::Language;

/// Who must answer next. Moves only by compare-and-swap on [`Conversation::version`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Owner {
    /// The machine.
    Assistant,
    /// A department's queue: waits for somebody.
    Queue(DepartmentId),
    /// One person. The assistant is silent.
    Operator(OperatorId),
}

/// Why an owner may not change so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// The conversation has ended.
    #[error("the conversation is closed")]
    Closed,
    /// Another operator holds it.
    #[error("another operator owns the conversation")]
    HeldByAnother,
    /// It already belongs to that owner.
    #[error("the conversation already belongs there")]
    NoChange,
}

/// Open or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversationState {
    /// Goes on.
    Open,
    /// Ended; a further turn of the citizen opens it again, with the assistant.
    Closed,
}

/// One exchange on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Who asks.
    pub contact: ContactId,
    /// Where.
    pub channel: Channel,
    /// The language in which the citizen is answered.
    pub language: Language,
    /// Open or ended.
    pub state: ConversationState,
    /// Who must answer next.
    pub owner: Owner,
    /// Counts every change of owner, state or language; what a compare-and-swap compares.
    pub version: u64,
    /// The case that it became, if any.
    pub case: Option<CaseId>,
    /// The number of turns so far.
    pub turns: u64,
    /// Since when the citizen waits for a person; `None` while nobody is owed anything.
    pub waiting_since: Option<Timestamp>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Conversation {
    /// Whether the assistant may speak. It never talks over a human.
    #[must_use]
    pub fn assistant_may_speak(&self) -> bool {
        self.state == ConversationState::Open && self.owner == Owner::Assistant
    }

    /// Checks that `by` may move the conversation to `to`: anybody on duty takes from the assistant or a queue; what an operator
    /// holds, only that operator hands on (`None` is the watchdog, which may return it to a queue).
    ///
    /// # Errors
    /// See [`TransferError`].
    pub fn check_transfer(&self, by: Option<OperatorId>, to: &Owner) -> Result<(), TransferError> {
        if self.state == ConversationState::Closed {
            return Err(TransferError::Closed);
        }
        if &self.owner == to {
            return Err(TransferError::NoChange);
        }
        match (&self.owner, by) {
            (Owner::Operator(holder), Some(by)) if *holder != by => Err(TransferError::HeldByAnother),
            _ => Ok(()),
        }
    }
}
