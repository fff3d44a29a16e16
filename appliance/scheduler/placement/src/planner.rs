//! Decisions one at a time: what happened in, steps out.
//!
//! The planner keeps the fleet indexed between events, so that a decision costs what changed and not what is there. It knows
//! no clock and asks nobody: the same events in the same order give the same steps. It takes its own steps as done; what is
//! still loading or leaving is told to it with the next reading ([`crate::Gpu::used`]), so that memory on its way out is not
//! taken for foreign. It follows that steps of one decision that touch a GPU wait for those of earlier decisions there.

use std::collections::{BTreeMap, BTreeSet};

use protocol::gpu::UnixMillis;
use protocol::{Class, ModelState};

use crate::catalogue::Want;
use crate::fleet::{Fleet, GpuNo, ModelNo, NodeNo, ReplicaState};
use crate::names::{ModelId, NodeName, Slot};
use crate::rank::Ladder;
use crate::settings::Settings;
use crate::settle::Effort;
use crate::snapshot::{Node, Replica, Snapshot, SnapshotError, Target, check_replicas};
use crate::steps::{Because, Leaving, Step, steps};
use crate::targets::targets;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A class of demand needs so many replicas of a model now.
    Wanted {
        /// The model.
        model: ModelId,
        /// The class.
        class: Class,
        /// How many.
        replicas: u32,
    },
    /// A node came, with what is loaded on it.
    Joined {
        /// The node.
        node: Node,
        /// Replicas that lie on it alone; a replica of several nodes starts anew.
        replicas: Vec<Replica>,
    },
    /// A node that is there reads otherwise: memory, health, whether it drains, what it refuses.
    Read(Node),
    /// A node is gone.
    Lost(NodeName),
}

/// The fleet as it is planned, ready for the next event.
#[derive(Debug, Clone)]
pub struct Planner {
    pub(crate) fleet: Fleet,
    pub(crate) targets: BTreeMap<(ModelNo, Class), Target>,
    pub(crate) leaving: Vec<Leaving>,
}

impl Planner {
    /// The planner for a snapshot as it stands: nothing is moved yet.
    ///
    /// # Errors
    /// The snapshot contradicts itself.
    pub fn new(snapshot: &Snapshot, settings: &Settings) -> Result<Self, SnapshotError> {
        snapshot.check()?;
        let mut fleet = Fleet::new(&snapshot.models, settings.clone(), snapshot.now);
        let mut nodes: Vec<Node> = snapshot.nodes.iter().map(|node| refusing(node, &snapshot.replicas)).collect();
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        for node in &nodes {
            fleet.join(node);
        }
        let mut planner = Self { fleet, targets: BTreeMap::new(), leaving: vec![] };
        for target in targets(snapshot, settings) {
            if let Some(model) = planner.fleet.model_number(&target.model) {
                planner.targets.insert((model, target.class), target);
            }
        }
        planner.fleet.model_numbers().for_each(|model| planner.aim(model));
        planner.adopt(&snapshot.replicas, &nodes);
        for node in &nodes {
            planner.reread(node)?;
        }
        Ok(planner)
    }

    /// Decides what follows from an event.
    ///
    /// # Errors
    /// The event names what is not there, or a node that contradicts itself; nothing has changed then.
    pub fn decide(&mut self, now: UnixMillis, event: &Event) -> Result<Vec<Step>, SnapshotError> {
        self.fleet.begin(now);
        self.leaving.clear();
        let mut hot = BTreeSet::new();
        match event {
            Event::Wanted { model, class, replicas } => {
                let number = self.fleet.model_number(model).ok_or_else(|| SnapshotError::NoSuchModel(model.clone()))?;
                let target = Target { model: model.clone(), class: *class, replicas: *replicas, called_for: now };
                self.targets.insert((number, *class), target);
                self.aim(number);
                self.fleet.shed(number);
                hot.insert(number);
            }
            Event::Joined { node, replicas } => self.joined(node, replicas)?,
            Event::Read(node) => self.reread(node)?,
            Event::Lost(name) => {
                let number = self.fleet.node_number(name).ok_or_else(|| SnapshotError::NoSuchNode(name.clone()))?;
                let touched = self.fleet.lose(number);
                hot.extend(touched);
            }
        }
        if let Event::Joined { node, .. } | Event::Read(node) = event {
            if let Some(number) = self.fleet.node_number(&node.name) {
                self.fleet.clear_node(number);
            }
            for model in self.fleet.model_numbers() {
                self.fleet.shed(model);
            }
        }
        hot.extend(self.fleet.went.keys().map(|(model, _)| *model));
        let effort = Effort { looks: self.fleet.settings.looks, efforts: self.fleet.settings.efforts };
        self.fleet.settle(&mut hot, effort);
        Ok(steps(&self.fleet, &self.leaving))
    }

    /// Plans everything anew, as far as anything can be bettered.
    pub(crate) fn plan_all(&mut self) {
        let nodes: Vec<NodeNo> = self.fleet.node_numbers().collect();
        nodes.into_iter().for_each(|node| self.fleet.clear_node(node));
        for model in self.fleet.model_numbers() {
            self.fleet.shed(model);
        }
        loop {
            let mut hot: BTreeSet<ModelNo> = self.fleet.model_numbers().collect();
            let placed = self.fleet.settle(&mut hot, Effort::FULL);
            let spread = self.fleet.model_numbers().filter(|model| self.fleet.spread(*model)).count() > 0;
            if !placed && !spread {
                return;
            }
        }
    }

    fn joined(&mut self, node: &Node, replicas: &[Replica]) -> Result<(), SnapshotError> {
        node.check()?;
        if self.fleet.node_number(&node.name).is_some() {
            return Err(SnapshotError::NodeTwice(node.name.clone()));
        }
        check_replicas(replicas, &node.slots().collect())?;
        let node = refusing(node, replicas);
        self.fleet.join(&node);
        self.adopt(replicas, std::slice::from_ref(&node));
        self.reread(&node)
    }

    fn reread(&mut self, node: &Node) -> Result<(), SnapshotError> {
        node.check()?;
        let number = self.fleet.node_number(&node.name).ok_or_else(|| SnapshotError::NoSuchNode(node.name.clone()))?;
        self.fleet.read(number, node);
        Ok(())
    }

    /// Takes over replicas that are there; those that serve no longer, or of models that are not listed, leave.
    fn adopt(&mut self, replicas: &[Replica], nodes: &[Node]) {
        let nodes: BTreeMap<&NodeName, &Node> = nodes.iter().map(|node| (&node.name, node)).collect();
        let mut replicas: Vec<&Replica> = replicas.iter().collect();
        replicas.sort_by(|a, b| (&a.model, &a.slots).cmp(&(&b.model, &b.slots)));
        for replica in replicas {
            self.adopt_one(replica, &nodes);
        }
    }

    fn adopt_one(&mut self, replica: &Replica, readings: &BTreeMap<&NodeName, &Node>) {
        let fleet = &mut self.fleet;
        let find = |slot: &Slot| {
            let node = fleet.node(fleet.node_number(&slot.node)?);
            node.gpus.iter().copied().find(|gpu| fleet.gpu(*gpu).index == slot.gpu)
        };
        let mut gpus: Vec<_> = replica.slots.iter().filter_map(find).collect();
        gpus.sort_unstable();
        let nodes = fleet.nodes_of(&gpus).len();
        let model = fleet.model_number(&replica.model);
        let shape = model.and_then(|model| {
            let shapes = &fleet.model(model).model.shapes;
            let alike =
                |shape: &&crate::Shape| (shape.nodes as usize, shape.gpus_in_all() as usize) == (nodes, gpus.len());
            shapes.iter().find(alike).copied()
        });
        let because = match replica.state {
            ModelState::Ready | ModelState::Loading | ModelState::Restarting => None,
            ModelState::Draining | ModelState::Failed | ModelState::Unloaded => Some(Because::Ended),
        };
        match (model, shape, because) {
            (Some(model), Some(shape), None) => {
                let charges = vec![shape.bytes_per_gpu; gpus.len()];
                let ready = replica.state == ModelState::Ready;
                fleet.insert(ReplicaState { model, shape, gpus, charges, since: replica.since, ready });
            }
            (_, shape, because) => {
                let set_aside = shape.map_or(0, |shape| shape.bytes_per_gpu);
                let charge = |gpu: &GpuNo| set_aside.max(used(readings, &fleet.slot(*gpu), &replica.model));
                let charges = gpus.iter().map(charge).collect();
                let because = because.unwrap_or(Because::Unlisted);
                self.leaving.push(Leaving { model: replica.model.clone(), gpus, charges, because });
            }
        }
    }

    pub(crate) fn aim(&mut self, model: ModelNo) {
        let target = |want: &Want| {
            let target = self.targets.get(&(model, want.class));
            target.map_or(want.wanted, |target| target.replicas)
        };
        let ladder = Ladder::new(&self.fleet.model(model).model, target);
        self.fleet.models[model.at()].ladder = ladder;
    }
}

/// What a model really holds of a GPU.
fn used(readings: &BTreeMap<&NodeName, &Node>, slot: &Slot, model: &ModelId) -> u64 {
    let gpu = readings.get(&slot.node).and_then(|node| node.gpus.iter().find(|gpu| gpu.index == slot.gpu));
    gpu.and_then(|gpu| gpu.used.iter().find(|used| used.model == *model)).map_or(0, |used| used.bytes)
}

/// The node, which refuses what failed on it.
fn refusing(node: &Node, replicas: &[Replica]) -> Node {
    let mut node = node.clone();
    let failed = replicas.iter().filter(|replica| replica.state == ModelState::Failed);
    for replica in failed.filter(|replica| replica.slots.iter().any(|slot| slot.node == node.name)) {
        node.refuses.entry(replica.model.clone()).or_insert_with(|| "it failed to load there".to_owned());
    }
    node
}
