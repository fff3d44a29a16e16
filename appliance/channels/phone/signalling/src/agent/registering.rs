//! Our registrations with trunks: REGISTER out, and what comes back.

use std::time::{Duration, Instant};

use super::sending::token;
use super::{Agent, Purpose, Waker};
use crate::message::{Known, NameAddr, Request, Response, Uri};
use crate::peers::Candidate;
use crate::route::Route;

impl Agent {
    /// Begins what peers need: registrations and probes.
    pub(super) fn begin_peers(&mut self, now: Instant) {
        for peer in 0..self.peers.len() {
            if self.peers[peer].config.register {
                self.schedule.set(Waker::Registration(peer), Some(now));
            }
            self.begin_probes(peer, now);
        }
    }

    /// The addresses of a peer were looked up.
    pub(crate) fn found(&mut self, peer: usize, candidates: Vec<Candidate>, now: Instant) {
        let Some(state) = self.peers.get_mut(peer) else { return };
        let before = state.targets.len();
        let first = before == 0 && !candidates.is_empty();
        state.found(candidates);
        for target in 0..before {
            self.schedule.set(Waker::Probe(peer, target), None);
        }
        self.begin_probes(peer, now);
        if first && self.peers[peer].config.register {
            self.schedule.set(Waker::Registration(peer), Some(now));
        }
    }

    /// Registers with a peer, or renews it.
    pub(super) fn register(&mut self, peer: usize, now: Instant) {
        if self.stopping || !self.has_duty() {
            return;
        }
        let expires = self.peers[peer].config.expires_seconds.max(self.peers[peer].registration.at_least);
        if self.send_register(peer, expires, now).is_none() {
            // Its addresses are not known, or none lives.
            self.schedule.set(Waker::Registration(peer), Some(now + Duration::from_secs(5)));
        }
    }

    /// Takes all registrations back.
    pub(super) fn unregister(&mut self, now: Instant) {
        for peer in 0..self.peers.len() {
            self.schedule.set(Waker::Registration(peer), None);
            if self.peers[peer].registration.registered {
                self.send_register(peer, 0, now);
                self.peers[peer].registration.registered = false;
            }
        }
    }

    fn send_register(&mut self, peer: usize, expires: u32, now: Instant) -> Option<()> {
        let state = self.peers.get_mut(peer)?;
        let target = state.order(now).first().copied()?;
        let candidate = state.targets[target].candidate.clone();
        let user = state.config.user.clone()?;
        let domain = state.domain();
        let registration = &mut state.registration;
        if registration.call_id.is_empty() {
            registration.call_id = token();
        }
        registration.number += 1;
        let (call_id, number) = (registration.call_id.clone(), registration.number);
        let route = Route::to_candidate(&candidate);
        let address = Uri::sip(Some(&user), &domain, None);
        let mut request = Request::new("REGISTER", Uri::sip(None, &domain, None));
        let headers = &mut request.headers;
        headers.push(Known::MaxForwards, "70");
        headers.push(Known::From, format!("<{address}>;tag={}", token()));
        headers.push(Known::To, format!("<{address}>"));
        headers.push(Known::CallId, call_id);
        headers.push(Known::CSeq, format!("{number} REGISTER"));
        headers.push(Known::Supported, "path");
        headers.push(Known::Expires, expires.to_string());
        headers.push(Known::Contact, self.contact(&route, Some(&user), ""));
        self.send(request, &route, Purpose::Register(peer), Some(peer), now);
        Some(())
    }

    /// A registrar answered; `None`: nobody did.
    pub(super) fn registered(&mut self, peer: usize, request: &Request, response: Option<&Response>, now: Instant) {
        let Some(state) = self.peers.get_mut(peer) else { return };
        let asked = request.headers.number(Known::Expires).unwrap_or(0);
        let pause = match response {
            Some(response) if response.status < 300 => {
                if asked == 0 || self.stopping || !self.has_duty() {
                    return;
                }
                let ours = request.headers.address(Known::Contact);
                let granted = response
                    .headers
                    .list(Known::Contact)
                    .filter_map(|contact| NameAddr::parse(contact).ok())
                    .find(|contact| ours.as_ref().is_some_and(|ours| ours.uri.same_place(&contact.uri)))
                    .and_then(|contact| contact.params.get("expires")?.parse().ok())
                    .or(response.headers.number(Known::Expires))
                    .unwrap_or(asked);
                let state = &mut self.peers[peer];
                state.registration.service_route =
                    response.headers.list(Known::ServiceRoute).take(8).map(str::to_owned).collect();
                tracing::debug!(peer = state.config.name, seconds = granted, "registered");
                state.registration.granted(granted)
            }
            Some(response) if response.status == 423 => {
                let least = response.headers.number(Known::MinExpires).unwrap_or(3600).min(86_400);
                let again = least > state.registration.at_least;
                state.registration.at_least = least;
                if again { Duration::ZERO } else { state.registration.refused(423, None) }
            }
            other => {
                let status = other.map_or(408, |response| response.status);
                let retry = other.and_then(|response| response.headers.number(Known::RetryAfter));
                tracing::warn!(peer = state.config.name, status, "the registration failed");
                state.registration.refused(status, retry)
            }
        };
        self.schedule.set(Waker::Registration(peer), Some(now + pause));
    }
}
