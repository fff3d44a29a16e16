//! What finds no place, why, and the smallest thing that would help.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalogue::Shape;
use crate::fleet::{Fleet, GpuNo, ModelNo};
use crate::names::{Gib, ModelId, NodeName, Slot};

/// Replicas of a model that find no place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unplaced {
    /// The model.
    pub model: ModelId,
    /// How many replicas are aimed at and not placed.
    pub replicas: u32,
    /// How many of them the model cannot do without.
    pub below_minimum: u32,
    /// What would help the next of them.
    pub help: Help,
}

/// The smallest thing that would place one more replica: what costs nothing before what costs a person's time before what
/// costs money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Help {
    /// Take a node back that is being emptied: it has room.
    Undrain(NodeName),
    /// Mend a GPU that takes nothing new: it has room.
    Mend(Slot),
    /// End foreign programs on a GPU.
    EndForeign {
        /// Where.
        slot: Slot,
        /// How much they must let go of, in bytes.
        bytes: u64,
        /// How much they hold, in bytes.
        of_bytes: u64,
    },
    /// Unload something else, or want less of it.
    Free {
        /// Where the least is lacking.
        slot: Slot,
        /// How much, in bytes.
        bytes: u64,
    },
    /// Every GPU that is large enough has a replica already, or is on a node that cannot run the model.
    AnotherNode {
        /// Memory of its GPU that models may use, in bytes.
        bytes: u64,
    },
    /// There are no GPUs that are large enough, or not enough of them on one node.
    LargerGpus {
        /// How many on one node.
        gpus: u32,
        /// Memory of each that models may use, in bytes.
        bytes: u64,
        /// The most that a GPU of the fleet could promise were it empty, in bytes.
        largest_bytes: u64,
    },
}

impl fmt::Display for Help {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undrain(node) => write!(f, "take {node} back into service: it has room"),
            Self::Mend(slot) => write!(f, "mend {slot}: it has room and takes nothing new"),
            Self::EndForeign { slot, bytes, of_bytes } => {
                let (bytes, held) = (Gib(*bytes), Gib(*of_bytes));
                write!(f, "{bytes} are lacking on {slot}, where foreign programs hold {held}: end them")
            }
            Self::Free { slot, bytes } => {
                write!(f, "{} are lacking on {slot}: unload or want less of something else", Gib(*bytes))
            }
            Self::AnotherNode { bytes } => {
                write!(f, "every GPU that is large enough has one or may not: add a node with {} for it", Gib(*bytes))
            }
            Self::LargerGpus { gpus, bytes, largest_bytes } => {
                let (needs, has) = (Gib(*bytes), Gib(*largest_bytes));
                write!(
                    f,
                    "no node is large enough: {gpus} GPU(s) with {needs} for models are needed on one, the largest has {has}"
                )
            }
        }
    }
}

impl fmt::Display for Unplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, replicas, below_minimum, help } = self;
        write!(f, "{model}: {replicas} without a place, {below_minimum} of them below the minimum; {help}")
    }
}

/// What is said of a model that has fewer replicas than are aimed at; `None` when it has all.
pub(crate) fn unplaced(fleet: &Fleet, model: ModelNo) -> Option<Unplaced> {
    let state = fleet.model(model);
    let placed = state.replicas.len();
    let missing = state.ladder.len().saturating_sub(placed);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    if missing == 0 {
        return None;
    }
    Some(Unplaced {
        model: state.model.id.clone(),
        replicas: count(missing),
        below_minimum: count(state.ladder.minimum().saturating_sub(placed)),
        help: help(fleet, model),
    })
}

fn help(fleet: &Fleet, model: ModelNo) -> Help {
    let shapes = &fleet.model(model).model.shapes;
    let smallest = shapes.iter().min_by_key(|shape| (shape.nodes, shape.bytes_per_gpu)).copied();
    let Some(smallest) = smallest else { return Help::AnotherNode { bytes: 0 } };
    let lacks: Vec<Lack> = shapes.iter().flat_map(|shape| lacks(fleet, model, shape)).collect();
    let closed = lacks.iter().filter(|lack| lack.bytes == 0);
    let closed = closed.min_by_key(|lack| (!lack.draining, lack.gpu));
    if let Some(lack) = closed {
        let slot = fleet.slot(lack.gpu);
        return if lack.draining { Help::Undrain(slot.node) } else { Help::Mend(slot) };
    }
    let open = lacks.iter().filter(|lack| lack.open && lack.bytes > 0);
    if let Some(lack) = open.min_by_key(|lack| (lack.bytes, lack.gpu)) {
        let (slot, bytes, of_bytes) = (fleet.slot(lack.gpu), lack.bytes, fleet.gpu(lack.gpu).foreign);
        return if of_bytes >= bytes { Help::EndForeign { slot, bytes, of_bytes } } else { Help::Free { slot, bytes } };
    }
    let of_node = |node| {
        let mut sizes: Vec<u64> = fleet.node(node).gpus.iter().map(|gpu| empty(fleet, *gpu)).collect();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        (smallest.gpus as usize).checked_sub(1).and_then(|last| sizes.get(last).copied())
    };
    let largest_bytes = fleet.node_numbers().filter_map(of_node).max().unwrap_or(0);
    if largest_bytes >= smallest.bytes_per_gpu {
        return Help::AnotherNode { bytes: smallest.bytes_per_gpu };
    }
    Help::LargerGpus { gpus: smallest.gpus, bytes: smallest.bytes_per_gpu, largest_bytes }
}

/// What a GPU lacks to be the scarcest one under a replica.
struct Lack {
    gpu: GpuNo,
    bytes: u64,
    open: bool,
    draining: bool,
}

fn empty(fleet: &Fleet, gpu: GpuNo) -> u64 {
    let gpu = fleet.gpu(gpu);
    gpu.total.saturating_sub(gpu.margin)
}

/// For each node that could hold the shape: the GPU that lacks most among those that lack least.
fn lacks(fleet: &Fleet, model: ModelNo, shape: &Shape) -> Vec<Lack> {
    let on = |node| -> Option<Lack> {
        let state = fleet.node(node);
        if !fleet.may_run(model, node) {
            return None;
        }
        let could = |gpu: &GpuNo| empty(fleet, *gpu) >= shape.bytes_per_gpu && !fleet.holds(*gpu, model);
        let lacking = |gpu: GpuNo| {
            let held = fleet.gpu(gpu);
            let bytes = (shape.bytes_per_gpu + held.charged + held.foreign + held.margin).saturating_sub(held.total);
            Lack { gpu, bytes, open: held.open, draining: state.draining }
        };
        let mut all: Vec<Lack> = state.gpus.iter().copied().filter(could).map(lacking).collect();
        all.sort_by_key(|lack| (!lack.open, lack.bytes, lack.gpu));
        let last = (shape.gpus as usize).checked_sub(1)?;
        (last < all.len()).then(|| all.swap_remove(last))
    };
    fleet.node_numbers().filter_map(on).collect()
}
