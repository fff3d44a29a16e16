//! Commits: what is written at once goes to the disk at once.
//!
//! The log syncs once per entry. While one entry is on its way, whatever else is handed in waits and goes together in the
//! next, so that many writers share a sync. Transactions that went together and failed are told apart by trying again
//! without the one that failed, and in the end one by one: each has its own fate, as if it had gone alone.

use std::time::Duration;

use hiqlite::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::error::{StoreError, StoreResult};
use crate::node::MAX_ENTRY_BYTES;
use crate::store::{Store, WeakStore};
use crate::write::Write;

/// How many transactions wait at most; further writers wait to be let in.
const WAITING: usize = 1024;

/// How many go together at most, and how large they get together: a follower applies them as one.
const TOGETHER: usize = 32;
const TOGETHER_BYTES: usize = MAX_ENTRY_BYTES / 4;

/// How long the first attempt waits for another server to acknowledge; each further one waits twice as long.
const FIRST_PATIENCE: Duration = Duration::from_millis(750);

/// How long a writer waits for his own server to have what the leader acknowledged; a server that lags more answers from
/// the past until it has caught up.
const READ_OWN: Duration = Duration::from_millis(500);

/// A transaction and who waits for it.
struct Job {
    write: Write,
    done: oneshot::Sender<StoreResult<()>>,
}

/// Where transactions are handed in.
pub(crate) struct Commits(mpsc::Sender<Job>);

/// The other end: what [`run`] works on.
pub(crate) struct Inbox(mpsc::Receiver<Job>);

pub(crate) fn channel() -> (Commits, Inbox) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Commits(sender), Inbox(receiver))
}

/// Commits what is handed in until the store is gone.
pub(crate) async fn run(store: WeakStore, mut inbox: Inbox) {
    let mut next: Option<Job> = None;
    loop {
        let first = match next.take() {
            Some(job) => job,
            None => match inbox.0.recv().await {
                Some(job) => job,
                None => return,
            },
        };
        let mut bytes = first.write.bytes();
        let mut jobs = vec![first];
        while jobs.len() < TOGETHER
            && let Ok(job) = inbox.0.try_recv()
        {
            if bytes + job.write.bytes() > TOGETHER_BYTES {
                next = Some(job);
                break;
            }
            bytes += job.write.bytes();
            jobs.push(job);
        }
        let Some(store) = store.upgrade() else { return };
        store.commit(jobs).await;
    }
}

/// What became of one attempt.
enum Attempt {
    Done,
    /// It may have been applied or not; the same transaction can be sent again.
    Unclear(Error),
    /// A required statement found no row.
    Lost {
        statement: usize,
        what: &'static str,
    },
    Failed(StoreError),
}

impl Store {
    /// Applies `write` durably, once, repeating it over a change of leader.
    pub(crate) async fn apply(&self, write: Write) -> StoreResult<()> {
        if write.bytes() > MAX_ENTRY_BYTES {
            return Err(StoreError::TooLarge { bytes: write.bytes(), limit: MAX_ENTRY_BYTES });
        }
        let id = write.id();
        let (done, result) = oneshot::channel();
        let closed = || StoreError::Unacknowledged(Error::Error("the database is closed".into()));
        self.commits().0.send(Job { write, done }).await.map_err(|_| closed())?;
        result.await.map_err(|_| closed())??;
        self.read_own(id).await;
        Ok(())
    }

    async fn commit(&self, mut jobs: Vec<Job>) {
        // Those that failed in company: they come after the others, each by itself.
        let mut alone = Vec::new();
        while jobs.len() > 1 && alone.len() < 2 {
            let mut together = Write::new();
            let mut starts = Vec::with_capacity(jobs.len());
            for job in &jobs {
                starts.push(together.len());
                together.append(&job.write);
            }
            match self.submit(&together).await {
                Ok(()) => jobs.drain(..).for_each(|job| tell(job, Ok(()))),
                Err(Refusal::Lost { statement, .. }) => {
                    let failed = starts.partition_point(|start| *start <= statement).saturating_sub(1);
                    alone.push(jobs.remove(failed));
                }
                // Nobody answers: to try each by itself would only make all wait longer.
                Err(Refusal::Other(StoreError::Unacknowledged(error))) => {
                    let text = error.to_string();
                    for job in jobs.into_iter().chain(alone) {
                        tell(job, Err(StoreError::Unacknowledged(Error::Timeout(text.clone()))));
                    }
                    return;
                }
                Err(Refusal::Other(_)) => break,
            }
        }
        for job in jobs.into_iter().chain(alone) {
            let result = match self.submit(&job.write).await {
                Ok(()) => Ok(()),
                Err(Refusal::Lost { what, .. }) => Err(StoreError::Lost(what)),
                Err(Refusal::Other(error)) => Err(error),
            };
            tell(job, result);
        }
        self.wake_followers();
    }

    /// Sends `write` until it is clear what became of it.
    async fn submit(&self, write: &Write) -> Result<(), Refusal> {
        let deadline = Instant::now() + self.write_timeout();
        let mut patience = FIRST_PATIENCE;
        loop {
            let last = match self.attempt(write, patience).await {
                Attempt::Done => return Ok(()),
                Attempt::Lost { statement, what } => return Err(Refusal::Lost { statement, what }),
                Attempt::Failed(error) => return Err(Refusal::Other(error)),
                Attempt::Unclear(error) => error,
            };
            if Instant::now() >= deadline {
                return Err(Refusal::Other(StoreError::Unacknowledged(last)));
            }
            tracing::debug!(error = %last, "a write was not acknowledged; sending it again");
            patience = if matches!(last, Error::LeaderChange(_)) { FIRST_PATIENCE } else { patience * 2 };
            self.find_leader().await;
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    async fn attempt(&self, write: &Write, patience: Duration) -> Attempt {
        // What this server writes itself it only waits for: its log may be busy with a snapshot.
        let patience = if self.client().is_leader_db().await { self.write_timeout() } else { patience };
        let result = tokio::select! {
            result = self.client().txn(write.statements()) => result,
            // What the old leader had in flight would only fail by a long timeout.
            () = self.leader_changes() => return Attempt::Unclear(Error::LeaderChange("the leader changed".into())),
            () = tokio::time::sleep(patience) => {
                return Attempt::Unclear(Error::Timeout("no acknowledgement in time".to_owned()));
            }
        };
        match result {
            Ok(rows) => match rows.into_iter().find_map(Result::err) {
                None => Attempt::Done,
                Some(error) => Attempt::Failed(StoreError::Write(error)),
            },
            Err(Error::QueryParams(message)) => match write.lost(&message) {
                Some((statement, what)) => Attempt::Lost { statement, what },
                None => Attempt::Failed(StoreError::Write(Error::QueryParams(message))),
            },
            Err(Error::Transaction(message)) => match clash(&message) {
                Some("applied.id") => Attempt::Done,
                Some(columns) => Attempt::Failed(StoreError::Clash(columns.to_owned())),
                None => Attempt::Failed(StoreError::Write(Error::Transaction(message))),
            },
            Err(error @ (Error::PrepareStatement(_) | Error::Sqlite(_) | Error::ConstraintViolation(_))) => {
                Attempt::Failed(StoreError::Write(error))
            }
            // Connection, election, timeout, shutdown of the leader: the next attempt tells.
            Err(error) => Attempt::Unclear(error),
        }
    }

    /// On a server that follows, the leader acknowledges before this server's own copy has the transaction, mostly by some
    /// milliseconds. Waiting for it lets whoever wrote here read here what he wrote.
    async fn read_own(&self, id: uuid::Uuid) {
        if !self.config().is_cluster() {
            return;
        }
        let deadline = Instant::now() + READ_OWN;
        while Instant::now() < deadline {
            let here = self.read("SELECT id FROM applied WHERE id = ?1", vec![id.into()], |row| row.uuid("id")).await;
            if here.is_ok_and(|here| !here.is_empty()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }
}

/// Why a transaction was not applied.
enum Refusal {
    Lost { statement: usize, what: &'static str },
    Other(StoreError),
}

fn tell(job: Job, result: StoreResult<()>) {
    // Whoever gave up waiting does not hear it.
    let _ = job.done.send(result);
}

/// The columns of a violated uniqueness in SQLite's words: `UNIQUE constraint failed: cases.reference`.
fn clash(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("UNIQUE constraint failed: ")?;
    rest.split(['"', ')']).next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlites_words_for_a_clash_are_understood() {
        let message = "Connect: constraint failed Some(\"UNIQUE constraint failed: turns.conversation, turns.key\")";
        assert_eq!(clash(message), Some("turns.conversation, turns.key"));
        assert_eq!(clash("no such table: x"), None);
    }
}
