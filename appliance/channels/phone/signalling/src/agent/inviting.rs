//! Calls that we make: INVITE, its responses, and the next place where one fails (RFC 3261 §13.2, RFC 3263 §4.3).

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::invited::aim;
use super::leg::{Attempt, Early, Event, Inviting, Leg, Stage};
use super::sending::token;
use super::{Agent, Purpose};
use crate::command::LegId;
use crate::dialling::{Dial, Target};
use crate::dialog::Dialog;
use crate::identity;
use crate::message::body::{SDP, Session, session};
use crate::message::params::quote;
use crate::message::{Known, Request, Response, Uri, reason};
use crate::peers::Candidate;
use crate::route::Route;
use crate::session_timer::{SessionExpires, SessionTimer};
use crate::transaction::Key;
use crate::{CallName, Cause};

/// Forks of one call that are followed before one answers.
const MOST_FORKS: usize = 8;
/// Redirections that one call follows.
const MOST_REDIRECTIONS: u8 = 5;

impl Agent {
    /// Calls somebody. `straight` are the addresses of a URI's host, where it is no peer's.
    pub(crate) fn dial(&mut self, dial: Dial, straight: Vec<Candidate>, now: Instant) -> LegId {
        let id = self.new_leg();
        let mut further = self.places(&dial, straight, now);
        let failed = |status: u16| Event::Failed { leg: id, status, reason: reason::phrase(status).into() };
        let Some(first) = further.pop_front() else {
            self.emit(failed(if matches!(dial.to, Target::Extension(_)) { 480 } else { 503 }));
            return id;
        };
        if self.stopping || self.legs.len() >= self.config.max_calls + self.config.overflow_calls {
            self.emit(failed(503));
            return id;
        }
        let inviting = Inviting {
            rings_until: now + dial.ring_for,
            dial,
            further,
            attempt: first,
            key: "".into(),
            redirections: 0,
            early: Vec::new(),
            failover_at: None,
            min_se: None,
            answer: None,
        };
        self.legs.insert(id, Leg::new(Stage::Inviting(Box::new(inviting)), true));
        self.attempt(id, now);
        id
    }

    /// Sends the INVITE to the place that is next.
    fn attempt(&mut self, id: LegId, now: Instant) {
        let failover = Duration::from_millis(self.config.failover_milliseconds);
        let Some(leg) = self.legs.get(&id) else { return };
        let Stage::Inviting(inviting) = &leg.stage else { return };
        let (attempt, dial, min_se) = (inviting.attempt.clone(), inviting.dial.clone(), inviting.min_se);
        let mut route = Route::to_candidate(&attempt.candidate);
        route.connection = attempt.connection;
        let request = self.invite(&attempt, &dial, min_se, &route);
        let key = self.send(request, &route, Purpose::Invite(id), attempt.peer, now);
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.peer = attempt.peer;
            leg.extension = attempt.extension;
            leg.local_sdp = Some(dial.offer);
            if let Stage::Inviting(inviting) = &mut leg.stage {
                inviting.key = key;
                inviting.answer = None;
                inviting.failover_at = (!inviting.further.is_empty()).then_some(now + failover);
            }
        }
        self.settle(id);
    }

    fn invite(&self, attempt: &Attempt, dial: &Dial, min_se: Option<u32>, route: &Route) -> Request {
        let peer = attempt.peer.map(|peer| &self.peers[peer]);
        let user = peer.and_then(|peer| peer.config.user.as_deref());
        let domain = match peer {
            Some(peer) if peer.config.register || user.is_some() => peer.domain(),
            _ => self.config.domain.clone(),
        };
        let number = dial.from.number.as_deref().or(user).unwrap_or("sfetnic");
        let own = Uri::sip(Some(number), &domain, None);
        let named = |uri: &Uri| match &dial.from.display {
            Some(display) => format!("{} <{uri}>", quote(display)),
            None => format!("<{uri}>"),
        };
        let mut request = Request::new("INVITE", &attempt.uri);
        let headers = &mut request.headers;
        headers.push(Known::MaxForwards, "70");
        if let Some(peer) = peer {
            for proxy in &peer.registration.service_route {
                headers.push(Known::Route, proxy.as_str());
            }
        }
        let from = if dial.from.anonymous { format!("\"Anonymous\" <{}>", identity::ANONYMOUS) } else { named(&own) };
        headers.push(Known::From, format!("{from};tag={}", token()));
        headers.push(Known::To, format!("<{}>", attempt.uri));
        headers.push(Known::CallId, token());
        headers.push(Known::CSeq, "1 INVITE");
        if dial.from.anonymous {
            headers.push(Known::Privacy, "id");
        }
        if peer.is_some_and(|peer| peer.config.trusted) && (dial.from.number.is_some() || user.is_some()) {
            headers.push(Known::PAssertedIdentity, named(&own));
        }
        if let Some(name) = &dial.replaces {
            headers.push(Known::Replaces, identity::replaces_value(name));
            headers.push(Known::Require, "replaces");
        }
        if let Some(by) = dial.referred_by.as_deref().and_then(|by| Uri::parse(by).ok()) {
            headers.push(Known::ReferredBy, format!("<{by}>"));
        }
        let wanted = self.config.session_expires_seconds;
        if wanted > 0 {
            let least = self.config.min_session_seconds.max(min_se.unwrap_or(0));
            headers.push(Known::SessionExpires, wanted.max(least).to_string());
            headers.push(Known::MinSe, least.to_string());
        }
        self.dress_session(&mut request, route, user);
        request.with_body(SDP, dial.offer.clone())
    }

    /// The INVITE went again under another name, with the answer to a challenge.
    pub(super) fn renew_invite(&mut self, id: LegId, key: Key) {
        if let Some(Stage::Inviting(inviting)) = self.legs.get_mut(&id).map(|leg| &mut leg.stage) {
            inviting.key = key;
        }
    }

    /// Something came to our INVITE; `None`: nothing, in time.
    pub(super) fn invite_answered(&mut self, id: LegId, key: &Key, response: Option<&Response>, now: Instant) {
        let Some(leg) = self.legs.get_mut(&id) else {
            // Answered, talked and over; the 2xx of a fork may still come.
            if let Some(response) = response.filter(|response| (200..300).contains(&response.status)) {
                self.hang_fork_up(key, response, now);
            }
            return;
        };
        let waits = matches!(&leg.stage, Stage::Inviting(inviting) if inviting.key == *key);
        match response {
            Some(response) if response.status < 200 => {
                if waits {
                    self.invite_progressed(id, key, response, now);
                }
            }
            Some(response) if response.status < 300 => {
                if waits {
                    self.invite_accepted(id, key, response, now);
                } else {
                    self.hang_fork_up(key, response, now);
                }
            }
            refused => {
                if waits {
                    self.invite_refused(id, refused, now);
                }
            }
        }
    }

    fn invite_progressed(&mut self, id: LegId, key: &Key, response: &Response, now: Instant) {
        let Some(client) = self.clients.get(key) else { return };
        let (request, route, peer) = (client.machine.request.clone(), client.machine.route.clone(), client.peer);
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Stage::Inviting(inviting) = &mut leg.stage else { return };
        inviting.failover_at = None;
        let tag = response.headers.tag(Known::To);
        self.settle(id);
        let (Some(tag), true) = (tag, response.status > 100) else { return };
        let reliable =
            response.headers.lists(Known::Require, "100rel").then(|| response.headers.number(Known::RSeq)).flatten();
        let Some(dialog) = Dialog::from_response(&request, response, &route) else { return };
        let Some(position) = self.early(id, &tag, dialog) else { return };
        if let Some(rseq) = reliable
            && !self.acknowledge_reliably(id, position, rseq, peer, now)
        {
            return;
        }
        let sdp = match session(&response.headers, &response.body) {
            Session::Sdp(sdp) => Some(sdp),
            _ => None,
        };
        if response.status == 180 {
            self.emit(Event::Ringing(id));
        }
        if let Some(sdp) = sdp {
            let mut is_new = false;
            if let Some(Stage::Inviting(inviting)) = self.legs.get_mut(&id).map(|leg| &mut leg.stage) {
                is_new = inviting.answer.as_ref() != Some(&sdp);
                inviting.answer = Some(sdp.clone());
            }
            if is_new {
                self.emit(Event::EarlyMedia(id, sdp));
            }
        }
    }

    /// The early dialog of a tag, made if it is new and there are not too many.
    fn early(&mut self, id: LegId, tag: &str, mut dialog: Dialog) -> Option<usize> {
        self.aim_dialog(&mut dialog);
        let Stage::Inviting(inviting) = &mut self.legs.get_mut(&id)?.stage else { return None };
        if let Some(position) = inviting.early.iter().position(|early| early.dialog.name.remote_tag == tag) {
            return Some(position);
        }
        if inviting.early.len() >= MOST_FORKS {
            return None;
        }
        self.dialogs.insert(dialog.name.clone(), id);
        inviting.early.push(Early { dialog, rseq: None });
        Some(inviting.early.len() - 1)
    }

    fn invite_accepted(&mut self, id: LegId, key: &Key, response: &Response, now: Instant) {
        let Some(client) = self.clients.get(key) else { return };
        let (request, route) = (client.machine.request.clone(), client.machine.route.clone());
        let Some(mut dialog) = Dialog::from_response(&request, response, &route) else { return };
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Stage::Inviting(inviting) = &mut leg.stage else { return };
        let early = std::mem::take(&mut inviting.early);
        let answered_early = inviting.answer.take();
        for one in &early {
            self.dialogs.remove(&one.dialog.name);
            if one.dialog.name == dialog.name {
                dialog.local_cseq = one.dialog.local_cseq;
                dialog.remote_cseq = one.dialog.remote_cseq;
            }
        }
        self.aim_dialog(&mut dialog);
        self.acknowledge(key, &dialog, now);
        let answer = match session(&response.headers, &response.body) {
            Session::Sdp(sdp) => Some(sdp),
            _ => answered_early,
        };
        let name: CallName = dialog.name.clone();
        let agreed = SessionExpires::of(&response.headers);
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.stage = Stage::Talking;
        leg.updates = response.headers.lists(Known::Allow, "UPDATE");
        leg.timer = agreed.map(|agreed| SessionTimer::new(agreed, true, now));
        leg.dialog = Some(dialog);
        self.dialogs.insert(name, id);
        match (answer, self.facts(id)) {
            (Some(answer), Some(facts)) => self.emit(Event::Answered { leg: id, facts, answer }),
            _ => {
                // A call without a session is none.
                self.emit(Event::Failed { leg: id, status: 488, reason: "No session description came".into() });
                self.say_bye(id, &Cause::sip(488, "No session description"), now);
                self.forget_leg(id);
            }
        }
        self.settle(id);
    }

    /// Turns a dialog's way over UDP to its next hop.
    pub(super) fn aim_dialog(&self, dialog: &mut Dialog) {
        let phone = self.bindings.values().flatten().any(|binding| binding.route.remote == dialog.route.remote);
        if let (Some(hop), false) = (dialog.next_hop(), phone) {
            aim(&mut dialog.route, &hop);
        }
    }

    /// Refused, or nobody answered: the next place, if that may help.
    fn invite_refused(&mut self, id: LegId, response: Option<&Response>, now: Instant) {
        let status = response.map_or(503, |response| response.status);
        let retry_after = response.and_then(|response| response.headers.number(Known::RetryAfter));
        let least = response.and_then(|response| response.headers.number(Known::MinSe));
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Stage::Inviting(inviting) = &mut leg.stage else { return };
        for early in std::mem::take(&mut inviting.early) {
            self.dialogs.remove(&early.dialog.name);
        }
        if let (422, None, Some(least)) = (status, inviting.min_se, least) {
            inviting.min_se = Some(least.min(86_400));
            return self.attempt(id, now);
        }
        if (300..400).contains(&status) && inviting.redirections < MOST_REDIRECTIONS {
            inviting.redirections += 1;
            let from = inviting.attempt.clone();
            let places = response.map(|response| self.redirected(&from, response, now)).unwrap_or_default();
            if let Some(Stage::Inviting(inviting)) = self.legs.get_mut(&id).map(|leg| &mut leg.stage)
                && !places.is_empty()
            {
                // What the redirection names takes the place of what was left to try.
                inviting.further = places;
                if let Some(next) = inviting.further.pop_front() {
                    inviting.attempt = next;
                    return self.attempt(id, now);
                }
            }
        }
        let Some(Stage::Inviting(inviting)) = self.legs.get_mut(&id).map(|leg| &mut leg.stage) else { return };
        let (peer, target) = (inviting.attempt.peer, inviting.attempt.target);
        // A phone that is not there any more is like one that never was; so is a trunk without an answer.
        let elsewhere = matches!(status, 408 | 430 | 480 | 500 | 502 | 503 | 504);
        let next = if elsewhere { inviting.further.pop_front() } else { None };
        if (response.is_none() || status == 503)
            && let (Some(peer), Some(target)) = (peer, target)
        {
            self.peers[peer].failed(target, retry_after, now);
        }
        if let (Some(next), Some(Stage::Inviting(inviting))) = (next, self.legs.get_mut(&id).map(|leg| &mut leg.stage))
        {
            inviting.attempt = next;
            return self.attempt(id, now);
        }
        let reason = response.map_or("No peer could be reached", |response| response.reason.as_str());
        let reason: String = reason.chars().take(120).collect();
        self.emit(Event::Failed { leg: id, status, reason });
        self.forget_leg(id);
    }

    /// Rings too long, or says nothing at all.
    pub(super) fn wake_inviting(&mut self, id: LegId, now: Instant) {
        let Some(Stage::Inviting(inviting)) = self.legs.get_mut(&id).map(|leg| &mut leg.stage) else { return };
        if inviting.rings_until <= now {
            return self.cancel(id, 408, now);
        }
        if inviting.failover_at.is_some_and(|at| at <= now) {
            inviting.failover_at = None;
            let key = inviting.key.clone();
            self.abandon(&key, now);
            self.invite_refused(id, None, now);
        }
    }
}

/// What a session says, for those that only want to know whether it says anything.
pub(super) fn description(request: &Request) -> Result<Option<Bytes>, u16> {
    match session(&request.headers, &request.body) {
        Session::None => Ok(None),
        Session::Sdp(sdp) => Ok(Some(sdp)),
        Session::Unsupported => Err(415),
    }
}
