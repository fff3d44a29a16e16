//! The outbox: the desk's [`Outbox`] in the database. Every word of its sender carries the epoch of the lease.

use async_trait::async_trait;
use desk::ids::{ConversationId, OutgoingId, TurnId};
use desk::journal::{Actor, Event, NewEntry};
use desk::ports::outgoing::{Outbox, Outgoing};
use desk::ports::{PortError, PortResult};
use jiff::Timestamp;

use crate::columns;
use crate::error::StoreError;
use crate::leases::{Fence, OUTBOX_LEASE};
use crate::store::Store;
use crate::write::Write;

/// The outbox in the database.
#[derive(Debug, Clone)]
pub struct OutboxRepository {
    store: Store,
}

impl Store {
    /// The outbox in the database.
    #[must_use]
    pub fn outbox(&self) -> OutboxRepository {
        OutboxRepository { store: self.clone() }
    }
}

impl OutboxRepository {
    async fn settle(&self, write: Write) -> PortResult<()> {
        match self.store.apply(write).await {
            Err(StoreError::Lost("the lease")) => {
                Err(PortError::Refused("the outbox's lease has gone to another server".to_owned()))
            }
            Err(StoreError::Lost(what)) => Err(PortError::NotFound { what }),
            result => Ok(result?),
        }
    }
}

#[async_trait]
impl Outbox for OutboxRepository {
    async fn due(&self, now: Timestamp, limit: u32) -> PortResult<Vec<Outgoing>> {
        let rows = self
            .store
            .read(
                "SELECT id, channel, conversation, turn, attempts, due FROM outgoing
                 WHERE state = 'waiting' AND due <= ?1 ORDER BY due, id LIMIT ?2",
                vec![columns::time(now), limit.into()],
                |row| {
                    Ok(Outgoing {
                        id: OutgoingId(row.uuid("id")?),
                        channel: row.name("channel")?,
                        conversation: ConversationId(row.uuid("conversation")?),
                        turn: TurnId(row.uuid("turn")?),
                        attempts: u32::try_from(row.count("attempts")?).unwrap_or(u32::MAX),
                        due: row.time("due")?,
                    })
                },
            )
            .await?;
        Ok(rows)
    }

    async fn delivered(&self, id: OutgoingId, epoch: u64) -> PortResult<()> {
        let mut write = Write::new();
        Fence::new(OUTBOX_LEASE, epoch).require(&mut write);
        write.require(
            "the message",
            "UPDATE outgoing SET state = 'delivered', attempts = attempts + 1
             WHERE id = ?1 AND state IN ('waiting', 'delivered') RETURNING id",
            vec![id.0.into()],
        );
        let entry = NewEntry::new(Actor::System, Event::OutgoingDelivered).subject(id.to_string());
        write.journal(entry, self.store.now())?;
        self.settle(write).await
    }

    async fn failed(&self, id: OutgoingId, epoch: u64, retry_at: Option<Timestamp>, reason: &str) -> PortResult<()> {
        let mut write = Write::new();
        Fence::new(OUTBOX_LEASE, epoch).require(&mut write);
        let state = if retry_at.is_some() { "waiting" } else { "failed" };
        write.require(
            "the message",
            "UPDATE outgoing SET state = ?2, attempts = attempts + 1, due = COALESCE(?3, due), reason = ?4
             WHERE id = ?1 AND state = 'waiting' RETURNING id",
            vec![id.0.into(), state.into(), columns::time_if_any(retry_at), reason.into()],
        );
        // An attempt that will be repeated is no event of its own; the reason may quote the citizen's address and stays
        // out of the journal.
        if retry_at.is_none() {
            let entry = NewEntry::new(Actor::System, Event::OutgoingFailed).subject(id.to_string());
            write.journal(entry, self.store.now())?;
        }
        self.settle(write).await
    }
}
