//! What is there at one moment: the machines with their real memory, what runs on them, and how much is asked for.

use std::collections::{BTreeMap, BTreeSet};

use protocol::gpu::{Health, UnixMillis};
use protocol::{Class, ModelState};
use serde::{Deserialize, Serialize};

use crate::catalogue::{CatalogueError, Model};
use crate::names::{ModelId, NodeName, Slot};

/// Everything that a plan depends on. The planner reads no clock: `now` is data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The moment.
    pub now: UnixMillis,
    /// The catalogue.
    pub models: Vec<Model>,
    /// The machines that are heard of. One that fell silent is simply absent, and its replicas with it.
    pub nodes: Vec<Node>,
    /// What is loaded or being loaded.
    #[serde(default)]
    pub replicas: Vec<Replica>,
    /// How busy replicas were of late; what is absent is not known, and `wanted` holds.
    #[serde(default)]
    pub demand: Vec<Demand>,
    /// How many replicas the last plan aimed at: its hysteresis in time.
    #[serde(default)]
    pub targets: Vec<Target>,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its name in the cluster.
    pub name: NodeName,
    /// What may be done with the whole machine.
    #[serde(default)]
    pub health: Health,
    /// Somebody asked that it be emptied.
    #[serde(default)]
    pub draining: bool,
    /// Since when it is there without a break: one that comes and goes attracts no move that only betters something.
    #[serde(default)]
    pub since: UnixMillis,
    /// The fast network between machines that it is on, by any name; replicas span only machines on the same one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fabric: Option<String>,
    /// Its GPUs.
    pub gpus: Vec<Gpu>,
    /// Models that it cannot run, and why: the engine is not there, or it failed to load.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refuses: BTreeMap<ModelId, String>,
}

/// A GPU as it was read last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gpu {
    /// Its number on the machine.
    pub index: u32,
    /// All its memory.
    pub total_bytes: u64,
    /// Memory that nobody uses now, foreign programs included.
    pub free_bytes: u64,
    /// What our own models hold of it now, those that are being loaded or unloaded too: whatever else is not free is foreign.
    #[serde(default)]
    pub used: Vec<Used>,
    /// What may be done with it.
    #[serde(default)]
    pub health: Health,
    /// The group of GPUs on this machine that it has a direct link to (NVLink), by any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<u32>,
}

/// What a model holds of a GPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// The model.
    pub model: ModelId,
    /// How much.
    pub bytes: u64,
}

impl Gpu {
    /// Memory held by programs that are not ours, the driver's own share included, in bytes.
    #[must_use]
    pub fn foreign_bytes(&self) -> u64 {
        let ours: u64 = self.used.iter().map(|used| used.bytes).fold(0, u64::saturating_add);
        self.total_bytes.saturating_sub(self.free_bytes).saturating_sub(ours)
    }
}

/// A replica of a model that is in memory, or on its way in or out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replica {
    /// Of which model.
    pub model: ModelId,
    /// The GPUs that it lies on.
    pub slots: Vec<Slot>,
    /// Where it is in its life. Draining, failed and unloaded ones count for nothing but the memory that they still hold.
    pub state: ModelState,
    /// Since when it lies there.
    #[serde(default)]
    pub since: UnixMillis,
}

/// How busy a model's replicas were of late with the requests of one class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// The model.
    pub model: ModelId,
    /// The class.
    pub class: Class,
    /// Replicas that would have been busy all the time, in thousandths: 2,500 is the work of two and a half.
    pub busy_thousandths: u64,
}

/// How many replicas a plan aims at for a class of demand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The model.
    pub model: ModelId,
    /// The class.
    pub class: Class,
    /// How many.
    pub replicas: u32,
    /// When the demand last called for so many.
    pub called_for: UnixMillis,
}

/// What is wrong with a snapshot. Nothing is planned from one that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// An entry of the catalogue.
    #[error("the catalogue contradicts itself")]
    Catalogue(#[from] CatalogueError),
    /// Two models of one name.
    #[error("two models are called `{0}`")]
    ModelTwice(ModelId),
    /// Two nodes of one name.
    #[error("two nodes are called `{0}`")]
    NodeTwice(NodeName),
    /// Two GPUs of one number.
    #[error("two GPUs are called {0}")]
    GpuTwice(Slot),
    /// A replica lies where nothing is.
    #[error("a replica of `{model}` is said to lie on {slot}, which is not there")]
    NoSuchGpu {
        /// Of which model.
        model: ModelId,
        /// Where.
        slot: Slot,
    },
    /// A replica without GPUs, or two of one model on one GPU.
    #[error("the replicas of `{0}` do not lie on GPUs of their own")]
    Overlap(ModelId),
    /// An event names a model that the catalogue has not.
    #[error("there is no model `{0}` in the catalogue")]
    NoSuchModel(ModelId),
    /// An event names a node that is not there.
    #[error("there is no node `{0}`")]
    NoSuchNode(NodeName),
}

impl Snapshot {
    /// Checks what no single field shows.
    ///
    /// # Errors
    /// What contradicts itself, and where.
    pub fn check(&self) -> Result<(), SnapshotError> {
        let mut models = BTreeSet::new();
        for model in &self.models {
            model.check()?;
            if !models.insert(&model.id) {
                return Err(SnapshotError::ModelTwice(model.id.clone()));
            }
        }
        let mut nodes = BTreeSet::new();
        let mut slots = BTreeSet::new();
        for node in &self.nodes {
            if !nodes.insert(&node.name) {
                return Err(SnapshotError::NodeTwice(node.name.clone()));
            }
            node.check()?;
            slots.extend(node.slots());
        }
        check_replicas(&self.replicas, &slots)
    }
}

impl Node {
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.gpus.iter().map(|gpu| Slot { node: self.name.clone(), gpu: gpu.index })
    }

    pub(crate) fn check(&self) -> Result<(), SnapshotError> {
        let mut seen = BTreeSet::new();
        for slot in self.slots() {
            if !seen.insert(slot.gpu) {
                return Err(SnapshotError::GpuTwice(slot));
            }
        }
        Ok(())
    }
}

/// Checks that replicas lie on GPUs that are there, and no two of a model on the same.
pub(crate) fn check_replicas(replicas: &[Replica], slots: &BTreeSet<Slot>) -> Result<(), SnapshotError> {
    let mut taken = BTreeSet::new();
    for replica in replicas {
        if let Some(slot) = replica.slots.iter().find(|slot| !slots.contains(slot)) {
            return Err(SnapshotError::NoSuchGpu { model: replica.model.clone(), slot: slot.clone() });
        }
        let own = replica.slots.iter().all(|slot| taken.insert((&replica.model, slot)));
        if !own || replica.slots.is_empty() {
            return Err(SnapshotError::Overlap(replica.model.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu(index: u32, free_bytes: u64, used: &[u64]) -> Gpu {
        let used = used.iter().map(|bytes| Used { model: "m".into(), bytes: *bytes }).collect();
        Gpu { index, total_bytes: 100, free_bytes, used, health: Health::Ok, link: None }
    }

    fn node(name: &str, gpus: Vec<Gpu>) -> Node {
        Node {
            name: name.into(),
            health: Health::Ok,
            draining: false,
            since: UnixMillis(0),
            fabric: None,
            gpus,
            refuses: BTreeMap::new(),
        }
    }

    #[test]
    fn what_is_neither_free_nor_ours_is_foreign() {
        assert_eq!(gpu(0, 60, &[10, 5]).foreign_bytes(), 25);
        assert_eq!(gpu(0, 100, &[10]).foreign_bytes(), 0);
    }

    #[test]
    fn a_snapshot_that_contradicts_itself_is_refused() {
        let replica = |gpu| Replica {
            model: "m".into(),
            slots: vec![Slot { node: "a".into(), gpu }],
            state: ModelState::Ready,
            since: UnixMillis(0),
        };
        let with = |nodes: Vec<Node>, replicas: Vec<Replica>| Snapshot { nodes, replicas, ..Snapshot::default() };
        let one = || vec![node("a", vec![gpu(0, 100, &[])])];
        assert_eq!(with(one(), vec![replica(0)]).check(), Ok(()));
        assert!(matches!(with(one(), vec![replica(1)]).check(), Err(SnapshotError::NoSuchGpu { .. })));
        assert!(matches!(with(one(), vec![replica(0), replica(0)]).check(), Err(SnapshotError::Overlap(_))));
        let twice = vec![node("a", vec![gpu(0, 1, &[]), gpu(0, 1, &[])])];
        assert!(matches!(with(twice, vec![]).check(), Err(SnapshotError::GpuTwice(_))));
        let nodes = vec![node("a", vec![]), node("a", vec![])];
        assert!(matches!(with(nodes, vec![]).check(), Err(SnapshotError::NodeTwice(_))));
    }
}
