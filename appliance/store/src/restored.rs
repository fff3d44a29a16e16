//! The first start after a restore.
//!
//! The node rebuilds its database after a crash from its last snapshot and the log since. A restored database stands in
//! neither, so before anything else the node is started once with the restored file, made to write a snapshot of it and to
//! drop the log before, and stopped again. The restored file stays until that is done: a crash in between begins anew.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::config::{FILE_NAME, StoreConfig};
use crate::error::{StoreError, StoreResult};
use crate::node;

/// The restored database waits under this name in the store's folder.
pub(crate) const FILE: &str = "restored.db";

/// So many log entries make a snapshot here.
const ENTRIES: u64 = 8;

/// How long the snapshot of a large database may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Takes over a restored database, if one waits; says whether it did.
pub(crate) async fn settle(config: &StoreConfig) -> StoreResult<bool> {
    let waiting = config.folder.join(FILE);
    if !waiting.exists() {
        return Ok(false);
    }
    if !config.peers.is_empty() && config.node != 1 {
        return Err(StoreError::Config("a backup is restored on node 1; the others take it from there".to_owned()));
    }
    place(config, &waiting)?;
    // The others of a cluster join after this: their first snapshot is the restored one.
    let alone = StoreConfig {
        peers: config.peers.iter().filter(|peer| peer.id == 1).cloned().collect(),
        snapshot_after: Some(ENTRIES),
        ..config.clone()
    };
    let client = node::start(&alone).await?;
    for _ in 0..ENTRIES * 2 {
        client
            .execute("DELETE FROM applied WHERE id = ?1", vec![hiqlite::Param::Blob(Vec::new())])
            .await
            .map_err(StoreError::Write)?;
    }
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let metrics = client.metrics_db().await.map_err(StoreError::Read)?;
        if metrics.snapshot.is_some() && metrics.purged.is_some() {
            break;
        }
        if tokio::time::Instant::now() >= deadline {
            return Err(StoreError::NotReady(PATIENCE));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    client.shutdown().await.map_err(StoreError::Stop)?;
    sync(&config.database_file())?;
    std::fs::remove_file(&waiting).map_err(|source| StoreError::Prepare { path: waiting.clone(), source })?;
    sync(&config.folder)?;
    tracing::info!("the restored database is in place");
    Ok(true)
}

fn place(config: &StoreConfig, waiting: &Utf8Path) -> StoreResult<()> {
    let machine = config.folder.join("state_machine");
    let database = machine.join("db");
    for old in [&database, &machine.join("snapshots"), &machine.join("lock"), &config.folder.join("logs")] {
        let removed = if old.is_dir() { std::fs::remove_dir_all(old) } else { std::fs::remove_file(old) };
        match removed {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::Prepare { path: old.clone(), source });
            }
            _ => {}
        }
    }
    let target = database.join(FILE_NAME);
    std::fs::create_dir_all(&database)
        .and_then(|()| std::fs::copy(waiting, &target))
        .map_err(|source| StoreError::Prepare { path: target.clone(), source })?;
    sync(&target)
}

pub(crate) fn sync(path: &Utf8PathBuf) -> StoreResult<()> {
    std::fs::File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|source| StoreError::Prepare { path: path.clone(), source })
}
