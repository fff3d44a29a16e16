//! What is told of the placement to those who operate the cluster.

use std::collections::BTreeSet;
use std::fmt;

use placement::{Action, Because, Plan};
use protocol::Class;
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
    /// How many replicas of each model are aimed at, for each class that wants some.
    #[serde(default)]
    pub aims: Vec<ReplicaAim>,
    /// The plan; none before the nodes were heard.
    pub plan: Option<Plan>,
    /// What is still to be done, in the plan's order; empty when everything lies as it should.
    pub pending: Vec<PendingStep>,
    /// Nodes that are left alone with a model for a while, for it failed to load there.
    pub refusals: Vec<RefusedModel>,
    /// What else is to be known of the plan, each in a sentence.
    pub remarks: Vec<String>,
}

/// How many replicas of a model are aimed at for a class, and what calls for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaAim {
    /// The model.
    pub model: String,
    /// The class.
    pub class: Class,
    /// Replicas that the class would have kept busy of late, in thousandths; none while that is not known.
    pub busy_thousandths: Option<u64>,
    /// How many are aimed at.
    pub replicas: u32,
    /// Not fewer than these.
    pub minimum: u32,
    /// Not more than these.
    pub wanted: u32,
    /// Demand calls for fewer; if that lasts, they go in so many seconds.
    pub fewer_in_seconds: Option<u64>,
}

impl fmt::Display for ReplicaAim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, class, busy_thousandths, replicas, minimum, wanted, fewer_in_seconds } = self;
        write!(f, "{model} for {}: ", class.name())?;
        #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
        match busy_thousandths {
            // Not as nothing, which it is not.
            Some(1..=49) => f.write_str("under 0.1 replicas busy")?,
            Some(thousandths) => write!(f, "{:.1} replicas busy", *thousandths as f64 / 1e3)?,
            None => f.write_str("demand not known")?,
        }
        write!(f, " → {replicas} of {minimum}–{wanted}")?;
        match fewer_in_seconds {
            Some(seconds) => write!(f, ", fewer in {seconds} s if it stays so low"),
            None => Ok(()),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_aimed_at_is_said_with_what_calls_for_it() {
        let busy = |busy_thousandths, fewer_in_seconds| {
            let aim = ReplicaAim {
                model: "qwen".to_owned(),
                class: Class::Chat,
                busy_thousandths,
                replicas: 3,
                minimum: 1,
                wanted: 4,
                fewer_in_seconds,
            };
            aim.to_string()
        };
        assert_eq!(busy(Some(2_400), None), "qwen for chat: 2.4 replicas busy → 3 of 1–4");
        assert_eq!(busy(None, None), "qwen for chat: demand not known → 3 of 1–4");
        let falls = "qwen for chat: under 0.1 replicas busy → 3 of 1–4, fewer in 9 s if it stays so low";
        assert_eq!(busy(Some(3), Some(9)), falls);
    }
}
