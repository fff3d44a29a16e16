//! Conversations and their turns, durable.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::case::Case;
use crate::contact::{Address, Contact};
use crate::conversation::{Conversation, Owner};
use crate::ids::{ContactId, ConversationId, DepartmentId, IdempotencyKey, OperatorId, TurnId};
use crate::journal::Actor;
use crate::language::Language;
use crate::ports::PortResult;
use crate::turn::{Feedback, NewTurn, Turn};

/// A conversation before it is durable.
#[derive(Debug, Clone, PartialEq)]
pub struct NewConversation {
    /// Its id, chosen by the caller.
    pub id: ConversationId,
    /// Who asks: an address that is known belongs to its contact, else a new contact is made.
    pub address: Address,
    /// The citizen's name, if given.
    pub name: Option<String>,
    /// The language of the page or mailbox it came through.
    pub language: Language,
    /// SHA-256 of the secret with which the citizen comes back; the secret itself is not kept.
    pub secret_digest: [u8; 32],
    /// What a retry repeats.
    pub key: IdempotencyKey,
}

/// What became of a turn that was handed in.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The turn as it stands.
    pub turn: Turn,
    /// The conversation after it.
    pub conversation: Conversation,
    /// Whether it had been handed in before: nothing new was written.
    pub repeated: bool,
}

/// The assistant's or an operator's answer, written only if the conversation still stands as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct NewReply {
    /// What is said.
    pub turn: NewTurn,
    /// The version of the conversation that the answer was made for. When it moved on, nothing is written.
    pub expected_version: u64,
    /// Who owns the conversation from here on; `None`: as before.
    pub owner: Option<Owner>,
    /// A case opened with it; its conversation then belongs to its department's queue.
    pub case: Option<Case>,
    /// The citizen's turn that it settles; it no longer waits for the assistant.
    pub settles: Option<TurnId>,
}

/// A citizen's turn that the assistant still owes an answer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// The conversation.
    pub conversation: ConversationId,
    /// The turn.
    pub turn: TurnId,
    /// Since when.
    pub since: Timestamp,
}

/// What a list of conversations is to hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConversationFilter {
    /// Only those that belong to this operator.
    pub operator: Option<OperatorId>,
    /// Only those in these departments' queues; `None`: whatever the owner.
    pub queues: Option<Vec<DepartmentId>>,
    /// Only those in any queue.
    pub waiting: bool,
    /// Only open ones.
    pub open: bool,
    /// At most so many, longest waiting first, then newest first.
    pub limit: u32,
}

/// Conversations and their turns. Every write is one transaction with its journal row and, where the channel pushes, its
/// outbox row; a repeated write with the same key changes nothing and returns what stands.
#[async_trait]
pub trait Conversations: Send + Sync {
    /// Begins a conversation.
    async fn start(&self, new: NewConversation) -> PortResult<Conversation>;

    /// Writes a citizen's turn. While the assistant owns the conversation the turn is also marked as waiting for it; while
    /// a person does, `waiting_since` starts. A closed conversation opens again with the assistant.
    async fn record(&self, turn: NewTurn) -> PortResult<Recorded>;

    /// Writes an answer of the assistant or an operator, with the case it opens, in one transaction.
    ///
    /// # Errors
    /// `Conflict` when the conversation has moved on since `expected_version`.
    async fn reply(&self, reply: NewReply) -> PortResult<Recorded>;

    /// Moves the conversation to `to` by compare-and-swap; with a case, its assignee and state follow.
    ///
    /// # Errors
    /// `Conflict` when somebody was faster; `Refused` when `by` may not.
    async fn transfer(
        &self,
        id: ConversationId,
        expected_version: u64,
        to: Owner,
        actor: Actor,
    ) -> PortResult<Conversation>;

    /// Ends the conversation; its case, if open, is resolved and its clocks are met.
    async fn close(&self, id: ConversationId, expected_version: u64, actor: Actor) -> PortResult<Conversation>;

    /// Answers in `language` from here on.
    async fn set_language(&self, id: ConversationId, language: Language) -> PortResult<Conversation>;

    /// The conversation called `id`.
    async fn conversation(&self, id: ConversationId) -> PortResult<Conversation>;

    /// Whether `digest` is the SHA-256 of the conversation's secret; compared in constant time.
    async fn secret_fits(&self, id: ConversationId, digest: [u8; 32]) -> PortResult<bool>;

    /// Turns after number `after`, oldest first, at most `limit`.
    async fn turns(&self, id: ConversationId, after: u64, limit: u32) -> PortResult<Vec<Turn>>;

    /// The last `limit` turns before number `before`, oldest first.
    async fn turns_before(&self, id: ConversationId, before: u64, limit: u32) -> PortResult<Vec<Turn>>;

    /// Conversations that fit `filter`.
    async fn list(&self, filter: ConversationFilter) -> PortResult<Vec<Conversation>>;

    /// Turns that have waited for the assistant since before `before`, oldest first, at most `limit`.
    async fn pending(&self, before: Timestamp, limit: u32) -> PortResult<Vec<Pending>>;

    /// The citizen who is reached at an address, if we know one.
    async fn known(&self, address: &Address) -> PortResult<Option<Contact>>;

    /// The citizen behind a conversation.
    async fn contact(&self, id: ContactId) -> PortResult<Contact>;

    /// Adds an address to a citizen, or raises its assurance; two contacts that hold it as confirmed become one.
    async fn assure(&self, id: ContactId, address: Address, actor: Actor) -> PortResult<Contact>;

    /// Keeps what the citizen said of a turn; the last word counts.
    async fn feedback(&self, turn: TurnId, feedback: Feedback) -> PortResult<()>;

    /// Keeps how much of a spoken answer was heard, where it was not all of it (`None`: all); what is told last holds.
    async fn heard(&self, turn: TurnId, words: Option<String>) -> PortResult<()>;

    /// What the citizen said of the turns of a conversation.
    async fn feedback_of(&self, id: ConversationId) -> PortResult<Vec<(TurnId, Feedback)>>;
}
