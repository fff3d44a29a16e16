//! Where there is room: ordered sets, so that the tightest fit is found without looking at every GPU.
//!
//! One set holds the GPUs by what is free on them. Replicas of `k` GPUs on one node need more: for each such `k` in the
//! catalogue a set holds the nodes by the free memory of their `k`-th emptiest GPU, which is exactly the most that each shard
//! may need. A change on a node costs a few insertions; a search costs one descent.
//!
//! Rejected: a list for each size of GPU (24 GB, 80 GB, …). Foreign programs make every GPU a size of its own.

use std::collections::BTreeSet;

use super::{GpuNo, NodeNo};

/// How a GPU stands in the order of the tightest fit: free bytes, then how many GPUs of its node are wholly unused (fewer
/// first, so that whole machines stay whole for the models that need one), then its number.
pub(crate) type GpuKey = (u64, u32, GpuNo);

#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    gpus: BTreeSet<GpuKey>,
    /// Numbers of GPUs on one node that some model is split over, ascending.
    degrees: Vec<u32>,
    /// For each degree: (free bytes of the `degree`-th emptiest GPU, node).
    nodes: Vec<BTreeSet<(u64, NodeNo)>>,
}

impl Index {
    pub(crate) fn new(degrees: BTreeSet<u32>) -> Self {
        let degrees: Vec<u32> = degrees.into_iter().collect();
        Self { gpus: BTreeSet::new(), nodes: vec![BTreeSet::new(); degrees.len()], degrees }
    }

    pub(crate) fn move_gpu(&mut self, from: Option<GpuKey>, to: Option<GpuKey>) {
        if from != to {
            from.map(|key| self.gpus.remove(&key));
            to.map(|key| self.gpus.insert(key));
        }
    }

    /// Moves a node in every set. `free`: free bytes of its GPUs that admit, descending. `keys`: how it stood, by degree.
    pub(crate) fn move_node(&mut self, node: NodeNo, free: &[u64], keys: &mut Vec<Option<u64>>) {
        keys.resize(self.degrees.len(), None);
        for ((set, degree), key) in self.nodes.iter_mut().zip(&self.degrees).zip(keys) {
            let now = (*degree as usize).checked_sub(1).and_then(|last| free.get(last)).copied();
            if now != *key {
                key.map(|free| set.remove(&(free, node)));
                now.map(|free| set.insert((free, node)));
                *key = now;
            }
        }
    }

    /// GPUs with at least so much free, the tightest first.
    pub(crate) fn gpus_with(&self, bytes: u64) -> impl Iterator<Item = GpuNo> {
        self.gpus.range((bytes, 0, GpuNo(0))..).map(|key| key.2)
    }

    /// GPUs with less free, the emptiest first.
    pub(crate) fn gpus_below(&self, bytes: u64) -> impl Iterator<Item = GpuNo> {
        self.gpus.range(..(bytes, 0, GpuNo(0))).rev().map(|key| key.2)
    }

    /// Nodes with `gpus` GPUs of which each has at least so much free, the tightest first.
    pub(crate) fn nodes_with(&self, gpus: u32, bytes: u64) -> impl Iterator<Item = NodeNo> {
        self.of(gpus).into_iter().flat_map(move |set| set.range((bytes, NodeNo(0))..)).map(|key| key.1)
    }

    /// Nodes with `gpus` GPUs of which some have less free, the emptiest first.
    pub(crate) fn nodes_below(&self, gpus: u32, bytes: u64) -> impl Iterator<Item = NodeNo> {
        self.of(gpus).into_iter().flat_map(move |set| set.range(..(bytes, NodeNo(0))).rev()).map(|key| key.1)
    }

    fn of(&self, gpus: u32) -> Option<&BTreeSet<(u64, NodeNo)>> {
        self.degrees.iter().position(|degree| *degree == gpus).and_then(|at| self.nodes.get(at))
    }
}
