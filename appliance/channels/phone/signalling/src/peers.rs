//! Trunks: where calls go out, which of their addresses live, and how fast their calls may come.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rand::Rng as _;

use crate::Transport;
use crate::config::PeerConfig;
use crate::digest::client::Credentials;
use crate::registration::Registration;

/// For how long an address that failed is passed over, where nobody said otherwise and nobody asks whether it lives.
const PASSED_OVER: Duration = Duration::from_secs(30);
/// The longest `Retry-After` that is believed.
const LONGEST_RETRY: Duration = Duration::from_secs(3600);

/// One address of a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) transport: Transport,
    pub(crate) address: SocketAddr,
    /// Our address on the way there, where the system could tell.
    pub(crate) local: Option<IpAddr>,
    /// The name in its certificate.
    pub(crate) host: String,
    /// Lower ones first (RFC 2782).
    pub(crate) priority: u32,
    /// The share among those of one priority.
    pub(crate) weight: u16,
}

/// How an address of a peer stands.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) candidate: Candidate,
    /// Until when it is passed over. Without an end: until a probe is answered.
    pub(crate) down: Option<Down>,
    /// Whether a probe is under way.
    pub(crate) probing: bool,
}

/// For how long an address is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Down {
    Until(Instant),
    UntilProbed,
}

impl Target {
    /// Whether calls may go there.
    pub(crate) fn is_up(&self, now: Instant) -> bool {
        match self.down {
            None => true,
            Some(Down::Until(at)) => at <= now,
            Some(Down::UntilProbed) => false,
        }
    }
}

/// A trunk.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) config: PeerConfig,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) targets: Vec<Target>,
    pub(crate) bucket: Option<Bucket>,
    pub(crate) registration: Registration,
}

impl Peer {
    /// A trunk whose addresses are not known yet.
    pub(crate) fn new(config: PeerConfig, password: Option<String>, now: Instant) -> Self {
        let credentials = config.user.clone().zip(password).map(|(user, password)| Credentials { user, password });
        let rate = f64::from(config.calls_per_second);
        let bucket = (config.calls_per_second > 0).then(|| Bucket::new(rate, rate, now));
        Self { credentials, targets: Vec::new(), bucket, registration: Registration::new(), config }
    }

    /// The domain of addresses with it.
    pub(crate) fn domain(&self) -> String {
        if let Some(domain) = &self.config.domain {
            return domain.clone();
        }
        let first = self.config.targets.first().and_then(|target| crate::message::Uri::parse(target).ok());
        first.map(|uri| uri.host).unwrap_or_default()
    }

    /// Takes newly found addresses over; what is known of those that stay is kept.
    pub(crate) fn found(&mut self, candidates: Vec<Candidate>) {
        let old = std::mem::take(&mut self.targets);
        self.targets = candidates
            .into_iter()
            .take(32)
            .map(|candidate| {
                let known = old.iter().find(|target| {
                    target.candidate.address == candidate.address && target.candidate.transport == candidate.transport
                });
                Target { down: known.and_then(|target| target.down), probing: false, candidate }
            })
            .collect();
    }

    /// The living addresses in the order in which they are tried: by priority, by chance of weight within one (RFC 2782).
    pub(crate) fn order(&self, now: Instant) -> Vec<usize> {
        let mut left: Vec<usize> = (0..self.targets.len()).filter(|at| self.targets[*at].is_up(now)).collect();
        left.sort_by_key(|at| self.targets[*at].candidate.priority);
        let mut order = Vec::with_capacity(left.len());
        while let Some(first) = left.first() {
            let priority = self.targets[*first].candidate.priority;
            let same = left.iter().take_while(|at| self.targets[**at].candidate.priority == priority).count();
            let weight = |at: &usize| u32::from(self.targets[*at].candidate.weight) + 1;
            let total: u32 = left[..same].iter().map(weight).sum();
            let mut chance = rand::rng().random_range(0..total);
            let mut chosen = 0;
            for (position, at) in left[..same].iter().enumerate() {
                if chance < weight(at) {
                    chosen = position;
                    break;
                }
                chance -= weight(at);
            }
            order.push(left.remove(chosen));
        }
        order
    }

    /// An address failed, or asked to be left alone for a time.
    pub(crate) fn failed(&mut self, target: usize, retry_after: Option<u32>, now: Instant) {
        let probed = self.config.probe_seconds > 0;
        if let Some(target) = self.targets.get_mut(target) {
            target.down = Some(match retry_after {
                Some(seconds) => Down::Until(now + Duration::from_secs(u64::from(seconds)).min(LONGEST_RETRY)),
                None if probed => Down::UntilProbed,
                None => Down::Until(now + PASSED_OVER),
            });
        }
    }
}

/// So many at a time, so many a second.
#[derive(Debug)]
pub(crate) struct Bucket {
    per_second: f64,
    most: f64,
    left: f64,
    at: Instant,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(per_second: f64, most: f64, now: Instant) -> Self {
        Self { per_second, most, left: most, at: now }
    }

    /// Takes one, if there is one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * self.per_second).min(self.most);
        self.at = now;
        let has = self.left >= 1.0;
        if has {
            self.left -= 1.0;
        }
        has
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(priorities: &[(u32, u16)]) -> Peer {
        let mut peer = Peer::new(PeerConfig { probe_seconds: 0, ..PeerConfig::default() }, None, Instant::now());
        let candidates = priorities.iter().enumerate().map(|(at, (priority, weight))| Candidate {
            transport: Transport::Udp,
            address: SocketAddr::from(([192, 0, 2, at as u8], 5060)),
            local: None,
            host: String::new(),
            priority: *priority,
            weight: *weight,
        });
        peer.found(candidates.collect());
        peer
    }

    #[test]
    fn a_target_that_asks_for_peace_is_passed_over_for_just_that_time() {
        let now = Instant::now();
        let mut peer = peer(&[(1, 0), (2, 0)]);
        peer.failed(0, Some(10), now);
        assert_eq!(peer.order(now), [1]);
        assert_eq!(peer.order(now + Duration::from_secs(10)), [0, 1]);
    }

    #[test]
    fn within_one_priority_the_heavier_target_comes_first_more_often() {
        let peer = peer(&[(1, 90), (1, 9), (0, 0)]);
        let firsts = (0..500).map(|_| peer.order(Instant::now())).filter(|order| order[1] == 0).count();
        assert!(firsts > 350 && firsts < 500, "{firsts}");
        assert_eq!(peer.order(Instant::now())[0], 2);
    }

    #[test]
    fn a_bucket_lets_so_many_a_second_through() {
        let now = Instant::now();
        let mut bucket = Bucket::new(2.0, 2.0, now);
        assert_eq!([bucket.take(now), bucket.take(now), bucket.take(now)], [true, true, false]);
        assert!(bucket.take(now + Duration::from_millis(500)));
    }
}
