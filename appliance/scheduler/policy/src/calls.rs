//! How much work calls bring, so that room is reserved for them before they come.
//!
//! A call that lands among long prompts and many running answers waits for the iteration under way and shares every one of its
//! own. Withdrawing what has not begun does not help against answers that run. So while calls come, some replicas are kept
//! nearly free of all else.

use crate::time::Moment;

/// Seconds after which the work of a call counts for a third.
const MEMORY_SECS: f64 = 120.0;
/// Seconds between two looks.
const REVIEW_SECS: f64 = 1.0;

/// The rate of the calls' work, decaying.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    work: f64,
    at: Moment,
    since: Option<Moment>,
    reviewed: Moment,
}

impl Calls {
    /// A call brings so much work.
    pub(crate) fn came(&mut self, now: Moment, work: f64) {
        self.since.get_or_insert(now);
        self.work = self.decayed(now) + work;
        self.at = now;
    }

    /// The calls' work per second, where it is time to look.
    pub(crate) fn due(&mut self, now: Moment) -> Option<f64> {
        if now.secs_since(self.reviewed) < REVIEW_SECS {
            return None;
        }
        self.reviewed = now;
        // Early on the decaying sum holds less than its memory's worth.
        let seen = now.secs_since(self.since?);
        let memory = MEMORY_SECS * (1.0 - (-seen / MEMORY_SECS).exp());
        Some(self.decayed(now) / memory.max(10.0))
    }

    fn decayed(&self, now: Moment) -> f64 {
        self.work * (-now.secs_since(self.at) / MEMORY_SECS).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_calls_are_seen_at_their_rate_and_forgotten_when_they_end() {
        let mut calls = Calls::default();
        for second in 0..600_u64 {
            calls.came(Moment(second * 1_000_000), 500.0);
        }
        let rate = calls.due(Moment(600_000_000)).unwrap();
        assert!((rate - 500.0).abs() < 10.0, "{rate}");
        assert!(calls.due(Moment(1_800_000_000)).unwrap() < 1.0);
    }
}
