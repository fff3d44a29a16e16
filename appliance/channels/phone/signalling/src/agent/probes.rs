//! Whether the addresses of trunks live: OPTIONS at intervals.

use std::time::{Duration, Instant};

use super::sending::token;
use super::{Agent, Purpose, Waker};
use crate::message::{Known, Request, Response, Uri};
use crate::route::Route;

impl Agent {
    /// Begins to ask all addresses of a peer.
    pub(super) fn begin_probes(&mut self, peer: usize, now: Instant) {
        if self.peers[peer].config.probe_seconds == 0 {
            return;
        }
        for target in 0..self.peers[peer].targets.len() {
            self.schedule.set(Waker::Probe(peer, target), Some(now));
        }
    }

    pub(super) fn probe(&mut self, peer: usize, target: usize, now: Instant) {
        let Some(state) = self.peers.get_mut(peer) else { return };
        let pause = Duration::from_secs(u64::from(state.config.probe_seconds.max(1)));
        let domain = state.domain();
        let Some(aim) = state.targets.get_mut(target) else { return };
        if self.stopping {
            return;
        }
        if !aim.probing {
            aim.probing = true;
            let candidate = aim.candidate.clone();
            let route = Route::to_candidate(&candidate);
            let mut request = Request::new("OPTIONS", Uri::sip(None, &domain, None));
            let headers = &mut request.headers;
            headers.push(Known::MaxForwards, "70");
            headers.push(Known::From, format!("<sip:{}>;tag={}", self.config.domain, token()));
            headers.push(Known::To, format!("<sip:{domain}>"));
            headers.push(Known::CallId, token());
            headers.push(Known::CSeq, "1 OPTIONS");
            headers.push(Known::Accept, "application/sdp");
            headers.push(Known::Contact, self.contact(&route, None, ""));
            self.send(request, &route, Purpose::Probe(peer, target), None, now);
        }
        self.schedule.set(Waker::Probe(peer, target), Some(now + pause));
    }

    /// An address answered, with whatever: it lives, unless it asks for peace. `None`: it did not answer.
    pub(super) fn probed(&mut self, peer: usize, target: usize, response: Option<&Response>, now: Instant) {
        let Some(state) = self.peers.get_mut(peer) else { return };
        let name = state.config.name.clone();
        let Some(aim) = state.targets.get_mut(target) else { return };
        aim.probing = false;
        let was_up = aim.is_up(now);
        match response {
            Some(response) if !matches!(response.status, 408 | 503) => aim.down = None,
            Some(response) => state.failed(target, response.headers.number(Known::RetryAfter), now),
            None => state.failed(target, None, now),
        }
        let up = self.peers[peer].targets[target].is_up(now);
        if up != was_up {
            tracing::info!(peer = name, target, up, "an address of a trunk changed");
        }
    }
}
