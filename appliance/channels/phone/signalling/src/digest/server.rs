//! Our challenges. A nonce carries its own time and is signed, so that whoever only knocks leaves nothing behind; of a nonce
//! that was used the counts are kept, so that nobody can repeat what he overheard.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use hmac::{Hmac, Mac as _};
use rand::Rng as _;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::{Algorithm, Input, Qop, parse};
use crate::config::DigestAlgorithm;
use crate::message::params::quote;
use crate::message::{Known, Request};

/// For how long a nonce is good.
const LIFETIME: Duration = Duration::from_secs(300);
/// Of how many nonces counts are kept; the oldest go first, and a nonce that went is stale.
const KEPT: usize = 8192;

/// What becomes of a request's credentials.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// They hold, for this user.
    Holds(String),
    /// There are none, or wrong ones.
    Missing,
    /// They were right, but for an old nonce: ask again with a new one.
    Stale,
}

/// Our challenges and their answers.
#[derive(Debug)]
pub(crate) struct Guard {
    secret: [u8; 32],
    started: Instant,
    realm: String,
    algorithms: Vec<Algorithm>,
    counts: HashMap<String, u32>,
    order: VecDeque<String>,
}

impl Guard {
    /// Challenges for a realm, by these algorithms.
    pub(crate) fn new(realm: &str, algorithms: &[DigestAlgorithm], now: Instant) -> Self {
        Self {
            secret: rand::rng().random(),
            started: now,
            realm: realm.into(),
            algorithms: algorithms.iter().map(|algorithm| Algorithm::from(*algorithm)).collect(),
            counts: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// The `WWW-Authenticate` lines of a 401, the preferred algorithm first (RFC 8760 §2.3).
    pub(crate) fn challenges(&self, stale: bool, now: Instant) -> Vec<String> {
        let nonce = self.nonce(now.saturating_duration_since(self.started).as_secs(), rand::rng().random());
        let stale = if stale { ", stale=true" } else { "" };
        let line = |algorithm: &Algorithm| {
            format!(
                "Digest realm={}, nonce=\"{nonce}\", algorithm={}, qop=\"auth\"{stale}",
                quote(&self.realm),
                algorithm.name()
            )
        };
        self.algorithms.iter().map(line).collect()
    }

    /// Judges a request's credentials. `password` looks a user's password up.
    pub(crate) fn judge(
        &mut self,
        request: &Request,
        password: impl Fn(&str) -> Option<String>,
        now: Instant,
    ) -> Proof {
        let mut proof = Proof::Missing;
        for value in request.headers.all(Known::Authorization).take(8) {
            match self.judge_one(value, &request.method, &request.uri, &password, now) {
                Proof::Missing => {}
                Proof::Stale => proof = Proof::Stale,
                holds @ Proof::Holds(_) => return holds,
            }
        }
        proof
    }

    fn judge_one(
        &mut self,
        value: &str,
        method: &str,
        request_uri: &str,
        password: &impl Fn(&str) -> Option<String>,
        now: Instant,
    ) -> Proof {
        let Ok(Some(params)) = parse(value) else { return Proof::Missing };
        let get = |name| params.get(name).unwrap_or_default();
        let (user, nonce, nc) = (get("username"), get("nonce"), get("nc"));
        let Some(algorithm) = Algorithm::parse(params.get("algorithm")) else { return Proof::Missing };
        if !self.algorithms.contains(&algorithm.plain()) {
            return Proof::Missing;
        }
        // The qop is ours to demand; without it nothing keeps an overheard answer from being used again.
        if get("realm") != self.realm || !get("qop").eq_ignore_ascii_case("auth") || nc.len() != 8 {
            return Proof::Missing;
        }
        // Elements on the way may rewrite the request's address, so that another may be signed; its user must be the same.
        let signed = crate::message::Uri::parse(get("uri")).ok();
        let asked = crate::message::Uri::parse(request_uri).ok();
        if signed.is_none() || signed.map(|uri| uri.user) != asked.map(|uri| uri.user) {
            return Proof::Missing;
        }
        let Some(password) = password(user) else { return Proof::Missing };
        let input = Input {
            algorithm,
            user,
            realm: &self.realm,
            password: &password,
            method,
            uri: get("uri"),
            nonce,
            qop: Some(Qop { nc, cnonce: get("cnonce"), body: None }),
        };
        let given = get("response").to_ascii_lowercase();
        if !bool::from(input.response().as_bytes().ct_eq(given.as_bytes())) {
            return Proof::Missing;
        }
        let Ok(count) = u32::from_str_radix(nc, 16) else { return Proof::Missing };
        if self.use_nonce(nonce, count, now) { Proof::Holds(user.to_owned()) } else { Proof::Stale }
    }

    /// Whether a nonce is ours, young, and was not used with this count or a higher one.
    fn use_nonce(&mut self, nonce: &str, count: u32, now: Instant) -> bool {
        let Some((seconds, salt)) = read_nonce(nonce) else { return false };
        let age = now.saturating_duration_since(self.started).as_secs().saturating_sub(seconds);
        if age > LIFETIME.as_secs() || !bool::from(self.nonce(seconds, salt).as_bytes().ct_eq(nonce.as_bytes())) {
            return false;
        }
        if let Some(last) = self.counts.get_mut(nonce) {
            let fresh = count > *last;
            *last = (*last).max(count);
            return fresh;
        }
        if self.order.len() >= KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.counts.remove(&oldest);
        }
        self.order.push_back(nonce.to_owned());
        self.counts.insert(nonce.to_owned(), count);
        true
    }

    fn nonce(&self, seconds: u64, salt: u64) -> String {
        // A key of any length does for HMAC, so this never fails; an empty signature would let nobody in.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.secret) else { return String::new() };
        mac.update(&seconds.to_be_bytes());
        mac.update(&salt.to_be_bytes());
        let signature = mac.finalize().into_bytes();
        format!("{seconds:016x}{salt:016x}{}", hex::encode(&signature[..16]))
    }
}

fn read_nonce(nonce: &str) -> Option<(u64, u64)> {
    let seconds = u64::from_str_radix(nonce.get(..16)?, 16).ok()?;
    let salt = u64::from_str_radix(nonce.get(16..32)?, 16).ok()?;
    Some((seconds, salt))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::client::{Credentials, answer};
    use crate::message::Headers;

    fn signed(guard: &Guard, password: &str, now: Instant) -> Request {
        let mut challenge = Headers::default();
        for line in guard.challenges(false, now) {
            challenge.push(Known::WwwAuthenticate, line);
        }
        let credentials = Credentials { user: "201".into(), password: password.into() };
        let mut request = Request::new("REGISTER", "sip:sfetnic.invalid");
        for (name, value) in answer(&challenge, &credentials, &request, false) {
            request.headers.push(name, value);
        }
        request
    }

    const BOTH: [DigestAlgorithm; 2] = [DigestAlgorithm::Sha256, DigestAlgorithm::Md5];

    fn known(user: &str) -> Option<String> {
        (user == "201").then(|| "right".to_owned())
    }

    #[test]
    fn the_right_password_is_let_in_once_and_not_again_by_repetition() {
        let now = Instant::now();
        let mut guard = Guard::new("sfetnic", &BOTH, now);
        let request = signed(&guard, "right", now);
        assert_eq!(guard.judge(&request, known, now), Proof::Holds("201".into()));
        assert_eq!(guard.judge(&request, known, now), Proof::Stale);
        assert_eq!(guard.judge(&signed(&guard, "wrong", now), known, now), Proof::Missing);
    }

    #[test]
    fn an_old_nonce_is_stale_and_a_foreign_one_too() {
        let now = Instant::now();
        let mut guard = Guard::new("sfetnic", &BOTH, now);
        let request = signed(&guard, "right", now);
        assert_eq!(guard.judge(&request, known, now + Duration::from_secs(301)), Proof::Stale);
        let other = signed(&Guard::new("sfetnic", &BOTH, now), "right", now);
        assert_eq!(guard.judge(&other, known, now), Proof::Stale);
    }

    #[test]
    fn what_is_kept_of_nonces_is_bounded() {
        let now = Instant::now();
        let mut guard = Guard::new("sfetnic", &BOTH, now);
        for salt in 0..(KEPT as u64 + 100) {
            let nonce = guard.nonce(0, salt);
            assert!(guard.use_nonce(&nonce, 1, now));
        }
        assert_eq!(guard.counts.len(), KEPT);
    }
}
