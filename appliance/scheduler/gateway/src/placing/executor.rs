//! Carries plans out, one round at a time: what was heard in, what nodes are to be told out. It knows no network.
//!
//! A plan is followed to its end, for the way there is part of it: planned anew in the middle, a model that lies in two places
//! while it moves would be taken for one too many. It is given up early only when what it rests on changes — a node comes,
//! goes, is drained or taken back, a GPU changes its health, a step fails, demand calls for more — and the next one begins
//! with what is really there. Demand that calls for fewer waits for the end of the plan.
//! What nodes were told already is kept track of across plans, so that nothing is forgotten half done.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use placement::{Action, Because, Demand, Model, Settings, Slot, Snapshot, Step, Target, targets};
use protocol::ModelState;
use protocol::gpu::UnixMillis;
use tokio::time::Instant;

use super::demand;
use super::memory::Memory;
use super::operation::{Kind, Operation, Progress};
use super::picture::{Heard, Known, snapshot};
use super::single::plan_single;
use super::status::{PendingStep, PlacementStatus, RefusedModel, StepState};
use super::way::{Key, Way, is_done, key_of, kind_of, rests_on, saw};

/// How often a plan is made anew though nothing called for it: foreign memory moves, times of rest end.
const REPLAN: Duration = Duration::from_secs(5);

/// What a node is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) key: Key,
    pub(super) kind: Kind,
}

/// Carries plans out.
pub(super) struct Executor {
    catalogue: Vec<Model>,
    settings: Settings,
    memory: Memory,
    operations: BTreeMap<Key, Operation>,
    demand: demand::Known,
    targets: Vec<Target>,
    /// When the targets were set last.
    looked: UnixMillis,
    way: Option<Way>,
    acting: bool,
    trouble: Option<String>,
}

impl Executor {
    pub(super) fn new(catalogue: Vec<Model>, settings: Settings) -> Self {
        Self {
            catalogue,
            settings,
            memory: Memory::default(),
            operations: BTreeMap::new(),
            demand: demand::Known::default(),
            targets: Vec::new(),
            looked: UnixMillis::default(),
            way: None,
            acting: false,
            trouble: None,
        }
    }

    /// One round. `measured`: how much is asked for, where this server knows it; `acting`: whether it carries the plan out,
    /// or only shows it.
    pub(super) fn round(
        &mut self,
        now: Instant,
        at: UnixMillis,
        heard: &[Heard],
        measured: Vec<Demand>,
        acting: bool,
    ) -> Vec<Order> {
        if self.acting != acting {
            self.acting = acting;
            self.operations.clear();
            self.way = None;
        }
        if acting {
            self.demand.learn(now, measured);
        } else {
            self.demand.follow(&self.catalogue, heard, &self.settings);
        }
        let operations = &self.operations;
        self.memory.remember(now, at, heard, &self.catalogue, |key| operations.contains_key(key));
        let mut orders = self.advance(now, heard);
        let snapshot = self.draw(now, at, heard);
        // Each round and not each plan: since when demand calls for fewer must not depend on when a plan was due.
        (self.targets, self.looked) = (targets(&snapshot, &self.settings), at);
        if self.is_due(now, &snapshot, heard) {
            self.plan(now, snapshot);
            orders.extend(self.advance(now, heard));
        }
        if acting {
            self.begin(now, heard);
            orders.extend(self.advance(now, heard));
        }
        orders
    }

    /// The node did not do what it was told. `lasting`: it will not do so however often it is told.
    pub(super) fn refused(&mut self, now: Instant, order: &Order, reason: &str, lasting: bool) {
        let Some(operation) = self.operations.get_mut(&order.key).filter(|it| it.kind == order.kind) else { return };
        let again = operation.not_taken(now);
        if lasting || !again {
            self.fail(now, &order.key, reason);
        }
    }

    /// Brings what was begun forward; says what nodes are to be told.
    fn advance(&mut self, now: Instant, heard: &[Heard]) -> Vec<Order> {
        let mut orders = Vec::new();
        let mut ended: Vec<(Key, Progress)> = Vec::new();
        for (key, operation) in &mut self.operations {
            let Some(node) = heard.iter().find(|node| node.name == key.1) else {
                ended.push((key.clone(), Progress::Failed { reason: "the node is not heard".to_owned(), undo: false }));
                continue;
            };
            match operation.progress(now, node.load(&key.0)) {
                Progress::Goes => {}
                Progress::Tell => {
                    operation.tell(now);
                    orders.push(Order { key: key.clone(), kind: operation.kind });
                }
                over => ended.push((key.clone(), over)),
            }
        }
        for (key, over) in ended {
            match over {
                Progress::Failed { reason, undo } => {
                    let gpu = self.operations.get(&key).map_or(0, |operation| operation.kind.gpu());
                    // A node that is gone refuses nothing: it is simply not there, and forgets everything.
                    if heard.iter().any(|node| node.name == key.1) {
                        self.fail(now, &key, &reason);
                    } else {
                        self.operations.remove(&key);
                    }
                    if undo {
                        let undoing = Operation::new(Kind::Unload { gpu }, Because::Ended, now);
                        self.operations.insert(key, undoing);
                    }
                }
                _ => self.done(now, &key),
            }
        }
        orders
    }

    fn done(&mut self, now: Instant, key: &Key) {
        let Some(operation) = self.operations.remove(key) else { return };
        let (action, took) = (operation.kind.name(), now.saturating_duration_since(operation.since));
        let ((model, node), gpu) = (key, operation.kind.gpu());
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(action, %model, %node, gpu, duration_ms, "placement: step done");
        count(action, "done");
        metrics::histogram!("sfetnic_placement_step_seconds", "action" => action).record(took.as_secs_f64());
    }

    fn fail(&mut self, now: Instant, key: &Key, reason: &str) {
        let Some(operation) = self.operations.remove(key) else { return };
        count(operation.kind.name(), "failed");
        if let Some(way) = &mut self.way {
            way.over = true;
        }
        match operation.kind {
            Kind::Load { .. } => {
                self.memory.failed(now, key, reason);
            }
            Kind::Unload { gpu } => {
                let (model, node) = key;
                tracing::warn!(%model, %node, gpu, reason, "placement: a model could not be unloaded; planning anew");
            }
        }
    }

    /// Whether a new plan is to be made; the old one holds otherwise.
    fn is_due(&self, now: Instant, snapshot: &Snapshot, heard: &[Heard]) -> bool {
        let Some(way) = &self.way else { return true };
        if way.over || rests_on(snapshot) != way.rests_on || way.aims_below(&self.targets) {
            return true;
        }
        let followed = self.acting && (!self.operations.is_empty() || self.open_steps(heard).next().is_some());
        let due = now >= way.made + REPLAN;
        let news = || saw(snapshot) != way.saw || way.aims_above(&self.targets);
        // Whatever holds the next step up, a plan that does not move is not waited for.
        if followed { self.operations.is_empty() && due } else { due || news() }
    }

    fn draw(&self, now: Instant, at: UnixMillis, heard: &[Heard]) -> Snapshot {
        let told = self.operations.iter().filter(|(_, operation)| operation.is_told());
        let coming = told.filter_map(|((model, node), operation)| match operation.kind {
            Kind::Load { gpu } => Some((model.clone(), Slot { node: node.clone(), gpu })),
            Kind::Unload { .. } => None,
        });
        let refused =
            self.memory.refusals.all(now).map(|(model, node, why, _)| ((model.clone(), node.clone()), why.to_owned()));
        let known = Known {
            catalogue: &self.catalogue,
            refused: refused.collect(),
            nodes_since: &self.memory.nodes_since,
            replicas_since: &self.memory.replicas_since,
            coming: coming.collect(),
            leaving: self.given_away(heard),
            demand: self.demand.all(),
            targets: &self.targets,
        };
        snapshot(at, heard, &known)
    }

    /// Replicas whose heirs are loaded, or being loaded: for a new plan they count no more.
    fn given_away(&self, heard: &[Heard]) -> BTreeSet<Key> {
        let Some(way) = self.way.as_ref().filter(|_| self.acting) else { return BTreeSet::new() };
        let steps = &way.planned.plan.steps;
        let inherited = |step: &Step| {
            let begun = |number: &usize| {
                steps.get(*number).is_some_and(|step| {
                    let loads = key_of(step).and_then(|key| self.operations.get(&key));
                    is_done(step, heard) || loads.is_some_and(|it| matches!(it.kind, Kind::Load { .. }))
                })
            };
            !step.waits_for.is_empty() && step.waits_for.iter().all(begun)
        };
        let unloads = steps.iter().filter(|step| step.action == Action::Unload && !is_done(step, heard));
        unloads.filter(|step| inherited(step)).filter_map(key_of).collect()
    }

    fn plan(&mut self, now: Instant, snapshot: Snapshot) {
        let reasons = self.reasons();
        let (rests_on, saw) = (rests_on(&snapshot), saw(&snapshot));
        let mut planned = match plan_single(snapshot, &self.targets, &self.settings) {
            Ok(planned) => planned,
            Err(error) => {
                let error = crate::error::chain(&error);
                tracing::error!(error, "placement: nothing can be planned");
                self.trouble = Some(error);
                return;
            }
        };
        self.trouble = None;
        // A replica that was given away is told of for the reason that it was given away for.
        for step in planned.plan.steps.iter_mut().filter(|step| step.because == Because::Ended) {
            if let Some(reason) = key_of(step).and_then(|key| reasons.get(&key)) {
                step.because = reason.clone();
            }
        }
        let plan = &planned.plan;
        let before = self.way.as_ref().map(|way| &way.planned.plan.steps);
        if before != Some(&plan.steps) && !plan.steps.is_empty() {
            let (steps, unplaced) = (plan.steps.len(), plan.unplaced.len());
            tracing::info!(steps, unplaced, carried_out = self.acting, "placement: planned");
            for (number, step) in plan.steps.iter().enumerate() {
                tracing::info!(number = number + 1, %step, "placement: step planned");
            }
        }
        metrics::counter!("sfetnic_placement_plans_total").increment(1);
        metrics::gauge!("sfetnic_placement_unplaced_replicas")
            .set(f64::from(plan.unplaced.iter().map(|unplaced| unplaced.replicas).sum::<u32>()));
        let wants: BTreeMap<Key, Kind> =
            plan.steps.iter().filter_map(|step| Some((key_of(step)?, kind_of(step)?))).collect();
        // What no node was told of yet, and is not wanted any more, does not happen.
        self.operations
            .retain(|key, it| it.is_told() || it.because == Because::Ended || wants.get(key) == Some(&it.kind));
        self.way = Some(Way { planned, made: now, rests_on, saw, over: false });
    }

    /// Why each replica leaves, by the plan so far.
    fn reasons(&self) -> BTreeMap<Key, Because> {
        let steps = self.way.iter().flat_map(|way| &way.planned.plan.steps);
        let unloads = steps.filter(|step| step.action == Action::Unload);
        unloads.filter_map(|step| Some((key_of(step)?, step.because.clone()))).collect()
    }

    fn open_steps<'a>(&'a self, heard: &'a [Heard]) -> impl Iterator<Item = &'a Step> {
        let steps = self.way.iter().flat_map(|way| &way.planned.plan.steps);
        steps.filter(move |step| !is_done(step, heard))
    }

    /// Begins every step whose turn has come.
    fn begin(&mut self, now: Instant, heard: &[Heard]) {
        let Some(way) = &self.way else { return };
        let steps = &way.planned.plan.steps;
        let mut begun: Vec<(Key, Kind, Because)> = Vec::new();
        for step in steps {
            let waits = |number: &usize| steps.get(*number).is_some_and(|step| !is_done(step, heard));
            if is_done(step, heard) || step.waits_for.iter().any(waits) {
                continue;
            }
            let (Some(key), Some(kind)) = (key_of(step), kind_of(step)) else { continue };
            let Some(node) = heard.iter().find(|node| node.name == key.1) else { continue };
            if let Some(under_way) = self.operations.get(&key) {
                // A load that is not wanted any more is stopped; all else comes to its end first.
                if !(matches!(under_way.kind, Kind::Load { .. }) && matches!(kind, Kind::Unload { .. })) {
                    continue;
                }
            }
            match kind {
                // A node holds a model once: what lies on another of its GPUs goes first.
                Kind::Load { gpu } => match node.gpu_of(&key.0).filter(|lies| *lies != gpu) {
                    Some(lies) => begun.push((key, Kind::Unload { gpu: lies }, step.because.clone())),
                    None => begun.push((key, kind, step.because.clone())),
                },
                Kind::Unload { .. } => {
                    let leaves = node.load(&key.0).is_some_and(|load| load.state == ModelState::Draining);
                    if !leaves && (step.interrupts || !self.silences(&key, heard)) {
                        begun.push((key, kind, step.because.clone()));
                    }
                }
            }
        }
        for (key, kind, because) in begun {
            let (action, gpu, (model, node)) = (kind.name(), kind.gpu(), &key);
            tracing::info!(action, %model, %node, gpu, %because, "placement: step begun");
            count(action, "begun");
            self.operations.insert(key, Operation::new(kind, because, now));
        }
    }

    /// Whether nobody would serve the model without this replica, though another is on its way: it is waited for.
    fn silences(&self, (model, node): &Key, heard: &[Heard]) -> bool {
        let others = || heard.iter().filter(|other| other.name != *node);
        let serves = |other: &Heard| {
            let leaves = self.operations.get(&(model.clone(), other.name.clone()));
            other.is_ready(model) && !leaves.is_some_and(|it| matches!(it.kind, Kind::Unload { .. }))
        };
        let here = heard.iter().any(|it| it.name == *node && it.is_ready(model));
        let comes = |key: &Key| key.0 == *model && key.1 != *node;
        let coming = self.operations.iter().any(|(key, it)| comes(key) && matches!(it.kind, Kind::Load { .. }));
        let loading = || {
            others().any(|other| {
                let state = other.load(model).map(|load| load.state);
                matches!(state, Some(ModelState::Loading | ModelState::Restarting)) && other.gpu_of(model).is_some()
            })
        };
        here && !others().any(serves) && (coming || loading())
    }

    /// Models, with their nodes, that are about to be unloaded, and models that come: for [`crate::directions::Directions`].
    pub(super) fn directions(&self, heard: &[Heard]) -> (BTreeSet<(String, String)>, BTreeSet<String>) {
        if !self.acting {
            return Default::default();
        }
        let unloads = self.operations.iter().filter(|(_, it)| matches!(it.kind, Kind::Unload { .. }));
        let emptying = unloads.map(|((model, node), _)| (model.0.clone(), node.0.clone()));
        let loads = self.operations.iter().filter(|(_, it)| matches!(it.kind, Kind::Load { .. }));
        let planned = self.open_steps(heard).filter(|step| step.action == Action::Load).map(|step| &step.model);
        let coming = loads.map(|((model, _), _)| model).chain(planned).map(|model| model.0.clone());
        (emptying.collect(), coming.collect())
    }

    /// How the placement stands.
    pub(super) fn status(&self, now: Instant, heard: &[Heard]) -> PlacementStatus {
        let planned = self.way.as_ref().map(|way| &way.planned);
        let given_up = planned.into_iter().flat_map(|planned| &planned.given_up);
        let remarks = given_up.map(|(model, count)| {
            format!("{model}: {count} more wanted, but a node holds a model once and no other node has room for it")
        });
        let refusals = self.memory.refusals.all(now).map(|(model, node, reason, left)| RefusedModel {
            model: model.0.clone(),
            node: node.0.clone(),
            reason: reason.to_owned(),
            seconds: left.as_secs(),
        });
        PlacementStatus {
            models: self.catalogue.len(),
            acting: self.acting,
            drained: heard.iter().filter(|node| node.drained).map(|node| node.name.0.clone()).collect(),
            aims: self.demand.aims(&self.catalogue, &self.targets, self.looked, &self.settings),
            plan: planned.map(|planned| planned.plan.clone()),
            pending: self.pending(now, heard),
            refusals: refusals.collect(),
            remarks: remarks.chain(self.trouble.clone()).collect(),
        }
    }

    /// Shows in the metrics how much is asked for and what is aimed at.
    pub(super) fn show_demand(&self) {
        demand::show(&self.demand, &self.targets, self.acting);
    }

    fn pending(&self, now: Instant, heard: &[Heard]) -> Vec<PendingStep> {
        let step = |key: &Key, kind: Kind, because: &Because, state, interrupts| PendingStep {
            action: if matches!(kind, Kind::Load { .. }) { Action::Load } else { Action::Unload },
            model: key.0.0.clone(),
            node: key.1.0.clone(),
            gpu: kind.gpu(),
            because: because.clone(),
            state,
            interrupts,
        };
        let under_way = self.operations.iter().map(|(key, it)| {
            let seconds = now.saturating_duration_since(it.since).as_secs();
            let empties = matches!(it.kind, Kind::Unload { .. }) && !it.is_told();
            let state = if empties { StepState::Emptying { seconds } } else { StepState::Begun { seconds } };
            step(key, it.kind, &it.because, state, false)
        });
        let open = self.open_steps(heard).filter_map(|planned| {
            let (key, kind) = (key_of(planned)?, kind_of(planned)?);
            let begun = self.operations.get(&key).is_some_and(|it| it.kind == kind);
            (!begun).then(|| step(&key, kind, &planned.because, StepState::Waiting, planned.interrupts))
        });
        under_way.chain(open).collect()
    }
}

fn count(action: &'static str, outcome: &'static str) {
    metrics::counter!("sfetnic_placement_steps_total", "action" => action, "outcome" => outcome).increment(1);
}

#[cfg(test)]
mod tests;
