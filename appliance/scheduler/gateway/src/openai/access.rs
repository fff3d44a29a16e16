//! The systems that may use the gateway: their keys, their most urgent class, their quotas.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use metrics::Counter;
use protocol::Class;
use subtle::ConstantTimeEq;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::error::ApiError;
use crate::config::CustomerConfig;
use crate::work::sum;

/// All systems that have a key.
pub(crate) struct Customers {
    all: Vec<Arc<Customer>>,
}

struct Customer {
    sum: [u8; 32],
    class: Class,
    minute: Bucket,
    parallel: Arc<Semaphore>,
    requests: Requests,
}

/// How many requests of a system were let in, and how many were not.
struct Requests {
    admitted: Counter,
    too_many_at_once: Counter,
    too_many_a_minute: Counter,
}

impl Requests {
    fn of(customer: &str) -> Self {
        let count = |outcome: &'static str| metrics::counter!("sfetnic_gateway_requests_total", "customer" => customer.to_owned(), "outcome" => outcome);
        Self {
            admitted: count("admitted"),
            too_many_at_once: count("too_many_at_once"),
            too_many_a_minute: count("too_many_a_minute"),
        }
    }
}

/// A system was let in; held while its request is answered.
pub(super) struct Pass {
    /// The most urgent class that it may ask for.
    pub(super) class: Class,
    _parallel: OwnedSemaphorePermit,
}

impl Customers {
    /// Reads the configured sums; they were checked with the configuration.
    ///
    /// `peers` is the sum of the key with which the servers of the cluster pass requests on: those were let in where they came.
    pub(crate) fn new(config: &[CustomerConfig], peers: Option<[u8; 32]>) -> Self {
        let customer = |config: &CustomerConfig| {
            let sum = config.key_sum().ok()?;
            Some(Arc::new(Customer {
                sum,
                class: config.class,
                minute: Bucket::new(config.requests_per_minute),
                parallel: Arc::new(Semaphore::new(config.parallel as usize)),
                requests: Requests::of(&config.name),
            }))
        };
        let cluster = peers.map(|sum| {
            Arc::new(Customer {
                sum,
                class: Class::Voice,
                minute: Bucket::new(u32::MAX),
                parallel: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
                requests: Requests::of("cluster"),
            })
        });
        Self { all: config.iter().filter_map(customer).chain(cluster).collect() }
    }

    /// Lets a request in that shows a known key and is within the quota.
    pub(super) fn admit(&self, headers: &HeaderMap) -> Result<Pass, ApiError> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let key = header.and_then(|value| value.strip_prefix("Bearer "));
        let key = key.ok_or_else(|| ApiError::access("an API key is needed: `Authorization: Bearer KEY`"))?;
        let sum = sum(key);
        // All are compared, so that the time tells nothing.
        let known = self
            .all
            .iter()
            .fold(None, |found, customer| if bool::from(customer.sum.ct_eq(&sum)) { Some(customer) } else { found });
        let customer = known.ok_or_else(|| ApiError::access("this API key is not known here"))?;
        let permit = Arc::clone(&customer.parallel).try_acquire_owned().map_err(|_| {
            customer.requests.too_many_at_once.increment(1);
            ApiError::quota("this system has as many requests under way as it may", Duration::from_secs(1))
        })?;
        customer.minute.take(Instant::now()).map_err(|wait| {
            customer.requests.too_many_a_minute.increment(1);
            ApiError::quota("this system has sent as many requests in this minute as it may", wait)
        })?;
        customer.requests.admitted.increment(1);
        Ok(Pass { class: customer.class, _parallel: permit })
    }
}

/// A token bucket: a minute's requests may come at once, and then as fast as they come back.
struct Bucket {
    a_minute: f64,
    state: Mutex<Option<(f64, Instant)>>,
}

impl Bucket {
    fn new(a_minute: u32) -> Self {
        Self { a_minute: f64::from(a_minute), state: Mutex::default() }
    }

    /// Takes one, or says when there is one again.
    fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, since) = state.unwrap_or((self.a_minute, now));
        let back = now.saturating_duration_since(since).as_secs_f64() * self.a_minute / 60.0;
        let left = (left + back).min(self.a_minute);
        if left < 1.0 {
            *state = Some((left, now));
            return Err(Duration::from_secs_f64((1.0 - left) * 60.0 / self.a_minute.max(1e-9)));
        }
        *state = Some((left - 1.0, now));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn a_minutes_requests_come_at_once_and_then_one_by_one() {
        let bucket = Bucket::new(3);
        let now = Instant::now();
        for _ in 0..3 {
            bucket.take(now).unwrap();
        }
        let wait = bucket.take(now).unwrap_err();
        assert!((wait.as_secs_f64() - 20.0).abs() < 1e-6, "{wait:?}");
        bucket.take(now + wait + Duration::from_millis(1)).unwrap();
        assert!(bucket.take(now + wait + Duration::from_millis(1)).is_err());
    }

    fn customers() -> Customers {
        let key_sha256 = hex::encode(Sha256::digest(b"sfn-registry"));
        let registry = CustomerConfig {
            name: "registry".to_owned(),
            key_sha256,
            class: Class::Mail,
            requests_per_minute: 100,
            parallel: 1,
        };
        Customers::new(&[registry], None)
    }

    fn with_key(key: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, format!("Bearer {key}").parse().unwrap())])
    }

    #[test]
    fn only_a_known_key_gets_in_and_one_request_at_a_time() {
        let customers = customers();
        assert!(customers.admit(&HeaderMap::new()).is_err());
        assert!(customers.admit(&with_key("sfn-other")).is_err());
        let pass = customers.admit(&with_key("sfn-registry")).unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(pass.class, Class::Mail);
        assert!(customers.admit(&with_key("sfn-registry")).is_err());
        drop(pass);
        assert!(customers.admit(&with_key("sfn-registry")).is_ok());
    }
}
