//! The outbox: what must still reach a citizen through a channel that pushes.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::contact::Channel;
use crate::ids::{ConversationId, OutgoingId, TurnId};
use crate::ports::PortResult;

/// A message that waits to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its id, the same at every attempt.
    pub id: OutgoingId,
    /// Through which channel.
    pub channel: Channel,
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// The turn that it carries.
    pub turn: TurnId,
    /// How often it was tried.
    pub attempts: u32,
    /// Not before then.
    pub due: Timestamp,
}

/// The outbox. Only the holder of its lease sends; every call carries the lease's epoch, and an older one is refused.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// What is due at `now`, oldest first, at most `limit`.
    async fn due(&self, now: Timestamp, limit: u32) -> PortResult<Vec<Outgoing>>;

    /// It left.
    async fn delivered(&self, id: OutgoingId, epoch: u64) -> PortResult<()>;

    /// It could not leave: again at `retry_at`, or given up if `None`.
    async fn failed(&self, id: OutgoingId, epoch: u64, retry_at: Option<Timestamp>, reason: &str) -> PortResult<()>;
}
