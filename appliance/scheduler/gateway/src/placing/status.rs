//! What is told of the placement to those who operate the cluster.

use std::collections::BTreeSet;

use placement::{Action, Because, Plan};
use serde::{Deserialize, Serialize};

/// The placement as a server sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementStatus {
    /// How many models the catalogue has; with none, nothing is placed.
    pub models: usize,
    /// Whether this server carries the plan out: the one that dispatches does.
    pub acting: bool,
    /// Nodes that are drained.
    pub drained: BTreeSet<String>,
    /// The plan; none before the nodes were heard.
    pub plan: Option<Plan>,
    /// What is still to be done, in the plan's order; empty when everything lies as it should.
    pub pending: Vec<PendingStep>,
    /// Nodes that are left alone with a model for a while, for it failed to load there.
    pub refusals: Vec<RefusedModel>,
    /// What else is to be known of the plan, each in a sentence.
    pub remarks: Vec<String>,
}

/// A step that is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingStep {
    /// What.
    pub action: Action,
    /// With which model.
    pub model: String,
    /// On which node.
    pub node: String,
    /// On which of its GPUs.
    pub gpu: u32,
    /// Why.
    pub because: Because,
    /// Where it stands.
    pub state: StepState,
    /// Whether nobody serves the model until its next load is done.
    pub interrupts: bool,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum StepState {
    /// Others come first, or this server does not carry the plan out.
    Waiting,
    /// Requests under way finish before the model is unloaded.
    Emptying {
        /// For so long, in seconds.
        seconds: u64,
    },
    /// The node is at it.
    Begun {
        /// For so long, in seconds.
        seconds: u64,
    },
}

/// A node that is left alone with a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedModel {
    /// The model.
    pub model: String,
    /// The node.
    pub node: String,
    /// Why.
    pub reason: String,
    /// For so many seconds still.
    pub seconds: u64,
}
