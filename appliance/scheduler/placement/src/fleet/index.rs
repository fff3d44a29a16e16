//! Where there is room: ordered sets, so that the tightest fit is found without looking at every GPU.
//!
//! One set holds the GPUs by what is free on them. Replicas of `k` GPUs on one node need more: for each such `k` in the
//! catalogue a set holds the nodes by the free memory of their `k`-th emptiest GPU, which is exactly the most that each shard
//! may need. A change on a node costs a few insertions; a search costs one descent.
//!
//! GPUs stand in shelves by what taking one would spoil: on the first those that spoil nothing, for something lies on them
//! already or they are alone on their machine; after it those that are wholly unused on a machine with one other such, with
//! two or three others, and so on. A search goes along the shelves in this order, so that machines stay whole for the models
//! that need several GPUs; without it, placing those meant moving twice as many others. Among equal machines of one GPU this
//! is best fit exactly: an unused GPU is then the loosest fit of all.
//!
//! Rejected: a list for each size of GPU (24 GB, 80 GB, …). Foreign programs make every GPU a size of its own.

use std::collections::BTreeSet;

use super::{GpuNo, NodeNo};

/// How a GPU stands in the order of the tightest fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GpuKey {
    shelf: usize,
    /// Free bytes; then which, with its node beside it, so that a search need not look it up.
    place: (u64, GpuNo, NodeNo),
}

impl GpuKey {
    /// `unused`: how many GPUs of its node are wholly unused, itself among them; 0 if it is not.
    pub(crate) fn new(free: u64, gpu: GpuNo, node: NodeNo, unused: u32) -> Self {
        let shelf = unused.checked_ilog2().map_or(0, |power| power as usize).min(SHELVES - 1);
        Self { shelf, place: (free, gpu, node) }
    }
}

/// Up to 15 unused GPUs on a machine are told apart.
const SHELVES: usize = 4;

#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    shelves: [BTreeSet<(u64, GpuNo, NodeNo)>; SHELVES],
    /// Numbers of GPUs on one node that some model is split over, ascending.
    degrees: Vec<u32>,
    /// For each degree: (free bytes of the `degree`-th emptiest GPU, node).
    nodes: Vec<BTreeSet<(u64, NodeNo)>>,
    /// For each degree and node: what its `degree`-th largest GPU could be promised were it empty. Beside each other, because
    /// searches for room ask it of every node.
    could: Vec<Vec<u64>>,
}

impl Index {
    pub(crate) fn new(degrees: BTreeSet<u32>) -> Self {
        let degrees: Vec<u32> = degrees.into_iter().collect();
        Self {
            shelves: Default::default(),
            nodes: vec![BTreeSet::new(); degrees.len()],
            could: vec![vec![]; degrees.len()],
            degrees,
        }
    }

    pub(crate) fn move_gpu(&mut self, from: Option<GpuKey>, to: Option<GpuKey>) {
        if from != to {
            from.map(|key| self.shelves[key.shelf].remove(&key.place));
            to.map(|key| self.shelves[key.shelf].insert(key.place));
        }
    }

    /// Moves a node in every set. `free` and `could`: what its GPUs that admit have free, and could be promised were they
    /// empty, both descending. `keys`: how it stood, by degree.
    pub(crate) fn move_node(&mut self, node: NodeNo, free: &[u64], could: &[u64], keys: &mut Vec<Option<u64>>) {
        keys.resize(self.degrees.len(), None);
        for (at, (degree, key)) in self.degrees.iter().zip(keys).enumerate() {
            let last = (*degree as usize).saturating_sub(1);
            let (set, most) = (&mut self.nodes[at], &mut self.could[at]);
            if most.len() <= node.at() {
                most.resize(node.at() + 1, 0);
            }
            most[node.at()] = could.get(last).copied().unwrap_or(0);
            let now = free.get(last).copied();
            if now != *key {
                key.map(|free| set.remove(&(free, node)));
                now.map(|free| set.insert((free, node)));
                *key = now;
            }
        }
    }

    /// GPUs with at least so much free, with their nodes, the tightest of each shelf first.
    pub(crate) fn gpus_with(&self, bytes: u64) -> impl Iterator<Item = (GpuNo, NodeNo)> {
        let from = (bytes, GpuNo(0), NodeNo(0));
        self.shelves.iter().flat_map(move |shelf| shelf.range(from..)).map(|place| (place.1, place.2))
    }

    /// GPUs with less free, the emptiest of each shelf first.
    pub(crate) fn gpus_below(&self, bytes: u64) -> impl Iterator<Item = GpuNo> {
        let to = (bytes, GpuNo(0), NodeNo(0));
        self.shelves.iter().flat_map(move |shelf| shelf.range(..to).rev()).map(|place| place.1)
    }

    /// Nodes with `gpus` GPUs of which each has at least so much free, the tightest first.
    pub(crate) fn nodes_with(&self, gpus: u32, bytes: u64) -> impl Iterator<Item = NodeNo> {
        let of = move |at: usize| self.nodes[at].range((bytes, NodeNo(0))..).map(|key| key.1);
        self.at(gpus).into_iter().flat_map(of)
    }

    /// Nodes with `gpus` GPUs of which some have less free, and which could all hold so much were they empty; the emptiest first.
    pub(crate) fn nodes_below(&self, gpus: u32, bytes: u64) -> impl Iterator<Item = NodeNo> {
        let of = move |at: usize| {
            let below = self.nodes[at].range(..(bytes, NodeNo(0))).rev().map(|key| key.1);
            below.filter(move |node| self.could[at][node.at()] >= bytes)
        };
        self.at(gpus).into_iter().flat_map(of)
    }

    fn at(&self, gpus: u32) -> Option<usize> {
        self.degrees.iter().position(|degree| *degree == gpus)
    }
}
