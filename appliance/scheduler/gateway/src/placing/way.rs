//! The plan that is being carried out, and which of its steps are done.

use placement::{Action, ModelId, Node, NodeName, Replica, Snapshot, Step, Target};
use tokio::time::Instant;

use super::operation::Kind;
use super::picture::Heard;
use super::single::Planned;

/// A model on a node.
pub(super) type Key = (ModelId, NodeName);

/// The plan that is being carried out.
pub(super) struct Way {
    pub(super) planned: Planned,
    pub(super) made: Instant,
    /// What it rests on.
    pub(super) rests_on: Vec<Node>,
    /// Everything that it saw, roughly: once it is done, a change calls for the next.
    pub(super) saw: (Vec<Node>, Vec<Replica>),
    /// A step failed.
    pub(super) over: bool,
}

impl Way {
    /// Whether more is aimed at now than by this plan.
    pub(super) fn aims_below(&self, targets: &[Target]) -> bool {
        targets.iter().any(|target| self.aims_at(target).is_some_and(|replicas| replicas < target.replicas))
    }

    /// Whether less is aimed at now than by this plan.
    pub(super) fn aims_above(&self, targets: &[Target]) -> bool {
        targets.iter().any(|target| self.aims_at(target).is_some_and(|replicas| replicas > target.replicas))
    }

    fn aims_at(&self, target: &Target) -> Option<u32> {
        let mut aims = self.planned.plan.targets.iter();
        aims.find(|aim| aim.model == target.model && aim.class == target.class).map(|aim| aim.replicas)
    }
}

/// The model and node of a step; nodes hold a model on one GPU.
pub(super) fn key_of(step: &Step) -> Option<Key> {
    step.slots.first().map(|slot| (step.model.clone(), slot.node.clone()))
}

/// What is done in it.
pub(super) fn kind_of(step: &Step) -> Option<Kind> {
    let gpu = step.slots.first()?.gpu;
    Some(match step.action {
        Action::Load => Kind::Load { gpu },
        Action::Unload => Kind::Unload { gpu },
    })
}

/// Whether a step is done, by what the nodes say: nothing else counts.
pub(super) fn is_done(step: &Step, heard: &[Heard]) -> bool {
    let (Some(slot), model) = (step.slots.first(), &step.model) else { return true };
    let node = heard.iter().find(|node| node.name == slot.node);
    let lies = node.and_then(|node| node.gpu_of(model)) == Some(slot.gpu);
    match step.action {
        Action::Load => lies && node.is_some_and(|node| node.is_ready(model)),
        Action::Unload => !lies,
    }
}

/// What a plan rests on: nodes, whether they are drained, their GPUs' health, what they refuse. Not their memory, which moves
/// with every step.
pub(super) fn rests_on(snapshot: &Snapshot) -> Vec<Node> {
    let mut nodes = snapshot.nodes.clone();
    for gpu in nodes.iter_mut().flat_map(|node| &mut node.gpus) {
        gpu.free_bytes = 0;
        gpu.used.clear();
    }
    nodes
}

/// Everything that a plan saw, memory in foreign hands to the GiB.
pub(super) fn saw(snapshot: &Snapshot) -> (Vec<Node>, Vec<Replica>) {
    let mut nodes = snapshot.nodes.clone();
    for gpu in nodes.iter_mut().flat_map(|node| &mut node.gpus) {
        gpu.free_bytes = gpu.foreign_bytes() >> 30;
        gpu.used.clear();
    }
    (nodes, snapshot.replicas.clone())
}
