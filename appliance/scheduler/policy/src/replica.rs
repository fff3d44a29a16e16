//! One replica as the dispatcher sees it: what it was given, how fast it is, and whether it may be given more.

use protocol::Class;
use serde::{Deserialize, Serialize};

use crate::config::PolicyConfig;
use crate::event::Health;
use crate::rates::Rates;
use crate::request::{ReplicaId, RequestId};
use crate::share::rank;
use crate::time::Moment;

/// How long what a replica was given to read is remembered, in seconds.
const GIVEN_MEMORY_SECS: f64 = 300.0;

/// A request at a replica whose prompt is not read yet.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) request: RequestId,
    pub(crate) class: Class,
    /// Prompt tokens that its cache does not hold.
    pub(crate) uncached: f64,
    pub(crate) since: Moment,
    /// A call may have it withdrawn.
    pub(crate) movable: bool,
}

/// Whether a replica may be given requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It may.
    Serving,
    /// It was away and is given a growing part of its slots.
    Returning,
    /// Its connection broke; it is left alone for a while.
    Suspected,
    /// No heartbeat came in time.
    Silent,
    /// Its node asks for nothing new.
    AdmitsNothing,
    /// It is being taken out.
    Draining,
    /// It is no more.
    Gone,
}

/// One replica.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) id: ReplicaId,
    pub(crate) slots: u32,
    pub(crate) health: Health,
    pub(crate) rates: Rates,
    /// In the order in which they were sent, which is that in which it reads them.
    pub(crate) pending: Vec<Pending>,
    /// Those past their first token.
    pub(crate) streaming: u32,
    /// All that it has, by class.
    pub(crate) requests: [u32; 4],
    /// Calls come here first, and little else does.
    pub(crate) reserved: bool,
    /// Prompt tokens that it was given to read, the older the less, as of `given_at`.
    given: f64,
    given_at: Moment,
    /// When it finished reading the last prompt.
    read_last: Moment,
    last_seen: Moment,
    silent: bool,
    suspected_until: Moment,
    suspicions: u32,
    /// Since when it is back; none where it was never away, or is back for long.
    returned: Option<Moment>,
}

impl Replica {
    pub(crate) fn new(id: ReplicaId, slots: u32, rate: f64, now: Moment) -> Self {
        Self {
            id,
            slots,
            health: Health::Ok,
            rates: Rates::assumed(rate),
            pending: Vec::new(),
            streaming: 0,
            requests: [0; 4],
            reserved: false,
            given: 0.0,
            given_at: now,
            read_last: now,
            last_seen: now,
            silent: false,
            suspected_until: Moment(0),
            suspicions: 0,
            returned: None,
        }
    }

    /// Whether it may be given requests at `now`.
    pub(crate) fn standing(&self, now: Moment, config: &PolicyConfig) -> Standing {
        match self.health {
            Health::Gone => Standing::Gone,
            Health::Draining => Standing::Draining,
            Health::AdmitNothing => Standing::AdmitsNothing,
            Health::Ok if self.silent => Standing::Silent,
            Health::Ok if now < self.suspected_until => Standing::Suspected,
            Health::Ok if self.ramp(now, config) < 1.0 => Standing::Returning,
            Health::Ok => Standing::Serving,
        }
    }

    /// Whether it may be given anything.
    pub(crate) fn admits(&self, now: Moment) -> bool {
        self.health == Health::Ok && !self.silent && now >= self.suspected_until
    }

    /// The part of its slots that it may use after it was away.
    fn ramp(&self, now: Moment, config: &PolicyConfig) -> f64 {
        self.returned.map_or(1.0, |since| (now.secs_since(since) / (config.ramp_ms / 1e3).max(1e-3)).min(1.0))
    }

    /// How many more requests of `class` it takes: never more than its slots, some of which are kept for calls.
    pub(crate) fn room(&self, class: Class, now: Moment, config: &PolicyConfig) -> u32 {
        if !self.admits(now) {
            return 0;
        }
        let ramp = self.ramp(now, config);
        let mut slots = if ramp < 1.0 { scale(self.slots, ramp).max(1).min(self.slots) } else { self.slots };
        if class != Class::Voice && slots > 2 {
            slots = slots.saturating_sub(scale(self.slots, config.voice_slots).max(1)).max(1);
        }
        let room = slots.saturating_sub(self.outstanding());
        if class != Class::Voice && self.reserved {
            return room.min(config.reserved_others.saturating_sub(self.others()));
        }
        room
    }

    /// Seconds of reading that it was given of late: what is older than the memory counts for little.
    pub(crate) fn given_secs(&self, now: Moment) -> f64 {
        self.given * (-now.secs_since(self.given_at) / GIVEN_MEMORY_SECS).exp() / self.rates.prefill()
    }

    /// It is given so many tokens to read.
    pub(crate) fn give(&mut self, now: Moment, pending: Pending) {
        self.given = self.given_secs(now) * self.rates.prefill() + pending.uncached;
        self.given_at = now;
        self.requests[rank(pending.class)] += 1;
        self.pending.push(pending);
    }

    /// Of all that it has, those that are no calls.
    fn others(&self) -> u32 {
        self.requests.iter().sum::<u32>() - self.requests[rank(Class::Voice)]
    }

    /// Requests that it has.
    pub(crate) fn outstanding(&self) -> u32 {
        self.streaming.saturating_add(u32::try_from(self.pending.len()).unwrap_or(u32::MAX))
    }

    /// Prompt tokens that it has still to read of its first request, by what it did so far.
    ///
    /// A first request that takes longer than it should is never counted as done: a twentieth stays.
    pub(crate) fn head_left(&self, now: Moment) -> f64 {
        self.pending.first().map_or(0.0, |head| {
            let began = head.since.max(self.read_last);
            (head.uncached - now.secs_since(began) * self.rates.prefill()).max(head.uncached / 20.0)
        })
    }

    /// Seconds of reading that it has before it: the head of the queue by progress, the rest whole.
    pub(crate) fn busy_secs(&self, now: Moment) -> f64 {
        let rest: f64 = self.pending.iter().skip(1).map(|pending| pending.uncached).sum();
        (self.head_left(now) + rest) / self.rates.prefill()
    }

    /// Seconds of reading that would be before it if what yields to a call were withdrawn.
    pub(crate) fn busy_without_movable_secs(&self, now: Moment) -> f64 {
        let head = self.pending.first().filter(|head| !head.movable).map_or(0.0, |_| self.head_left(now));
        let rest: f64 =
            self.pending.iter().skip(1).filter(|pending| !pending.movable).map(|pending| pending.uncached).sum();
        (head + rest) / self.rates.prefill()
    }

    /// A request's first token came: it is read. Returns false where it was not pending.
    pub(crate) fn read(&mut self, request: RequestId, uncached: Option<f64>, now: Moment) -> bool {
        let Some(at) = self.pending.iter().position(|pending| pending.request == request) else { return false };
        let pending = self.pending.remove(at);
        // Read before those sent earlier, it says nothing of the rate: the replica does not go by order.
        if at == 0 {
            let began = pending.since.max(self.read_last);
            self.rates.learn(uncached.unwrap_or(pending.uncached), now.secs_since(began));
        }
        self.read_last = now;
        self.streaming += 1;
        true
    }

    /// A request leaves, read or not.
    pub(crate) fn leave(&mut self, request: RequestId, class: Class, now: Moment) {
        let requests = &mut self.requests[rank(class)];
        *requests = requests.saturating_sub(1);
        if let Some(at) = self.pending.iter().position(|pending| pending.request == request) {
            self.pending.remove(at);
            if at == 0 {
                self.read_last = now;
            }
        } else {
            self.streaming = self.streaming.saturating_sub(1);
        }
    }

    /// Something was heard of it. Returns whether it comes back.
    pub(crate) fn heard(&mut self, now: Moment) -> bool {
        self.last_seen = self.last_seen.max(now);
        let back = std::mem::take(&mut self.silent);
        if back {
            self.returned = Some(now);
        }
        back
    }

    /// When it falls silent if nothing is heard of it.
    pub(crate) fn silent_at(&self, config: &PolicyConfig) -> Option<Moment> {
        if self.silent || self.health == Health::Gone {
            return None;
        }
        config.silence().map(|silence| self.last_seen + silence)
    }

    /// Marks it silent.
    pub(crate) fn fall_silent(&mut self) {
        self.silent = true;
    }

    /// Its connection broke: it gets nothing for a while, longer each time, and returns slowly.
    pub(crate) fn suspect(&mut self, now: Moment, config: &PolicyConfig) {
        if now >= self.suspected_until {
            let seconds = config.suspicion_ms / 1e3 * f64::from(1_u32 << self.suspicions.min(6));
            self.suspicions += 1;
            self.suspected_until = now.plus_secs(seconds);
            self.returned = Some(self.suspected_until);
        }
    }

    /// It answered a request whole: it is trusted again.
    pub(crate) fn proved(&mut self, now: Moment) {
        if now >= self.suspected_until {
            self.suspicions = 0;
        }
    }

    /// Its health changes. What comes back returns slowly.
    pub(crate) fn becomes(&mut self, health: Health, now: Moment) {
        if health == Health::Ok && self.health != Health::Ok {
            self.returned = Some(now);
            self.last_seen = now;
            self.silent = false;
        }
        self.health = health;
    }

    /// The next moment at which it may take more only because time passes.
    pub(crate) fn opens_at(&self, now: Moment, config: &PolicyConfig) -> Option<Moment> {
        if self.health != Health::Ok || self.silent {
            return None;
        }
        if now < self.suspected_until {
            return Some(self.suspected_until);
        }
        let ramp = self.ramp(now, config);
        (ramp < 1.0).then(|| now.plus_secs(config.ramp_ms / 1e3 / f64::from(self.slots.max(1))))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of f64 to u32 saturates")]
fn scale(slots: u32, part: f64) -> u32 {
    (f64::from(slots) * part).floor() as u32
}
