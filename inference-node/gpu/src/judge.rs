//! The verdict on a GPU: a pure function of its past, a reading, the policy and the time.

use protocol::gpu::{GpuSample, HealthReport, Lasting, Presence, Reason, UnixMillis};

use crate::condition::Condition;
use crate::history::{Course, History, XidCourse};
use crate::policy::{Lasts, Policy, Rule};

/// What is wrong with the way to a GPU, for [`judge()`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach<'a> {
    /// The GPU answers.
    Here,
    /// The driver answers, the GPU does not.
    GpuLost(&'a str),
    /// The driver does not answer.
    DriverLost(&'a str),
}

/// Judges a GPU by its `history` and the reading `sample` of the moment `now`, and tells what to remember for the next time.
///
/// Of a GPU that is lost only the loss and its XID errors count: the sample is of another time.
#[must_use]
pub fn judge(
    policy: &Policy,
    history: &History,
    presence: &Presence,
    sample: &GpuSample,
    now: UnixMillis,
) -> (HealthReport, History) {
    let reach = match presence {
        Presence::Here => Reach::Here,
        Presence::Lost { detail, .. } => Reach::GpuLost(detail),
    };
    judge_at(policy, history, reach, sample, now)
}

pub(crate) fn judge_at(
    policy: &Policy,
    history: &History,
    reach: Reach<'_>,
    sample: &GpuSample,
    now: UnixMillis,
) -> (HealthReport, History) {
    let up = sample.nvlinks.iter().filter(|link| link.active).count();
    let mut after =
        History { conditions: Default::default(), xids: history.xids.clone(), links_up: history.links_up.max(up) };
    let mut reasons = Vec::new();
    for (condition, rule) in policy.rules() {
        let before = history.conditions.get(&condition);
        let standing = before.is_some_and(|course| course.standing);
        let shown = match (condition, reach) {
            (Condition::GpuLost, Reach::GpuLost(detail)) => Some(format!("The GPU no longer answers: {detail}.")),
            (Condition::DriverLost, Reach::DriverLost(detail)) => {
                Some(format!("The driver no longer answers: {detail}."))
            }
            (_, Reach::Here) => condition.shown(sample, policy.thresholds(), standing, after.links_up),
            _ => None,
        };
        let Some(course) = went_on(before, shown, rule, now) else { continue };
        if course.standing {
            reasons.push(of_condition(condition, rule, &course, sample));
        }
        after.conditions.insert(condition, course);
    }
    reasons.extend(history.xids.iter().filter_map(|(code, course)| of_xid(policy, *code, course, sample, now)));
    (HealthReport::of(reasons), after)
}

/// How a condition stands after this reading; `None` when it is over.
fn went_on(before: Option<&Course>, shown: Option<String>, rule: &Rule, now: UnixMillis) -> Option<Course> {
    match (before, shown) {
        (before, Some(message)) => {
            let since = before.map_or(now, |course| course.since);
            let long_enough = now.millis_since(since) >= rule.after_seconds.saturating_mul(1_000);
            let standing = long_enough || before.is_some_and(|course| course.standing);
            Some(Course { since, last: now, standing, message })
        }
        (Some(course), None) => {
            let fresh = now.millis_since(course.last) < rule.clears_after_seconds.saturating_mul(1_000);
            (course.standing && fresh).then(|| course.clone())
        }
        (None, None) => None,
    }
}

fn of_condition(condition: Condition, rule: &Rule, course: &Course, sample: &GpuSample) -> Reason {
    Reason {
        code: condition.code().to_owned(),
        verdict: rule.verdict,
        message: course.message.clone(),
        remedy: rule.remedy,
        advice: for_this_gpu(&rule.advice, sample),
        source: rule.source.clone(),
        since_unix_ms: course.since,
        lasting: Lasting::Seen,
    }
}

fn of_xid(policy: &Policy, code: u32, course: &XidCourse, sample: &GpuSample, now: UnixMillis) -> Option<Reason> {
    let rule = policy.xid(code);
    let lasting = match rule.lasts {
        Lasts::UntilReset => Lasting::Reset,
        Lasts::Seconds(seconds) => {
            let end = UnixMillis(course.last.0.saturating_add(seconds.saturating_mul(1_000)));
            if now >= end {
                return None;
            }
            Lasting::Time { unix_ms: end }
        }
    };
    let times = if course.count == 1 { String::new() } else { format!(", {} times so far", course.count) };
    course.standing.then(|| Reason {
        code: format!("xid-{code}"),
        verdict: rule.verdict,
        message: format!("XID {code}{times}: {}.", rule.meaning),
        remedy: rule.remedy,
        advice: for_this_gpu(&rule.advice, sample),
        source: rule.source.clone(),
        since_unix_ms: course.since,
        lasting,
    })
}

/// An advice with this GPU's number and power limit in its commands.
fn for_this_gpu(advice: &str, sample: &GpuSample) -> String {
    let advice = advice.replace("INDEX", &sample.index.to_string());
    match sample.power.default_limit_milliwatts {
        Some(milliwatts) => advice.replace("DEFAULT", &(milliwatts / 1_000).to_string()),
        None => advice,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use proptest::prelude::*;
    use protocol::gpu::{Health, NvLink, Pcie, Thermal, ThrottleReason, Utilisation};

    use super::*;

    fn seconds(seconds: u64) -> UnixMillis {
        UnixMillis(1_700_000_000_000 + seconds * 1_000)
    }

    /// The verdicts on readings that follow one another every ten seconds.
    fn verdicts(samples: impl IntoIterator<Item = GpuSample>) -> Vec<Health> {
        let policy = Policy::built_in().unwrap();
        let mut history = History::default();
        let judged = samples.into_iter().enumerate().map(|(nth, sample)| {
            let (report, after) = judge(&policy, &history, &Presence::Here, &sample, seconds(nth as u64 * 10));
            history = after;
            report.verdict
        });
        judged.collect()
    }

    fn at_celsius(celsius: u32) -> GpuSample {
        let thermal = Thermal {
            gpu_celsius: Some(celsius),
            slowdown_celsius: Some(90),
            shutdown_celsius: Some(100),
            ..Thermal::default()
        };
        GpuSample { thermal, ..GpuSample::default() }
    }

    fn throttled(reasons: &[ThrottleReason]) -> GpuSample {
        GpuSample { throttle: Some(reasons.to_vec()), ..GpuSample::default() }
    }

    #[test]
    fn a_hot_gpu_recovers_only_after_cooling_by_hysteresis() {
        use Health::{AdmitNothingNew as Closed, Ok as Open};
        let judged = verdicts([70, 89, 90, 88, 83, 82, 81, 89, 90].map(at_celsius));
        assert_eq!(judged, [Open, Open, Closed, Closed, Closed, Closed, Open, Open, Closed]);
    }

    #[test]
    fn a_gpu_about_to_switch_itself_off_is_emptied() {
        assert_eq!(verdicts([96, 97].map(at_celsius)), [Health::AdmitNothingNew, Health::Drain]);
    }

    #[test]
    fn a_slowdown_for_one_reading_is_no_reason() {
        let slow = || throttled(&[ThrottleReason::HardwareSlowdown]);
        let judged = verdicts([slow(), throttled(&[]), slow(), throttled(&[])]);
        assert!(judged.iter().all(|verdict| *verdict == Health::Ok), "{judged:?}");
    }

    #[test]
    fn a_power_brake_that_lasts_counts_and_clears_only_after_a_quiet_minute() {
        use Health::{AdmitNothingNew as Closed, Ok as Open};
        let brake = || throttled(&[ThrottleReason::HardwareSlowdown, ThrottleReason::HardwarePowerBrake]);
        let quiet = || throttled(&[]);
        let story = [brake(), brake(), quiet(), quiet(), quiet(), quiet(), quiet(), quiet(), quiet()];
        assert_eq!(verdicts(story), [Open, Closed, Closed, Closed, Closed, Closed, Closed, Open, Open]);
    }

    #[test]
    fn an_idle_gpu_may_slow_its_link_down() {
        let policy = Policy::built_in().unwrap();
        let link =
            Pcie { generation: Some(1), generation_max: Some(5), width: Some(16), width_max: Some(16), replays: None };
        let sample = |gpu_percent| GpuSample {
            pcie: Some(link),
            utilisation: Some(Utilisation { gpu_percent, memory_percent: 0 }),
            ..GpuSample::default()
        };
        let codes_after_a_minute = |gpu_percent| {
            let (_, history) = judge(&policy, &History::default(), &Presence::Here, &sample(gpu_percent), seconds(0));
            let (report, _) = judge(&policy, &history, &Presence::Here, &sample(gpu_percent), seconds(60));
            report.reasons.into_iter().map(|reason| reason.code).collect::<Vec<_>>()
        };
        assert_eq!(codes_after_a_minute(0), Vec::<String>::new());
        assert_eq!(codes_after_a_minute(95), ["pcie-generation-degraded"]);
    }

    #[test]
    fn a_link_that_went_down_counts_and_one_that_never_was_up_does_not() {
        let links = |states: &[bool]| GpuSample {
            nvlinks: (0..)
                .zip(states)
                .map(|(link, active)| NvLink { link, active: *active, ..NvLink::default() })
                .collect(),
            ..GpuSample::default()
        };
        let judged = verdicts([links(&[true, true, false]), links(&[true, false, false])]);
        assert_eq!(judged, [Health::Ok, Health::Drain]);
    }

    #[test]
    fn advice_is_meant_for_the_gpu_in_question() {
        let policy = Policy::built_in().unwrap();
        let mut sample = GpuSample { index: 3, ..GpuSample::default() };
        sample.power.limit_milliwatts = Some(300_000);
        sample.power.default_limit_milliwatts = Some(700_000);
        let (report, _) = judge(&policy, &History::default(), &Presence::Here, &sample, seconds(0));
        let advice = &report.reasons.first().unwrap().advice;
        assert!(advice.contains("nvidia-smi -i 3 --power-limit=700"), "{advice}");
    }

    #[test]
    fn a_timed_verdict_ends_and_one_until_reset_does_not() {
        let policy = Policy::built_in().unwrap();
        let mut history = History::default();
        history.note_xid(32, seconds(0));
        let verdict =
            |history: &History, now| judge(&policy, history, &Presence::Here, &GpuSample::default(), now).0.verdict;
        assert_eq!(verdict(&history, seconds(599)), Health::AdmitNothingNew);
        assert_eq!(verdict(&history, seconds(600)), Health::Ok);
        history.note_xid(79, seconds(700));
        assert_eq!(verdict(&history, seconds(1_000_000)), Health::NeedsReset);
        history.note_reset();
        assert_eq!(verdict(&history, seconds(1_000_001)), Health::Ok);
    }

    proptest! {
        #[test]
        fn a_gpu_at_its_limit_is_never_admitted(temperatures in proptest::collection::vec(0_u32..120, 1..60)) {
            let judged = verdicts(temperatures.iter().copied().map(at_celsius));
            for (celsius, verdict) in temperatures.iter().zip(judged) {
                prop_assert!(*celsius < 90 || !verdict.admits(), "{celsius} °C: {verdict}");
                prop_assert!(*celsius > 81 || verdict.admits(), "{celsius} °C: {verdict}");
            }
        }

        #[test]
        fn the_verdict_is_that_of_the_worst_reason(codes in proptest::collection::vec(1_u32..200, 0..20)) {
            let policy = Policy::built_in().unwrap();
            let mut history = History::default();
            codes.iter().for_each(|code| history.note_xid(*code, seconds(0)));
            let (report, _) = judge(&policy, &history, &Presence::Here, &GpuSample::default(), seconds(1));
            let worst = codes.iter().map(|code| policy.xid(*code).verdict).max().unwrap_or_default();
            prop_assert_eq!(report.verdict, worst);
        }
    }
}
