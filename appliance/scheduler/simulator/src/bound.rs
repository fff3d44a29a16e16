//! The clairvoyant bound: what no policy can exceed, from a relaxed schedule that knows the whole trace and all lengths.
//!
//! **What it relaxes.** For each request `i` let `p_i` be the least time that any replica must spend on it: the tokens of its
//! prompt that no earlier request of the trace shares, at the fastest replica's prefill rate, plus, for each further token of
//! its answer, [`CostModel::least_token_secs`]: its own share of a decode step in a full batch. The relaxation lets
//! - all replicas share one cache without limit, which holds every prompt of the trace that came before, also of requests that
//!   are rejected;
//! - work be split without loss: among replicas, in time, and with any part of a request alone earning that part of its weight;
//! - each step cost only the shares above: no iteration that is not full, no step beside prefill beyond its batch's share;
//! - the prompt be read at any time until the last token is due: `d_i` = arrival + target of the first token + the answer's
//!   length at the target's rate, rather than before the first token's target;
//! - windows `[arrival, d_i]` be rounded outward to whole buckets of time.
//!
//! **Why it is a bound.** Take any real schedule and its set `G` of answers within the targets. An iteration takes
//! `chunk / rate + step + per_request × batch` where anything is decoded. Give each prompt token its `1 / rate` and each decoded
//! token `per_request + step / batch ≥ per_request + step / slots`: the shares of one iteration add up to no more than its
//! length, so that the shares of all iterations of one replica within any span add up to no more than the span. The tokens
//! that a replica finds cached were in a prompt that came before (hashes are chained, so that what is shared is a prefix). A
//! replica slower than the fastest is counted as the part `s ≤ 1` of one, `s` the larger of its ratios of prefill and of
//! decode, and spends at least `p_i / s`. All of a good request's shares lie within `[arrival, d_i]`. Hence `G` with full
//! amounts is feasible in the relaxed problem, whose optimum is therefore at least its weight. Requests whose prompt alone
//! cannot be read in time at the fastest rate are in no `G`, and are left out.
//!
//! **Why greed solves the relaxed problem.** The amounts `(y_i)` that fit their windows into the buckets' capacities are the
//! independent vectors of a polymatroid (a transportation problem, the continuous form of a transversal matroid), over which
//! a linear function is maximised by taking items by falling weight per unit and giving each as much as stays feasible
//! (Edmonds 1970). How much that is, is found by augmenting paths (Ford and Fulkerson 1956) over the buckets. A set of
//! buckets from which no path leads to free capacity is tight for good, and is never searched again.

use std::collections::BTreeMap;

use policy::Classes;
use rustc_hash::FxHashSet;

use crate::cost::CostModel;
use crate::report::{Goodput, secs};
use crate::trace::Arrival;

/// Buckets of time at most.
const BUCKETS: f64 = 1_024.0;
/// The least width of a bucket, in seconds.
const LEAST_WIDTH: f64 = 0.1;
/// Amounts of work below this many seconds are nothing.
const NOTHING: f64 = 1e-9;

/// The fleet as one relaxed machine.
#[derive(Debug, Clone, Copy)]
struct Machine {
    rate: f64,
    token_secs: f64,
    block_tokens: u32,
    speed: f64,
}

impl Machine {
    fn of(costs: &[CostModel]) -> Self {
        let rate = costs.iter().map(|cost| cost.prefill_rate).fold(1e-9, f64::max);
        let token_secs = costs.iter().map(CostModel::least_token_secs).fold(f64::INFINITY, f64::min);
        // A token that costs nothing anywhere says nothing of a replica's speed.
        let decode = |cost: &CostModel| {
            if cost.least_token_secs() > 0.0 { token_secs / cost.least_token_secs() } else { 1.0 }
        };
        Self {
            rate,
            token_secs,
            block_tokens: costs.iter().map(|cost| cost.block_tokens).max().unwrap_or(512),
            speed: costs.iter().map(|cost| (cost.prefill_rate / rate).max(decode(cost))).sum(),
        }
    }
}

/// The least work of a request, in seconds of the fastest replica.
#[derive(Debug, Clone, Copy)]
struct Work {
    reading: f64,
    whole: f64,
}

fn works(arrivals: &[Arrival], machine: Machine) -> Vec<Work> {
    let mut seen = FxHashSet::default();
    arrivals
        .iter()
        .map(|arrival| {
            let shared = arrival.blocks.iter().take_while(|block| seen.contains(*block)).count();
            seen.extend(arrival.blocks.iter().copied());
            let cached = u32::try_from(shared).unwrap_or(u32::MAX).saturating_mul(machine.block_tokens);
            let reading = f64::from(arrival.prompt_tokens.saturating_sub(cached).max(1)) / machine.rate;
            let writing = f64::from(arrival.output_tokens.saturating_sub(1)) * machine.token_secs;
            Work { reading, whole: reading + writing }
        })
        .collect()
}

/// The trace's least work over what the fleet can do while requests arrive: 1.0 is the fleet's capacity under the cost model,
/// with every prefix shared that can be and every batch full. Real fleets are full before.
#[must_use]
pub fn offered_load(arrivals: &[Arrival], costs: &[CostModel]) -> f64 {
    let machine = Machine::of(costs);
    let span = arrivals.last().map_or(0.0, |last| secs(last.at_us)).max(1e-6);
    works(arrivals, machine).iter().map(|work| work.whole).sum::<f64>() / (machine.speed * span)
}

/// The bound on goodput of any policy for this trace on this fleet, by class as far as the relaxed optimum shares it.
#[must_use]
pub fn clairvoyant(arrivals: &[Arrival], costs: &[CostModel], targets: &Classes) -> Goodput {
    let machine = Machine::of(costs);
    let works = works(arrivals, machine);
    let end = |arrival: &Arrival| {
        let target = targets.of(arrival.class);
        secs(arrival.at_us)
            + target.first_token_secs(arrival.prompt_tokens)
            + f64::from(arrival.output_tokens) / target.tokens_per_second.max(1e-9)
    };
    let last = arrivals.iter().map(end).fold(0.0, f64::max);
    let width = (last / BUCKETS).max(LEAST_WIDTH);
    let mut buckets = Buckets::new(bucket(last, width) + 1, machine.speed * width);
    let mut order: Vec<usize> = (0..arrivals.len())
        .filter(|at| {
            works[*at].reading <= targets.of(arrivals[*at].class).first_token_secs(arrivals[*at].prompt_tokens)
        })
        .collect();
    let density = |at: usize| targets.of(arrivals[at].class).weight / works[at].whole;
    order.sort_by(|one, other| density(*other).total_cmp(&density(*one)));
    let mut classes: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    let (mut worth, mut offered) = (0.0, 0.0);
    for arrival in arrivals {
        offered += targets.of(arrival.class).weight;
        classes.entry(arrival.class.name().to_owned()).or_default().1 += 1.0;
    }
    for at in order {
        let arrival = &arrivals[at];
        let window = (bucket(secs(arrival.at_us), width), bucket(end(arrival), width));
        let part = (buckets.place(window, works[at].whole) / works[at].whole).min(1.0);
        worth += part * targets.of(arrival.class).weight;
        classes.entry(arrival.class.name().to_owned()).or_default().0 += part;
    }
    Goodput {
        weighted: if offered > 0.0 { worth / offered } else { 0.0 },
        classes: classes.into_iter().map(|(name, (good, all))| (name, good / all)).collect(),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of f64 to usize saturates")]
fn bucket(seconds: f64, width: f64) -> usize {
    (seconds / width) as usize
}

/// The relaxed schedule so far.
#[derive(Debug)]
struct Buckets {
    free: Vec<f64>,
    /// Which jobs have how much work in a bucket.
    held: Vec<Vec<(usize, f64)>>,
    /// Of the jobs in a bucket, that whose window begins first and that whose window ends last. All their windows hold the
    /// bucket, so that these two reach whatever any of them reaches. None where it must be found anew.
    extremes: Vec<Option<(usize, usize)>>,
    tight: Vec<bool>,
    windows: Vec<(usize, usize)>,
}

/// How a bucket was reached: from which bucket, by moving which job; none where the new job itself begins.
type Step = Option<(usize, usize)>;

impl Buckets {
    fn new(count: usize, capacity: f64) -> Self {
        Self {
            free: vec![capacity; count],
            held: vec![Vec::new(); count],
            extremes: vec![None; count],
            tight: vec![false; count],
            windows: Vec::new(),
        }
    }

    /// Places as much of `work` within `window` as fits if what was placed before may move within its own windows.
    fn place(&mut self, window: (usize, usize), work: f64) -> f64 {
        let job = self.windows.len();
        self.windows.push(window);
        let mut left = work;
        for at in window.0..=window.1 {
            if left <= NOTHING {
                break;
            }
            let part = left.min(self.free[at]);
            if part > NOTHING {
                self.put(at, job, part);
                self.free[at] -= part;
                left -= part;
            }
        }
        while left > NOTHING {
            let part = self.augment(job, window, left);
            if part <= 0.0 {
                break;
            }
            left -= part;
        }
        work - left
    }

    /// Moves others' work along one shortest path to free capacity and puts that much of `job` where the path begins.
    fn augment(&mut self, job: usize, window: (usize, usize), want: f64) -> f64 {
        let mut reached: Vec<Option<Step>> = vec![None; self.free.len()];
        // For each bucket the first one from it on that is not reached; a bucket beyond the last is never reached.
        let mut unreached: Vec<usize> = (0..=self.free.len()).collect();
        let mut queue: Vec<usize> = (window.0..=window.1).filter(|at| !self.tight[*at]).collect();
        for at in &queue {
            reached[*at] = Some(None);
            unreached[*at] = at + 1;
        }
        let mut next = 0;
        while let Some(at) = queue.get(next).copied() {
            next += 1;
            if self.free[at] > NOTHING {
                return self.shift(job, at, want, &reached);
            }
            let Some((first, last)) = self.extremes(at) else { continue };
            for (other, low, high) in [(first, self.windows[first].0, at), (last, at, self.windows[last].1)] {
                let mut to = first_unreached(&mut unreached, low);
                while to <= high {
                    reached[to] = Some(Some((at, other)));
                    unreached[to] = to + 1;
                    queue.push(to);
                    to = first_unreached(&mut unreached, to);
                }
            }
        }
        for at in queue {
            self.tight[at] = true;
        }
        0.0
    }

    fn extremes(&mut self, at: usize) -> Option<(usize, usize)> {
        if self.extremes[at].is_none() {
            let jobs = || self.held[at].iter().map(|(job, _)| *job);
            self.extremes[at] =
                jobs().min_by_key(|job| self.windows[*job].0).zip(jobs().max_by_key(|job| self.windows[*job].1));
        }
        self.extremes[at]
    }

    fn shift(&mut self, job: usize, free: usize, want: f64, reached: &[Option<Step>]) -> f64 {
        let mut part = want.min(self.free[free]);
        let mut at = free;
        while let Some(Some(Some((from, other)))) = reached.get(at).copied() {
            let amount = self.held[from].iter().find(|(held, _)| *held == other).map_or(0.0, |(_, amount)| *amount);
            part = part.min(amount);
            at = from;
        }
        self.free[free] -= part;
        let mut at = free;
        while let Some(Some(Some((from, other)))) = reached.get(at).copied() {
            self.put(at, other, part);
            self.take(from, other, part);
            at = from;
        }
        self.put(at, job, part);
        part
    }

    fn put(&mut self, at: usize, job: usize, part: f64) {
        match self.held[at].iter_mut().find(|(held, _)| *held == job) {
            Some((_, amount)) => *amount += part,
            None => {
                self.held[at].push((job, part));
                self.extremes[at] = None;
            }
        }
    }

    fn take(&mut self, at: usize, job: usize, part: f64) {
        if let Some(index) = self.held[at].iter().position(|(held, _)| *held == job) {
            self.held[at][index].1 -= part;
            if self.held[at][index].1 <= NOTHING * 1e-3 {
                self.held[at].swap_remove(index);
                self.extremes[at] = None;
            }
        }
    }
}

/// The first bucket from `at` on that is not reached, by pointers that are shortened on the way (union-find).
fn first_unreached(unreached: &mut [usize], at: usize) -> usize {
    let mut root = at;
    while unreached[root] != root {
        root = unreached[root];
    }
    let mut at = at;
    while unreached[at] != root {
        at = std::mem::replace(&mut unreached[at], root);
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The most that these jobs earn if they may be split and shifted: a brute-force optimum of the relaxed problem by
    /// Edmonds' min-max over all intervals, for whole numbers.
    fn best_subset(jobs: &[(usize, usize, u32, u32)], buckets: usize) -> u32 {
        (0_u32..1 << jobs.len())
            .filter(|set| {
                let inside = |at: &usize| set & (1 << at) != 0;
                (0..buckets).all(|low| {
                    (low..buckets).all(|high| {
                        let demand: u32 = (0..jobs.len())
                            .filter(inside)
                            .filter(|at| jobs[*at].0 >= low && jobs[*at].1 <= high)
                            .map(|at| jobs[at].2)
                            .sum();
                        demand as usize <= (high - low + 1) * 2
                    })
                })
            })
            .map(|set| (0..jobs.len()).filter(|at| set & (1 << at) != 0).map(|at| jobs[at].3).sum())
            .max()
            .unwrap_or(0)
    }

    fn greedy(jobs: &[(usize, usize, u32, u32)], buckets: usize) -> f64 {
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        let density = |at: usize| f64::from(jobs[at].3) / f64::from(jobs[at].2);
        order.sort_by(|one, other| density(*other).total_cmp(&density(*one)));
        let mut schedule = Buckets::new(buckets, 2.0);
        order
            .iter()
            .map(|at| {
                let (low, high, work, _) = jobs[*at];
                density(*at) * schedule.place((low, high), f64::from(work))
            })
            .sum()
    }

    fn jobs(unit: bool) -> impl Strategy<Value = Vec<(usize, usize, u32, u32)>> {
        let most: u32 = if unit { 1 } else { 6 };
        prop::collection::vec((0_usize..6, 0_usize..4, 1..=most, 1_u32..10), 1..9).prop_map(|jobs| {
            jobs.into_iter().map(|(low, length, work, weight)| (low, (low + length).min(5), work, weight)).collect()
        })
    }

    proptest! {
        /// Never below the best whole subset, found by trying all.
        #[test]
        fn the_relaxed_optimum_is_at_least_the_best_subset(jobs in jobs(false)) {
            prop_assert!(greedy(&jobs, 6) >= f64::from(best_subset(&jobs, 6)) - 1e-6);
        }

        /// With jobs of one unit the relaxed optimum is whole (a transversal matroid): the two are equal.
        #[test]
        fn with_unit_jobs_it_is_the_best_subset(jobs in jobs(true)) {
            prop_assert!((greedy(&jobs, 6) - f64::from(best_subset(&jobs, 6))).abs() < 1e-6);
        }
    }
}
