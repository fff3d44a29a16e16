//! What befalls replicas: they join, fall ill, fall silent, fail and return; and what that does to the requests there.

use protocol::Class;

use crate::dispatcher::Dispatcher;
use crate::event::{Decision, Health, Rejection, WithdrawReason};
use crate::queue::Place;
use crate::replica::Replica;
use crate::request::{ReplicaId, RequestId};
use crate::time::Moment;

/// Calls that need less than this part of the fleet have nothing reserved for them.
const CALLS_ARE_RARE: f64 = 0.002;

impl Dispatcher {
    pub(crate) fn fail(
        &mut self,
        now: Moment,
        request: RequestId,
        attempt: u32,
        replica_suspect: bool,
        decisions: &mut Vec<Decision>,
    ) -> bool {
        let Some(entry) = self.entries.get_mut(&request).filter(|entry| entry.attempts == attempt) else {
            return false;
        };
        let Place::At { seat, streaming, .. } = entry.place else { return false };
        if streaming {
            let class = entry.request.class;
            self.entries.remove(&request);
            self.replicas[seat].leave(request, class, now);
            decisions.push(Decision::Lost { request, replica: self.replicas[seat].id });
        } else {
            entry.failures += 1;
            entry.failed_at = Some(seat);
            let again = entry.failures <= self.config.retries;
            self.take_back(now, request);
            if !again {
                self.reject(request, Rejection::ReplicasFailed, decisions);
            }
        }
        if replica_suspect {
            self.replicas[seat].suspect(now, &self.config);
            self.move_pending(now, seat, decisions);
            // If it comes back, it is probably as a new process with an empty cache.
            self.index.clear(seat);
        }
        true
    }

    pub(crate) fn join(
        &mut self,
        now: Moment,
        id: ReplicaId,
        slots: u32,
        rate: Option<f64>,
        cache_blocks: Option<usize>,
        decisions: &mut Vec<Decision>,
    ) {
        let rate = rate.filter(|rate| rate.is_finite() && *rate >= 1.0).unwrap_or(self.config.assumed_prefill_rate);
        let capacity = cache_blocks.unwrap_or(self.config.prefix_blocks).min(self.config.prefix_blocks);
        if let Some(seat) = self.seats.get(&id).copied() {
            if self.replicas[seat].health == Health::Gone {
                self.end_at(now, seat, decisions);
                let mut replica = Replica::new(id, slots, rate, now);
                // One that was gone is trusted as little as one that was silent.
                replica.health = Health::Gone;
                replica.becomes(Health::Ok, now);
                self.replicas[seat] = replica;
            }
            self.replicas[seat].slots = slots;
            self.index.seat(seat, capacity);
            return;
        }
        let seat = self.replicas.len();
        self.replicas.push(Replica::new(id, slots, rate, now));
        self.seats.insert(id, seat);
        self.index.seat(seat, capacity);
    }

    pub(crate) fn health(&mut self, now: Moment, id: ReplicaId, health: Health, decisions: &mut Vec<Decision>) {
        let Some(seat) = self.seats.get(&id).copied() else { return };
        self.replicas[seat].becomes(health, now);
        match health {
            Health::Ok | Health::Draining => {}
            Health::AdmitNothing => self.move_pending(now, seat, decisions),
            Health::Gone => {
                self.end_at(now, seat, decisions);
                self.index.clear(seat);
            }
        }
    }

    /// What a replica has that is not begun moves; what it was answering is lost.
    fn end_at(&mut self, now: Moment, seat: usize, decisions: &mut Vec<Decision>) {
        self.move_pending(now, seat, decisions);
        let mut lost: Vec<(RequestId, Class)> = self
            .entries
            .values()
            .filter(|entry| matches!(entry.place, Place::At { seat: at, .. } if at == seat))
            .map(|entry| (entry.request.id, entry.request.class))
            .collect();
        lost.sort_unstable();
        for (request, class) in lost {
            self.entries.remove(&request);
            self.replicas[seat].leave(request, class, now);
            decisions.push(Decision::Lost { request, replica: self.replicas[seat].id });
        }
    }

    /// Takes everything that has no first token back from a replica.
    fn move_pending(&mut self, now: Moment, seat: usize, decisions: &mut Vec<Decision>) {
        let pending: Vec<RequestId> = self.replicas[seat].pending.iter().map(|pending| pending.request).collect();
        for request in pending {
            self.withdraw(now, request, WithdrawReason::ReplicaUnwell, decisions);
        }
    }

    /// Takes one request back into its queue and says so.
    pub(crate) fn withdraw(
        &mut self,
        now: Moment,
        request: RequestId,
        reason: WithdrawReason,
        decisions: &mut Vec<Decision>,
    ) {
        let attempt = self.entries.get(&request).map_or(0, |entry| entry.attempts);
        if let Some(seat) = self.take_back(now, request) {
            let replica = self.replicas[seat].id;
            decisions.push(Decision::Withdraw { request, replica, attempt, reason });
        }
    }

    /// Puts a dispatched request back into its queue, with its old turn; returns where it was.
    pub(crate) fn take_back(&mut self, now: Moment, request: RequestId) -> Option<usize> {
        let mut entry = self.entries.remove(&request)?;
        let Place::At { seat, held, charged, .. } = entry.place else {
            self.entries.insert(request, entry);
            return None;
        };
        // What it has read stays in the cache, as far as can be told; the rest never came there.
        let blocks = entry.request.prefix.len();
        let replica = &self.replicas[seat];
        let read = match replica.pending.first() {
            Some(head) if head.request == request && head.uncached > 0.0 => {
                1.0 - replica.head_left(now) / head.uncached
            }
            _ => 0.0,
        };
        #[expect(clippy::cast_precision_loss, reason = "no prompt has 2^52 blocks")]
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of f64 to usize saturates")]
        let kept = held + (blocks.saturating_sub(held) as f64 * read) as usize;
        self.index.forget(seat, entry.request.prefix.get(kept..).unwrap_or_default());
        self.replicas[seat].leave(request, entry.request.class, now);
        self.shares.refund(entry.request.class, charged);
        entry.place = Place::Waiting;
        self.demand_waits(&entry);
        self.enqueue(&entry);
        self.entries.insert(request, entry);
        Some(seat)
    }

    pub(crate) fn hear_silence(&mut self, now: Moment, decisions: &mut Vec<Decision>) {
        for seat in 0..self.replicas.len() {
            if self.replicas[seat].silent_at(&self.config).is_some_and(|at| at <= now) {
                self.replicas[seat].fall_silent();
                self.move_pending(now, seat, decisions);
            }
        }
    }

    /// Reserves as many replicas for calls as these have needed of late, and some more; half of all at most.
    pub(crate) fn reserve(&mut self, now: Moment, rate: f64) {
        let Some(needed) = self.calls.due(now) else { return };
        let well: Vec<usize> = (0..self.replicas.len()).filter(|seat| self.replicas[*seat].admits(now)).collect();
        let most = well.len() / 2;
        let (mut reserved, mut covered) = (0, 0.0);
        for replica in &mut self.replicas {
            replica.reserved = false;
        }
        for seat in well {
            if reserved < most && needed > rate * CALLS_ARE_RARE && covered < needed * self.config.reserve_headroom {
                self.replicas[seat].reserved = true;
                covered += self.replicas[seat].rates.prefill();
                reserved += 1;
            }
        }
    }
}
