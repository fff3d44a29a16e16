//! Brings the fleet to where it should be: what must go goes, what is too much goes, what is pending is placed.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use crate::cover::{cover, victims};
use crate::fleet::{Apart, Fleet, GpuNo, ModelNo, NodeNo, ReplicaNo, Spot};
use crate::rank::Rank;
use crate::steps::Because;

/// How much may be tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Places looked at for making room.
    pub(crate) looks: usize,
    /// Times that room may be made.
    pub(crate) efforts: usize,
}

impl Effort {
    pub(crate) const FULL: Self = Self { looks: usize::MAX, efforts: usize::MAX };
}

/// The order in which pending replicas are placed: by rank, the large before the small, then by name.
type Turn = (Rank, u64, Reverse<ModelNo>);

impl Fleet {
    /// Takes from a node what may not stay there: it drains or is sick, it refuses the model, or a foreign program took the
    /// memory. What the margin still covers may stay; once it does not, enough goes that the margin is whole again, so that
    /// the next reading does not take one more.
    pub(crate) fn clear_node(&mut self, node: NodeNo) {
        for gpu in self.node(node).gpus.clone() {
            for replica in self.gpu(gpu).held.clone() {
                if let Some(because) = self.must_go(replica, gpu) {
                    self.take(replica, because);
                }
            }
            let state = self.gpu(gpu);
            if !state.overdrawn() {
                continue;
            }
            let lacks = state.charged.saturating_sub(state.usable());
            let here = victims(self, gpu, |replica| Some(self.loss(&[replica])));
            let all: Vec<ReplicaNo> = here.iter().map(|victim| victim.replica).collect();
            for replica in cover(here, lacks, |replicas| self.loss(replicas)).unwrap_or(all) {
                self.take(replica, Because::MemoryTaken);
            }
        }
    }

    fn must_go(&self, replica: ReplicaNo, gpu: GpuNo) -> Option<Because> {
        let state = self.gpu(gpu);
        let node = self.node(state.node);
        if node.draining {
            Some(Because::Draining)
        } else if state.leave {
            Some(Because::Unhealthy)
        } else {
            self.replica(replica).filter(|it| node.refused.contains(&it.model)).map(|_| Because::Refused)
        }
    }

    /// Unloads what a model has beyond its target: replicas that share a node first, then those on several nodes, then those
    /// whose GPU would be emptiest without them, so that whole GPUs become free; the youngest among equals.
    pub(crate) fn shed(&mut self, model: ModelNo) {
        while self.model(model).replicas.len() > self.model(model).ladder.len() {
            let key = |number: &ReplicaNo| {
                let replica = self.replica(*number)?;
                let crowd = self.crowd(model, &replica.gpus);
                let left: u64 = replica
                    .gpus
                    .iter()
                    .zip(&replica.charges)
                    .map(|(gpu, charge)| self.gpu(*gpu).charged - charge)
                    .sum();
                let closed = replica.gpus.iter().any(|gpu| !self.gpu(*gpu).open);
                let order = (closed, !replica.ready, crowd, replica.shape.nodes, Reverse(left), replica.since);
                Some((order, replica.gpus.as_slice(), *number))
            };
            let Some((_, _, number)) = self.model(model).replicas.iter().filter_map(key).max() else { return };
            self.take(number, Because::Surplus);
        }
    }

    /// Places what is pending, as far as it goes. `hot`: models that have just lost or been promised a replica; the others
    /// are looked at again only where room grew. Says whether anything was placed.
    pub(crate) fn settle(&mut self, hot: &mut BTreeSet<ModelNo>, effort: Effort) -> bool {
        let mut efforts = effort.efforts;
        let mut any = false;
        loop {
            any |= self.place_directly(hot);
            let turn = self.turns(|model| hot.contains(&model)).into_sorted_vec();
            let mut placed = false;
            for (_, _, Reverse(model)) in turn.into_iter().rev() {
                if efforts == 0 {
                    break;
                }
                efforts -= 1;
                if self.make_room(model, effort.looks, hot) {
                    placed = true;
                    break;
                }
                hot.remove(&model);
            }
            if !placed {
                return any;
            }
            any = true;
        }
    }

    fn make_room(&mut self, model: ModelNo, looks: usize, hot: &mut BTreeSet<ModelNo>) -> bool {
        let placed = self.place_by_moving(model, looks) || self.place_by_replacing(model, looks);
        if placed {
            // Whoever lost a place may find another.
            hot.extend(self.went.keys().map(|(model, _)| *model));
        }
        placed
    }

    /// Places whatever fits without touching anything, in order of rank.
    fn place_directly(&mut self, hot: &mut BTreeSet<ModelNo>) -> bool {
        let mut any = false;
        let grew = std::mem::take(&mut self.grew);
        let smallest = |model: ModelNo| self.model(model).model.shapes.iter().map(|shape| shape.bytes_per_gpu).min();
        let worth_a_look = |model: ModelNo| smallest(model).is_some_and(|bytes| bytes <= grew);
        let mut turns = self.turns(|model| hot.contains(&model) || worth_a_look(model));
        while let Some((_, _, Reverse(model))) = turns.pop() {
            let Some(spot) = self.find(model, &[]) else {
                hot.insert(model);
                continue;
            };
            self.put(model, spot);
            turns.extend(self.turn(model));
            any = true;
        }
        any
    }

    fn turn(&self, model: ModelNo) -> Option<Turn> {
        let state = self.model(model);
        Some((state.next()?, state.model.vram_bytes, Reverse(model)))
    }

    fn turns(&self, which: impl Fn(ModelNo) -> bool) -> BinaryHeap<Turn> {
        self.model_numbers().filter(|model| which(*model)).filter_map(|model| self.turn(model)).collect()
    }

    /// Moves replicas of a model that share a node to nodes of their own: always before they are loaded; afterwards only when
    /// the loss of that node would take more than half of the model's replicas, and both it and the new node have settled.
    /// Says whether anything moved.
    pub(crate) fn spread(&mut self, model: ModelNo) -> bool {
        let mut moved = false;
        while self.crowded(model).into_iter().any(|number| self.move_apart(model, number)) {
            moved = true;
        }
        moved
    }

    /// Moves a replica to nodes that have none of its model, or leaves it where it is. Says whether it moved.
    fn move_apart(&mut self, model: ModelNo, number: ReplicaNo) -> bool {
        let Some(replica) = self.take(number, Because::Spread) else { return false };
        let apart = self.find_apart(model, &[], Apart::Nodes).filter(|spot| {
            let fresh = !self.went.contains_key(&(model, replica.gpus.clone()));
            fresh || self.nodes_of(&spot.gpus).into_iter().all(|node| self.stays(node))
        });
        let found = apart.is_some();
        let spot = apart.unwrap_or(Spot { shape: replica.shape, gpus: replica.gpus });
        self.put(model, spot);
        found
    }

    /// The replicas of a model that share a node and may be moved.
    fn crowded(&self, model: ModelNo) -> Vec<ReplicaNo> {
        let state = self.model(model);
        if state.on_node.iter().all(|count| *count < 2) {
            return vec![];
        }
        let movable = |number: &&ReplicaNo| {
            let Some(replica) = self.replica(**number) else { return false };
            let crowd = self.crowd(model, &replica.gpus);
            let most = usize::from(crowd) * 2 > state.replicas.len();
            crowd > 1 && (self.fresh(replica) || (most && self.settled(replica)))
        };
        state.replicas.iter().filter(movable).copied().collect()
    }

    fn stays(&self, node: NodeNo) -> bool {
        self.now.millis_since(self.node(node).since) >= self.settings.settle_ms
    }
}
