//! Where a replica fits: the tightest place, on a node of its own where there is one.
//!
//! The order of preference: a node without a replica of the model before one that has some; within that one GPU before
//! several of a node before several nodes; within that the tightest fit (best fit: Johnson, "Near-optimal bin packing
//! algorithms", 1973, which with sizes in descending order uses at most 11/9 of the bins that are needed, and 6/9 of one).
//! Spreading comes first because a machine that dies takes everything on it along, which no packing makes good.

use std::collections::BTreeMap;

use super::{Fleet, GpuNo, ModelNo, NodeNo};
use crate::catalogue::Shape;

/// A place for a replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) shape: Shape,
    pub(crate) gpus: Vec<GpuNo>,
}

/// How far from other replicas of the same model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Apart {
    /// On nodes that have none.
    Nodes,
    /// On GPUs that have none. Two replicas on one GPU share its arithmetic: memory spent for nothing, so never.
    Gpus,
}

impl Fleet {
    /// The best place for one more replica that needs nobody to move; `avoid` are GPUs that it shall not lie on.
    pub(crate) fn find(&self, model: ModelNo, avoid: &[GpuNo]) -> Option<Spot> {
        self.find_apart(model, avoid, Apart::Nodes).or_else(|| self.find_apart(model, avoid, Apart::Gpus))
    }

    pub(crate) fn find_apart(&self, model: ModelNo, avoid: &[GpuNo], apart: Apart) -> Option<Spot> {
        let place = |shape: &Shape| -> Option<Spot> {
            let gpus = match (shape.nodes, shape.gpus) {
                (1, 1) => self.one_gpu(model, shape.bytes_per_gpu, avoid, apart)?,
                (1, _) => self.one_node(model, shape, avoid, apart)?,
                _ => self.several_nodes(model, shape, avoid, apart)?,
            };
            Some(Spot { shape: *shape, gpus })
        };
        self.model(model).model.shapes.iter().find_map(place)
    }

    fn one_gpu(&self, model: ModelNo, bytes: u64, avoid: &[GpuNo], apart: Apart) -> Option<Vec<GpuNo>> {
        let state = self.model(model);
        let refuses = |node| !self.may_run(model, node);
        let mut best: Option<(u16, GpuNo)> = None;
        for (gpu, node) in self.index.gpus_with(bytes) {
            let on = state.on(node);
            // Cheap questions first: most GPUs are passed over because of this one.
            let better = best.is_none_or(|(crowd, _)| on < crowd) && (apart == Apart::Gpus || on == 0);
            if !better || refuses(node) || avoid.contains(&gpu) || (on > 0 && self.holds(gpu, model)) {
                continue;
            }
            best = Some((on, gpu));
            // Nodes without any were searched before: one replica beside is the best that is left.
            if on <= 1 {
                break;
            }
        }
        best.map(|(_, gpu)| vec![gpu])
    }

    fn one_node(&self, model: ModelNo, shape: &Shape, avoid: &[GpuNo], apart: Apart) -> Option<Vec<GpuNo>> {
        let state = self.model(model);
        let nodes = self.index.nodes_with(shape.gpus, shape.bytes_per_gpu);
        let mut able = nodes
            .filter(|node| (apart == Apart::Gpus || state.on(*node) == 0) && self.may_run(model, *node))
            .filter_map(|node| Some((node, self.together(model, node, shape, avoid)?)));
        match apart {
            Apart::Nodes => able.next(),
            Apart::Gpus => able.min_by_key(|(node, _)| state.on(*node)),
        }
        .map(|(_, gpus)| gpus)
    }

    fn several_nodes(&self, model: ModelNo, shape: &Shape, avoid: &[GpuNo], apart: Apart) -> Option<Vec<GpuNo>> {
        let state = self.model(model);
        let mut found: BTreeMap<&str, Vec<Vec<GpuNo>>> = BTreeMap::new();
        for node in self.index.nodes_with(shape.gpus, shape.bytes_per_gpu) {
            let Some(fabric) = self.node(node).fabric.as_deref() else { continue };
            if !self.may_run(model, node) || (apart == Apart::Nodes && state.on(node) > 0) {
                continue;
            }
            let Some(gpus) = self.together(model, node, shape, avoid) else { continue };
            let parts = found.entry(fabric).or_default();
            parts.push(gpus);
            if parts.len() == shape.nodes as usize {
                return Some(parts.concat());
            }
        }
        None
    }

    /// The tightest GPUs of a node for one replica: of a single link group where one has enough, else any.
    fn together(&self, model: ModelNo, node: NodeNo, shape: &Shape, avoid: &[GpuNo]) -> Option<Vec<GpuNo>> {
        let count = shape.gpus as usize;
        let mut able: Vec<GpuNo> = self
            .node(node)
            .gpus
            .iter()
            .copied()
            .filter(|gpu| {
                let state = self.gpu(*gpu);
                state.open
                    && state.headroom() >= shape.bytes_per_gpu
                    && !avoid.contains(gpu)
                    && !self.holds(*gpu, model)
            })
            .collect();
        able.sort_by_key(|gpu| (self.gpu(*gpu).headroom(), *gpu));
        linked(&able, count, |gpu| self.gpu(gpu).link).or_else(|| able.get(..count).map(<[GpuNo]>::to_vec))
    }

    /// GPUs that admit, have less free, and could hold so much were they empty; the emptiest first.
    pub(crate) fn gpus_below(&self, bytes: u64) -> impl Iterator<Item = GpuNo> {
        self.index.gpus_below(bytes).filter(move |gpu| self.usable[gpu.at()] >= bytes)
    }

    /// Nodes with `gpus` GPUs that admit, of which some have less free, and which could all hold so much were they empty; the
    /// emptiest first.
    pub(crate) fn nodes_below(&self, gpus: u32, bytes: u64) -> impl Iterator<Item = NodeNo> {
        self.index.nodes_below(gpus, bytes)
    }

    pub(crate) fn may_run(&self, model: ModelNo, node: NodeNo) -> bool {
        !self.node(node).refused.contains(&model)
    }
}

/// The first `count` of `able` that share a link, of the group that is complete first.
pub(crate) fn linked(able: &[GpuNo], count: usize, link: impl Fn(GpuNo) -> Option<u32>) -> Option<Vec<GpuNo>> {
    let mut groups: BTreeMap<u32, Vec<GpuNo>> = BTreeMap::new();
    for gpu in able {
        let Some(link) = link(*gpu) else { continue };
        let group = groups.entry(link).or_default();
        group.push(*gpu);
        if group.len() == count {
            return Some(std::mem::take(group));
        }
    }
    None
}
