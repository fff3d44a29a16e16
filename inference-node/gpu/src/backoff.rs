//! Pauses that grow with each failure.

use std::time::Duration;

/// How long to wait before the driver is asked again: doubles with each failure up to a limit, and starts anew after a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    /// Starts with `first` and ends at `most`.
    #[must_use]
    pub fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, next: first }
    }

    /// The pause after a failure.
    pub fn failed(&mut self) -> Duration {
        let pause = self.next.min(self.most);
        self.next = self.next.saturating_mul(2).min(self.most);
        pause
    }

    /// After a success: the next failure waits as shortly as the first.
    pub fn succeeded(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit_and_start_anew_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(10));
        let pauses: Vec<u64> = (0..4).map(|_| backoff.failed().as_secs()).collect();
        assert_eq!(pauses, [2, 4, 8, 10]);
        backoff.succeeded();
        assert_eq!(backoff.failed(), Duration::from_secs(2));
    }
}
