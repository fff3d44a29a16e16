//! Desk phones that register here (RFC 3261 §10.3): under their password, a few devices each, for a bounded time.

use std::time::{Duration, Instant};

use super::{Agent, Waker};
use crate::digest::server::Proof;
use crate::message::{Known, NameAddr, Request};
use crate::route::Route;
use crate::transaction::Key;

/// Devices of one desk phone.
const MOST_BINDINGS: usize = 5;
/// Bounds of a registration, in seconds.
const SHORTEST: u32 = 30;
const LONGEST: u32 = 3600;

/// A device.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) contact: NameAddr,
    /// The way on which it registered: through its NAT, on its connection.
    pub(crate) route: Route,
    pub(crate) expires: Instant,
    call_id: String,
    number: u32,
}

impl Agent {
    pub(super) fn register_came(&mut self, request: &Request, key: &Key, route: &Route, now: Instant) {
        if !self.has_duty() {
            // The phone goes on to the next of our servers (RFC 3263 §4.3).
            return self.refuse_for_room(key, now);
        }
        let user = match self.prove(request, key, now) {
            Some(user) => user,
            None => return,
        };
        let own = request.headers.address(Known::To).and_then(|to| to.uri.user_plain());
        if own.as_deref() != Some(user.as_str()) {
            return self.respond_status(key, 403, now);
        }
        match self.bind(&user, request, route, now) {
            Err(status) => {
                let Some(mut response) = self.response_to(key, status) else { return };
                if status == 423 {
                    response.headers.push(Known::MinExpires, SHORTEST.to_string());
                }
                self.respond(key, response, now);
            }
            Ok(()) => {
                let Some(mut response) = self.response_to(key, 200) else { return };
                for binding in self.bindings.get(&user).into_iter().flatten() {
                    let mut contact = binding.contact.clone();
                    let left = binding.expires.saturating_duration_since(now).as_secs().to_string();
                    contact.params.set("expires", Some(&left));
                    response.headers.push(Known::Contact, contact.to_string());
                }
                self.respond(key, response, now);
            }
        }
        self.schedule_bindings();
    }

    /// Checks the password of a desk phone; asks for it where it is missing.
    pub(super) fn prove(&mut self, request: &Request, key: &Key, now: Instant) -> Option<String> {
        let extensions = &self.extensions;
        let password =
            |user: &str| extensions.iter().find(|known| known.config.user == user).map(|known| known.password.clone());
        match self.guard.judge(request, password, now) {
            Proof::Holds(user) => Some(user),
            missing => {
                // The first attempt carries no password; one that does was wrong.
                if missing != Proof::Stale && request.headers.get(Known::Authorization).is_some() {
                    let user = request.headers.address(Known::To).and_then(|to| to.uri.user_plain());
                    tracing::warn!(user = user.as_deref(), "a desk phone's name or password is wrong");
                }
                self.challenge(key, missing == Proof::Stale, now);
                None
            }
        }
    }

    pub(super) fn challenge(&mut self, key: &Key, stale: bool, now: Instant) {
        let Some(mut response) = self.response_to(key, 401) else { return };
        for line in self.guard.challenges(stale, now) {
            response.headers.push(Known::WwwAuthenticate, line);
        }
        self.respond(key, response, now);
    }

    fn bind(&mut self, user: &str, request: &Request, route: &Route, now: Instant) -> Result<(), u16> {
        let headers = &request.headers;
        let number = headers.cseq().map_or(0, |cseq| cseq.number);
        // All of it is taken over or nothing (RFC 3261 §10.3).
        let mut bindings = self.bindings.get(user).cloned().unwrap_or_default();
        bindings.retain(|binding| binding.expires > now);
        let asked = headers.number(Known::Expires);
        let contacts: Vec<&str> = headers.list(Known::Contact).collect();
        if contacts.contains(&"*") {
            if contacts.len() != 1 || asked != Some(0) {
                return Err(400);
            }
            self.bindings.remove(user);
            return Ok(());
        }
        for contact in contacts.into_iter().take(16) {
            let mut contact = NameAddr::parse(contact).map_err(|_| 400u16)?;
            let wish = match contact.params.get("expires") {
                // RFC 3261 §10.2.1.1: what cannot be read is 3600.
                Some(text) => text.parse::<u32>().unwrap_or(LONGEST),
                None => asked.unwrap_or(LONGEST),
            };
            if wish > 0 && wish < SHORTEST {
                return Err(423);
            }
            let old = bindings.iter().position(|binding| binding.contact.uri.same_place(&contact.uri));
            if let Some(old) = old {
                let binding = &bindings[old];
                if binding.call_id == headers.call_id() && binding.number >= number {
                    return Err(500);
                }
                bindings.remove(old);
            }
            if wish == 0 {
                continue;
            }
            if bindings.len() >= MOST_BINDINGS {
                bindings.remove(0);
            }
            contact.params.retain(|name| !name.eq_ignore_ascii_case("expires"));
            let expires = now + Duration::from_secs(u64::from(wish.min(LONGEST)));
            let call_id = headers.call_id().to_owned();
            bindings.push(Binding { contact, route: route.clone(), expires, call_id, number });
        }
        self.bindings.insert(user.to_owned(), bindings);
        Ok(())
    }

    pub(super) fn expire_bindings(&mut self, now: Instant) {
        self.bindings.retain(|_, bindings| {
            bindings.retain(|binding| binding.expires > now);
            !bindings.is_empty()
        });
        self.schedule_bindings();
    }

    pub(super) fn schedule_bindings(&mut self) {
        let next = self.bindings.values().flatten().map(|binding| binding.expires).min();
        self.schedule.set(Waker::Bindings, next);
    }
}
