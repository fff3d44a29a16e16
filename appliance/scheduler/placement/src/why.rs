//! Why here, why not there: for each model and node one verdict, read off the fleet as it is planned.

use std::fmt;

use protocol::gpu::Health;
use serde::{Deserialize, Serialize};

use crate::catalogue::Shape;
use crate::fleet::{Fleet, ModelNo, NodeNo};
use crate::names::{Gib, ModelId, NodeName};

/// What is said of a model on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The model.
    pub model: ModelId,
    /// The node.
    pub node: NodeName,
    /// What speaks for or against.
    pub verdict: Verdict,
}

/// Why a model lies on a node, or does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It lay here and nothing speaks against it.
    Stays {
        /// On these GPUs.
        gpus: Vec<u32>,
    },
    /// It comes here: the tightest place, on a node of its own where there is one.
    Comes {
        /// On these GPUs.
        gpus: Vec<u32>,
        /// The least that stays free on one of them, in bytes.
        leaves_bytes: u64,
    },
    /// The node is being emptied.
    Draining,
    /// No GPU of the node takes anything new; the best of them is so.
    Unhealthy(Health),
    /// The node cannot run it.
    Refused(String),
    /// The node has no GPU, or too few for any shape.
    TooFewGpus {
        /// How many the smallest shape needs.
        needs: u32,
    },
    /// Even empty, its GPUs would be too small.
    TooSmall {
        /// The most that a GPU could promise were it empty, in bytes: the margin is off already.
        largest_bytes: u64,
        /// What each GPU would have to hold, in bytes.
        needs_bytes: u64,
    },
    /// There is not enough room left.
    NoRoom {
        /// The most that is left where the shape would need it, in bytes.
        free_bytes: u64,
        /// What each GPU would have to hold, in bytes.
        needs_bytes: u64,
        /// What foreign programs hold on the node's GPUs, in bytes.
        foreign_bytes: u64,
    },
    /// There is room; all replicas that are aimed at have a place, as tight a one or one they had before.
    NotNeeded {
        /// What would stay free here, in bytes.
        leaves_bytes: u64,
    },
    /// There is room for a part; a replica that spans several nodes finds too few on this fabric.
    NoPartner,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stays { gpus } => write!(f, "here on {}: it lies there already", Gpus(gpus)),
            Self::Comes { gpus, leaves_bytes } => {
                write!(f, "here on {}: the tightest place, leaves {} free", Gpus(gpus), Gib(*leaves_bytes))
            }
            Self::Draining => f.write_str("no: the node is being emptied"),
            Self::Unhealthy(health) => write!(f, "no: its GPUs take nothing new ({health})"),
            Self::Refused(why) => write!(f, "no: the node cannot run it ({why})"),
            Self::TooFewGpus { needs } => write!(f, "no: it needs {needs} GPUs on one node"),
            Self::TooSmall { largest_bytes, needs_bytes } => {
                let (largest, needs) = (Gib(*largest_bytes), Gib(*needs_bytes));
                write!(f, "no: its largest GPU could promise {largest} even if it were empty, {needs} are needed")
            }
            Self::NoRoom { free_bytes, needs_bytes, foreign_bytes } => {
                let (free, needs) = (Gib(*free_bytes), Gib(*needs_bytes));
                write!(f, "no: {free} left, {needs} needed")?;
                if *foreign_bytes > 0 {
                    write!(f, " (foreign programs hold {} on the node)", Gib(*foreign_bytes))?;
                }
                Ok(())
            }
            Self::NotNeeded { leaves_bytes } => {
                write!(
                    f,
                    "not needed: there is room (it would leave {} free), all replicas lie elsewhere",
                    Gib(*leaves_bytes)
                )
            }
            Self::NoPartner => f.write_str("no: too few nodes on its fabric have room for the other parts"),
        }
    }
}

struct Gpus<'a>(&'a [u32]);

impl fmt::Display for Gpus<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u32::to_string).collect();
        write!(f, "GPU {}", numbers.join(", "))
    }
}

/// The verdict on a model and a node.
pub(crate) fn verdict(fleet: &Fleet, model: ModelNo, node: NodeNo) -> Verdict {
    if let Some(here) = here(fleet, model, node) {
        return here;
    }
    let state = fleet.node(node);
    if let Some(why) = state.refuses.get(&fleet.model(model).model.id) {
        return Verdict::Refused(why.clone());
    }
    if state.draining {
        return Verdict::Draining;
    }
    let healthiest = state.gpus.iter().map(|gpu| fleet.gpu(*gpu).health).min().unwrap_or(state.health);
    if !healthiest.admits() {
        return Verdict::Unhealthy(healthiest);
    }
    let verdicts = fleet.model(model).model.shapes.iter().map(|shape| absent(fleet, model, node, shape));
    verdicts.min_by_key(severity).unwrap_or(Verdict::TooFewGpus { needs: 1 })
}

fn here(fleet: &Fleet, model: ModelNo, node: NodeNo) -> Option<Verdict> {
    if fleet.model(model).on(node) == 0 {
        return None;
    }
    let gpus = &fleet.node(node).gpus;
    let held = gpus.iter().copied().filter(|gpu| fleet.holds(*gpu, model));
    let comes = |gpu: &crate::fleet::GpuNo| {
        let replicas = fleet.gpu(*gpu).held.iter().filter_map(|number| fleet.replica(*number));
        replicas.into_iter().any(|replica| replica.model == model && fleet.fresh(replica))
    };
    let (new, old): (Vec<_>, Vec<_>) = held.partition(comes);
    let numbers = |gpus: &[crate::fleet::GpuNo]| gpus.iter().map(|gpu| fleet.gpu(*gpu).index).collect();
    if new.is_empty() {
        return Some(Verdict::Stays { gpus: numbers(&old) });
    }
    let leaves_bytes = new.iter().map(|gpu| fleet.gpu(*gpu).headroom()).min().unwrap_or(0);
    Some(Verdict::Comes { gpus: numbers(&new), leaves_bytes })
}

/// Why a shape is not on a node that would take it.
fn absent(fleet: &Fleet, model: ModelNo, node: NodeNo, shape: &Shape) -> Verdict {
    let state = fleet.node(node);
    let needs_bytes = shape.bytes_per_gpu;
    let nth = |figure: &dyn Fn(&crate::fleet::GpuState) -> u64| {
        let mut figures: Vec<u64> =
            state.gpus.iter().map(|gpu| fleet.gpu(*gpu)).filter(|gpu| gpu.open).map(figure).collect();
        figures.sort_unstable_by(|a, b| b.cmp(a));
        (shape.gpus as usize).checked_sub(1).and_then(|last| figures.get(last).copied())
    };
    let Some(largest_bytes) = nth(&|gpu| gpu.total.saturating_sub(gpu.margin)) else {
        return Verdict::TooFewGpus { needs: shape.gpus };
    };
    if largest_bytes < needs_bytes {
        return Verdict::TooSmall { largest_bytes, needs_bytes };
    }
    let free_bytes = nth(&|gpu| gpu.headroom()).unwrap_or(0);
    if free_bytes < needs_bytes {
        let foreign_bytes = state.gpus.iter().map(|gpu| fleet.gpu(*gpu).foreign).sum();
        return Verdict::NoRoom { free_bytes, needs_bytes, foreign_bytes };
    }
    if shape.nodes > 1 && fleet.model(model).next().is_some() {
        return Verdict::NoPartner;
    }
    Verdict::NotNeeded { leaves_bytes: free_bytes - needs_bytes }
}

/// Of the verdicts on several shapes the one that is nearest to a place is told.
fn severity(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Stays { .. } | Verdict::Comes { .. } => 0,
        Verdict::NotNeeded { .. } => 1,
        Verdict::NoPartner => 2,
        Verdict::NoRoom { .. } => 3,
        Verdict::TooSmall { .. } => 4,
        Verdict::TooFewGpus { .. } => 5,
        Verdict::Draining | Verdict::Unhealthy(_) | Verdict::Refused(_) => 6,
    }
}
