//! What is told of a dispatcher, for status pages, metrics and the simulator.

use protocol::Class;
use serde::{Deserialize, Serialize};

use crate::dispatcher::Dispatcher;
use crate::homes::{Homes, liking};
use crate::replica::{Replica, Standing};
use crate::request::{ReplicaId, SessionKey};
use crate::time::Moment;

/// One replica, for a status page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplicaStatus {
    /// Its name.
    pub replica: ReplicaId,
    /// Whether it may be given requests.
    pub standing: Standing,
    /// Requests that it computes at once.
    pub slots: u32,
    /// Requests there that have no first token yet.
    pub reading: usize,
    /// Requests there that have.
    pub streaming: u32,
    /// Its learnt rate of prefill, in tokens per second.
    pub prefill_rate: f64,
    /// Seconds of prefill that it has before it.
    pub busy_secs: f64,
}

impl Dispatcher {
    /// How many of the class wait here.
    #[must_use]
    pub fn waiting(&self, class: Class) -> usize {
        self.queues.len(class)
    }

    /// Requests that are not over.
    #[must_use]
    pub fn open_requests(&self) -> usize {
        self.entries.len()
    }

    /// The present price of work, in weight per thousand tokens of it; zero unless there is too much of it.
    #[must_use]
    pub fn price(&self) -> f64 {
        self.price.now() * 1e3
    }

    /// All replicas, as they are seen.
    #[must_use]
    pub fn replicas(&self) -> Vec<ReplicaStatus> {
        self.seats
            .values()
            .map(|seat| {
                let replica = &self.replicas[*seat];
                ReplicaStatus {
                    replica: replica.id,
                    standing: replica.standing(self.now, &self.config),
                    slots: replica.slots,
                    reading: replica.pending.len(),
                    streaming: replica.streaming,
                    prefill_rate: replica.rates.prefill(),
                    busy_secs: replica.busy_secs(self.now),
                }
            })
            .collect()
    }

    /// Where a session goes whose replica may be given nothing more: its second home, where it is kept warm.
    pub(crate) fn refuge(&self, session: SessionKey, now: Moment) -> Option<usize> {
        let home = self.sessions.home(session)?;
        if self.replicas[home].admits(now) {
            return None;
        }
        let well = (0..self.replicas.len()).filter(|seat| self.replicas[*seat].admits(now));
        well.max_by_key(|seat| liking(session, self.replicas[*seat].id))
    }

    /// Where a session is at home and where it would go next, among the replicas that may be given requests.
    #[must_use]
    pub fn homes(&self, session: SessionKey) -> Homes {
        let mut liked: Vec<&Replica> = self.replicas.iter().filter(|replica| replica.admits(self.now)).collect();
        liked.sort_by_key(|replica| std::cmp::Reverse(liking(session, replica.id)));
        let last = self.sessions.home(session).map(|seat| self.replicas[seat].id);
        let first = liked
            .iter()
            .map(|replica| replica.id)
            .find(|id| Some(*id) == last)
            .or_else(|| liked.first().map(|replica| replica.id));
        Homes { first, second: liked.iter().map(|replica| replica.id).find(|id| Some(*id) != first) }
    }
}
