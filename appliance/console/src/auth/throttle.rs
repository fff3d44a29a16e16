//! Limits on guessing, in memory: failures are counted per user and address together, per address and per user, so that a
//! stranger who guesses does not lock an account's owner out from another address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// Failures count for so long.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// How many failures one address may have on one user.
const PER_PAIR: usize = 5;
/// How many failures one address may have on all users.
const PER_ADDRESS: usize = 30;
/// How many failures one user may have from all addresses.
const PER_USER: usize = 60;
/// At most so many keys are kept; past it the oldest windows are dropped first.
const MAX_KEYS: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Pair(String, Option<IpAddr>),
    Address(IpAddr),
    User(String),
}

/// Counts refused sign-ins.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    failures: Mutex<HashMap<Key, Vec<Timestamp>>>,
}

fn keys(username: &str, address: Option<IpAddr>) -> Vec<(Key, usize)> {
    let mut keys =
        vec![(Key::Pair(username.to_owned(), address), PER_PAIR), (Key::User(username.to_owned()), PER_USER)];
    keys.extend(address.map(|address| (Key::Address(address), PER_ADDRESS)));
    keys
}

impl Throttle {
    /// How long this user must wait at this address; `None`: may try.
    pub(crate) fn wait(&self, username: &str, address: Option<IpAddr>, now: Timestamp) -> Option<SignedDuration> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        keys(username, address)
            .into_iter()
            .filter_map(|(key, limit)| {
                let recent: Vec<_> =
                    failures.get(&key)?.iter().filter(|at| now.duration_since(**at) < WINDOW).collect();
                // The oldest of the last `limit` failures must leave the window first.
                let oldest = recent.len().checked_sub(limit).and_then(|index| recent.get(index))?;
                Some(WINDOW - now.duration_since(**oldest))
            })
            .max()
    }

    /// Counts a refused sign-in.
    pub(crate) fn failed(&self, username: &str, address: Option<IpAddr>, now: Timestamp) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MAX_KEYS {
            failures.retain(|_, at| at.last().is_some_and(|last| now.duration_since(*last) < WINDOW));
        }
        if failures.len() >= MAX_KEYS
            && let Some(oldest) = failures.iter().min_by_key(|(_, at)| at.last().copied()).map(|(key, _)| key.clone())
        {
            failures.remove(&oldest);
        }
        for (key, _) in keys(username, address) {
            let at = failures.entry(key).or_default();
            at.retain(|at| now.duration_since(*at) < WINDOW);
            at.push(now);
        }
    }

    /// Forgets this user's failures at this address: the right password was given.
    pub(crate) fn succeeded(&self, username: &str, address: Option<IpAddr>) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.remove(&Key::Pair(username.to_owned(), address));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));
    const THERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)));

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    #[test]
    fn the_sixth_guess_waits_and_the_window_frees_it() {
        let throttle = Throttle::default();
        for minute in 0..5 {
            assert_eq!(throttle.wait("ana", HERE, at(minute)), None);
            throttle.failed("ana", HERE, at(minute));
        }
        assert_eq!(throttle.wait("ana", HERE, at(5)), Some(SignedDuration::from_mins(10)));
        assert_eq!(throttle.wait("ana", HERE, at(16)), None);
    }

    #[test]
    fn a_stranger_who_guesses_does_not_lock_the_owner_out() {
        let throttle = Throttle::default();
        for _ in 0..10 {
            throttle.failed("ana", HERE, at(0));
        }
        assert!(throttle.wait("ana", HERE, at(1)).is_some());
        assert_eq!(throttle.wait("ana", THERE, at(1)), None);
    }

    #[test]
    fn an_address_that_tries_many_users_waits_for_all_of_them() {
        let throttle = Throttle::default();
        for user in 0..30 {
            throttle.failed(&format!("user{user}"), HERE, at(0));
        }
        assert!(throttle.wait("somebody-else", HERE, at(1)).is_some());
    }

    #[test]
    fn the_right_password_forgets_the_wrong_ones() {
        let throttle = Throttle::default();
        for _ in 0..5 {
            throttle.failed("ana", HERE, at(0));
        }
        throttle.succeeded("ana", HERE);
        assert_eq!(throttle.wait("ana", HERE, at(1)), None);
    }
}
