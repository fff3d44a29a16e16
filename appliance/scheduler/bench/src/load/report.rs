//! What came of a load, per class.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;
use serde::Serialize;

use super::client::{Observation, Outcome};
use super::{Arrival, Targets};

/// Times are kept in microseconds, to three digits, up to an hour.
const LONGEST_MICROS: u64 = 3_600_000_000;

/// All of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Seconds in which the counted requests arrived, or, where the load is closed, in which they were served.
    pub seconds: f64,
    /// Requests sent in all, those before the counting began included.
    pub sent: u64,
    /// Requests per second that came to their end.
    pub completed_per_second: f64,
    /// The worth of all answers within their targets, over the worth of all requests.
    pub weighted_goodput: f64,
    /// Tokens of prompts that servers said they had cached.
    pub cached_tokens: u64,
    /// How late the generator itself was.
    pub lateness: Lateness,
    /// Class by class.
    pub classes: BTreeMap<String, ClassReport>,
    /// Request by request, where that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub each: Vec<RequestReport>,
}

/// One request of a run.
#[derive(Debug, Clone, Serialize)]
pub struct RequestReport {
    /// Its number in the plan, which is the seed that it was sent with.
    pub id: usize,
    /// When it was sent, in microseconds since 1970.
    pub sent_us: u64,
    /// From then to its first token, in milliseconds; none without one.
    pub first_token_ms: Option<f64>,
    /// From then until it ended, in milliseconds.
    pub ended_ms: f64,
    /// How it ended.
    pub outcome: String,
    /// Whether its first token came within its class's target.
    pub in_time: bool,
}

/// How late requests were sent, by the generator's own fault.
#[derive(Debug, Clone, Serialize)]
pub struct Lateness {
    /// In milliseconds. The timer's step is one.
    pub ms: Quantiles,
}

impl Lateness {
    /// Whether the generator kept up: 99 of 100 requests were sent within `limit` of their time.
    #[must_use]
    pub fn kept_up(&self, limit: Duration) -> bool {
        self.ms.p99 <= limit.as_secs_f64() * 1e3
    }
}

/// One class of a run.
#[derive(Debug, Clone, Serialize)]
pub struct ClassReport {
    /// Requests that arrived and count.
    pub requests: u64,
    /// How they ended.
    pub outcomes: BTreeMap<String, u64>,
    /// Those that ended with an answer within the targets.
    pub good: u64,
    /// The targets.
    pub targets: Targets,
    /// From sending to the first token, in milliseconds, of all that had one.
    pub first_token_ms: Quantiles,
    /// The same of all requests: one without a first token counts with the time until it failed or was given up.
    pub first_token_or_failure_ms: Quantiles,
    /// Between tokens, in milliseconds.
    pub between_tokens_ms: Quantiles,
    /// From sending to the end of complete answers, in milliseconds.
    pub end_ms: Quantiles,
}

/// Some quantiles.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// How many values there are.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// Half are below.
    pub p50: f64,
    /// Nine tenths are below.
    pub p90: f64,
    /// All but one in a hundred are below.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

struct Times(Option<Histogram<u64>>);

impl Times {
    fn new() -> Self {
        // Fails only for bounds that make no sense.
        Self(Histogram::new_with_bounds(1, LONGEST_MICROS, 3).ok())
    }

    fn add(&mut self, time: Duration) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(u64::try_from(time.as_micros()).unwrap_or(LONGEST_MICROS).max(1));
        }
    }

    fn quantiles(&self) -> Quantiles {
        let Some(histogram) = self.0.as_ref().filter(|histogram| !histogram.is_empty()) else {
            return Quantiles::default();
        };
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
        Quantiles {
            count: histogram.len(),
            mean: histogram.mean() / 1e3,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            max: histogram.max() as f64 / 1e3,
        }
    }
}

struct ClassRecorder {
    name: String,
    targets: Targets,
    requests: u64,
    good: u64,
    outcomes: BTreeMap<String, u64>,
    first_token: Times,
    first_token_or_failure: Times,
    between_tokens: Times,
    end: Times,
}

/// Collects what is seen while the load runs.
pub(super) struct Recorder {
    speed: f64,
    each: Option<Vec<RequestReport>>,
    classes: Vec<ClassRecorder>,
    lateness: Times,
    sent: u64,
    cached_tokens: u64,
}

impl Recorder {
    pub(super) fn new(classes: &[String], speed: f64, each: bool) -> Self {
        let classes = classes.iter().map(|name| ClassRecorder {
            name: name.clone(),
            targets: Targets::of(name),
            requests: 0,
            good: 0,
            outcomes: BTreeMap::new(),
            first_token: Times::new(),
            first_token_or_failure: Times::new(),
            between_tokens: Times::new(),
            end: Times::new(),
        });
        let each = each.then(Vec::new);
        Self { speed, each, classes: classes.collect(), lateness: Times::new(), sent: 0, cached_tokens: 0 }
    }

    pub(super) fn sent(&mut self) {
        self.sent += 1;
    }

    pub(super) fn late(&mut self, by: Duration) {
        self.lateness.add(by);
    }

    pub(super) fn ended(
        &mut self,
        id: usize,
        arrival: &Arrival,
        outcome: &Outcome,
        waited: Duration,
        seen: &Observation,
    ) {
        let class = &mut self.classes[arrival.class];
        if let Some(each) = &mut self.each {
            let sent =
                SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().saturating_sub(waited);
            let first = seen.first_token.map(|first| first.as_secs_f64() * self.speed);
            each.push(RequestReport {
                id,
                sent_us: u64::try_from(sent.as_micros()).unwrap_or(u64::MAX),
                first_token_ms: seen.first_token.map(|first| first.as_secs_f64() * 1e3),
                ended_ms: waited.as_secs_f64() * 1e3,
                outcome: outcome.name(),
                in_time: first.is_some_and(|first| class.targets.in_time(arrival.prompt_tokens, first)),
            });
        }
        class.requests += 1;
        *class.outcomes.entry(outcome.name()).or_default() += 1;
        class.first_token_or_failure.add(seen.first_token.unwrap_or(waited));
        self.cached_tokens += seen.cached_tokens;
        for gap in &seen.gaps {
            class.between_tokens.add(*gap);
        }
        let Some(first) = seen.first_token else { return };
        class.first_token.add(first);
        if *outcome == Outcome::Complete {
            class.end.add(seen.end);
            let (first, end) = (first.as_secs_f64() * self.speed, seen.end.as_secs_f64() * self.speed);
            class.good += u64::from(class.targets.kept(arrival.prompt_tokens, arrival.output_tokens, first, end));
        }
    }

    pub(super) fn report(&self, counted: Duration) -> Report {
        let worth = |count: fn(&ClassRecorder) -> u64| -> f64 {
            self.classes.iter().map(|class| class.targets.weight * count(class) as f64).sum()
        };
        let all = worth(|class| class.requests);
        let completed: u64 = self.classes.iter().filter_map(|class| class.outcomes.get("complete")).sum();
        let seconds = counted.as_secs_f64();
        Report {
            seconds,
            sent: self.sent,
            completed_per_second: if seconds > 0.0 { completed as f64 / seconds } else { 0.0 },
            weighted_goodput: if all > 0.0 { worth(|class| class.good) / all } else { 0.0 },
            cached_tokens: self.cached_tokens,
            lateness: Lateness { ms: self.lateness.quantiles() },
            classes: self.classes.iter().map(|class| (class.name.clone(), class.report())).collect(),
            each: self.each.clone().unwrap_or_default(),
        }
    }
}

impl ClassRecorder {
    fn report(&self) -> ClassReport {
        ClassReport {
            requests: self.requests,
            outcomes: self.outcomes.clone(),
            good: self.good,
            targets: self.targets,
            first_token_ms: self.first_token.quantiles(),
            first_token_or_failure_ms: self.first_token_or_failure.quantiles(),
            between_tokens_ms: self.between_tokens.quantiles(),
            end_ms: self.end.quantiles(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(class: usize) -> Arrival {
        Arrival { at: 0.0, class, prompt_tokens: 100, output_tokens: 11, blocks: vec![] }
    }

    fn seen(first_ms: u64, end_ms: u64) -> Observation {
        let (first_token, end) = (Some(Duration::from_millis(first_ms)), Duration::from_millis(end_ms));
        Observation { first_token, end, ..Observation::default() }
    }

    #[test]
    fn what_is_refused_late_or_unfinished_is_worth_nothing() {
        let mut recorder = Recorder::new(&["voice".to_owned(), "batch".to_owned()], 1.0, true);
        let waited = Duration::from_secs(1);
        recorder.ended(0, &arrival(0), &Outcome::Complete, waited, &seen(100, 600));
        recorder.ended(1, &arrival(0), &Outcome::Complete, waited, &seen(2_000, 2_500));
        recorder.ended(2, &arrival(0), &Outcome::Status(503), waited, &Observation::default());
        recorder.ended(3, &arrival(1), &Outcome::Unfinished, waited, &seen(100, 200));
        recorder.ended(4, &arrival(1), &Outcome::Complete, waited, &seen(100, 200));
        let report = recorder.report(Duration::from_secs(10));
        // Eight for one of three calls, one for one of two of the others.
        assert!((report.weighted_goodput - 9.0 / 26.0).abs() < 1e-9);
        assert_eq!(report.classes["voice"].outcomes["status_503"], 1);
        assert_eq!(report.classes["voice"].first_token_ms.count, 2);
        assert_eq!(report.classes["voice"].first_token_or_failure_ms.count, 3);
        let in_time: Vec<bool> = report.each.iter().map(|request| request.in_time).collect();
        assert_eq!(in_time, [true, false, false, true, true]);
    }

    #[test]
    fn a_faster_time_shortens_the_targets() {
        let mut recorder = Recorder::new(&["voice".to_owned()], 10.0, false);
        recorder.ended(5, &arrival(0), &Outcome::Complete, Duration::ZERO, &seen(100, 150));
        assert_eq!(recorder.report(Duration::from_secs(1)).classes["voice"].good, 0, "100 ms are a second there");
    }

    #[test]
    fn a_generator_that_sends_late_has_not_kept_up() {
        let mut recorder = Recorder::new(&[], 1.0, false);
        for _ in 0..90 {
            recorder.late(Duration::from_micros(300));
        }
        assert!(recorder.report(Duration::ZERO).lateness.kept_up(Duration::from_millis(5)));
        for _ in 0..10 {
            recorder.late(Duration::from_millis(80));
        }
        assert!(!recorder.report(Duration::ZERO).lateness.kept_up(Duration::from_millis(5)));
    }
}
