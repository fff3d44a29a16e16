//! Leases for what must be single: held by one server at a time, each change of holder with a higher epoch.
//!
//! The epoch is what protects: every write that only the holder may do carries it and is refused once it is old, however
//! long a server slept or how wrong its clock is.

use std::time::Duration;

use desk::journal::{Actor, Event, NewEntry};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::columns;
use crate::error::StoreError;
use crate::store::Store;
use crate::write::Write;

/// The lease under which citizens are rung back.
pub const CALL_BACK_LEASE: &str = "call_backs";
/// The telephone as trunks and desk phones know it: the server that registers.
pub const TELEPHONE_LEASE: &str = "telephone";
/// The lease under which requests to the models are dispatched.
pub const DISPATCHER_LEASE: &str = "dispatcher";
/// The lease under which the outbox is sent.
pub const OUTBOX_LEASE: &str = "outbox";
/// The lease under which the journal is sealed.
pub const SEALER_LEASE: &str = "sealer";
/// The lease under which the watchdog runs.
pub const WATCHDOG_LEASE: &str = "watchdog";

/// A lease as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Who holds it: a server's number and the run of its program.
    pub holder: String,
    /// Counts the changes of holder.
    pub epoch: u64,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Proof of holding a lease, carried by the writes that only its holder may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    name: String,
    epoch: u64,
}

impl Fence {
    /// The proof that the lease called `name` was held in `epoch`; whether it still is, each write finds out.
    #[must_use]
    pub fn new(name: impl Into<String>, epoch: u64) -> Self {
        Self { name: name.into(), epoch }
    }

    /// The epoch in which the lease was held.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn require(&self, write: &mut Write) {
        write.require(
            "the lease",
            "SELECT epoch FROM leases WHERE name = ?1 AND epoch = ?2",
            vec![self.name.clone().into(), columns::count(self.epoch)],
        );
    }
}

impl Lease {
    /// The proof of holding it.
    #[must_use]
    pub fn fence(&self) -> Fence {
        Fence::new(self.name.clone(), self.epoch)
    }
}

/// Leases, durable.
#[derive(Debug, Clone)]
pub struct Leases {
    store: Store,
}

impl Store {
    /// The leases.
    #[must_use]
    pub fn leases(&self) -> Leases {
        Leases { store: self.clone() }
    }
}

impl Leases {
    /// Takes or renews the lease for `holder`, until `now` + `term`. `None` while another holds it.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn acquire(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        term: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let expires_at = now.checked_add(term).unwrap_or(Timestamp::MAX);
        let seen = match self.stands(name, false).await? {
            Some(lease) if lease.holder != holder && lease.expires_at > now => return Ok(None),
            seen => seen,
        };
        let lease = |epoch| Lease { name: name.to_owned(), holder: holder.to_owned(), epoch, expires_at };
        let mut write = Write::new();
        let epoch = match seen {
            Some(seen) if seen.holder == holder => {
                write.require(
                    "the lease",
                    "UPDATE leases SET expires_at = ?4 WHERE name = ?1 AND holder = ?2 AND epoch = ?3 RETURNING epoch",
                    vec![name.into(), holder.into(), columns::count(seen.epoch), columns::time(expires_at)],
                );
                seen.epoch
            }
            seen => {
                let before = seen.map_or(0, |seen| seen.epoch);
                write.run(
                    "INSERT INTO leases (name, holder, epoch, expires_at) VALUES (?1, '', 0, 0) ON CONFLICT DO NOTHING",
                    vec![name.into()],
                );
                write.require(
                    "the lease",
                    "UPDATE leases SET holder = ?2, epoch = epoch + 1, expires_at = ?4
                     WHERE name = ?1 AND epoch = ?3 AND expires_at <= ?5 RETURNING epoch",
                    vec![
                        name.into(),
                        holder.into(),
                        columns::count(before),
                        columns::time(expires_at),
                        columns::time(now),
                    ],
                );
                let entry = NewEntry::new(Actor::System, Event::LeaseTaken)
                    .subject(name)
                    .detail(format!("epoch={} holder={holder}", before + 1));
                write.journal(entry, now)?;
                before + 1
            }
        };
        match self.store.apply(write).await {
            Ok(()) => Ok(Some(lease(epoch))),
            Err(StoreError::Lost(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives the lease back, so that another need not wait for its end. The epoch stays.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer; then it simply runs out.
    pub async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut write = Write::new();
        write.run(
            "UPDATE leases SET holder = '', expires_at = 0 WHERE name = ?1 AND holder = ?2 AND epoch = ?3",
            vec![lease.name.clone().into(), lease.holder.clone().into(), columns::count(lease.epoch)],
        );
        self.store.apply(write).await
    }

    /// The lease as it stands, if it was ever held.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn lease(&self, name: &str) -> Result<Option<Lease>, StoreError> {
        self.stands(name, true).await
    }

    /// The lease as this server last heard of it: cheaper than [`Leases::lease`], and perhaps old.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn last_known(&self, name: &str) -> Result<Option<Lease>, StoreError> {
        self.stands(name, false).await
    }

    async fn stands(&self, name: &str, latest: bool) -> Result<Option<Lease>, StoreError> {
        let sql = "SELECT name, holder, epoch, expires_at FROM leases WHERE name = ?1";
        let map = |row: &mut columns::Columns<'_, '_>| {
            Ok(Lease {
                name: row.text("name")?,
                holder: row.text("holder")?,
                epoch: row.count("epoch")?,
                expires_at: row.time("expires_at")?,
            })
        };
        let rows = if latest {
            self.store.read_latest(sql, vec![name.into()], map).await?
        } else {
            self.store.read(sql, vec![name.into()], map).await?
        };
        Ok(rows.into_iter().next())
    }

    /// Tries to hold the lease called `name` for as long as the keeper lives, renewing it three times per `term`.
    #[must_use]
    pub fn keep(&self, name: impl Into<String>, holder: impl Into<String>, term: Duration) -> LeaseKeeper {
        let (sender, receiver) = watch::channel(None);
        let stop = CancellationToken::new();
        let task = keep(self.clone(), name.into(), holder.into(), term, sender, stop.clone());
        LeaseKeeper { held: receiver, stop, task: AbortOnDropHandle::new(tokio::spawn(task)) }
    }
}

/// Holds a lease, or waits for it, in a task of its own.
#[derive(Debug)]
pub struct LeaseKeeper {
    held: watch::Receiver<Option<Lease>>,
    stop: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl LeaseKeeper {
    /// The lease while it is held. Once it is `None`, whatever needs it must stop: another server may go on.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Option<Lease>> {
        self.held.clone()
    }

    /// The lease, if it is held now.
    #[must_use]
    pub fn held(&self) -> Option<Lease> {
        self.held.borrow().clone()
    }

    /// Gives the lease back and ends.
    pub async fn release(self) {
        self.stop.cancel();
        // A task that panicked holds nothing any more.
        let _ = self.task.await;
    }
}

async fn keep(
    leases: Leases,
    name: String,
    holder: String,
    term: Duration,
    held: watch::Sender<Option<Lease>>,
    stop: CancellationToken,
) {
    let pause = term / 3;
    // By this server's own steady clock, whatever its wall clock does meanwhile.
    let mut until = Instant::now();
    loop {
        let asked = Instant::now();
        let answer = tokio::select! {
            answer = leases.acquire(&name, &holder, leases.store.now(), term) => answer,
            // Not renewed in time: others may have it from here on, so it counts as lost before the answer comes.
            () = tokio::time::sleep_until(until), if held.borrow().is_some() => {
                held.send_replace(None);
                continue;
            }
            () = stop.cancelled() => break,
        };
        match answer {
            Ok(lease) => {
                until = asked + term;
                held.send_if_modified(|now| {
                    let changed = now.as_ref().map(Lease::fence) != lease.as_ref().map(Lease::fence);
                    *now = lease;
                    changed
                });
            }
            Err(error) => {
                tracing::warn!(lease = name, error = &error as &dyn std::error::Error, "cannot renew a lease");
                if Instant::now() >= until {
                    held.send_replace(None);
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => break,
        }
    }
    let last = held.send_replace(None);
    if let Some(lease) = last
        && let Err(error) = leases.release(&lease).await
    {
        tracing::debug!(lease = name, error = &error as &dyn std::error::Error, "a lease runs out by itself");
    }
}
