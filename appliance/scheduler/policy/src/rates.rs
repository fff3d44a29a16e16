//! How fast a replica really is, learnt from what it did.

/// Prompt tokens after which an old measurement weighs half.
const HALF_LIFE_TOKENS: f64 = 100_000.0;
/// Tokens as which the assumed rate counts at first.
const PRIOR_TOKENS: f64 = 8_000.0;

/// A replica's rate of prefill as seen from outside, its decoding beside included.
///
/// The ratio of two decayed sums, tokens over the time they took, rather than a mean of rates: short prompts, whose time is
/// mostly waiting for an iteration to end, then weigh as little as they cost.
#[derive(Debug, Clone)]
pub(crate) struct Rates {
    tokens: f64,
    seconds: f64,
}

impl Rates {
    /// Starts from an assumed rate in tokens per second.
    pub(crate) fn assumed(rate: f64) -> Self {
        Self { tokens: PRIOR_TOKENS, seconds: PRIOR_TOKENS / rate.max(1.0) }
    }

    /// The rate of prefill in tokens per second.
    pub(crate) fn prefill(&self) -> f64 {
        self.tokens / self.seconds
    }

    /// So many tokens were prefilled in so many seconds.
    pub(crate) fn learn(&mut self, tokens: f64, seconds: f64) {
        if tokens < 1.0 || seconds <= 0.0 {
            return;
        }
        // One report cannot move the rate by more than a factor of twenty: clocks and estimates of tokens err.
        let rate = self.prefill();
        let seconds = seconds.clamp(tokens / rate / 20.0, tokens / rate * 20.0 + 0.05);
        let keep = 0.5_f64.powf(tokens / HALF_LIFE_TOKENS);
        self.tokens = self.tokens * keep + tokens;
        self.seconds = self.seconds * keep + seconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_twice_as_fast_is_seen_as_such_after_some_work() {
        let mut rates = Rates::assumed(8_000.0);
        for _ in 0..200 {
            rates.learn(2_000.0, 0.125);
        }
        assert!((rates.prefill() - 16_000.0).abs() < 200.0, "{}", rates.prefill());
    }

    #[test]
    fn a_short_prompt_that_waited_hardly_counts() {
        let mut rates = Rates::assumed(8_000.0);
        for _ in 0..10 {
            rates.learn(10_000.0, 1.25);
        }
        rates.learn(10.0, 0.06);
        assert!(rates.prefill() > 7_800.0, "{}", rates.prefill());
    }
}
