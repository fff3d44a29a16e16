//! What a simulation says.

use std::collections::BTreeMap;

use policy::{Classes, Rejection};
use protocol::Class;
use serde::{Deserialize, Serialize};

/// The outcome of one simulation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Which policy decided.
    pub policy: String,
    /// Replicas.
    pub replicas: usize,
    /// Requests of the trace.
    pub requests: usize,
    /// Seconds of simulated time, from the first arrival to the last answer.
    pub simulated_secs: f64,
    /// The trace's least work over the fleet's capacity while it lasts; see [`crate::bound::offered_load`].
    pub offered_load: f64,
    /// Blocks found cached over blocks asked, of the prompts that were read to the end.
    pub prefix_hit_rate: f64,
    /// Of the workers' outstanding prefill work averaged over time, the largest worker's over the mean worker's. One is even;
    /// the number of workers is all on one. See [`crate::run`].
    pub load_imbalance: f64,
    /// The mean over time of whichever worker has most at that moment, over the mean over time of the mean worker. Whenever
    /// fewer requests are outstanding than there are workers it is large under any policy.
    pub load_imbalance_instant: f64,
    /// The most that one worker read over what the mean worker read.
    pub read_imbalance: f64,
    /// Within the targets, of all that came.
    pub goodput: Goodput,
    /// Milliseconds to the first token, by class, of those that were answered.
    pub ttft_ms: BTreeMap<String, Percentiles>,
    /// Requests, by class.
    pub classes: BTreeMap<String, ClassReport>,
}

/// Answers within the targets over requests that came. Each rejection, loss and late answer is a miss.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Goodput {
    /// Weighted by the classes' weights.
    pub weighted: f64,
    /// By class.
    pub classes: BTreeMap<String, f64>,
}

/// Percentiles of a distribution.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    /// Half are below.
    pub p50: f64,
    /// Nine of ten are below.
    pub p90: f64,
    /// Ninety-nine of a hundred are below.
    pub p99: f64,
    /// The hundred and one percentiles from least to largest, for a plot.
    #[serde(skip)]
    pub curve: Vec<f64>,
}

/// What became of one class's requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassReport {
    /// Came.
    pub requests: usize,
    /// Were answered whole.
    pub finished: usize,
    /// Were answered within the targets.
    pub good: usize,
    /// Were rejected, by reason.
    pub rejected: BTreeMap<String, usize>,
    /// Were being answered when their replica failed.
    pub lost: usize,
    /// Were withdrawn from a replica before their first token; one may be several times.
    pub withdrawn: usize,
    /// The share of all tokens that were read and written for the class, an output token counting as four.
    pub work_share: f64,
    /// Those tokens.
    pub tokens: u64,
}

/// What became of one request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fate {
    pub(crate) first_token_us: Option<u64>,
    pub(crate) finished_us: Option<u64>,
    pub(crate) rejected: Option<Rejection>,
    pub(crate) lost: bool,
    pub(crate) withdrawn: u32,
}

impl Percentiles {
    /// Of these values.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |part: usize| {
            // Nearest rank: the least value that so many of a hundred do not exceed.
            let rank = (values.len() * part).div_ceil(100).max(1);
            values.get(rank - 1).copied().unwrap_or(0.0)
        };
        Self { p50: at(50), p90: at(90), p99: at(99), curve: (0..=100).map(at).collect() }
    }
}

/// The goodput, the times and the counts of all requests.
pub(crate) fn tally(
    arrivals: &[crate::trace::Arrival],
    fates: &[Fate],
    targets: &Classes,
) -> (Goodput, BTreeMap<String, Percentiles>, BTreeMap<String, ClassReport>) {
    let mut classes: BTreeMap<String, ClassReport> = BTreeMap::new();
    let mut times: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let (mut worth, mut offered) = (0.0, 0.0);
    for (arrival, fate) in arrivals.iter().zip(fates) {
        let report = classes.entry(arrival.class.name().to_owned()).or_default();
        let target = targets.of(arrival.class);
        report.requests += 1;
        offered += target.weight;
        report.withdrawn += usize::try_from(fate.withdrawn).unwrap_or(usize::MAX);
        report.lost += usize::from(fate.lost);
        if let Some(reason) = fate.rejected {
            *report.rejected.entry(reason.name().to_owned()).or_default() += 1;
        }
        if let Some(first) = fate.first_token_us {
            let first_secs = secs(first - arrival.at_us);
            times.entry(arrival.class.name().to_owned()).or_default().push(first_secs * 1e3);
            if let Some(finished) = fate.finished_us {
                report.finished += 1;
                report.tokens += u64::from(arrival.prompt_tokens) + 4 * u64::from(arrival.output_tokens);
                if target.kept(arrival.prompt_tokens, first_secs, arrival.output_tokens, secs(finished - first)) {
                    report.good += 1;
                    worth += target.weight;
                }
            }
        }
    }
    let tokens: u64 = classes.values().map(|class| class.tokens).sum();
    for class in classes.values_mut() {
        class.work_share = ratio(class.tokens, tokens);
    }
    let by_class = classes.iter().map(|(name, class)| (name.clone(), part(class.good, class.requests))).collect();
    let goodput = Goodput { weighted: if offered > 0.0 { worth / offered } else { 0.0 }, classes: by_class };
    (goodput, times.into_iter().map(|(name, values)| (name, Percentiles::of(values))).collect(), classes)
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of 285 years fit the mantissa")]
pub(crate) fn secs(us: u64) -> f64 {
    us as f64 / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "tokens fit the mantissa")]
fn ratio(one: u64, other: u64) -> f64 {
    if other == 0 { 0.0 } else { one as f64 / other as f64 }
}

#[expect(clippy::cast_precision_loss, reason = "counts fit the mantissa")]
pub(crate) fn part(one: usize, other: usize) -> f64 {
    if other == 0 { 0.0 } else { one as f64 / other as f64 }
}

/// All classes' names, for tables.
#[must_use]
pub fn class_names() -> [&'static str; 4] {
    Class::ALL.map(Class::name)
}
