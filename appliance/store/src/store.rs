//! The database of one server: opened, asked, told whether it is ready, closed.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use desk::journal::{Actor, Event, NewEntry};
use desk::ports::time::{SystemTime, TimeSource};
use hiqlite::macros::embed::*;
use hiqlite::{Client, Params, Row};
use jiff::Timestamp;
use tokio_util::task::AbortOnDropHandle;

use crate::columns::Columns;
use crate::commit::Commits;
use crate::config::StoreConfig;
use crate::error::{StoreError, StoreResult};
use crate::journal::tail::Tail;
use crate::write::Write;
use crate::{commit, journal, node, restored};

/// How long a server that starts may take until it has what was acknowledged before.
const CATCH_UP: Duration = Duration::from_secs(300);

/// The schema, one file per step; each is applied once, in order.
#[derive(Embed)]
#[folder = "migrations"]
struct Migrations;

/// The database of this server. Clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    config: StoreConfig,
    clock: Arc<dyn TimeSource>,
    commits: Commits,
    tail: Tail,
    tailing: tokio::sync::Mutex<Option<AbortOnDropHandle<()>>>,
}

/// A store that does not keep itself open.
pub(crate) struct WeakStore(std::sync::Weak<Inner>);

impl WeakStore {
    pub(crate) fn upgrade(&self) -> Option<Store> {
        self.0.upgrade().map(|inner| Store { inner })
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Store").field("folder", &self.inner.config.folder).finish_non_exhaustive()
    }
}

/// How this server stands in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    /// This server's number.
    pub node: u64,
    /// Who leads; `None` during an election.
    pub leader: Option<u64>,
    /// Whether writes can be acknowledged: somebody leads, and this server follows or leads.
    pub ready: bool,
    /// The election in which the leader won.
    pub term: u64,
    /// The last log entry here.
    pub log: u64,
    /// The last log entry that the database here holds.
    pub applied: u64,
    /// The servers that vote.
    pub voters: Vec<u64>,
}

impl Store {
    /// Opens the database in the configured folder; it is made if it is not there. Returns once there is a leader and the
    /// schema is up to date. The folder must not be open already: a second opener panics.
    ///
    /// # Errors
    /// [`StoreError`] says which step failed.
    pub async fn open(config: StoreConfig) -> Result<Self, StoreError> {
        Self::open_at(config, Arc::new(SystemTime)).await
    }

    /// As [`Store::open`], with another source of time.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_at(config: StoreConfig, clock: Arc<dyn TimeSource>) -> Result<Self, StoreError> {
        config.check()?;
        let restored = restored::settle(&config).await?;
        let client = node::start(&config).await?;
        migrate(&client, config.write_timeout()).await?;
        let (commits, inbox) = commit::channel();
        let store = Self {
            inner: Arc::new(Inner {
                client,
                config,
                clock,
                commits,
                tail: Tail::new(),
                tailing: tokio::sync::Mutex::new(None),
            }),
        };
        // It ends with the store, when nobody can hand in anything any more.
        tokio::spawn(commit::run(store.downgrade(), inbox));
        store.catch_up().await?;
        let tailing = journal::tail::start(&store).await?;
        *store.inner.tailing.lock().await = Some(tailing);
        if restored {
            let mut write = Write::new();
            write.journal(NewEntry::new(Actor::System, Event::Restored), store.now())?;
            store.apply(write).await?;
        }
        Ok(store)
    }

    /// Waits until this server has what was acknowledged before it started: a node leads or follows while it still applies
    /// its log. A transaction of nothing but its own mark comes after all that, and once it is here, so is the rest.
    async fn catch_up(&self) -> StoreResult<()> {
        let deadline = tokio::time::Instant::now() + CATCH_UP;
        let mark = loop {
            let mark = Write::new();
            let id = mark.id();
            match self.apply(mark).await {
                Ok(()) => break id,
                Err(error) if tokio::time::Instant::now() >= deadline => return Err(error),
                Err(_) => {}
            }
        };
        loop {
            let here =
                self.read("SELECT id FROM applied WHERE id = ?1", vec![mark.into()], |row| row.uuid("id")).await?;
            if !here.is_empty() {
                return Ok(());
            }
            if tokio::time::Instant::now() >= deadline {
                return Err(StoreError::NotReady(CATCH_UP));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Stops the node in order, so that the next start need not rebuild the database. In a cluster this takes about ten
    /// seconds, in which the others learn of it.
    ///
    /// # Errors
    /// [`StoreError::Stop`] when it could not; nothing acknowledged is lost by that.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.tailing.lock().await.take();
        self.inner.client.shutdown().await.map_err(StoreError::Stop)?;
        // The node writes its database without waiting for the disk, since the log has everything. After an orderly stop
        // the database itself counts, so it must be on the disk.
        let file = self.inner.config.database_file();
        tokio::task::spawn_blocking(move || {
            std::fs::File::open(&file)
                .and_then(|file| file.sync_all())
                .map_err(|source| StoreError::Prepare { path: file, source })
        })
        .await
        .unwrap_or(Ok(()))
    }

    /// How this server stands in the cluster.
    ///
    /// # Errors
    /// [`StoreError::Read`] when the node has stopped.
    pub async fn health(&self) -> Result<Health, StoreError> {
        let metrics = self.inner.client.metrics_db().await.map_err(StoreError::Read)?;
        Ok(Health {
            node: metrics.id,
            leader: metrics.current_leader,
            ready: self.inner.client.is_healthy_db().await.is_ok(),
            term: metrics.current_term,
            log: metrics.last_log_index.unwrap_or(0),
            applied: metrics.last_applied.map_or(0, |id| id.index),
            voters: metrics.membership_config.membership().voter_ids().collect(),
        })
    }

    /// Waits until writes can be acknowledged and this server has caught up.
    ///
    /// # Errors
    /// [`StoreError::NotReady`] when that took longer than `timeout`.
    pub async fn wait_until_ready(&self, timeout: Duration) -> Result<(), StoreError> {
        let ready = async {
            while !self.health().await.is_ok_and(|health| health.ready && health.applied + 100 >= health.log) {
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            if self.inner.config.is_cluster() {
                self.inner.client.wait_for_cluster_sync().await;
            }
        };
        tokio::time::timeout(timeout, ready).await.map_err(|_| StoreError::NotReady(timeout))
    }

    /// The configuration that it was opened with.
    #[must_use]
    pub fn config(&self) -> &StoreConfig {
        &self.inner.config
    }

    pub(crate) fn downgrade(&self) -> WeakStore {
        WeakStore(Arc::downgrade(&self.inner))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.inner.client
    }

    pub(crate) fn commits(&self) -> &Commits {
        &self.inner.commits
    }

    pub(crate) fn tail(&self) -> &Tail {
        &self.inner.tail
    }

    pub(crate) fn write_timeout(&self) -> Duration {
        self.inner.config.write_timeout()
    }

    pub(crate) fn wake_followers(&self) {
        self.inner.tail.wake();
    }

    /// Rows as this server has them; in a cluster they may be some milliseconds old, so whatever decides on them is checked
    /// again in the write.
    pub(crate) async fn read<T: Send>(
        &self,
        sql: impl Into<Cow<'static, str>> + Send,
        params: Params,
        map: impl Fn(&mut Columns<'_, '_>) -> StoreResult<T> + Send + Sync,
    ) -> StoreResult<Vec<T>> {
        let rows = self.inner.client.query_raw(sql.into(), params).await.map_err(StoreError::Read)?;
        map_rows(rows, &map)
    }

    /// Rows as the leader has them now: after one's own write, or after a lost compare-and-swap. Costs a round trip on a
    /// server that follows. The leader has applied whatever it acknowledged or refused before, and so looks at its own copy.
    pub(crate) async fn read_latest<T: Send>(
        &self,
        sql: impl Into<Cow<'static, str>> + Send,
        params: Params,
        map: impl Fn(&mut Columns<'_, '_>) -> StoreResult<T> + Send + Sync,
    ) -> StoreResult<Vec<T>> {
        let sql = sql.into();
        let deadline = tokio::time::Instant::now() + self.write_timeout();
        let mut patience = Duration::from_millis(750);
        loop {
            if !self.inner.config.is_cluster() || self.inner.client.is_leader_db().await {
                return self.read(sql, params, map).await;
            }
            // Mapped at once: hiqlite's rows may not wait beside an await.
            let question = self.inner.client.query_consistent(sql.clone(), params.clone());
            let answer = tokio::select! {
                answer = async { question.await.map(|rows| map_rows(rows, &map)) } => answer,
                () = self.leader_changes() => Err(hiqlite::Error::LeaderChange("the leader changed".into())),
                () = tokio::time::sleep(patience) => Err(hiqlite::Error::Timeout("no answer in time".to_owned())),
            };
            match answer {
                Ok(rows) => return rows,
                Err(error) if tokio::time::Instant::now() >= deadline => return Err(StoreError::Read(error)),
                Err(_) => {
                    patience *= 2;
                    self.find_leader().await;
                    tokio::time::sleep(Duration::from_millis(25)).await;
                }
            }
        }
    }

    /// Returns when another server leads than at the call, or another term began.
    pub(crate) async fn leader_changes(&self) {
        if !self.inner.config.is_cluster() {
            return std::future::pending().await;
        }
        let before = self.leadership().await;
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let now = self.leadership().await;
            if now != before && now.is_some() {
                return;
            }
        }
    }

    async fn leadership(&self) -> Option<(u64, u64)> {
        let metrics = self.inner.client.metrics_db().await.ok()?;
        metrics.current_leader.map(|leader| (leader, metrics.current_term))
    }

    /// Lets the client take note of the leader that this server knows of; by itself it does so only after a failed
    /// connection and a second's wait. Its connection to a killed leader swallows two messages before it notices: they are
    /// questions of ours here, so that no write is held up by it.
    pub(crate) async fn find_leader(&self) {
        if !self.inner.config.is_cluster() {
            return;
        }
        let client = &self.inner.client;
        let _ = client.wait_for_cluster_sync_timeout(Duration::from_millis(100)).await;
        for _ in 0..3 {
            let question = client.query_consistent("SELECT 1", Params::new());
            if client.is_leader_db().await
                || matches!(tokio::time::timeout(Duration::from_millis(30), question).await, Ok(Ok(_)))
            {
                return;
            }
        }
    }
}

fn map_rows<T>(rows: Vec<Row<'_>>, map: impl Fn(&mut Columns<'_, '_>) -> StoreResult<T>) -> StoreResult<Vec<T>> {
    rows.into_iter().map(|mut row| map(&mut Columns(&mut row))).collect()
}

/// Brings the schema up to date. Several servers of a new cluster may try at once, and there may be an election meanwhile.
async fn migrate(client: &Client, timeout: Duration) -> StoreResult<()> {
    let deadline = tokio::time::Instant::now() + timeout;
    loop {
        match client.try_migrate::<Migrations>().await {
            Ok(()) => return Ok(()),
            Err(error) if tokio::time::Instant::now() >= deadline => return Err(StoreError::Migrate(error)),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
