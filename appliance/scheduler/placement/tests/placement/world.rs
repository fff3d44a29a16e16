//! A world that carries out plans and keeps its own books: what it finds does not depend on the planner's.

use std::collections::{BTreeMap, BTreeSet};

use placement::{Action, ModelId, Plan, Replica, Settings, Slot, Snapshot, Step};
use protocol::ModelState;
use protocol::gpu::UnixMillis;

#[derive(Debug, Clone)]
struct Card {
    total: u64,
    foreign: u64,
    margin: u64,
    held: BTreeMap<ModelId, u64>,
}

impl Card {
    fn promised(&self) -> u64 {
        self.held.values().sum()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct World {
    cards: BTreeMap<Slot, Card>,
    ready: BTreeMap<ModelId, usize>,
    replicas: Vec<Replica>,
    now: UnixMillis,
}

impl World {
    pub(crate) fn new(snapshot: &Snapshot, settings: &Settings) -> Self {
        let mut cards = BTreeMap::new();
        for node in &snapshot.nodes {
            for gpu in &node.gpus {
                let ours: u64 = gpu.used.iter().map(|used| used.bytes).sum();
                let foreign = gpu.total_bytes - gpu.free_bytes - ours;
                let margin = settings.margin_of(gpu.total_bytes);
                let card = Card { total: gpu.total_bytes, foreign, margin, held: BTreeMap::new() };
                cards.insert(Slot { node: node.name.clone(), gpu: gpu.index }, card);
            }
        }
        let mut world = Self { cards, ready: BTreeMap::new(), replicas: vec![], now: snapshot.now };
        for replica in &snapshot.replicas {
            world.enter(replica.clone(), reservation(snapshot, replica));
        }
        world
    }

    fn enter(&mut self, replica: Replica, bytes: u64) {
        for slot in &replica.slots {
            let before = self.cards.get_mut(slot).unwrap().held.insert(replica.model.clone(), bytes);
            assert!(before.is_none(), "two replicas of {} on {slot}", replica.model);
        }
        if replica.state == ModelState::Ready {
            *self.ready.entry(replica.model.clone()).or_default() += 1;
        }
        self.replicas.push(replica);
    }

    /// Carries one step out; fails where it would oversell, leave a model without a server, or do what cannot be done.
    fn step(&mut self, step: &Step) {
        match step.action {
            Action::Load => {
                let replica = Replica {
                    model: step.model.clone(),
                    slots: step.slots.clone(),
                    state: ModelState::Ready,
                    since: self.now,
                };
                self.enter(replica, step.bytes_per_gpu);
                for slot in &step.slots {
                    let card = &self.cards[slot];
                    let taken = card.promised() + card.foreign + card.margin;
                    assert!(taken <= card.total, "{step} oversells {slot}: {taken} of {}", card.total);
                }
            }
            Action::Unload => {
                let here = |it: &Replica| it.model == step.model && it.slots == step.slots;
                let at = self.replicas.iter().position(here).unwrap_or_else(|| panic!("{step}: nothing lies there"));
                let replica = self.replicas.remove(at);
                for slot in &step.slots {
                    self.cards.get_mut(slot).unwrap().held.remove(&step.model);
                }
                if replica.state == ModelState::Ready {
                    *self.ready.get_mut(&step.model).unwrap() -= 1;
                }
            }
        }
    }

    /// Carries a plan out in an order that its steps allow, chosen by `choice`. Checks at every step.
    pub(crate) fn carry_out(&mut self, plan: &Plan, mut choice: u64) {
        let aimed: BTreeSet<&ModelId> = plan.assignments.iter().map(|assignment| &assignment.model).collect();
        let mut done: BTreeSet<usize> = BTreeSet::new();
        while done.len() < plan.steps.len() {
            let may = |number: &usize| {
                !done.contains(number) && plan.steps[*number].waits_for.iter().all(|before| done.contains(before))
            };
            let able: Vec<usize> = (0..plan.steps.len()).filter(may).collect();
            choice = choice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = able[(choice >> 33) as usize % able.len()];
            let step = &plan.steps[number];
            assert!(step.waits_for.iter().all(|before| *before < number), "{step} waits for a later step");
            let served = self.ready.get(&step.model).copied().unwrap_or(0) > 0;
            self.step(step);
            let serves = self.ready.get(&step.model).copied().unwrap_or(0) > 0;
            let silenced = served && !serves && aimed.contains(&step.model);
            let loads_later = plan.steps.iter().enumerate().any(|(later, other)| {
                !done.contains(&later) && other.action == Action::Load && other.model == step.model
            });
            assert!(!(silenced && loads_later) || step.interrupts, "{step} silences the model without saying so");
            done.insert(number);
        }
        self.check_all(plan);
    }

    /// What lies there is what was planned, and no GPU holds more than it has.
    fn check_all(&self, plan: &Plan) {
        let planned: BTreeSet<(&ModelId, &Vec<Slot>)> =
            plan.assignments.iter().map(|it| (&it.model, &it.slots)).collect();
        let there: BTreeSet<(&ModelId, &Vec<Slot>)> = self.replicas.iter().map(|it| (&it.model, &it.slots)).collect();
        assert_eq!(planned, there, "{plan}");
        for (slot, card) in &self.cards {
            assert!(card.promised() + card.foreign <= card.total, "{slot} is oversold");
        }
    }

    /// The snapshot after the plan was carried out: everything is loaded and uses what was set aside.
    pub(crate) fn snapshot(&self, before: &Snapshot, plan: &Plan) -> Snapshot {
        let mut snapshot = before.clone();
        snapshot.replicas.clone_from(&self.replicas);
        snapshot.targets.clone_from(&plan.targets);
        for node in &mut snapshot.nodes {
            for gpu in &mut node.gpus {
                let card = &self.cards[&Slot { node: node.name.clone(), gpu: gpu.index }];
                let used = |(model, bytes): (&ModelId, &u64)| placement::Used { model: model.clone(), bytes: *bytes };
                gpu.used = card.held.iter().map(used).collect();
                gpu.free_bytes = card.total - card.foreign - card.promised();
            }
        }
        snapshot
    }
}

fn reservation(snapshot: &Snapshot, replica: &Replica) -> u64 {
    let model = snapshot.models.iter().find(|model| model.id == replica.model);
    let nodes: BTreeSet<_> = replica.slots.iter().map(|slot| &slot.node).collect();
    let alike = |shape: &&placement::Shape| {
        shape.nodes as usize == nodes.len() && shape.gpus_in_all() as usize == replica.slots.len()
    };
    model.and_then(|model| model.shapes.iter().find(alike)).map_or(0, |shape| shape.bytes_per_gpu)
}
