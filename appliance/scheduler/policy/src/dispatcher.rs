//! The dispatcher of one model: its queues, its replicas, and what each event does to them.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::Class;
use rustc_hash::FxHashMap;

use crate::calls::Calls;
use crate::config::PolicyConfig;
use crate::demand::Asked;
use crate::event::{Decision, Event, Health, Rejection, WithdrawReason};
use crate::homes::Sessions;
use crate::prefix::PrefixIndex;
use crate::price::Price;
use crate::queue::{Entry, Matched, Place, Queues, Turn};
use crate::replica::Replica;
use crate::request::{ReplicaId, Request, RequestId};
use crate::share::{Shares, rank};
use crate::time::Moment;

/// The dispatcher of one model, as a deterministic state machine: the same events at the same moments give the same decisions.
///
/// Hand it each [`Event`] with the time, carry out what it decides in that order, and hand it [`Event::Wake`] at
/// [`Dispatcher::next_wake`] if nothing else happened before. Every request that arrives ends exactly once: by
/// [`Event::Finished`], by [`Event::Cancel`], or by a decision [`Decision::Reject`] or [`Decision::Lost`].
#[derive(Debug)]
pub struct Dispatcher {
    pub(crate) config: PolicyConfig,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) seats: BTreeMap<ReplicaId, usize>,
    pub(crate) entries: FxHashMap<RequestId, Entry>,
    pub(crate) queues: Queues,
    pub(crate) index: PrefixIndex,
    pub(crate) sessions: Sessions,
    pub(crate) shares: Shares,
    pub(crate) price: Price,
    pub(crate) calls: Calls,
    pub(crate) asked: Asked,
    /// Tokens that those who wait need read, by class, those who stand by apart.
    backlog: [[f64; 4]; 2],
    sequence: u64,
    pub(crate) now: Moment,
    wake: Option<Moment>,
}

impl Dispatcher {
    /// A dispatcher with no replica yet.
    #[must_use]
    pub fn new(config: PolicyConfig) -> Self {
        let floors = Class::ALL.map(|class| config.classes.of(class).floor);
        Self {
            replicas: Vec::new(),
            seats: BTreeMap::new(),
            entries: FxHashMap::default(),
            queues: Queues::default(),
            index: PrefixIndex::default(),
            sessions: Sessions::new(config.sessions),
            shares: Shares::new(floors),
            price: Price::new(config.price_window_ms),
            calls: Calls::default(),
            asked: Asked::new(config.demand_window_ms),
            backlog: [[0.0; 4]; 2],
            sequence: 0,
            now: Moment(0),
            wake: None,
            config,
        }
    }

    /// Takes note of what happened at `now`, and decides. A `now` before an earlier one counts as the earlier.
    pub fn handle(&mut self, now: Moment, event: Event) -> Vec<Decision> {
        self.now = self.now.max(now);
        let now = self.now;
        self.time_passes(now);
        let mut decisions = Vec::new();
        self.hear_silence(now, &mut decisions);
        let replan = match event {
            Event::Arrival(request) => self.arrive(now, request, &mut decisions),
            Event::Cancel { request } => self.cancel(now, request, &mut decisions),
            Event::FirstToken { request, attempt, cached_tokens } => {
                self.first_token(now, request, attempt, cached_tokens)
            }
            Event::Finished { request, attempt, .. } => self.finish(now, request, attempt),
            Event::Failed { request, attempt, replica_suspect } => {
                self.fail(now, request, attempt, replica_suspect, &mut decisions)
            }
            Event::ReplicaJoined { replica, slots, prefill_rate, cache_blocks } => {
                self.join(now, replica, slots, prefill_rate, cache_blocks, &mut decisions);
                true
            }
            Event::ReplicaHealth { replica, health } => {
                self.health(now, replica, health, &mut decisions);
                true
            }
            Event::Heartbeat { replica } => {
                self.seats.get(&replica).is_some_and(|seat| self.replicas[*seat].heard(now))
            }
            Event::Wake => true,
        };
        self.review_price(now);
        if replan || !decisions.is_empty() || self.wake.is_some_and(|wake| wake <= now) {
            self.plan(now, &mut decisions);
        }
        self.wake = self.compute_wake(now);
        decisions
    }

    /// When it wants to be asked again though nothing happens.
    #[must_use]
    pub fn next_wake(&self) -> Option<Moment> {
        self.wake
    }

    fn arrive(&mut self, now: Moment, request: Request, decisions: &mut Vec<Decision>) -> bool {
        let (id, class) = (request.id, request.class);
        let reject = |reason, retry_after| Decision::Reject { request: id, reason, retry_after };
        if self.entries.contains_key(&id) {
            decisions.push(reject(Rejection::Duplicate, Duration::ZERO));
            return false;
        }
        let targets = self.config.classes.of(class);
        let target = now.plus_secs(targets.first_token_secs(request.prompt_tokens));
        let deadline = request.deadline.unwrap_or(target);
        self.sequence += 1;
        let mut entry = Entry {
            turn: Turn { stands_by: false, deadline, sequence: self.sequence },
            attempts: 0,
            failures: 0,
            failed_at: None,
            withdrawals: 0,
            matched: Matched { version: self.index.version(), blocks: self.index.matches(&request.prefix) },
            reading: 0.0,
            guess: 0.0,
            place: Place::Waiting,
            request,
        };
        entry.reading = self.least_reading(&entry);
        // Before anything may turn it away: what finds no room is demand as well.
        self.charge_demand(&mut entry);
        if self.queues.len(class) >= self.config.classes.of(class).queue {
            decisions.push(reject(Rejection::QueueFull, self.drained_in()));
            return false;
        }
        let density = self.density(&entry);
        self.price.offered(now, entry.reading, density);
        if class == Class::Voice {
            self.calls.came(now, self.work(&entry, entry.reading));
        }
        entry.turn.stands_by = class != Class::Voice && density < self.price.now();
        if self.replicas.iter().any(|replica| replica.admits(now)) {
            if let Some(late) = self.too_late(now, &entry) {
                decisions.push(reject(Rejection::DeadlineCannotBeMet, late));
                return false;
            }
        } else if !self.replicas.iter().any(|replica| replica.health != Health::Gone) {
            decisions.push(reject(Rejection::NoReplica, Duration::from_secs(5)));
            return false;
        }
        self.enqueue(&entry);
        self.entries.insert(id, entry);
        true
    }

    /// How long until it could be served, where that is after its deadline.
    fn too_late(&self, now: Moment, entry: &Entry) -> Option<Duration> {
        let class = rank(entry.request.class);
        let tier = usize::from(entry.turn.stands_by);
        // Of its own class, those with an earlier turn; of the others, all that go before it.
        let own: f64 = self
            .queues
            .of(entry.request.class)
            .take_while(|(turn, _)| *turn < entry.turn)
            .filter_map(|(_, id)| self.entries.get(&id))
            .map(|before| before.reading)
            .sum();
        let higher: f64 = (0..=tier)
            .map(|tier_before| {
                let classes = if tier_before < tier { 4 } else { class };
                (0..classes).filter(|other| *other != class).map(|other| self.backlog[tier_before][other]).sum::<f64>()
            })
            .sum();
        let (mut rate, mut best, mut soonest) = (0.0, 0.0_f64, f64::INFINITY);
        for replica in self.replicas.iter().filter(|replica| replica.admits(now)) {
            rate += replica.rates.prefill();
            best = best.max(replica.rates.prefill());
            let busy = if entry.request.class == Class::Voice {
                replica.busy_without_movable_secs(now)
            } else {
                replica.busy_secs(now)
            };
            soonest = soonest.min(busy);
        }
        let wait = soonest + (own + higher) / rate;
        let first_token = now.plus_secs(wait + entry.reading / best);
        (first_token > entry.turn.deadline).then(|| Duration::from_secs_f64(wait.clamp(0.1, 3_600.0)))
    }

    /// Tokens to read at the replica that holds most of the prompt.
    fn least_reading(&self, entry: &Entry) -> f64 {
        let least = (0..self.replicas.len())
            .filter(|seat| self.replicas[*seat].admits(self.now))
            .map(|seat| self.uncached(entry, seat))
            .fold(f64::INFINITY, f64::min);
        least.min(f64::from(entry.request.prompt_tokens))
    }

    /// What a request is worth for each unit of its work.
    pub(crate) fn density(&self, entry: &Entry) -> f64 {
        self.config.classes.of(entry.request.class).weight / self.work(entry, entry.reading).max(1.0)
    }

    /// The work of a request of which so many tokens are read.
    pub(crate) fn work(&self, entry: &Entry, reading: f64) -> f64 {
        reading + self.config.output_token_weight * f64::from(entry.request.expected_output_tokens)
    }

    /// Prompt tokens that the replica at `seat` would have to read, one at least: the engines read the last one always.
    pub(crate) fn uncached(&self, entry: &Entry, seat: usize) -> f64 {
        let tokens = f64::from(entry.request.prompt_tokens);
        let blocks = entry.request.prefix.len();
        if blocks == 0 {
            let home = entry.request.session.and_then(|session| self.sessions.home(session));
            let hit = if home == Some(seat) { self.config.session_hit } else { 0.0 };
            return (tokens * (1.0 - hit)).max(1.0);
        }
        let matched = entry.matched.blocks.get(seat).copied().unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "no prompt has 2^52 blocks")]
        let hit = f64::from(matched) / blocks as f64;
        (tokens * (1.0 - hit)).max(1.0)
    }

    pub(crate) fn enqueue(&mut self, entry: &Entry) {
        let class = entry.request.class;
        self.queues.push(class, entry.turn, entry.request.id);
        self.backlog[usize::from(entry.turn.stands_by)][rank(class)] += entry.reading;
    }

    pub(crate) fn dequeue(&mut self, class: Class, turn: Turn, reading: f64) {
        self.queues.remove(class, turn);
        let backlog = &mut self.backlog[usize::from(turn.stands_by)][rank(class)];
        *backlog = if self.queues.len(class) == 0 { 0.0 } else { (*backlog - reading).max(0.0) };
    }

    fn cancel(&mut self, now: Moment, request: RequestId, decisions: &mut Vec<Decision>) -> bool {
        let Some(entry) = self.entries.remove(&request) else { return false };
        match entry.place {
            Place::Waiting => self.dequeue(entry.request.class, entry.turn, entry.reading),
            Place::At { seat, .. } => {
                self.replicas[seat].leave(request, entry.request.class, now);
                let replica = self.replicas[seat].id;
                let reason = WithdrawReason::Cancelled;
                decisions.push(Decision::Withdraw { request, replica, attempt: entry.attempts, reason });
            }
        }
        true
    }

    fn first_token(&mut self, now: Moment, request: RequestId, attempt: u32, cached: Option<u32>) -> bool {
        let Some(entry) = self.entries.get_mut(&request).filter(|entry| entry.attempts == attempt) else {
            return false;
        };
        let Place::At { seat, streaming, .. } = &mut entry.place else { return false };
        if std::mem::replace(streaming, true) {
            return false;
        }
        let seat = *seat;
        let uncached = cached.map(|cached| f64::from(entry.request.prompt_tokens.saturating_sub(cached).max(1)));
        self.replicas[seat].read(request, uncached, now);
        self.replicas[seat].heard(now);
        true
    }

    fn finish(&mut self, now: Moment, request: RequestId, attempt: u32) -> bool {
        if self.entries.get(&request).is_none_or(|entry| entry.attempts != attempt) {
            return false;
        }
        let found = self.entries.get(&request).map(|entry| (entry.place, entry.request.class));
        let Some((Place::At { seat, since, .. }, class)) = found else { return false };
        if let Some(entry) = self.entries.remove(&request) {
            self.demand_met(&entry, now.secs_since(since));
        }
        self.replicas[seat].leave(request, class, now);
        self.replicas[seat].proved(now);
        self.replicas[seat].heard(now);
        true
    }

    /// Ends a waiting request unserved.
    pub(crate) fn reject(&mut self, request: RequestId, reason: Rejection, decisions: &mut Vec<Decision>) {
        if let Some(entry) = self.entries.remove(&request) {
            self.dequeue(entry.request.class, entry.turn, entry.reading);
            decisions.push(Decision::Reject { request, reason, retry_after: self.drained_in() });
        }
    }

    /// Seconds until the queues would be empty if nothing came.
    fn drained_in(&self) -> Duration {
        let rate: f64 = self
            .replicas
            .iter()
            .filter(|replica| replica.admits(self.now))
            .map(|replica| replica.rates.prefill())
            .sum();
        let backlog: f64 = self.backlog.iter().flatten().sum();
        Duration::from_secs_f64(if rate > 0.0 { (backlog / rate).clamp(0.5, 3_600.0) } else { 5.0 })
    }

    /// Computes the price of work anew where it is due, and who stands by at it.
    fn review_price(&mut self, now: Moment) {
        let rate: f64 =
            self.replicas.iter().filter(|replica| replica.admits(now)).map(|replica| replica.rates.prefill()).sum();
        self.reserve(now, rate);
        if !self.price.review(now, rate) {
            return;
        }
        let price = self.price.now();
        for class in [Class::Chat, Class::Mail, Class::Batch] {
            let waiting: Vec<(Turn, RequestId)> = self.queues.of(class).collect();
            for (turn, id) in waiting {
                let Some(entry) = self.entries.get(&id) else { continue };
                let stands_by = self.density(entry) < price;
                if stands_by != turn.stands_by
                    && let Some(mut entry) = self.entries.remove(&id)
                {
                    self.dequeue(class, turn, entry.reading);
                    entry.turn.stands_by = stands_by;
                    self.enqueue(&entry);
                    self.entries.insert(id, entry);
                }
            }
        }
    }

    fn compute_wake(&self, now: Moment) -> Option<Moment> {
        let silence = self.replicas.iter().filter_map(|replica| replica.silent_at(&self.config)).min();
        if self.queues.is_empty() {
            return silence;
        }
        let opens = self.replicas.iter().filter_map(|replica| replica.opens_at(now, &self.config)).min();
        let lookahead = self.config.lookahead();
        let reads = self
            .replicas
            .iter()
            .filter(|replica| replica.room(Class::Voice, now, &self.config) > 0)
            .map(|replica| replica.busy_secs(now) - lookahead)
            .filter(|seconds| *seconds > 0.0)
            .fold(f64::INFINITY, f64::min);
        // Not more often than each two milliseconds, for a first request that takes longer than it should.
        let reads = reads.is_finite().then(|| now.plus_secs(reads.max(0.002)));
        let expires = Class::ALL
            .into_iter()
            .filter_map(|class| self.queues.of(class).next())
            .map(|(turn, _)| turn.deadline.max(now + Duration::from_millis(50)))
            .min();
        [silence, opens, reads, expires].into_iter().flatten().min()
    }
}
