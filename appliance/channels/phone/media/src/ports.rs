//! Pairs of UDP ports: RTP on the even one, RTCP on the next (RFC 3550 §11).
//!
//! A pair rests after use, so that packets still on their way to a call that has ended do not reach the next one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long a pair rests.
const REST: Duration = Duration::from_secs(2);

/// The pairs that are free or rest. Those in use are with their lines.
#[derive(Debug)]
pub(crate) struct Ports {
    free: VecDeque<u16>,
    resting: VecDeque<(Instant, u16)>,
    total: usize,
}

impl Ports {
    /// All pairs that lie within `first..=last`.
    pub(crate) fn new(first: u16, last: u16) -> Self {
        let free: VecDeque<u16> = (first..last).filter(|port| port.is_multiple_of(2)).collect();
        let total = free.len();
        Self { free, resting: VecDeque::new(), total }
    }

    /// Pairs in the range.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// The even port of a free pair: the one unused for longest. `None` when all are in use or rest.
    pub(crate) fn take(&mut self, now: Instant) -> Option<u16> {
        while let Some((since, port)) = self.resting.front().copied() {
            if now.saturating_duration_since(since) < REST {
                break;
            }
            self.resting.pop_front();
            self.free.push_back(port);
        }
        self.free.pop_front()
    }

    /// Gives a pair back: it rests first.
    pub(crate) fn give_back(&mut self, port: u16, now: Instant) {
        self.resting.push_back((now, port));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_begin_at_even_ports_and_end_within_the_range() {
        let mut ports = Ports::new(10_001, 10_006);
        let now = Instant::now();
        assert_eq!(ports.total(), 2);
        assert_eq!((ports.take(now), ports.take(now), ports.take(now)), (Some(10_002), Some(10_004), None));
    }

    #[test]
    fn a_pair_rests_before_it_is_used_again() {
        let mut ports = Ports::new(10_000, 10_001);
        let now = Instant::now();
        let port = ports.take(now).unwrap();
        ports.give_back(port, now);
        assert_eq!(ports.take(now + REST / 2), None);
        assert_eq!(ports.take(now + REST), Some(port));
    }
}
