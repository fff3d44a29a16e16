//! The state that decisions are made on: who lies where, how much is left, and what changed since a decision began.
//!
//! Numbers instead of names inside (a decision compares thousands of them); names come back at the edge, in the plan.

mod find;
mod index;
mod nodes;

use std::collections::{BTreeMap, BTreeSet};

use protocol::gpu::{Health, UnixMillis};

pub(crate) use find::{Apart, Spot, linked};
use index::{GpuKey, Index};

use crate::catalogue::{Model, Shape};
use crate::names::{ModelId, NodeName, Slot};
use crate::rank::{Ladder, Rank, Worth};
use crate::settings::Settings;
use crate::steps::Because;

macro_rules! number {
    ($name:ident) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) struct $name(pub(crate) u32);

        impl $name {
            pub(crate) fn at(self) -> usize {
                self.0 as usize
            }
        }
    };
}

number!(ModelNo);
number!(NodeNo);
number!(GpuNo);
number!(ReplicaNo);

/// A model and its replicas.
#[derive(Debug, Clone)]
pub(crate) struct ModelState {
    pub(crate) model: Model,
    /// Ranks of the replicas to aim at, the best first.
    pub(crate) ladder: Ladder,
    pub(crate) replicas: BTreeSet<ReplicaNo>,
    /// How many of them serve.
    pub(crate) ready: usize,
    /// Replicas that touch each node, by node.
    pub(crate) on_node: Vec<u16>,
}

impl ModelState {
    /// The rank of the next replica, if one more is aimed at.
    pub(crate) fn next(&self) -> Option<Rank> {
        self.ladder.get(self.replicas.len())
    }

    /// The rank that would be lost with the `nth` replica taken away (0 is the first).
    pub(crate) fn lost_with(&self, nth: usize) -> Option<Rank> {
        self.replicas.len().checked_sub(nth + 1).and_then(|left| self.ladder.get(left))
    }

    pub(crate) fn on(&self, node: NodeNo) -> u16 {
        self.on_node.get(node.at()).copied().unwrap_or(0)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct NodeState {
    pub(crate) name: NodeName,
    pub(crate) alive: bool,
    pub(crate) draining: bool,
    pub(crate) health: Health,
    pub(crate) since: UnixMillis,
    pub(crate) fabric: Option<String>,
    pub(crate) gpus: Vec<GpuNo>,
    pub(crate) refuses: BTreeMap<ModelId, String>,
    /// The same by number, for searches.
    pub(crate) refused: BTreeSet<ModelNo>,
    keys: Vec<Option<u64>>,
}

#[derive(Debug, Clone)]
pub(crate) struct GpuState {
    pub(crate) node: NodeNo,
    pub(crate) index: u32,
    pub(crate) total: u64,
    pub(crate) foreign: u64,
    pub(crate) margin: u64,
    /// What replicas are charged: their reservation, or what they really use where that is more.
    pub(crate) charged: u64,
    pub(crate) health: Health,
    pub(crate) link: Option<u32>,
    /// Whether anything new may come.
    pub(crate) open: bool,
    /// Whether everything must go.
    pub(crate) leave: bool,
    pub(crate) held: Vec<ReplicaNo>,
    key: Option<GpuKey>,
}

impl GpuState {
    /// Bytes that models may be promised here in all: what neither foreign programs nor the margin take.
    pub(crate) fn usable(&self) -> u64 {
        self.total.saturating_sub(self.foreign).saturating_sub(self.margin)
    }

    /// Bytes that may still be promised.
    pub(crate) fn headroom(&self) -> u64 {
        self.usable().saturating_sub(self.charged)
    }

    /// Bytes that have to be freed before so many more may be promised: where the margin is in use, it is made whole too.
    pub(crate) fn lacks(&self, bytes: u64) -> u64 {
        (self.charged + bytes).saturating_sub(self.usable())
    }

    /// Whether replicas and foreign programs together exceed the GPU: the margin itself is used up.
    pub(crate) fn overdrawn(&self) -> bool {
        self.charged > self.total.saturating_sub(self.foreign)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplicaState {
    pub(crate) model: ModelNo,
    pub(crate) shape: Shape,
    /// Ascending.
    pub(crate) gpus: Vec<GpuNo>,
    /// What it is charged on each of them.
    pub(crate) charges: Vec<u64>,
    pub(crate) since: UnixMillis,
    pub(crate) ready: bool,
}

/// A replica that was taken away, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Went {
    pub(crate) replica: ReplicaState,
    pub(crate) because: Because,
}

/// A replica by what it is, whatever its number: of which model, and where.
pub(crate) type Lying = (ModelNo, Vec<GpuNo>);

#[derive(Debug, Clone)]
pub(crate) struct Fleet {
    pub(crate) settings: Settings,
    pub(crate) now: UnixMillis,
    pub(crate) models: Vec<ModelState>,
    pub(crate) nodes: Vec<NodeState>,
    pub(crate) gpus: Vec<GpuState>,
    replicas: Vec<Option<ReplicaState>>,
    free_nodes: Vec<NodeNo>,
    free_gpus: Vec<GpuNo>,
    free_replicas: Vec<ReplicaNo>,
    by_name: BTreeMap<NodeName, NodeNo>,
    by_id: BTreeMap<ModelId, ModelNo>,
    index: Index,
    /// What each GPU could be promised in all, by number: searches for room ask it of thousands.
    usable: Vec<u64>,
    /// Since the decision began: replicas that came, and replicas that went, each at its net effect.
    pub(crate) came: BTreeMap<Lying, ReplicaNo>,
    pub(crate) went: BTreeMap<Lying, Went>,
    /// Since the last sweep over what is pending: the most bytes that any GPU has free whose room grew.
    pub(crate) grew: u64,
}

impl Fleet {
    pub(crate) fn new(models: &[Model], settings: Settings, now: UnixMillis) -> Self {
        let mut models: Vec<Model> = models.to_vec();
        models.sort_by(|a, b| a.id.cmp(&b.id));
        for model in &mut models {
            model.shapes.sort();
        }
        let degrees = models.iter().flat_map(|model| &model.shapes).filter(|shape| shape.gpus > 1 || shape.nodes > 1);
        let index = Index::new(degrees.map(|shape| shape.gpus).collect());
        let by_id = models.iter().zip(0..).map(|(model, number)| (model.id.clone(), ModelNo(number))).collect();
        let state = |model| ModelState {
            model,
            ladder: Ladder::default(),
            replicas: BTreeSet::new(),
            ready: 0,
            on_node: vec![],
        };
        Self {
            settings,
            now,
            models: models.into_iter().map(state).collect(),
            nodes: vec![],
            gpus: vec![],
            replicas: vec![],
            free_nodes: vec![],
            free_gpus: vec![],
            free_replicas: vec![],
            by_name: BTreeMap::new(),
            by_id,
            index,
            usable: vec![],
            came: BTreeMap::new(),
            went: BTreeMap::new(),
            grew: 0,
        }
    }

    pub(crate) fn model(&self, number: ModelNo) -> &ModelState {
        &self.models[number.at()]
    }

    pub(crate) fn model_numbers(&self) -> impl Iterator<Item = ModelNo> + use<> {
        (0..u32::try_from(self.models.len()).unwrap_or(u32::MAX)).map(ModelNo)
    }

    pub(crate) fn gpu(&self, number: GpuNo) -> &GpuState {
        &self.gpus[number.at()]
    }

    pub(crate) fn node(&self, number: NodeNo) -> &NodeState {
        &self.nodes[number.at()]
    }

    /// The nodes that are there, by name.
    pub(crate) fn node_numbers(&self) -> impl Iterator<Item = NodeNo> {
        self.by_name.values().copied()
    }

    pub(crate) fn replica(&self, number: ReplicaNo) -> Option<&ReplicaState> {
        self.replicas.get(number.at()).and_then(Option::as_ref)
    }

    pub(crate) fn model_number(&self, id: &ModelId) -> Option<ModelNo> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn node_number(&self, name: &NodeName) -> Option<NodeNo> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn slot(&self, gpu: GpuNo) -> Slot {
        let gpu = self.gpu(gpu);
        Slot { node: self.node(gpu.node).name.clone(), gpu: gpu.index }
    }

    pub(crate) fn slots(&self, gpus: &[GpuNo]) -> Vec<Slot> {
        gpus.iter().map(|gpu| self.slot(*gpu)).collect()
    }

    /// The nodes that GPUs belong to, each once. (Replicas lie on a handful of GPUs: a set would only cost.)
    pub(crate) fn nodes_of(&self, gpus: &[GpuNo]) -> Vec<NodeNo> {
        let mut nodes: Vec<NodeNo> = gpus.iter().map(|gpu| self.gpu(*gpu).node).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// The most replicas of the model that touch any of the nodes of these GPUs.
    pub(crate) fn crowd(&self, model: ModelNo, gpus: &[GpuNo]) -> u16 {
        gpus.iter().map(|gpu| self.model(model).on(self.gpu(*gpu).node)).max().unwrap_or(0)
    }

    /// Whether a GPU already holds a replica of the model.
    pub(crate) fn holds(&self, gpu: GpuNo, model: ModelNo) -> bool {
        let of = |number: &ReplicaNo| self.replica(*number).is_some_and(|replica| replica.model == model);
        self.gpu(gpu).held.iter().any(of)
    }

    /// Whether a replica came to where it is in this very decision: nothing is loaded yet, moving it costs nothing.
    pub(crate) fn fresh(&self, replica: &ReplicaState) -> bool {
        !self.came.is_empty() && self.came.contains_key(&(replica.model, replica.gpus.clone()))
    }

    /// Whether a replica may be moved for a gain: it has been where it is for a while, or is not there yet.
    pub(crate) fn settled(&self, replica: &ReplicaState) -> bool {
        self.now.millis_since(replica.since) >= self.settings.settle_ms || self.fresh(replica)
    }

    /// Forgets what changed: a new decision begins, and what the last one loads is taken as loaded.
    pub(crate) fn begin(&mut self, now: UnixMillis) {
        self.now = now;
        for ((model, _), number) in std::mem::take(&mut self.came) {
            if let Some(replica) = self.replicas.get_mut(number.at()).and_then(Option::as_mut) {
                self.models[model.at()].ready += usize::from(!replica.ready);
                replica.ready = true;
            }
        }
        self.went.clear();
    }

    /// Puts a replica where `spot` says. One that was taken from there in this decision returns as it was.
    pub(crate) fn put(&mut self, model: ModelNo, mut spot: Spot) -> ReplicaNo {
        spot.gpus.sort_unstable();
        let lying = (model, spot.gpus);
        if let Some(went) = self.went.remove(&lying) {
            return self.insert(went.replica);
        }
        let (shape, since, gpus) = (spot.shape, self.now, lying.1.clone());
        let charges = vec![shape.bytes_per_gpu; gpus.len()];
        let number = self.insert(ReplicaState { model, shape, gpus, charges, since, ready: false });
        self.came.insert(lying, number);
        number
    }

    /// Enters a replica that is there already.
    pub(crate) fn insert(&mut self, replica: ReplicaState) -> ReplicaNo {
        let number = self.free_replicas.pop().unwrap_or_else(|| {
            self.replicas.push(None);
            ReplicaNo(u32::try_from(self.replicas.len() - 1).unwrap_or(u32::MAX))
        });
        for (gpu, charge) in replica.gpus.iter().zip(&replica.charges) {
            let gpu = &mut self.gpus[gpu.at()];
            gpu.charged += charge;
            gpu.held.push(number);
        }
        let nodes = self.nodes_of(&replica.gpus);
        let model = &mut self.models[replica.model.at()];
        model.replicas.insert(number);
        model.ready += usize::from(replica.ready);
        for node in &nodes {
            if model.on_node.len() <= node.at() {
                model.on_node.resize(node.at() + 1, 0);
            }
            model.on_node[node.at()] += 1;
        }
        self.replicas[number.at()] = Some(replica);
        nodes.into_iter().for_each(|node| self.reindex(node));
        number
    }

    /// Takes a replica away.
    pub(crate) fn take(&mut self, number: ReplicaNo, because: Because) -> Option<ReplicaState> {
        let replica = self.remove(number)?;
        let lying = (replica.model, replica.gpus.clone());
        if self.came.remove(&lying).is_none() {
            self.went.insert(lying, Went { replica: replica.clone(), because });
        }
        Some(replica)
    }

    /// Forgets a replica, as when its node is gone: there is nothing to unload.
    pub(crate) fn remove(&mut self, number: ReplicaNo) -> Option<ReplicaState> {
        let replica = self.replicas.get_mut(number.at())?.take()?;
        self.free_replicas.push(number);
        for (gpu, charge) in replica.gpus.iter().zip(&replica.charges) {
            let gpu = &mut self.gpus[gpu.at()];
            gpu.charged -= charge;
            gpu.held.retain(|held| *held != number);
        }
        let nodes = self.nodes_of(&replica.gpus);
        let model = &mut self.models[replica.model.at()];
        model.replicas.remove(&number);
        model.ready -= usize::from(replica.ready);
        nodes.iter().for_each(|node| model.on_node[node.at()] -= 1);
        nodes.into_iter().for_each(|node| self.reindex(node));
        for gpu in &replica.gpus {
            self.note_growth(*gpu);
        }
        Some(replica)
    }

    /// Says that a GPU may have more room than before.
    pub(crate) fn note_growth(&mut self, gpu: GpuNo) {
        let gpu = self.gpu(gpu);
        if gpu.open {
            self.grew = self.grew.max(gpu.headroom());
        }
    }

    /// The worth that is lost with one replica of the model.
    pub(crate) fn loss_of(&self, model: ModelNo) -> Worth {
        let model = self.model(model);
        model.lost_with(0).map_or_else(Worth::default, |rank| rank.worth(model.model.vram_bytes))
    }

    /// The worth that is lost when a replica of each of these goes, in the order given.
    pub(crate) fn loss(&self, victims: &[ReplicaNo]) -> Worth {
        let mut taken: Vec<(ModelNo, usize)> = Vec::with_capacity(victims.len());
        let mut loss = Worth::default();
        for replica in victims.iter().filter_map(|victim| self.replica(*victim)) {
            let nth = match taken.iter_mut().find(|(model, _)| *model == replica.model) {
                Some((_, count)) => {
                    *count += 1;
                    *count
                }
                None => {
                    taken.push((replica.model, 0));
                    0
                }
            };
            let model = self.model(replica.model);
            if let Some(rank) = model.lost_with(nth) {
                loss.add(rank.worth(model.model.vram_bytes));
            }
        }
        loss
    }
}
