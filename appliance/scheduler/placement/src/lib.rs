//! Which model runs on which GPUs: a pure function from what is there to a plan that says why.
//!
//! [`plan()`] takes a [`Snapshot`] of the catalogue, the machines and the demand, and gives a [`Plan`]: where every replica lies,
//! the [`Step`]s that lead there, what finds no place and what would help, and for each model and node why it lies there or
//! does not. [`Planner`] takes the same decisions one [`Event`] at a time, each in time that depends on what changed.
//!
//! What holds, whatever comes (each is a property test):
//! - No GPU is oversold, at the end or at any step on the way: reservations never exceed what is left beside foreign programs
//!   and a margin. Memory that the planner did not give is foreign, whoever holds it.
//! - What lies well stays. Only a hard rule moves a replica (health, drain, memory taken away, a model's minimum), or a gain
//!   above a threshold after a time of rest. A snapshot that is planned again unchanged moves nothing.
//! - Replicas of a model lie on different nodes where possible, on different GPUs always.
//! - The same input gives the same plan, in whatever order nodes and models are listed.
//!
//! Rejected: an integer program (exact, but its time has no bound, it explains nothing, and a small change of input may turn
//! the whole fleet over); scoring every node for every replica as cluster schedulers do (weights that trade spreading against
//! packing against stickiness hold for the fleet they were tuned on); ordered rules are dull, fast, and can be told to a person.

mod catalogue;
mod cover;
mod fleet;
mod names;
mod plan;
mod planner;
mod rank;
mod room;
mod settings;
mod settle;
mod snapshot;
mod steps;
mod targets;
mod unplaced;
mod why;

pub use catalogue::{CatalogueError, Model, Shape, Want};
pub use names::{ModelId, NodeName, Slot};
pub use plan::{Assignment, Plan, plan};
pub use planner::{Event, Planner};
pub use settings::Settings;
pub use snapshot::{Demand, Gpu, Node, Replica, Snapshot, SnapshotError, Target, Used};
pub use steps::{Action, Because, Step};
pub use targets::targets;
pub use unplaced::{Help, Unplaced};
pub use why::{Reason, Verdict};
