//! How open pages and other servers learn of changes: they tail the journal.

use async_trait::async_trait;
use futures::stream::BoxStream;

use crate::journal::{JournalEntry, NewEntry};
use crate::ports::PortResult;

/// What a follower sees.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedItem {
    /// The next row of the journal.
    Entry(JournalEntry),
    /// The follower was too slow and rows were dropped: load what matters afresh.
    Lagged,
}

/// The journal as others see it.
#[async_trait]
pub trait Feed: Send + Sync {
    /// Every row from this moment on, of all servers, in sequence. Bounded: a slow follower gets [`FeedItem::Lagged`].
    fn follow(&self) -> BoxStream<'static, FeedItem>;

    /// Rows after `seq`, oldest first, at most `limit`.
    async fn entries_after(&self, seq: u64, limit: u32) -> PortResult<Vec<JournalEntry>>;

    /// The number of the newest row; 0 while there is none.
    async fn position(&self) -> PortResult<u64>;

    /// Adds a row for a privileged act that changes nothing else: a view, a refused sign-in.
    async fn note(&self, entry: NewEntry) -> PortResult<()>;
}
