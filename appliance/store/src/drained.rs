//! Inference nodes that were drained: an operator's word, which holds over restarts and on every server until he takes it back.

use desk::journal::{Actor, Event, NewEntry};
use jiff::Timestamp;

use crate::columns;
use crate::error::StoreError;
use crate::store::Store;
use crate::write::Write;

/// A node that is drained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrainedNode {
    /// Its name in the configuration.
    pub name: String,
    /// Since when.
    pub since: Timestamp,
}

/// The drained nodes, durable.
#[derive(Debug, Clone)]
pub struct DrainedNodes {
    store: Store,
}

impl Store {
    /// The drained nodes.
    #[must_use]
    pub fn drained_nodes(&self) -> DrainedNodes {
        DrainedNodes { store: self.clone() }
    }
}

impl DrainedNodes {
    /// Has a node drained. Says whether it was not yet: only then there is something to note.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn drain(&self, name: &str, actor: Actor) -> Result<bool, StoreError> {
        let now = self.store.now();
        let mut write = Write::new();
        write.require(
            "the drained node",
            "INSERT INTO drained_nodes (name, since) VALUES (?1, ?2) ON CONFLICT DO NOTHING RETURNING name",
            vec![name.into(), columns::time(now)],
        );
        write.journal(NewEntry::new(actor, Event::NodeDrained).subject(name), now)?;
        self.changed(write).await
    }

    /// Takes a node back. Says whether it was drained.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn undrain(&self, name: &str, actor: Actor) -> Result<bool, StoreError> {
        let mut write = Write::new();
        write.require(
            "the drained node",
            "DELETE FROM drained_nodes WHERE name = ?1 RETURNING name",
            vec![name.into()],
        );
        write.journal(NewEntry::new(actor, Event::NodeUndrained).subject(name), self.store.now())?;
        self.changed(write).await
    }

    /// All of them by name, as this server has them.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn all(&self) -> Result<Vec<DrainedNode>, StoreError> {
        let sql = "SELECT name, since FROM drained_nodes ORDER BY name";
        let map =
            |row: &mut columns::Columns<'_, '_>| Ok(DrainedNode { name: row.text("name")?, since: row.time("since")? });
        self.store.read(sql, vec![], map).await
    }

    async fn changed(&self, write: Write) -> Result<bool, StoreError> {
        match self.store.apply(write).await {
            Ok(()) => Ok(true),
            Err(StoreError::Lost(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
