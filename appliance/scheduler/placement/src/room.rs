//! Room where there is none: by moving others together, or by unloading what is worth less.
//!
//! Moving keeps everything that runs and costs a load for every byte moved: no more than `move_permille` of what is placed
//! thereby, and no more than `moves` replicas. Unloading is for ranks below only, and only for a gain above `gain_permille`:
//! two models of the same rank do not push each other about. Replicas that came a moment ago stay, unless it is for a model's minimum.
//!
//! Both look first at the places that lack least, and at no more than `looks` of them in a single decision; a
//! minimum that finds nothing so looks at four times as many, and the full plan looks everywhere.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::catalogue::Shape;
use crate::cover::{cover, victims};
use crate::fleet::{Fleet, GpuNo, ModelNo, NodeNo, ReplicaNo, Spot, linked};
use crate::rank::{Rank, Tier, Worth};
use crate::steps::Because;

/// A place that has to be cleared first.
struct Clearing<C> {
    spot: Spot,
    victims: Vec<ReplicaNo>,
    cost: C,
    /// Replicas of the same model on these nodes already.
    crowd: u16,
}

impl Fleet {
    /// Places one more replica where others can be moved away to elsewhere. Says whether it did.
    pub(crate) fn place_by_moving(&mut self, model: ModelNo, looks: usize) -> bool {
        let limit = |shape: &Shape| {
            let bytes = u128::from(shape.bytes()) * u128::from(self.settings.move_permille) / 1_000;
            u64::try_from(bytes).unwrap_or(u64::MAX)
        };
        // Replicas of a model are alike, and none finds a home where another of its model lies: one search for each model.
        let homes: RefCell<BTreeMap<ModelNo, bool>> = RefCell::default();
        let has_home = |replica: ReplicaNo| {
            let Some(state) = self.replica(replica) else { return false };
            *homes.borrow_mut().entry(state.model).or_insert_with(|| self.find(state.model, &[]).is_some())
        };
        let mut clearings: Vec<Clearing<u64>> = Vec::new();
        let shapes = self.model(model).model.shapes.clone();
        for shape in shapes.iter().filter(|shape| shape.nodes == 1) {
            let cost =
                |replica: ReplicaNo| (self.movable(replica) && has_home(replica)).then(|| self.bytes_of(replica));
            let total = |replicas: &[ReplicaNo]| replicas.iter().map(|replica| self.bytes_of(*replica)).sum();
            let limit = limit(shape);
            let accept = |cost: u64, victims: usize| cost <= limit && victims <= self.settings.moves;
            clearings.extend(self.clearings(model, shape, looks, cost, total, accept));
        }
        clearings.sort_by(|a, b| (a.crowd, a.cost, &a.spot.gpus).cmp(&(b.crowd, b.cost, &b.spot.gpus)));
        clearings.into_iter().any(|clearing| self.shift(model, clearing))
    }

    fn movable(&self, replica: ReplicaNo) -> bool {
        self.replica(replica).is_some_and(|state| state.gpus.len() == 1 && self.settled(state))
    }

    fn bytes_of(&self, replica: ReplicaNo) -> u64 {
        self.replica(replica).map_or(0, |state| state.charges.iter().sum())
    }

    /// Moves the victims elsewhere and puts the model in their place, or leaves everything as it was.
    fn shift(&mut self, model: ModelNo, clearing: Clearing<u64>) -> bool {
        let homeless = |victim: &ReplicaNo| {
            self.replica(*victim).is_none_or(|state| self.find(state.model, &clearing.spot.gpus).is_none())
        };
        if clearing.victims.iter().any(homeless) {
            return false;
        }
        let grew = self.grew;
        let because = Because::MadeRoom(self.model(model).model.id.clone());
        let mut moved: Vec<_> = Vec::new();
        for victim in clearing.victims {
            moved.extend(self.take(victim, because.clone()));
        }
        let placed = self.put(model, clearing.spot);
        let mut homes: Vec<ReplicaNo> = Vec::new();
        let mut large_first: Vec<_> =
            moved.iter().map(|replica| (replica.shape.bytes_per_gpu, replica.model)).collect();
        large_first.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
        for (_, model) in large_first {
            match self.find(model, &[]) {
                Some(spot) => homes.push(self.put(model, spot)),
                None => break,
            }
        }
        if homes.len() == moved.len() {
            return true;
        }
        // Undone in the reverse order, everything has the number that it had: other clearings know it by that.
        for replica in homes.into_iter().rev().chain([placed]) {
            self.take(replica, because.clone());
        }
        for replica in moved.into_iter().rev() {
            self.put(replica.model, Spot { shape: replica.shape, gpus: replica.gpus });
        }
        self.grew = grew;
        false
    }

    /// Places one more replica where others of lower rank lie, which lose their place. Says whether it did.
    pub(crate) fn place_by_replacing(&mut self, model: ModelNo, looks: usize) -> bool {
        let Some(rank) = self.model(model).next() else { return false };
        let placed = self.replace(model, rank, looks);
        placed
            || (rank.tier == Tier::Minimum && looks < usize::MAX && self.replace(model, rank, looks.saturating_mul(4)))
    }

    fn replace(&mut self, model: ModelNo, rank: Rank, looks: usize) -> bool {
        let gain = rank.worth(self.model(model).model.vram_bytes);
        let lower: Vec<bool> =
            self.models.iter().map(|state| state.lost_with(0).is_none_or(|lost| lost < rank)).collect();
        let mut best: Option<Clearing<Worth>> = None;
        for shape in self.model(model).model.shapes.iter().filter(|shape| shape.nodes == 1) {
            let cost = |replica: ReplicaNo| self.replaceable(replica, rank, &lower);
            let total = |replicas: &[ReplicaNo]| self.loss(replicas);
            let accept = |cost: Worth, _| gain.outweighs(cost, self.settings.gain_permille);
            let found = self.clearings(model, shape, looks, cost, total, accept);
            best = found
                .into_iter()
                .chain(best.take())
                .min_by(|a, b| (a.crowd, a.cost, &a.spot.gpus).cmp(&(b.crowd, b.cost, &b.spot.gpus)));
        }
        let Some(clearing) = best else { return false };
        let because = Because::MadeRoom(self.model(model).model.id.clone());
        for victim in clearing.victims {
            self.take(victim, because.clone());
        }
        self.put(model, clearing.spot);
        true
    }

    fn replaceable(&self, replica: ReplicaNo, rank: Rank, lower: &[bool]) -> Option<Worth> {
        let state = self.replica(replica)?;
        let may = lower[state.model.at()] && (rank.tier == Tier::Minimum || self.settled(state));
        may.then(|| self.loss_of(state.model))
    }

    /// Places of this shape that could be cleared of replicas that have a `cost`, those that lack least first; only those whose
    /// cost and number of victims are acceptable.
    fn clearings<C: Copy + Ord>(
        &self,
        model: ModelNo,
        shape: &Shape,
        looks: usize,
        cost: impl Fn(ReplicaNo) -> Option<C>,
        total: impl Fn(&[ReplicaNo]) -> C,
        accept: impl Fn(C, usize) -> bool,
    ) -> Vec<Clearing<C>> {
        let bytes = shape.bytes_per_gpu;
        let clear = |gpus: Vec<GpuNo>| -> Option<Clearing<C>> {
            let mut all: Vec<ReplicaNo> = Vec::new();
            for gpu in &gpus {
                let freed_by = |replica: &ReplicaNo| self.replica(*replica).is_some_and(|it| it.gpus.contains(gpu));
                let freed: u64 = all.iter().filter(|it| freed_by(it)).map(|it| self.frees(*it, *gpu)).sum();
                let lacks = self.gpu(*gpu).lacks(bytes).saturating_sub(freed);
                let here = victims(self, *gpu, &cost).into_iter().filter(|it| !all.contains(&it.replica)).collect();
                all.extend(cover(here, lacks, &total)?);
                // Costs only grow with further GPUs: most places are given up at the first.
                if !accept(total(&all), all.len()) {
                    return None;
                }
            }
            let crowd = self.crowd(model, &gpus);
            let cost = total(&all);
            Some(Clearing { spot: Spot { shape: *shape, gpus }, victims: all, cost, crowd })
        };
        let could_hold = |gpu: GpuNo| self.gpu(gpu).usable() >= bytes && !self.holds(gpu, model);
        if shape.gpus == 1 {
            let gpus =
                self.gpus_below(bytes).filter(|gpu| could_hold(*gpu) && self.may_run(model, self.gpu(*gpu).node));
            return gpus.take(looks).filter_map(|gpu| clear(vec![gpu])).collect();
        }
        let nodes = self.nodes_below(shape.gpus, bytes).filter(|node| self.may_run(model, *node));
        let together = |node: NodeNo| -> Option<Vec<GpuNo>> {
            let mut able: Vec<GpuNo> =
                self.node(node).gpus.iter().copied().filter(|gpu| self.gpu(*gpu).open && could_hold(*gpu)).collect();
            able.sort_by_key(|gpu| (std::cmp::Reverse(self.gpu(*gpu).headroom()), *gpu));
            let count = shape.gpus as usize;
            linked(&able, count, |gpu| self.gpu(gpu).link).or_else(|| able.get(..count).map(<[GpuNo]>::to_vec))
        };
        nodes.filter_map(together).take(looks).filter_map(clear).collect()
    }

    fn frees(&self, replica: ReplicaNo, gpu: GpuNo) -> u64 {
        let Some(state) = self.replica(replica) else { return 0 };
        state.gpus.iter().position(|held| *held == gpu).and_then(|at| state.charges.get(at)).copied().unwrap_or(0)
    }
}
