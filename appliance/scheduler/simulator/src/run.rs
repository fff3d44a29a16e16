//! The simulation: arrivals, engines, faults and a policy, event by event.
//!
//! **Load imbalance.** Each worker's outstanding prefill work (the tokens that the requests sent to it have still to have read,
//! net of what its cache holds) is sampled every 100 ms of simulated time at which any worker has some.
//! [`Report::load_imbalance`] is the largest of the workers' time means over the mean of them: `max_w Σ_t x_w(t)` over
//! `(1/n) Σ_w Σ_t x_w(t)`. [`Report::load_imbalance_instant`] is `Σ_t max_w x_w(t)` over the same: it is at least the number
//! of workers over the number of those that have work, whoever decides. What a policy keeps in a queue of its own is at no
//! worker and counts for none.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use policy::{Decision, Event, Health, Moment, PolicyConfig, ReplicaId, Request, RequestId};
use protocol::Class;

use crate::cost::CostModel;
use crate::engine::{Engine, Key, Output};
use crate::fleet::{Fault, FaultKind};
use crate::report::{Fate, Report, part, secs, tally};
use crate::scheduler::Scheduler;
use crate::trace::Arrival;

/// Microseconds between two samples of the workers' load.
const SAMPLE_US: u64 = 100_000;
/// Microseconds between two heartbeats of a replica.
const HEARTBEAT_US: u64 = 200_000;
/// Microseconds until a request sent to a dead replica fails.
const REFUSED_US: u64 = 1_000;

/// Something due at a moment. The order decides between things due at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Engine { at: usize, generation: u64 },
    Fault { at: usize, begins: bool },
    Heartbeat { at: usize },
    Refused { request: usize, attempt: u32 },
    Arrival { at: usize },
    Wake,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Up,
    Dead,
    Silent,
}

struct World<'a> {
    scheduler: &'a mut dyn Scheduler,
    arrivals: &'a [Arrival],
    engines: Vec<Engine>,
    conditions: Vec<Condition>,
    costs: &'a [CostModel],
    faults: &'a [Fault],
    due: BinaryHeap<Reverse<(u64, Due)>>,
    at: Vec<Option<(usize, u32)>>,
    fates: Vec<Fate>,
    open: usize,
    usual_output: BTreeMap<Class, f64>,
    found: usize,
    asked: usize,
    /// Blocks computed for a request by attempts that were withdrawn.
    computed: Vec<usize>,
    load: Vec<f64>,
    load_max: f64,
    sampled_us: u64,
    wake_us: Option<u64>,
    now: u64,
}

/// Plays a trace against a fleet under a policy. `config` gives the targets by which answers are judged. `name` and
/// `offered_load` go into the report.
#[must_use]
pub fn run(
    name: &str,
    scheduler: &mut dyn Scheduler,
    arrivals: &[Arrival],
    costs: &[CostModel],
    faults: &[Fault],
    config: &PolicyConfig,
) -> Report {
    let mut world = World {
        scheduler,
        arrivals,
        engines: costs.iter().cloned().map(Engine::new).collect(),
        conditions: vec![Condition::Up; costs.len()],
        costs,
        faults,
        due: BinaryHeap::new(),
        at: vec![None; arrivals.len()],
        fates: vec![Fate::default(); arrivals.len()],
        open: 0,
        usual_output: BTreeMap::new(),
        found: 0,
        asked: 0,
        computed: vec![0; arrivals.len()],
        load: vec![0.0; costs.len()],
        load_max: 0.0,
        sampled_us: 0,
        wake_us: None,
        now: 0,
    };
    world.play();
    let (goodput, ttft_ms, classes) = tally(arrivals, &world.fates, &config.classes);
    #[expect(clippy::cast_precision_loss, reason = "tokens fit the mantissa")]
    let read: Vec<f64> = world.engines.iter().map(|engine| engine.tokens_read as f64).collect();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX));
    let over_mean = |most: f64, values: &[f64]| if mean(values) > 0.0 { most / mean(values) } else { 1.0 };
    let most = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
    Report {
        policy: name.to_owned(),
        replicas: costs.len(),
        requests: arrivals.len(),
        simulated_secs: secs(world.now),
        offered_load: crate::bound::offered_load(arrivals, costs),
        prefix_hit_rate: part(world.found, world.asked),
        load_imbalance: over_mean(most(&world.load), &world.load),
        load_imbalance_instant: over_mean(world.load_max, &world.load),
        read_imbalance: over_mean(most(&read), &read),
        goodput,
        ttft_ms,
        classes,
    }
}

impl World<'_> {
    fn play(&mut self) {
        for (at, cost) in self.costs.iter().enumerate() {
            // What the fleet's makers measured is not told: the policy has to learn it.
            self.tell(Event::ReplicaJoined {
                replica: replica(at),
                slots: cost.slots,
                prefill_rate: None,
                cache_blocks: cost.cache_blocks,
            });
            if !self.faults.is_empty() {
                self.push(HEARTBEAT_US, Due::Heartbeat { at });
            }
        }
        for (at, fault) in self.faults.iter().enumerate() {
            self.push(micros(fault.at_secs), Due::Fault { at, begins: true });
            if let Some(returns) = fault.returns_secs {
                self.push(micros(returns), Due::Fault { at, begins: false });
            }
        }
        let mut next = 0;
        self.queue_arrival(next);
        while let Some(Reverse((at, due))) = self.due.pop() {
            if next >= self.arrivals.len() && self.open == 0 {
                break;
            }
            self.sample(at);
            self.now = at;
            match due {
                Due::Engine { at, generation } => self.engine(at, generation),
                Due::Fault { at, begins } => self.fault(at, begins),
                Due::Heartbeat { at } => {
                    if self.conditions[at] == Condition::Up {
                        self.tell(Event::Heartbeat { replica: replica(at) });
                    }
                    self.push(self.now + HEARTBEAT_US, Due::Heartbeat { at });
                }
                Due::Refused { request, attempt } => self.failed(Key { request, attempt }),
                Due::Arrival { at } => {
                    next = at + 1;
                    self.queue_arrival(next);
                    self.arrive(at);
                }
                Due::Wake => {
                    if self.wake_us == Some(self.now) {
                        self.wake_us = None;
                        self.tell(Event::Wake);
                    }
                }
            }
        }
    }

    fn push(&mut self, at: u64, due: Due) {
        self.due.push(Reverse((at, due)));
    }

    fn queue_arrival(&mut self, at: usize) {
        if let Some(arrival) = self.arrivals.get(at) {
            self.push(arrival.at_us.max(self.now), Due::Arrival { at });
        }
    }

    fn arrive(&mut self, at: usize) {
        let arrival = &self.arrivals[at];
        self.open += 1;
        let expected = self.usual_output.get(&arrival.class).copied().unwrap_or(200.0);
        let request = Request {
            id: request_id(at),
            class: arrival.class,
            deadline: None,
            prompt_tokens: arrival.prompt_tokens,
            expected_output_tokens: round(expected),
            prefix: arrival.blocks.to_vec(),
            session: None,
        };
        self.tell(Event::Arrival(request));
    }

    /// Tells the policy what happened, and does what it decides.
    fn tell(&mut self, event: Event) {
        let mut decisions: std::collections::VecDeque<Decision> = self.scheduler.handle(Moment(self.now), event).into();
        while let Some(decision) = decisions.pop_front() {
            match decision {
                Decision::Dispatch { request, replica, attempt } => self.dispatch(index(request), replica, attempt),
                Decision::Withdraw { request, attempt, .. } => {
                    let request = index(request);
                    self.fates[request].withdrawn += 1;
                    if let Some((at, _)) = self.at[request].take() {
                        let due = self.engines[at].abort(self.now, Key { request, attempt });
                        self.schedule(at, due);
                    }
                }
                Decision::Reject { request, reason, .. } => {
                    self.fates[index(request)].rejected = Some(reason);
                    self.open -= 1;
                }
                Decision::Lost { request, .. } => {
                    let request = index(request);
                    self.fates[request].lost = true;
                    self.open -= 1;
                    if let Some((at, attempt)) = self.at[request].take() {
                        let due = self.engines[at].abort(self.now, Key { request, attempt });
                        self.schedule(at, due);
                    }
                }
            }
        }
        let wake = self.scheduler.next_wake().map(|wake| wake.0.max(self.now + 1));
        if let Some(wake) = wake
            && self.wake_us != Some(wake)
        {
            self.push(wake, Due::Wake);
        }
        self.wake_us = wake;
    }

    fn dispatch(&mut self, request: usize, to: ReplicaId, attempt: u32) {
        let at = usize::try_from(to.0).unwrap_or(usize::MAX);
        self.at[request] = Some((at, attempt));
        if self.conditions[at] == Condition::Dead {
            self.push(self.now + REFUSED_US, Due::Refused { request, attempt });
            return;
        }
        let due = self.engines[at].submit(self.now, Key { request, attempt }, &self.arrivals[request]);
        self.schedule(at, due);
    }

    fn schedule(&mut self, at: usize, due: Option<u64>) {
        if let Some(due) = due {
            let generation = self.engines[at].generation;
            self.push(due, Due::Engine { at, generation });
        }
    }

    fn engine(&mut self, at: usize, generation: u64) {
        if self.engines[at].generation != generation {
            return;
        }
        let (outputs, due) = self.engines[at].arrive(self.now);
        for (request, blocks) in std::mem::take(&mut self.engines[at].left_behind) {
            self.computed[request] += blocks;
        }
        self.schedule(at, due);
        for output in outputs {
            self.output(output);
        }
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::FirstToken { key, cached_tokens, blocks_found, blocks_asked } => {
                if self.at[key.request].is_none_or(|(_, attempt)| attempt != key.attempt) {
                    return;
                }
                // What an attempt that was withdrawn had computed is no find.
                self.found += blocks_found.saturating_sub(self.computed[key.request]);
                self.asked += blocks_asked;
                self.fates[key.request].first_token_us = Some(self.now);
                self.tell(Event::FirstToken {
                    request: request_id(key.request),
                    attempt: key.attempt,
                    cached_tokens: Some(cached_tokens),
                });
            }
            Output::Finished { key } => {
                if self.at[key.request].is_none_or(|(_, attempt)| attempt != key.attempt) {
                    return;
                }
                self.at[key.request] = None;
                self.open -= 1;
                self.fates[key.request].finished_us = Some(self.now);
                let arrival = &self.arrivals[key.request];
                let output_tokens = arrival.output_tokens;
                let usual = self.usual_output.entry(arrival.class).or_insert(200.0);
                *usual += (f64::from(output_tokens) - *usual) * 0.02;
                self.tell(Event::Finished { request: request_id(key.request), attempt: key.attempt, output_tokens });
            }
        }
    }

    fn failed(&mut self, key: Key) {
        if self.at[key.request].is_none_or(|(_, attempt)| attempt != key.attempt) {
            return;
        }
        self.at[key.request] = None;
        // Whether it moves or is lost, the policy says.
        let request = request_id(key.request);
        self.tell(Event::Failed { request, attempt: key.attempt, replica_suspect: true });
    }

    fn fault(&mut self, at: usize, begins: bool) {
        let fault = self.faults[at];
        let at = usize::try_from(fault.replica).unwrap_or(usize::MAX);
        match (fault.kind, begins) {
            (FaultKind::Dies, true) => {
                self.conditions[at] = Condition::Dead;
                for key in self.engines[at].die() {
                    self.failed(key);
                }
            }
            (FaultKind::Silent, true) => {
                self.conditions[at] = Condition::Silent;
                self.engines[at].freeze(self.now);
            }
            (FaultKind::Faulty, true) => {
                self.tell(Event::ReplicaHealth { replica: replica(at), health: Health::AdmitNothing });
            }
            (FaultKind::Dies, false) => self.conditions[at] = Condition::Up,
            (FaultKind::Silent, false) => {
                self.conditions[at] = Condition::Up;
                let due = self.engines[at].thaw(self.now);
                self.schedule(at, due);
            }
            (FaultKind::Faulty, false) => {
                self.tell(Event::ReplicaHealth { replica: replica(at), health: Health::Ok });
            }
        }
    }

    fn sample(&mut self, until: u64) {
        while self.sampled_us < until {
            let mut most = 0.0_f64;
            for (at, engine) in self.engines.iter().enumerate() {
                let outstanding = engine.outstanding_prefill(self.sampled_us.max(self.now));
                self.load[at] += outstanding;
                most = most.max(outstanding);
            }
            self.load_max += most;
            self.sampled_us += SAMPLE_US;
        }
    }
}

fn replica(at: usize) -> ReplicaId {
    ReplicaId(u32::try_from(at).unwrap_or(u32::MAX))
}

fn request_id(at: usize) -> RequestId {
    RequestId(u64::try_from(at).unwrap_or(u64::MAX))
}

fn index(request: RequestId) -> usize {
    usize::try_from(request.0).unwrap_or(usize::MAX)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of f64 to u32 saturates")]
fn round(tokens: f64) -> u32 {
    tokens.round() as u32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of f64 to u64 saturates")]
fn micros(seconds: f64) -> u64 {
    (seconds * 1e6).round() as u64
}
