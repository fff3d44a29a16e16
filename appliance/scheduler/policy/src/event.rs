//! What happens to the dispatcher, and what it decides.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::request::{ReplicaId, Request, RequestId};

/// What a replica's node says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// It works.
    Ok,
    /// It serves what it has and admits nothing new: a fault was reported (XID, heat, memory). What has no first token moves.
    AdmitNothing,
    /// It is taken out on purpose: what it was given ends there, and nothing new comes.
    Draining,
    /// It is no more, and neither is what it was doing.
    Gone,
}

/// What happened. Names of requests or replicas that the dispatcher does not know, and attempts that are over, are ignored:
/// such events are late, not wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A request came.
    Arrival(Request),
    /// Whoever asked has gone.
    Cancel {
        /// Which request.
        request: RequestId,
    },
    /// A replica produced a request's first token: from now on it stays there.
    FirstToken {
        /// Which request.
        request: RequestId,
        /// The attempt named in [`Decision::Dispatch`].
        attempt: u32,
        /// How many of the prompt's tokens the replica found in its cache, where it says so.
        cached_tokens: Option<u32>,
    },
    /// A request is answered.
    Finished {
        /// Which request.
        request: RequestId,
        /// The attempt named in [`Decision::Dispatch`].
        attempt: u32,
        /// Tokens of the answer.
        output_tokens: u32,
    },
    /// A request failed, or the connection to its replica broke.
    Failed {
        /// Which request.
        request: RequestId,
        /// The attempt named in [`Decision::Dispatch`].
        attempt: u32,
        /// Whether the replica is to be suspected (reset, refused or timed-out connection, 5xx) rather than the request.
        replica_suspect: bool,
    },
    /// A replica is there, or its number of slots changed.
    ReplicaJoined {
        /// Which replica.
        replica: ReplicaId,
        /// Requests that it computes at once.
        slots: u32,
        /// Its rate of prefill in tokens per second, where it was measured.
        prefill_rate: Option<f64>,
        /// Blocks that its prefix cache holds, where known.
        cache_blocks: Option<usize>,
    },
    /// A replica's health changed.
    ReplicaHealth {
        /// Which replica.
        replica: ReplicaId,
        /// What it is now.
        health: Health,
    },
    /// A replica's heartbeat came.
    Heartbeat {
        /// Which replica.
        replica: ReplicaId,
    },
    /// Nothing but time has passed: the moment named by `next_wake` is here.
    Wake,
}

/// Why a request comes back from a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawReason {
    /// A call goes first.
    YieldsToCall,
    /// The replica is faulty, silent or suspected.
    ReplicaUnwell,
    /// Whoever asked has gone; it does not come back to the queue.
    Cancelled,
}

/// Why a request is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// Those before it take longer than it can wait.
    #[error("the requests before it take longer than it can wait")]
    DeadlineCannotBeMet,
    /// The class's queue is full.
    #[error("the queue of its class is full")]
    QueueFull,
    /// There is no replica.
    #[error("no replica of the model is there")]
    NoReplica,
    /// Every replica that tried it failed.
    #[error("every replica that tried it failed")]
    ReplicasFailed,
    /// A request of that name is known already.
    #[error("a request of that name is known already")]
    Duplicate,
}

impl Rejection {
    /// Its name in metrics, errors and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DeadlineCannotBeMet => "deadline_cannot_be_met",
            Self::QueueFull => "queue_full",
            Self::NoReplica => "no_replica",
            Self::ReplicasFailed => "replicas_failed",
            Self::Duplicate => "duplicate",
        }
    }
}

/// What is to be done, in this order. The dispatcher takes each for done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Send the request to the replica.
    Dispatch {
        /// Which request.
        request: RequestId,
        /// Where to.
        replica: ReplicaId,
        /// Which attempt this is, from 1; events about it name it.
        attempt: u32,
    },
    /// Abort the request at the replica; unless cancelled it waits here again.
    Withdraw {
        /// Which request.
        request: RequestId,
        /// Where from.
        replica: ReplicaId,
        /// The attempt that ends.
        attempt: u32,
        /// Why.
        reason: WithdrawReason,
    },
    /// Tell whoever asked that it will not be served. The request is over.
    Reject {
        /// Which request.
        request: RequestId,
        /// Why.
        reason: Rejection,
        /// When asking again makes sense.
        retry_after: Duration,
    },
    /// The request was being answered when its replica failed. It is over.
    Lost {
        /// Which request.
        request: RequestId,
        /// Where it was.
        replica: ReplicaId,
    },
}
