//! The journal as it grows: one task per server reads its new rows from the local copy and hands them to all followers.
//!
//! A server's own writes wake it at once; what other servers wrote is found by looking every [`INTERVAL`].

use std::sync::Arc;
use std::time::Duration;

use desk::journal::JournalEntry;
use tokio::sync::{Notify, broadcast};
use tokio_util::task::AbortOnDropHandle;

use super::rows::{entries_after, position};
use crate::error::StoreResult;
use crate::store::Store;

/// How often rows of other servers are looked for.
const INTERVAL: Duration = Duration::from_millis(75);

/// How many rows a follower may be behind; then it is told that it lagged.
const CAPACITY: usize = 4096;

/// Rows read at once.
const BATCH: u32 = 512;

/// Where followers of the journal meet.
pub(crate) struct Tail {
    sender: broadcast::Sender<JournalEntry>,
    woken: Arc<Notify>,
}

impl Tail {
    pub(crate) fn new() -> Self {
        Self { sender: broadcast::channel(CAPACITY).0, woken: Arc::new(Notify::new()) }
    }

    pub(crate) fn wake(&self) {
        self.woken.notify_one();
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<JournalEntry> {
        self.sender.subscribe()
    }
}

/// Starts to tail from the journal's present end. It ends with its handle, or when the last clone of the store is gone.
pub(crate) async fn start(store: &Store) -> StoreResult<AbortOnDropHandle<()>> {
    let mut last = position(store).await?;
    let (weak, woken) = (store.downgrade(), Arc::clone(&store.tail().woken));
    Ok(AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            tokio::select! {
                () = woken.notified() => {}
                () = tokio::time::sleep(INTERVAL) => {}
            }
            let Some(store) = weak.upgrade() else { return };
            match forward(&store, last).await {
                Ok(position) => last = position,
                Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "cannot tail the journal"),
            }
        }
    })))
}

/// Hands out everything after `last` and returns the new position.
async fn forward(store: &Store, mut last: u64) -> StoreResult<u64> {
    if store.tail().sender.receiver_count() == 0 {
        return position(store).await;
    }
    loop {
        let entries = entries_after(store, last, BATCH).await?;
        let count = entries.len();
        for entry in entries {
            last = entry.seq;
            // Without followers the row is simply dropped.
            let _ = store.tail().sender.send(entry);
        }
        if count < BATCH as usize {
            return Ok(last);
        }
    }
}
