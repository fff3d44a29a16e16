//! Replays traces of requests against a fleet of replicas under a cost model.
//!
//! The policy under simulation is the very code that serves live (`policy::Dispatcher`), beside those that others use
//! ([`peers`]) and the bound that none can exceed ([`bound`]). Time is simulated: an hour of traffic takes a second or so. The
//! same trace, fleet and seed give the same report.

pub mod bound;
mod cache;
mod choose;
mod cost;
mod engine;
mod fleet;
pub mod peers;
pub mod plot;
mod report;
pub mod run;
mod scheduler;
pub mod size;
mod spec;
pub mod trace;

pub use choose::{POLICIES, Scenario, UnknownPolicy, ceiling, simulate};
pub use cost::{CostModel, PROFILES, Profile};
pub use fleet::{Fault, FaultKind, Fleet, FleetError, Group};
pub use report::{ClassReport, Goodput, Percentiles, Report, class_names};
pub use scheduler::Scheduler;
pub use spec::TraceSpec;
