//! How many replicas each class would keep busy: what was asked for of late, served or not.
//!
//! A replica is two things that requests take at once. *Reading*: it prefills so many tokens a second, one prompt after the
//! other. *Slots*: it computes so many requests side by side, and one that runs holds its slot to the last token, however
//! short its prompt. The class needs as many replicas as the scarcer of the two asks for, so that the greater counts; their
//! sum would count twice what happens at the same time. It is taken for each class by itself, because replicas are set
//! aside for each class by itself: a class that reads much and one that answers long might share, but neither may be left
//! short by the other's absence.
//!
//! What is measured is work asked for, not work done: done is never more than the replicas can do, and an overload would hide
//! itself. So an arrival is charged at once, whatever becomes of it — answered, waiting, rejected, given up — with what
//! requests of its class have held a slot for. Once it runs, the guess is taken back and the time counts that it really holds
//! its slot. A guess goes no further than the window: who waits is worth no more than the slot that he waits for.
//!
//! All of it decays, so that the window is an average with the latest in front. Rejected: counting who waits (a letter that
//! may wait a minute for a second's work would look like a minute's work), and counting what arrived by guesses alone (a few
//! long answers would come as a blow and be forgotten while they still run).

use protocol::Class;

use crate::dispatcher::Dispatcher;
use crate::queue::{Entry, Place};
use crate::share::rank;
use crate::time::Moment;

/// What an answer weighs against the one after it, where it is learnt for how long slots are held.
const KEEP: f64 = 0.98;
/// Less than this part of a replica is none: what has decayed so far was long ago.
const NONE: f64 = 1e-6;

/// How many replicas would have been busy all the time with the requests of each class.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Demand([f64; 4]);

impl Demand {
    /// Replicas of this class.
    #[must_use]
    pub fn of(&self, class: Class) -> f64 {
        self.0[rank(class)]
    }
}

/// For how long slots are held, by the work of those who held them.
#[derive(Debug, Clone, Copy, Default)]
struct Pace {
    secs: f64,
    work: f64,
}

/// What was asked for of late, by class: sums of seconds that decay with the window.
#[derive(Debug)]
pub(crate) struct Asked {
    window_secs: f64,
    /// Since when it is measured; nothing is told before a window has passed.
    since: Option<Moment>,
    at: Moment,
    /// Seconds of a replica's reading.
    reading: [f64; 4],
    /// Seconds of all of a replica's slots.
    slots: [f64; 4],
    paces: [Pace; 4],
}

impl Asked {
    pub(crate) fn new(window_ms: f64) -> Self {
        let (reading, slots, paces) = ([0.0; 4], [0.0; 4], [Pace::default(); 4]);
        Self { window_secs: (window_ms / 1e3).max(0.1), since: None, at: Moment(0), reading, slots, paces }
    }

    /// Time passes up to `now`, with so many replicas' slots held by each class.
    fn pass(&mut self, now: Moment, held: [f64; 4]) {
        if self.since.is_none() {
            (self.since, self.at) = (Some(now), now);
        }
        let kept = (-now.secs_since(self.at) / self.window_secs).exp();
        self.at = self.at.max(now);
        self.reading = self.reading.map(|secs| secs * kept);
        for (secs, held) in self.slots.iter_mut().zip(held) {
            *secs = *secs * kept + held * self.window_secs * (1.0 - kept);
        }
    }

    /// Seconds for which a request of so much work will hold its slot, as others of its class did; of all classes where none
    /// of its own has ended yet, and none at all where nothing has.
    fn likely_secs(&self, class: Class, work: f64) -> f64 {
        let own = self.paces[rank(class)];
        let pace = if own.work > 0.0 { own } else { self.everyone() };
        if pace.work > 0.0 { (work * pace.secs / pace.work).min(self.window_secs) } else { 0.0 }
    }

    fn everyone(&self) -> Pace {
        self.paces
            .iter()
            .fold(Pace::default(), |sum, pace| Pace { secs: sum.secs + pace.secs, work: sum.work + pace.work })
    }

    /// A request of so much work held its slot for so long.
    fn learn(&mut self, class: Class, work: f64, secs: f64) {
        let pace = &mut self.paces[rank(class)];
        *pace = Pace { secs: pace.secs * KEEP + secs, work: pace.work * KEEP + work };
    }

    fn demand(&self) -> Option<Demand> {
        let seen = self.at.secs_since(self.since?);
        if seen < self.window_secs {
            return None;
        }
        // Early on the decaying sums hold less than the window's worth.
        let worth = self.window_secs * (1.0 - (-seen / self.window_secs).exp());
        let replicas = |class: usize| self.reading[class].max(self.slots[class]) / worth;
        Some(Demand([0, 1, 2, 3].map(|class| Some(replicas(class)).filter(|part| *part >= NONE).unwrap_or(0.0))))
    }
}

impl Dispatcher {
    /// How many replicas each class would have kept busy of late; `None` until a whole window has been measured.
    #[must_use]
    pub fn demand(&self, now: Moment) -> Option<Demand> {
        let (asked, now) = (&self.asked, self.now.max(now));
        let mut until_now = Asked { ..*asked };
        until_now.pass(now, self.held());
        asked.since.and_then(|_| until_now.demand())
    }

    /// Begins to measure the demand anew: what was seen so far was somebody else's to serve.
    pub fn measure_anew(&mut self, now: Moment) {
        self.now = self.now.max(now);
        let paces = self.asked.paces;
        self.asked = Asked { paces, ..Asked::new(self.config.demand_window_ms) };
        self.time_passes(self.now);
        for entry in self.entries.values().filter(|entry| entry.place == Place::Waiting) {
            self.asked.slots[rank(entry.request.class)] += entry.guess;
        }
    }

    /// Brings the measurement up to `now`; to be called before anything else changes.
    pub(crate) fn time_passes(&mut self, now: Moment) {
        let held = self.held();
        self.asked.pass(now, held);
    }

    /// A request came.
    pub(crate) fn charge_demand(&mut self, entry: &mut Entry) {
        let (rate, slots) = self.typical();
        let class = entry.request.class;
        entry.guess = self.asked.likely_secs(class, self.work(entry, entry.reading)) / slots;
        self.asked.reading[rank(class)] += entry.reading / rate;
        self.asked.slots[rank(class)] += entry.guess;
    }

    /// A request goes to a replica: from now on it counts for what it holds there.
    pub(crate) fn demand_runs(&mut self, entry: &Entry) {
        self.asked.slots[rank(entry.request.class)] -= entry.guess;
    }

    /// It comes back: it waits for as much as before.
    pub(crate) fn demand_waits(&mut self, entry: &Entry) {
        self.asked.slots[rank(entry.request.class)] += entry.guess;
    }

    /// It was answered after it held its slot for so many seconds.
    pub(crate) fn demand_met(&mut self, entry: &Entry, secs: f64) {
        let work = self.work(entry, entry.reading).max(1.0);
        self.asked.learn(entry.request.class, work, secs);
    }

    /// How many replicas' slots the requests of each class hold now.
    fn held(&self) -> [f64; 4] {
        let mut held = [0.0; 4];
        for replica in self.replicas.iter().filter(|replica| replica.outstanding() > 0) {
            for (sum, requests) in held.iter_mut().zip(replica.requests) {
                *sum += f64::from(requests) / f64::from(replica.slots.max(1));
            }
        }
        held
    }

    /// A replica's rate of prefill and its slots, on average: of those that may be given requests, else of all that are
    /// known, else what is assumed.
    fn typical(&self) -> (f64, f64) {
        let (mut rates, mut slots, mut count) = (0.0, 0.0, 0.0);
        let any = self.replicas.iter().any(|replica| replica.admits(self.now));
        for replica in self.replicas.iter().filter(|replica| !any || replica.admits(self.now)) {
            rates += replica.rates.prefill();
            slots += f64::from(replica.slots);
            count += 1.0;
        }
        if count == 0.0 {
            return (self.config.assumed_prefill_rate.max(1.0), 1.0);
        }
        (rates / count, (slots / count).max(1.0))
    }
}
