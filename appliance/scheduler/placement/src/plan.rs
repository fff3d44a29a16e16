//! The plan: immutable, printable, comparable. Whoever carries it out has no choices left.

use std::fmt;

use protocol::gpu::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::fleet::ModelNo;
use crate::names::{Gib, ModelId, NodeName, Slot, Slots};
use crate::planner::Planner;
use crate::settings::Settings;
use crate::snapshot::{Snapshot, SnapshotError, Target};
use crate::steps::{Step, steps};
use crate::unplaced::{Unplaced, unplaced};
use crate::why::{Reason, verdict};

/// Where everything shall lie, how to get there, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// When it was made.
    pub made: UnixMillis,
    /// What it aims at, to be handed back with the next snapshot.
    pub targets: Vec<Target>,
    /// The replicas as they shall lie, by model and place.
    pub assignments: Vec<Assignment>,
    /// The way there; empty when everything lies as it shall.
    pub steps: Vec<Step>,
    /// What finds no place.
    pub unplaced: Vec<Unplaced>,
    /// Why here, why not there: for each model and node.
    pub reasons: Vec<Reason>,
}

/// A replica and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Of which model.
    pub model: ModelId,
    /// On which GPUs.
    pub slots: Vec<Slot>,
    /// Memory set aside on each, in bytes.
    pub bytes_per_gpu: u64,
    /// Whether it lies there already.
    pub stays: bool,
}

/// Plans everything from a snapshot. Pure: the same snapshot and settings give the same plan.
///
/// # Errors
/// The snapshot contradicts itself.
pub fn plan(snapshot: &Snapshot, settings: &Settings) -> Result<Plan, SnapshotError> {
    let mut planner = Planner::new(snapshot, settings)?;
    planner.plan_all();
    Ok(planner.plan())
}

impl Planner {
    /// The fleet as it is planned now, with the steps of the last decision and every reason.
    #[must_use]
    pub fn plan(&self) -> Plan {
        let fleet = &self.fleet;
        let models = || fleet.model_numbers();
        let mut reasons: Vec<Reason> = Vec::new();
        for model in models() {
            let id = &fleet.model(model).model.id;
            reasons.extend(fleet.node_numbers().map(|node| Reason {
                model: id.clone(),
                node: fleet.node(node).name.clone(),
                verdict: verdict(fleet, model, node),
            }));
        }
        Plan {
            made: fleet.now,
            targets: self.targets.values().cloned().collect(),
            assignments: self.assignments(),
            steps: steps(fleet, &self.leaving),
            unplaced: models().filter_map(|model| unplaced(fleet, model)).collect(),
            reasons,
        }
    }

    /// The replicas as they are planned, by model and place.
    #[must_use]
    pub fn assignments(&self) -> Vec<Assignment> {
        self.fleet.model_numbers().flat_map(|model| self.assignments_of(model)).collect()
    }

    fn assignments_of(&self, model: ModelNo) -> Vec<Assignment> {
        let state = self.fleet.model(model);
        let replicas = state.replicas.iter().filter_map(|number| self.fleet.replica(*number));
        let mut all: Vec<Assignment> = replicas
            .map(|replica| Assignment {
                model: state.model.id.clone(),
                slots: self.fleet.slots(&replica.gpus),
                bytes_per_gpu: replica.shape.bytes_per_gpu,
                stays: !self.fleet.fresh(replica),
            })
            .collect();
        all.sort_by(|a, b| a.slots.cmp(&b.slots));
        all
    }
}

impl Plan {
    /// The reasons, of one model, of one node, or of one model on one node.
    pub fn why<'a>(
        &'a self,
        model: Option<&'a ModelId>,
        node: Option<&'a NodeName>,
    ) -> impl Iterator<Item = &'a Reason> {
        let of = move |reason: &&Reason| {
            model.is_none_or(|model| *model == reason.model) && node.is_none_or(|node| *node == reason.node)
        };
        self.reasons.iter().filter(of)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "replicas")?;
        for Assignment { model, slots, bytes_per_gpu, stays } in &self.assignments {
            let how = if *stays { "stays" } else { "comes" };
            writeln!(f, "  {model} on {} ({} each) {how}", Slots(slots), Gib(*bytes_per_gpu))?;
        }
        if self.steps.is_empty() {
            writeln!(f, "steps: none, everything lies as it shall")?;
        } else {
            writeln!(f, "steps")?;
        }
        for (number, step) in self.steps.iter().enumerate() {
            writeln!(f, "  {}. {step}", number + 1)?;
        }
        if !self.unplaced.is_empty() {
            writeln!(f, "without a place")?;
        }
        self.unplaced.iter().try_for_each(|unplaced| writeln!(f, "  {unplaced}"))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}: {}", self.model, self.node, self.verdict)
    }
}
