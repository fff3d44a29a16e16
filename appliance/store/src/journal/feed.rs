//! The desk's [`Feed`] on the journal.

use async_trait::async_trait;
use desk::journal::{JournalEntry, NewEntry};
use desk::ports::PortResult;
use desk::ports::feed::{Feed, FeedItem};
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio_stream::wrappers::BroadcastStream;

use super::rows::{entries_after, position};
use crate::store::Store;
use crate::write::Write;

/// The journal as others see it.
#[derive(Debug, Clone)]
pub struct JournalFeed {
    store: Store,
}

impl Store {
    /// The journal as others see it.
    #[must_use]
    pub fn feed(&self) -> JournalFeed {
        JournalFeed { store: self.clone() }
    }
}

#[async_trait]
impl Feed for JournalFeed {
    fn follow(&self) -> BoxStream<'static, FeedItem> {
        BroadcastStream::new(self.store.tail().subscribe())
            .map(|item| item.map_or(FeedItem::Lagged, FeedItem::Entry))
            .boxed()
    }

    async fn entries_after(&self, seq: u64, limit: u32) -> PortResult<Vec<JournalEntry>> {
        Ok(entries_after(&self.store, seq, limit).await?)
    }

    async fn position(&self) -> PortResult<u64> {
        Ok(position(&self.store).await?)
    }

    async fn note(&self, entry: NewEntry) -> PortResult<()> {
        let mut write = Write::new();
        write.journal(entry, self.store.now())?;
        Ok(self.store.apply(write).await?)
    }
}
