//! Nodes that join, change and go, and their standing in the index.

use std::collections::BTreeSet;

use protocol::gpu::{Health, UnixMillis};

use super::index::GpuKey;
use super::{Fleet, GpuNo, GpuState, ModelNo, NodeNo, NodeState, ReplicaNo};
use crate::names::NodeName;
use crate::snapshot::{Gpu, Node};
use crate::steps::Because;

impl Fleet {
    /// Enters a node that was not there. What lies on it is entered afterwards.
    pub(crate) fn join(&mut self, node: &Node) -> NodeNo {
        let number = self.free_nodes.pop().unwrap_or_else(|| {
            self.nodes.push(NodeState {
                name: NodeName(String::new()),
                alive: false,
                draining: false,
                health: node.health,
                since: UnixMillis(0),
                fabric: None,
                gpus: vec![],
                refuses: Default::default(),
                refused: Default::default(),
                keys: vec![],
            });
            NodeNo(u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX))
        });
        self.by_name.insert(node.name.clone(), number);
        let mut gpus: Vec<&Gpu> = node.gpus.iter().collect();
        gpus.sort_by_key(|gpu| gpu.index);
        let gpus: Vec<GpuNo> = gpus.into_iter().map(|gpu| self.enter_gpu(number, gpu.index)).collect();
        let state = &mut self.nodes[number.at()];
        state.name = node.name.clone();
        state.alive = true;
        state.gpus = gpus;
        self.read(number, node);
        number
    }

    fn enter_gpu(&mut self, node: NodeNo, index: u32) -> GpuNo {
        let state = GpuState {
            node,
            index,
            total: 0,
            foreign: 0,
            margin: 0,
            charged: 0,
            health: Default::default(),
            link: None,
            open: false,
            leave: false,
            held: vec![],
            key: None,
        };
        match self.free_gpus.pop() {
            Some(number) => {
                self.gpus[number.at()] = state;
                number
            }
            None => {
                self.gpus.push(state);
                GpuNo(u32::try_from(self.gpus.len() - 1).unwrap_or(u32::MAX))
            }
        }
    }

    /// Takes over what was read of a node: memory, health, whether it drains. Its GPUs are those that it joined with: with
    /// others it is a new node.
    pub(crate) fn read(&mut self, number: NodeNo, node: &Node) {
        let refused = node.refuses.keys().filter_map(|id| self.model_number(id)).collect();
        let state = &mut self.nodes[number.at()];
        state.draining = node.draining;
        state.health = node.health;
        state.since = node.since;
        state.fabric.clone_from(&node.fabric);
        state.refuses.clone_from(&node.refuses);
        state.refused = refused;
        for gpu in state.gpus.clone() {
            if let Some(reading) = node.gpus.iter().find(|reading| reading.index == self.gpu(gpu).index) {
                self.read_gpu(gpu, reading, node);
            }
        }
        self.reindex(number);
        for gpu in self.node(number).gpus.clone() {
            self.note_growth(gpu);
        }
    }

    fn read_gpu(&mut self, number: GpuNo, reading: &Gpu, node: &Node) {
        let margin = self.settings.margin_of(reading.total_bytes);
        for replica in self.gpu(number).held.clone() {
            self.recharge(number, replica, reading);
        }
        let gpu = &mut self.gpus[number.at()];
        gpu.total = reading.total_bytes;
        gpu.foreign = reading.foreign_bytes();
        gpu.margin = margin;
        gpu.health = reading.health.max(node.health);
        gpu.link = reading.link;
        gpu.open = gpu.health.admits() && !node.draining;
        gpu.leave = node.draining || gpu.health >= Health::Drain;
    }

    /// Charges a replica what it really uses, where that is more than what was set aside for it.
    fn recharge(&mut self, gpu: GpuNo, number: ReplicaNo, reading: &Gpu) {
        let Some(replica) = self.replicas.get_mut(number.at()).and_then(Option::as_mut) else { return };
        let id = &self.models[replica.model.at()].model.id;
        let used = reading.used.iter().find(|used| used.model == *id).map_or(0, |used| used.bytes);
        let Some(charge) = replica.gpus.iter().position(|held| *held == gpu).and_then(|at| replica.charges.get_mut(at))
        else {
            return;
        };
        let state = &mut self.gpus[gpu.at()];
        state.charged -= *charge;
        *charge = replica.shape.bytes_per_gpu.max(used);
        state.charged += *charge;
    }

    /// Forgets a node that is gone, with everything that lay on it; parts of its replicas on other nodes are left over and
    /// are unloaded there.
    /// Gives back the models that lost a replica.
    pub(crate) fn lose(&mut self, number: NodeNo) -> BTreeSet<ModelNo> {
        let gpus = self.node(number).gpus.clone();
        let mut touched = BTreeSet::new();
        for gpu in &gpus {
            for replica in self.gpu(*gpu).held.clone() {
                touched.extend(self.replica(replica).map(|replica| replica.model));
                if self.replica(replica).is_some_and(|replica| replica.shape.nodes > 1) {
                    self.take(replica, Because::PartLost);
                } else {
                    self.remove(replica);
                }
            }
        }
        let state = &mut self.nodes[number.at()];
        state.alive = false;
        let name = state.name.clone();
        self.by_name.remove(&name);
        for gpu in &gpus {
            self.gpus[gpu.at()].open = false;
        }
        self.reindex(number);
        self.nodes[number.at()].gpus.clear();
        self.free_gpus.extend(gpus.iter().rev());
        self.free_nodes.push(number);
        touched
    }

    /// Brings the index up to date with what a node's GPUs have free.
    pub(crate) fn reindex(&mut self, number: NodeNo) {
        let Self { gpus, nodes, index, usable, .. } = self;
        usable.resize(gpus.len(), 0);
        let node = &mut nodes[number.at()];
        let is_unused = |gpu: &GpuState| gpu.open && gpu.held.is_empty();
        let unused = node.gpus.iter().filter(|gpu| is_unused(&gpus[gpu.at()])).count();
        let unused = u32::try_from(unused).unwrap_or(u32::MAX);
        let mut free: Vec<u64> = Vec::with_capacity(node.gpus.len());
        let mut could: Vec<u64> = Vec::with_capacity(node.gpus.len());
        for gpu in &node.gpus {
            let state = &mut gpus[gpu.at()];
            usable[gpu.at()] = state.usable();
            could.extend(state.open.then(|| state.usable()));
            let spoils = if is_unused(state) { unused } else { 0 };
            let key = state.open.then(|| GpuKey::new(state.headroom(), *gpu, number, spoils));
            index.move_gpu(state.key, key);
            state.key = key;
            free.extend(state.open.then(|| state.headroom()));
        }
        could.sort_unstable_by(|a, b| b.cmp(a));
        free.sort_unstable_by(|a, b| b.cmp(a));
        index.move_node(number, &free, &could, &mut node.keys);
    }
}
