//! Promises to ring somebody, durable. One server dials: it holds a lease, and what it takes it takes under the lease's epoch.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::call_back::{CallBack, CallBackState};
use crate::ids::{CallBackId, CallId, CaseId, DepartmentId, IdempotencyKey, OperatorId};
use crate::ports::PortResult;

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempted {
    /// The citizen was reached.
    Kept,
    /// Again at this moment.
    Again(Timestamp),
    /// No more attempts: the case is raised by a level, so that a person sees to it.
    GivenUp,
}

/// What a list of call-backs is to hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallBackFilter {
    /// Only those still owed, by what is promised first; else also the others, newest first.
    pub open: bool,
    /// Only those of these departments; `None`: all.
    pub departments: Option<Vec<DepartmentId>>,
    /// Only those of this case.
    pub case: Option<CaseId>,
    /// At most so many.
    pub limit: u32,
}

/// Promises to ring somebody. Every write is one transaction with its journal row.
#[async_trait]
pub trait CallBacks: Send + Sync {
    /// Keeps a promise; with the same key again it changes nothing and returns what stands.
    async fn promise(&self, call_back: CallBack, key: IdempotencyKey) -> PortResult<CallBack>;

    /// The promise called `id`.
    async fn call_back(&self, id: CallBackId) -> PortResult<CallBack>;

    /// What is to be dialled at `now`, the longest due first: what waits, and what a dialler took and never settled.
    async fn due(&self, now: Timestamp, limit: u32) -> PortResult<Vec<CallBack>>;

    /// Takes it to be dialled as `call`, until `until` at the latest; counts an attempt.
    ///
    /// # Errors
    /// `Conflict` when it is no longer at `version`; `Refused` when the lease of `epoch` has gone to another server.
    async fn take(
        &self,
        id: CallBackId,
        version: u64,
        epoch: u64,
        call: CallId,
        until: Timestamp,
    ) -> PortResult<CallBack>;

    /// Says what became of the attempt that `take` returned at `version`.
    ///
    /// # Errors
    /// `Conflict` when it is no longer at `version`: another has settled it or taken it over.
    async fn settle(&self, id: CallBackId, version: u64, outcome: Attempted) -> PortResult<CallBack>;

    /// An operator wants it dialled now, and the citizen connected to him.
    ///
    /// # Errors
    /// `Conflict` when it is no longer at `version`; `Refused` when it is being dialled, or no longer owed.
    async fn dial_now(&self, id: CallBackId, version: u64, by: OperatorId) -> PortResult<CallBack>;

    /// It is no longer needed.
    ///
    /// # Errors
    /// As [`CallBacks::dial_now`].
    async fn cancel(&self, id: CallBackId, version: u64, by: OperatorId) -> PortResult<CallBack>;

    /// Call-backs that fit `filter`.
    async fn list(&self, filter: CallBackFilter) -> PortResult<Vec<CallBack>>;
}

/// Checks that an operator may change a call-back that stands so.
///
/// # Errors
/// `Refused` with the reason.
pub fn check_operator_may_change(state: CallBackState) -> PortResult<()> {
    match state {
        CallBackState::Waiting => Ok(()),
        CallBackState::Dialling => Err(crate::ports::PortError::Refused("the citizen is being dialled".to_owned())),
        CallBackState::Kept | CallBackState::GivenUp | CallBackState::Cancelled => {
            Err(crate::ports::PortError::Refused("the call-back is no longer owed".to_owned()))
        }
    }
}
