//! Who answers while no person does.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::conversation::Conversation;
use crate::outcome::Reply;
use crate::turn::Turn;

/// A turn to answer, with what was said before.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The conversation, its channel and its language so far.
    pub conversation: &'a Conversation,
    /// The turns before, oldest first; bounded by the caller.
    pub earlier: &'a [Turn],
    /// The citizen's turn to answer.
    pub turn: &'a Turn,
    /// The moment at which validity is judged.
    pub now: Timestamp,
}

/// Hears sentences of an answer before it is complete; each has passed the check and will stand in the answer.
pub trait Listener: Send + Sync {
    /// The next piece of the answer's text.
    fn hear(&self, piece: &str);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deaf;

impl Listener for Deaf {
    fn hear(&self, _piece: &str) {}
}

/// Answers citizens' turns. Never fails: what cannot be answered is a hand-off.
#[async_trait]
pub trait Assistant: Send + Sync {
    /// What to do with `question`.
    async fn reply(&self, question: Question<'_>, listener: &dyn Listener) -> Reply;
}
