//! Cases, their registry numbers and what the watchdog needs of them.

use async_trait::async_trait;

use crate::case::Case;
use crate::ids::{CaseId, ContactId, DepartmentId, OperatorId};
use crate::journal::{Actor, Event};
use crate::ports::PortResult;
use crate::reference::Reference;
use crate::registry::{RegistryEntry, RegistryNumber};
use crate::watchdog::Watched;

/// What a list of cases is to hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaseFilter {
    /// Only those of these departments; `None`: all.
    pub departments: Option<Vec<DepartmentId>>,
    /// Only those of this operator.
    pub assignee: Option<OperatorId>,
    /// Only those of this citizen.
    pub contact: Option<ContactId>,
    /// Only open ones.
    pub open: bool,
    /// At most so many, by priority, then by what is due first.
    pub limit: u32,
}

/// Cases, durable.
#[async_trait]
pub trait Cases: Send + Sync {
    /// The case called `id`.
    async fn case(&self, id: CaseId) -> PortResult<Case>;

    /// The case with that reference.
    async fn by_reference(&self, reference: Reference) -> PortResult<Case>;

    /// Cases that fit `filter`.
    async fn list(&self, filter: CaseFilter) -> PortResult<Vec<Case>>;

    /// Writes `case` as it now stands, if its stored version is still `case.version`; the new version is one more.
    /// `mark` keeps the watchdog from doing the same twice.
    ///
    /// # Errors
    /// `Conflict` when somebody was faster; `Refused` when its state may not follow the stored one.
    async fn update(&self, case: Case, actor: Actor, event: Event, mark: Option<String>) -> PortResult<Case>;

    /// Gives the case its number; a repeated call gives the same number, and a failed one burns none.
    async fn register(&self, entry: RegistryEntry, actor: Actor) -> PortResult<RegistryNumber>;

    /// Every open case with its conversation, at most `limit`, those due first.
    async fn watched(&self, limit: u32) -> PortResult<Vec<Watched>>;
}
