//! The way from now to the plan: loads and unloads in an order that oversells no GPU at any step.
//!
//! The rules, the first the strongest: a load waits until its room is free; the last ready replica of a model is unloaded only
//! after another is ready; loads go before unloads that nobody waits for. Where two models would each have to move into the
//! other's place, one of them is interrupted, and the step says so.
//!
//! The executor may carry steps out one after another, or each as soon as those that it waits for are done. The second is as
//! safe as the first. A load waits for every earlier unload on its GPUs: take the last load `L` begun on a GPU in the order
//! of the list. All unloads before `L` are done, and no load after `L` is begun, so the GPU holds no more than in the list
//! just after `L`. An unload waits for every earlier load of its model, so that by the same argument as many replicas are
//! ready as in the list. An unload that interrupts its model waits for the model's earlier unloads too: were it done before
//! them, one that does not say so would be the one that silences.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fleet::{Fleet, GpuNo, Lying, ModelNo, ReplicaNo};
use crate::names::{Gib, ModelId, Slot, Slots};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Read into memory; done when the replica is ready.
    Load,
    /// Give nothing new, finish what runs, free the memory; done when it is free.
    Unload,
}

/// Why it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// One more replica is wanted.
    Wanted,
    /// A replica that lies elsewhere moves here.
    Moved,
    /// There are more replicas than the demand calls for.
    Surplus,
    /// The node is being emptied.
    Draining,
    /// The GPU or its node is sick.
    Unhealthy,
    /// A foreign program took the memory.
    MemoryTaken,
    /// The node cannot run the model.
    Refused,
    /// It serves no longer: it drains, failed, or was stopped.
    Ended,
    /// The model is not in the catalogue.
    Unlisted,
    /// Other machines of the same replica are gone.
    PartLost,
    /// To make room for this model.
    MadeRoom(ModelId),
    /// So that not all replicas lie on one machine.
    Spread,
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wanted => f.write_str("one more is wanted"),
            Self::Moved => f.write_str("moves here from elsewhere"),
            Self::Surplus => f.write_str("demand calls for fewer"),
            Self::Draining => f.write_str("the node is being emptied"),
            Self::Unhealthy => f.write_str("the GPU is not healthy"),
            Self::MemoryTaken => f.write_str("a foreign program took the memory"),
            Self::Refused => f.write_str("the node cannot run it"),
            Self::Ended => f.write_str("it serves no longer"),
            Self::Unlisted => f.write_str("it is not in the catalogue"),
            Self::PartLost => f.write_str("the other part of it is gone"),
            Self::MadeRoom(model) => write!(f, "makes room for {model}"),
            Self::Spread => f.write_str("moves to a node of its own"),
        }
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What.
    pub action: Action,
    /// With which model.
    pub model: ModelId,
    /// On which GPUs.
    pub slots: Vec<Slot>,
    /// Memory set aside on each of them for a load; memory that becomes free there by an unload.
    pub bytes_per_gpu: u64,
    /// Why.
    pub because: Because,
    /// Numbers (from 0) of the earlier steps that must be done before this one begins.
    pub waits_for: Vec<usize>,
    /// Nobody serves the model from this step until its next load is done: there was no way around it.
    pub interrupts: bool,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match self.action {
            Action::Load => "load  ",
            Action::Unload => "unload",
        };
        let Self { model, slots, bytes_per_gpu, because, .. } = self;
        write!(f, "{action} {model} on {} ({} each): {because}", Slots(slots), Gib(*bytes_per_gpu))?;
        if !self.waits_for.is_empty() {
            let numbers: Vec<String> = self.waits_for.iter().map(|number| (number + 1).to_string()).collect();
            write!(f, "; after {}", numbers.join(", "))?;
        }
        if self.interrupts {
            f.write_str("; INTERRUPTS the model until its next load is done")?;
        }
        Ok(())
    }
}

/// A replica that serves no longer and still holds memory. It is no part of the fleet's state, only of the way.
#[derive(Debug, Clone)]
pub(crate) struct Leaving {
    pub(crate) model: ModelId,
    pub(crate) gpus: Vec<GpuNo>,
    pub(crate) charges: Vec<u64>,
    pub(crate) because: Because,
}

struct Load {
    lying: Lying,
    bytes: u64,
}

struct Unload {
    model: ModelId,
    number: Option<ModelNo>,
    gpus: Vec<GpuNo>,
    charges: Vec<u64>,
    ready: bool,
    because: Because,
}

impl Unload {
    fn lying(&self) -> impl Iterator<Item = (ModelNo, GpuNo)> {
        self.number.into_iter().flat_map(|model| self.gpus.iter().map(move |gpu| (model, *gpu)))
    }
}

/// The steps that lead from where the decision began to where the fleet is now.
pub(crate) fn steps(fleet: &Fleet, leaving: &[Leaving]) -> Vec<Step> {
    if fleet.came.is_empty() && fleet.went.is_empty() && leaving.is_empty() {
        return vec![];
    }
    let loads: Vec<Load> = loads(fleet);
    let unloads: Vec<Unload> = unloads(fleet, leaving);
    Way::new(fleet, &loads, &unloads).walk(loads, unloads)
}

fn loads(fleet: &Fleet) -> Vec<Load> {
    let load = |(lying, number): (&Lying, &ReplicaNo)| {
        let bytes = fleet.replica(*number)?.shape.bytes_per_gpu;
        Some(Load { lying: lying.clone(), bytes })
    };
    let mut loads: Vec<Load> = fleet.came.iter().filter_map(load).collect();
    // What nobody can do without first; within that the large, which take longest to load.
    let rank = |load: &Load| fleet.model(load.lying.0).ladder.get(0);
    loads.sort_by(|a, b| (rank(b), b.bytes).cmp(&(rank(a), a.bytes)).then_with(|| a.lying.cmp(&b.lying)));
    loads
}

fn unloads(fleet: &Fleet, leaving: &[Leaving]) -> Vec<Unload> {
    let gone = leaving.iter().map(|it| Unload {
        model: it.model.clone(),
        number: fleet.model_number(&it.model),
        gpus: it.gpus.clone(),
        charges: it.charges.clone(),
        ready: false,
        because: it.because.clone(),
    });
    let went = fleet.went.iter().map(|((model, gpus), went)| Unload {
        model: fleet.model(*model).model.id.clone(),
        number: Some(*model),
        gpus: gpus.clone(),
        charges: went.replica.charges.clone(),
        ready: went.replica.ready,
        because: went.because.clone(),
    });
    gone.chain(went).collect()
}

/// What is where while the steps are carried out.
struct Way<'a> {
    fleet: &'a Fleet,
    /// Bytes that may still be promised, on each GPU that is touched; negative where the margin is used up.
    room: BTreeMap<GpuNo, i128>,
    /// Replicas that serve, of each model that is touched.
    ready: BTreeMap<ModelNo, usize>,
    /// Loads still to come.
    to_come: BTreeMap<ModelNo, usize>,
    /// Where a replica still lies that shall go: no other of its model is loaded there before it has gone.
    still_there: BTreeSet<(ModelNo, GpuNo)>,
    /// Steps so far that unload from a GPU, or load a model.
    unloaded: BTreeMap<GpuNo, Vec<usize>>,
    loaded: BTreeMap<ModelNo, Vec<usize>>,
    /// Steps so far that took a ready replica of a model.
    taken: BTreeMap<ModelNo, Vec<usize>>,
    moved: BTreeSet<ModelNo>,
    steps: Vec<Step>,
}

impl<'a> Way<'a> {
    fn new(fleet: &'a Fleet, loads: &[Load], unloads: &[Unload]) -> Self {
        let mut room: BTreeMap<GpuNo, i128> = BTreeMap::new();
        let mut to_come: BTreeMap<ModelNo, usize> = BTreeMap::new();
        let mut ready: BTreeMap<ModelNo, usize> = BTreeMap::new();
        let now = |gpu: &GpuNo| {
            let gpu = fleet.gpu(*gpu);
            i128::from(gpu.total) - i128::from(gpu.foreign) - i128::from(gpu.margin) - i128::from(gpu.charged)
        };
        for load in loads {
            for gpu in &load.lying.1 {
                *room.entry(*gpu).or_insert_with(|| now(gpu)) += i128::from(load.bytes);
            }
            *to_come.entry(load.lying.0).or_default() += 1;
        }
        for unload in unloads {
            for (gpu, charge) in unload.gpus.iter().zip(&unload.charges) {
                *room.entry(*gpu).or_insert_with(|| now(gpu)) -= i128::from(*charge);
            }
            if let Some(model) = unload.number {
                *ready.entry(model).or_default() += usize::from(unload.ready);
            }
        }
        for (model, count) in &mut ready {
            *count += fleet.model(*model).ready;
        }
        let moved = unloads.iter().filter_map(|unload| unload.number).collect();
        let still_there = unloads.iter().flat_map(Unload::lying).collect();
        let (unloaded, loaded, taken) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { fleet, room, ready, to_come, still_there, unloaded, loaded, taken, moved, steps: Vec::new() }
    }

    fn walk(mut self, mut loads: Vec<Load>, mut unloads: Vec<Unload>) -> Vec<Step> {
        loop {
            let before = loads.len();
            loads.retain(|load| !self.load(load));
            if loads.len() < before {
                continue;
            }
            let Some(at) = self.next_unload(&loads, &unloads) else { break };
            let unload = unloads.remove(at);
            self.unload(unload);
        }
        self.steps
    }

    fn load(&mut self, load: &Load) -> bool {
        let (model, gpus) = &load.lying;
        let fits = |gpu: &GpuNo| {
            let alone = !self.still_there.contains(&(*model, *gpu));
            alone && self.room.get(gpu).is_some_and(|room| *room >= i128::from(load.bytes))
        };
        if !gpus.iter().all(fits) {
            return false;
        }
        for gpu in gpus {
            self.room.entry(*gpu).and_modify(|room| *room -= i128::from(load.bytes));
        }
        self.ready.entry(*model).and_modify(|count| *count += 1);
        self.to_come.entry(*model).and_modify(|count| *count -= 1);
        let waits: BTreeSet<usize> = gpus.iter().filter_map(|gpu| self.unloaded.get(gpu)).flatten().copied().collect();
        self.loaded.entry(*model).or_default().push(self.steps.len());
        self.steps.push(Step {
            action: Action::Load,
            model: self.fleet.model(*model).model.id.clone(),
            slots: self.fleet.slots(gpus),
            bytes_per_gpu: load.bytes,
            because: if self.moved.contains(model) { Because::Moved } else { Because::Wanted },
            waits_for: waits.into_iter().collect(),
            interrupts: false,
        });
        true
    }

    /// The unload to do next: one that a load waits for before one that nobody waits for, and none that takes the last ready
    /// replica of a model that is still to be loaded elsewhere, unless nothing else is left to do.
    fn next_unload(&self, loads: &[Load], unloads: &[Unload]) -> Option<usize> {
        let harmless = |unload: &&Unload| !self.silences(unload) || !self.comes(unload);
        let wanted = |load: &Load| {
            let touches = |unload: &Unload| unload.gpus.iter().any(|gpu| load.lying.1.contains(gpu));
            unloads.iter().position(|unload| touches(unload) && harmless(&unload))
        };
        let any = || unloads.iter().position(|unload| harmless(&unload));
        let forced = || {
            let first = loads.first()?;
            unloads.iter().position(|unload| unload.gpus.iter().any(|gpu| first.lying.1.contains(gpu)))
        };
        loads.iter().find_map(wanted).or_else(any).or_else(forced).or_else(|| (!unloads.is_empty()).then_some(0))
    }

    /// Whether nobody would serve the model afterwards.
    fn silences(&self, unload: &Unload) -> bool {
        unload.ready && unload.number.is_some_and(|model| self.ready.get(&model).is_some_and(|count| *count <= 1))
    }

    fn comes(&self, unload: &Unload) -> bool {
        unload.number.is_some_and(|model| self.to_come.get(&model).is_some_and(|count| *count > 0))
    }

    fn unload(&mut self, unload: Unload) {
        let interrupts = self.silences(&unload) && self.comes(&unload);
        for lying in unload.lying() {
            self.still_there.remove(&lying);
        }
        for (gpu, charge) in unload.gpus.iter().zip(&unload.charges) {
            self.room.entry(*gpu).and_modify(|room| *room += i128::from(*charge));
            self.unloaded.entry(*gpu).or_default().push(self.steps.len());
        }
        let mut waits_for = Vec::new();
        if let (Some(model), true) = (unload.number, unload.ready) {
            self.ready.entry(model).and_modify(|count| *count = count.saturating_sub(1));
            waits_for = self.loaded.get(&model).cloned().unwrap_or_default();
            let taken = self.taken.entry(model).or_default();
            if interrupts {
                waits_for.extend_from_slice(taken);
                waits_for.sort_unstable();
            }
            taken.push(self.steps.len());
        }
        self.steps.push(Step {
            action: Action::Unload,
            model: unload.model,
            slots: self.fleet.slots(&unload.gpus),
            bytes_per_gpu: unload.charges.iter().copied().min().unwrap_or(0),
            because: unload.because,
            waits_for,
            interrupts,
        });
    }
}
