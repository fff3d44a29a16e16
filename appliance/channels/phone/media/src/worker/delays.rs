//! How late packets were sent.

use std::time::{Duration, Instant};

/// Steps of the histogram, and their width.
const STEPS: usize = 400;
const WIDTH_US: u128 = 50;
/// The time over which it is gathered.
const WINDOW: Duration = Duration::from_secs(2);

/// Counts of the present window.
#[derive(Debug)]
pub(crate) struct Delays {
    counts: Box<[u32; STEPS]>,
    total: u32,
    since: Option<Instant>,
    fresh: Option<u64>,
}

impl Default for Delays {
    fn default() -> Self {
        Self { counts: Box::new([0; STEPS]), total: 0, since: None, fresh: None }
    }
}

impl Delays {
    /// Counts one packet.
    pub(super) fn add(&mut self, late: Duration, now: Instant) {
        let since = *self.since.get_or_insert(now);
        if now.saturating_duration_since(since) >= WINDOW {
            self.fresh = Some(self.p99());
            self.counts.fill(0);
            (self.total, self.since) = (0, Some(now));
        }
        let step = usize::try_from(late.as_micros() / WIDTH_US).unwrap_or(STEPS).min(STEPS - 1);
        self.counts[step] += 1;
        self.total += 1;
    }

    /// The figure of a window that has just ended, in microseconds.
    pub(super) fn fresh_p99(&mut self) -> Option<u64> {
        self.fresh.take()
    }

    fn p99(&self) -> u64 {
        let mut beyond = self.total / 100;
        for (step, count) in self.counts.iter().enumerate().rev() {
            if *count > beyond {
                return (step as u64 + 1) * WIDTH_US as u64;
            }
            beyond -= count;
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_hundred_may_be_later() {
        let (mut delays, start) = (Delays::default(), Instant::now());
        for index in 0..200_u32 {
            delays.add(Duration::from_micros(if index.is_multiple_of(200) { 9_000 } else { 120 }), start);
        }
        assert_eq!(delays.fresh_p99(), None);
        delays.add(Duration::ZERO, start + WINDOW);
        assert_eq!(delays.fresh_p99(), Some(150));
        assert_eq!(delays.fresh_p99(), None);
    }
}
