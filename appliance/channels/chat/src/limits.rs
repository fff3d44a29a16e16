//! How much one address or conversation may ask for: token buckets in a bounded map.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use desk::ids::ConversationId;

use crate::config::Rate;

/// Who is counted, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Counted {
    /// Conversations begun by an address.
    Conversations(IpAddr),
    /// Turns from an address.
    Turns(IpAddr),
    /// Turns of a conversation.
    TurnsOf(ConversationId),
    /// Files from an address.
    Uploads(IpAddr),
    /// Turns read aloud to an address.
    Spoken(IpAddr),
    /// Recordings from an address.
    Recordings(IpAddr),
    /// Anything else from an address.
    Requests(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

/// Token buckets, at most so many: when full, those that have refilled go first, then the longest idle half.
#[derive(Debug)]
pub(crate) struct Buckets {
    remembered: usize,
    buckets: Mutex<HashMap<Counted, Bucket>>,
}

impl Buckets {
    pub(crate) fn new(remembered: usize) -> Self {
        Self { remembered: remembered.max(16), buckets: Mutex::new(HashMap::new()) }
    }

    /// Takes one token for `counted`, or says after how many seconds there will be one.
    pub(crate) fn take(&self, counted: Counted, rate: Rate, now: Instant) -> Result<(), u64> {
        let per_second = f64::from(rate.per_minute.max(1)) / 60.0;
        let burst = f64::from(rate.burst.max(1));
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= self.remembered && !buckets.contains_key(&counted) {
            make_room(&mut buckets, self.remembered, now);
        }
        let bucket = buckets.entry(counted).or_insert(Bucket { tokens: burst, at: now });
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * per_second).min(burst);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        let wait = Duration::from_secs_f64((1.0 - bucket.tokens) / per_second);
        Err(wait.as_secs() + 1)
    }
}

/// Forgets who has been idle for ten minutes; if all are busy, the longest idle half.
fn make_room(buckets: &mut HashMap<Counted, Bucket>, remembered: usize, now: Instant) {
    buckets.retain(|_, bucket| now.saturating_duration_since(bucket.at) < Duration::from_secs(600));
    if buckets.len() >= remembered {
        let mut ages: Vec<Instant> = buckets.values().map(|bucket| bucket.at).collect();
        ages.sort_unstable();
        let middle = ages[ages.len() / 2];
        buckets.retain(|_, bucket| bucket.at > middle);
    }
}

/// The address that is counted: an IPv6 network of /64 is one subscriber.
pub(crate) fn counted_address(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or_else(
            || {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::V6(std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            },
            IpAddr::V4,
        ),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Live connections per address.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: std::sync::Arc<Mutex<HashMap<IpAddr, u32>>>,
}

/// One live connection; counted until dropped.
#[derive(Debug)]
pub(crate) struct Connected {
    address: IpAddr,
    open: std::sync::Arc<Mutex<HashMap<IpAddr, u32>>>,
}

impl Connections {
    /// One more for `address`, unless it holds `most` already.
    pub(crate) fn open(&self, address: IpAddr, most: u32) -> Option<Connected> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        metrics::gauge!("sfetnic_chat_connections").increment(1.0);
        Some(Connected { address, open: self.open.clone() })
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        metrics::gauge!("sfetnic_chat_connections").decrement(1.0);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_minute: 60, burst: 3 };

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn a_burst_passes_and_then_one_a_second() {
        let (buckets, start) = (Buckets::new(100), Instant::now());
        let take = |millis| buckets.take(Counted::Turns(address(1)), RATE, start + Duration::from_millis(millis));
        assert!((0..3).all(|_| take(0).is_ok()));
        assert_eq!(take(0), Err(2));
        assert!(take(1_000).is_ok());
        assert!(take(1_100).is_err());
        assert!(buckets.take(Counted::Turns(address(2)), RATE, start).is_ok(), "another address is not held back");
    }

    #[test]
    fn a_flood_of_addresses_stays_within_bounds() {
        let (buckets, start) = (Buckets::new(100), Instant::now());
        for number in 0..10_000_u32 {
            let address = IpAddr::from(number.to_be_bytes());
            let _ = buckets.take(Counted::Turns(address), RATE, start + Duration::from_micros(u64::from(number)));
        }
        assert!(buckets.buckets.lock().unwrap().len() <= 100);
    }

    #[test]
    fn one_subscriber_is_one_network() {
        let parse = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(counted_address(parse("2001:db8:1:2:3::1")), counted_address(parse("2001:db8:1:2:ffff::9")));
        assert_eq!(counted_address(parse("::ffff:192.0.2.7")), parse("192.0.2.7"));
    }

    #[test]
    fn a_closed_connection_makes_room() {
        let connections = Connections::default();
        let first = connections.open(address(1), 1).unwrap();
        assert!(connections.open(address(1), 1).is_none());
        drop(first);
        assert!(connections.open(address(1), 1).is_some());
    }
}
