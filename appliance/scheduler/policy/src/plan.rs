//! Who goes where, now.
//!
//! The waiting are gone through in their order: who is owed a floor, then by class and deadline. Each is laid, in thought, on
//! the replica where its first token is predicted best, behind what that replica has to read; where that replica has room it is
//! dispatched, otherwise it keeps its place there in thought, waits here, and the next one is looked at. So a request may wait
//! a moment for the replica that holds its conversation while another takes the free one: list scheduling on unrelated
//! machines (Graham 1966; the choice among the waiting by cache is that of Mooncake's conductor, arXiv 2407.00079).
//!
//! A replica gets its next request only when little is left to read there (late binding, Sparrow, SOSP 2013), so that the rest
//! stays movable. Four things are known to go wrong with placement by cache, and are met here: *death spiral* (load breaks
//! affinity, misses make load): a miss is weighed also by what it takes from those who wait; *herding*: load counts from the
//! dispatch; *affinity lost under imbalance*: there is no threshold, only cost; *every conversation shares block 0*: a match
//! counts by the tokens that it saves, so that one block is worth one block.

use protocol::Class;

use crate::dispatcher::Dispatcher;
use crate::event::{Decision, Rejection, WithdrawReason};
use crate::queue::{Matched, Place};
use crate::replica::Pending;
use crate::request::RequestId;
use crate::share::rank;
use crate::time::Moment;

/// One replica while a plan is made.
#[derive(Debug, Clone, Copy)]
struct Bench {
    /// Seconds until it would begin to read the next request.
    free: f64,
    /// Seconds of reading that it really has.
    busy: f64,
    room: u32,
    room_for_voice: u32,
    rate: f64,
    /// Seconds of reading that it was given of late.
    given: f64,
}

impl Bench {
    fn room(&self, class: Class) -> u32 {
        if class == Class::Voice { self.room_for_voice } else { self.room }
    }
}

/// Where a request would go.
#[derive(Debug, Clone, Copy)]
struct Choice {
    seat: usize,
    reading: f64,
    /// Seconds until its first token.
    first_token: f64,
}

impl Dispatcher {
    /// Dispatches, withdraws and rejects whatever is due at `now`.
    pub(crate) fn plan(&mut self, now: Moment, decisions: &mut Vec<Decision>) {
        self.expire(now, decisions);
        if self.queues.is_empty() {
            return;
        }
        let mut benches = self.benches(now);
        let lookahead = self.config.lookahead();
        // Most events find every replica busy: only a call can change that.
        if self.queues.len(Class::Voice) == 0 && !benches.iter().any(|bench| bench.room > 0 && bench.busy <= lookahead)
        {
            return;
        }
        for id in self.order() {
            let Some(class) = self.entries.get(&id).map(|entry| entry.request.class) else { continue };
            let open = benches.iter().any(|bench| bench.room > 0 && bench.busy <= lookahead);
            if class != Class::Voice && !open {
                continue;
            }
            self.refresh(id);
            let choice = self.choose(id, class, now, &benches);
            if class == Class::Voice
                && let Some(seat) = self.yielding(id, choice, now)
            {
                self.make_way(now, seat, decisions);
                benches[seat] = self.bench(seat, now);
                if let Some(choice) = self.at(id, seat, &benches) {
                    self.dispatch(now, id, choice, decisions);
                    benches[seat] = self.bench(seat, now);
                }
                continue;
            }
            let Some(choice) = choice else { continue };
            let Some(entry) = self.entries.get(&id) else { continue };
            if now.plus_secs(choice.first_token) > entry.turn.deadline {
                if benches.iter().any(|bench| bench.room(class) > 0) {
                    self.reject(id, Rejection::DeadlineCannotBeMet, decisions);
                }
                continue;
            }
            let bench = &mut benches[choice.seat];
            if bench.free <= lookahead && bench.room(class) > 0 {
                self.dispatch(now, id, choice, decisions);
                *bench = self.bench(choice.seat, now);
            } else {
                bench.free += choice.reading / bench.rate;
            }
        }
    }

    /// Rejects those that cannot be in time any more, wherever they went. By deadline, the first few of each class say it.
    fn expire(&mut self, now: Moment, decisions: &mut Vec<Decision>) {
        let best = self
            .replicas
            .iter()
            .filter(|replica| replica.admits(now))
            .map(|replica| replica.rates.prefill())
            .fold(0.0, f64::max);
        let mut hopeless = Vec::new();
        for class in Class::ALL {
            for stands_by in [false, true] {
                let waiting = self
                    .queues
                    .of(class)
                    .skip_while(|(turn, _)| turn.stands_by != stands_by)
                    .take_while(|(turn, _)| turn.stands_by == stands_by);
                let mut fine = 0;
                for (turn, id) in waiting {
                    let Some(entry) = self.entries.get(&id) else { continue };
                    let reading = if best > 0.0 { entry.reading / best } else { 0.0 };
                    if now.plus_secs(reading) > turn.deadline {
                        hopeless.push(id);
                    } else {
                        fine += 1;
                        if fine == 8 {
                            break;
                        }
                    }
                }
            }
        }
        for id in hopeless {
            self.reject(id, Rejection::DeadlineCannotBeMet, decisions);
        }
    }

    fn benches(&self, now: Moment) -> Vec<Bench> {
        (0..self.replicas.len()).map(|seat| self.bench(seat, now)).collect()
    }

    fn bench(&self, seat: usize, now: Moment) -> Bench {
        let replica = &self.replicas[seat];
        let busy = replica.busy_secs(now);
        Bench {
            free: busy,
            busy,
            room: replica.room(Class::Chat, now, &self.config),
            room_for_voice: replica.room(Class::Voice, now, &self.config),
            rate: replica.rates.prefill(),
            given: replica.given_secs(now),
        }
    }

    /// The first of those who wait, in the order in which they are served.
    fn order(&self) -> Vec<RequestId> {
        let mut shares = self.shares.clone();
        let mut queues = Class::ALL.map(|class| self.queues.of(class).peekable());
        let mut order = Vec::new();
        while order.len() < self.config.scan {
            let mut waits = [false; 4];
            let mut first = None;
            for class in Class::ALL {
                if let Some((turn, _)) = queues[rank(class)].peek() {
                    waits[rank(class)] = true;
                    // Whoever stands by goes after all who do not, then by class.
                    let place = (turn.stands_by, class);
                    first = Some(first.map_or(place, |best: (bool, Class)| best.min(place)));
                }
            }
            let Some(class) = shares.owed(waits).or(first.map(|(_, class)| class)) else { break };
            let Some((_, id)) = queues[rank(class)].next() else { break };
            if let Some(entry) = self.entries.get(&id) {
                shares.charge(class, self.work(entry, entry.reading), waits);
                order.push(id);
            }
        }
        order
    }

    /// Brings up to date which replicas hold how much of a request's prompt.
    fn refresh(&mut self, id: RequestId) {
        let version = self.index.version();
        if let Some(entry) = self.entries.get_mut(&id)
            && entry.matched.version != version
        {
            entry.matched = Matched { version, blocks: self.index.matches(&entry.request.prefix) };
        }
    }

    /// The best replica for a request: one that meets its deadline, and of these the one with the least cost.
    fn choose(&self, id: RequestId, class: Class, now: Moment, benches: &[Bench]) -> Option<Choice> {
        let entry = self.entries.get(&id)?;
        let patience = entry.turn.deadline.secs_since(now);
        if let Some(seat) = entry.request.session.and_then(|session| self.refuge(session, now))
            && entry.request.prefix.is_empty()
            && benches[seat].room(class) > 0
            && let Some(refuge) = self.at(id, seat, benches)
            && refuge.first_token <= patience
        {
            return Some(refuge);
        }
        let least_given =
            benches.iter().filter(|bench| bench.room(class) > 0).map(|bench| bench.given).fold(f64::INFINITY, f64::min);
        // In time if it can be, then elsewhere than where it failed, then at the least cost.
        let mut best: Option<((bool, bool, f64), Choice)> = None;
        for (seat, bench) in benches.iter().enumerate() {
            if bench.room(class) == 0 {
                continue;
            }
            let Some(choice) = self.at(id, seat, benches) else { continue };
            let replica = &self.replicas[seat];
            // Every further request slows those at the replica, more so at a slow one.
            let crowd = f64::from(entry.request.expected_output_tokens)
                * f64::from(replica.outstanding())
                * self.config.batch_cost_ms
                / 1e3
                * self.config.assumed_prefill_rate
                / bench.rate;
            // Who was given much of late is left alone: conversations spread though all begin with the same block.
            let given = self.config.spread * (bench.given - least_given);
            let cost = choice.first_token
                + self.config.miss_cost * choice.reading / bench.rate
                + crowd
                + given
                + self.reluctance(class, seat);
            let rank = (choice.first_token > patience, entry.failed_at == Some(seat), cost);
            if best.as_ref().is_none_or(|(least, _)| rank < *least) {
                best = Some((rank, choice));
            }
        }
        best.map(|(_, choice)| choice)
    }

    /// Seconds that a call would rather wait than go to this replica.
    fn reluctance(&self, class: Class, seat: usize) -> f64 {
        if class == Class::Voice && !self.replicas[seat].reserved {
            self.config.reserve_preference_ms / 1e3
        } else {
            0.0
        }
    }

    /// What it would be to read a request at `seat`.
    fn at(&self, id: RequestId, seat: usize, benches: &[Bench]) -> Option<Choice> {
        let bench = benches.get(seat)?;
        let reading = self.uncached(self.entries.get(&id)?, seat);
        Some(Choice { seat, reading, first_token: bench.free + reading / bench.rate })
    }

    /// The replica at which lower classes make way for this call, if it gains enough by it.
    fn yielding(&self, id: RequestId, without: Option<Choice>, now: Moment) -> Option<usize> {
        let entry = self.entries.get(&id)?;
        let gain = self.config.preempt_gain_ms / 1e3;
        let mut best: Option<(f64, usize)> = None;
        for (seat, replica) in self.replicas.iter().enumerate() {
            let movable = replica.pending.iter().filter(|pending| pending.movable).count();
            let freed = u32::try_from(movable).unwrap_or(u32::MAX);
            if movable == 0
                || !replica.admits(now)
                || replica.room(Class::Voice, now, &self.config).saturating_add(freed) == 0
                || replica.outstanding().saturating_sub(freed) >= replica.slots
            {
                continue;
            }
            let first_token =
                replica.busy_without_movable_secs(now) + self.uncached(entry, seat) / replica.rates.prefill();
            let first_token = first_token + self.reluctance(Class::Voice, seat);
            if best.is_none_or(|(least, _)| first_token < least) {
                best = Some((first_token, seat));
            }
        }
        let (first_token, seat) = best?;
        without
            .is_none_or(|choice| choice.first_token + self.reluctance(Class::Voice, choice.seat) - first_token > gain)
            .then_some(seat)
    }

    /// Withdraws what yields to a call from a replica.
    fn make_way(&mut self, now: Moment, seat: usize, decisions: &mut Vec<Decision>) {
        let movable: Vec<RequestId> = self.replicas[seat]
            .pending
            .iter()
            .filter(|pending| pending.movable)
            .map(|pending| pending.request)
            .collect();
        // From the last to the first, so that the progress of the first is still known when its turn comes.
        for request in movable.into_iter().rev() {
            if let Some(entry) = self.entries.get_mut(&request) {
                entry.withdrawals += 1;
            }
            self.withdraw(now, request, WithdrawReason::YieldsToCall, decisions);
        }
    }

    fn dispatch(&mut self, now: Moment, id: RequestId, choice: Choice, decisions: &mut Vec<Decision>) {
        let waits = self.queues.waits();
        let Some(mut entry) = self.entries.remove(&id) else { return };
        let class = entry.request.class;
        let seat = choice.seat;
        self.dequeue(class, entry.turn, entry.reading);
        let charged = self.work(&entry, choice.reading);
        self.shares.charge(class, charged, waits);
        let held = self.index.insert(seat, &entry.request.prefix);
        if let Some(session) = entry.request.session {
            self.sessions.served(session, seat);
        }
        self.demand_runs(&entry);
        entry.attempts += 1;
        entry.place = Place::At { seat, held, charged, streaming: false, since: now };
        let replica = &mut self.replicas[seat];
        let movable = class != Class::Voice && entry.withdrawals < self.config.withdrawals;
        replica.give(now, Pending { request: id, class, uncached: choice.reading, since: now, movable });
        decisions.push(Decision::Dispatch { request: id, replica: replica.id, attempt: entry.attempts });
        self.entries.insert(id, entry);
    }
}
