//! Calls that come in: INVITE, and what is decided of it (RFC 3261 §13.3).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::admission::{Room, Source};
use super::incoming::accepts_sdp;
use super::leg::{AwaitedAck, Event, Invited, Leg, Reliably, Stage, Undecided};
use super::sending::{EXTENSIONS, METHODS};
use super::{Agent, Waker};
use crate::CallName;
use crate::command::LegId;
use crate::dialog::Dialog;
use crate::identity;
use crate::invitation::{InvitationError, Rejection};
use crate::message::body::{SDP, Session, session};
use crate::message::{Known, Request, Response, Uri};
use crate::route::Route;
use crate::session_timer::{SessionExpires, SessionTimer, answer, least};
use crate::transaction::Key;

impl Agent {
    pub(super) fn invited(&mut self, request: &Request, key: &Key, route: &Route, source: Source, now: Instant) {
        let headers = &request.headers;
        let mut extension = None;
        let mut peer = None;
        match source {
            Source::Phone => match self.prove(request, key, now) {
                Some(user) => extension = Some(user),
                None => return,
            },
            Source::Peer(index) if self.peers[index].config.authenticate => {
                if !self.peer_proves(index, request, key, now) {
                    return;
                }
                peer = Some(index);
            }
            Source::Peer(index) => peer = Some(index),
            Source::Loopback | Source::Stranger => {}
        }
        if !accepts_sdp(request) {
            return self.respond_status(key, 406, now);
        }
        let offer = match session(headers, &request.body) {
            Session::None => None,
            Session::Sdp(sdp) => Some(sdp),
            Session::Unsupported => return self.respond_status(key, 415, now),
        };
        let asked = SessionExpires::of(headers);
        let knows_timers = headers.lists(Known::Supported, "timer") || headers.lists(Known::Require, "timer");
        if asked.is_some_and(|asked| asked.seconds < self.config.min_session_seconds) && knows_timers {
            return self.too_brief(key, now);
        }
        let replaces = match self.replaced(headers) {
            Err(status) => return self.respond_status(key, status, now),
            Ok(replaces) => replaces,
        };
        let Some(Room { full }) = self.room(peer, now) else { return self.refuse_for_room(key, now) };
        let Some(tag) = self.servers.get(key).map(|server| server.tag.clone()) else { return };
        let Some(dialog) = Dialog::from_request(request, &tag, &self.way_back(request, route, extension.is_some()))
        else {
            return self.respond_status(key, 400, now);
        };
        let reliably = if headers.lists(Known::Require, "100rel") {
            Reliably::Required
        } else if headers.lists(Known::Supported, "100rel") {
            Reliably::Supported
        } else {
            Reliably::Unknown
        };
        let patience = Duration::from_secs(u64::from(self.config.answer_within_seconds));
        let expires = headers.number(Known::Expires).map(|seconds| Duration::from_secs(u64::from(seconds)));
        let sooner = expires.filter(|expires| *expires < patience);
        let undecided = Undecided {
            key: key.clone(),
            has_offer: offer.is_some(),
            reliably,
            next_rseq: 1,
            unacknowledged: None,
            queue: VecDeque::new(),
            answered_early: false,
            accept: None,
            session: answer(
                asked,
                knows_timers,
                self.config.session_expires_seconds,
                least(self.config.min_session_seconds, headers),
            ),
            knows_timers,
            until: now + sooner.unwrap_or(patience),
            until_status: if sooner.is_some() { 487 } else { 480 },
            said: None,
        };
        let id = self.new_leg();
        let mut leg = Leg::new(Stage::Invited(Box::new(undecided)), false);
        leg.peer = peer;
        leg.extension = extension.clone();
        leg.updates = headers.lists(Known::Allow, "UPDATE");
        self.dialogs.insert(dialog.name.clone(), id);
        leg.dialog = Some(dialog);
        self.legs.insert(id, leg);
        self.respond_status(key, 100, now);
        self.settle(id);
        let trusted = peer.is_some_and(|peer| self.peers[peer].config.trusted);
        let mut caller = identity::caller(headers, trusted);
        if let Some(user) = &extension {
            let known = self.extensions.iter().find(|known| known.config.user == *user);
            caller.asserted = true;
            caller.number = Some(user.clone());
            caller.display = known.and_then(|known| known.config.display.clone()).or(caller.display);
        }
        let secure_media = match (peer, &extension) {
            (Some(peer), _) => self.peers[peer].config.secure_media,
            (None, Some(user)) => {
                let known = self.extensions.iter().find(|known| known.config.user == *user);
                known.map(|known| known.config.secure_media).unwrap_or_default()
            }
            (None, None) => Default::default(),
        };
        let dialled =
            Uri::parse(&request.uri).ok().and_then(|uri| uri.number().or(uri.user_plain())).unwrap_or_default();
        self.emit(Event::Invited(
            id,
            Box::new(Invited {
                call_id: headers.call_id().to_owned(),
                caller,
                dialled,
                peer: peer.map(|peer| self.peers[peer].config.name.clone()),
                extension,
                offer,
                full,
                secure_media,
                diverted_from: identity::diverted_from(headers),
                replaces,
                referred_by: identity::referred_by(headers),
                source: route.remote,
                local: self.local_ip(route),
                transport: route.transport,
            }),
        ));
    }

    /// Checks the password of a peer that must give one.
    fn peer_proves(&mut self, peer: usize, request: &Request, key: &Key, now: Instant) -> bool {
        let credentials = self.peers[peer].credentials.clone();
        let password =
            |user: &str| credentials.as_ref().filter(|known| known.user == user).map(|known| known.password.clone());
        match self.guard.judge(request, password, now) {
            crate::digest::server::Proof::Holds(_) => true,
            missing => {
                self.challenge(key, missing == crate::digest::server::Proof::Stale, now);
                false
            }
        }
    }

    /// The call whose place is asked for (RFC 3891 §3).
    fn replaced(&self, headers: &crate::message::Headers) -> Result<Option<CallName>, u16> {
        let Some(value) = headers.get(Known::Replaces) else { return Ok(None) };
        if headers.count(Known::Replaces) > 1 {
            return Err(400);
        }
        let (name, early_only) = identity::replaces(value).ok_or(400u16)?;
        let leg = self.dialogs.get(&name).and_then(|leg| self.legs.get(leg)).ok_or(481u16)?;
        match &leg.stage {
            Stage::Talking if early_only => Err(486),
            Stage::Talking => Ok(Some(name)),
            // Only calls that we make may be replaced before they are answered.
            Stage::Inviting(_) => Ok(Some(name)),
            Stage::Invited(_) => Err(481),
            Stage::Ending(_) => Err(603),
        }
    }

    /// The session would have to be refreshed too often (RFC 4028 §9).
    pub(super) fn too_brief(&mut self, key: &Key, now: Instant) {
        if let Some(mut response) = self.response_to(key, 422) {
            response.headers.push(Known::MinSe, self.config.min_session_seconds.to_string());
            self.respond(key, response, now);
        }
    }

    pub(super) fn refuse_for_room(&mut self, key: &Key, now: Instant) {
        if let Some(mut response) = self.response_to(key, 503) {
            response.headers.push(Known::RetryAfter, self.config.retry_after_seconds.to_string());
            self.respond(key, response, now);
        }
    }

    /// It rings.
    pub(crate) fn ring(&mut self, leg: LegId, now: Instant) {
        let _ = self.provisional(leg, 180, None, now);
    }

    /// We speak before we answer.
    pub(crate) fn progress(&mut self, leg: LegId, sdp: Bytes, now: Instant) -> Result<(), InvitationError> {
        self.provisional(leg, 183, Some(sdp), now)
    }

    /// We answer. Where a reliable response is not acknowledged yet, that is waited for (RFC 3262 §3), and so is the
    /// decision on an offer that came meanwhile.
    pub(crate) fn accept(&mut self, id: LegId, sdp: Bytes, now: Instant) -> Result<super::leg::Facts, InvitationError> {
        let facts = self.facts(id).ok_or(InvitationError::Gone)?;
        let leg = self.legs.get_mut(&id).ok_or(InvitationError::Gone)?;
        let Stage::Invited(undecided) = &mut leg.stage else { return Err(InvitationError::Gone) };
        if undecided.accept.is_some() {
            return Err(InvitationError::Gone);
        }
        undecided.accept = Some(sdp);
        undecided.queue.clear();
        self.answer_if_nothing_waits(id, now);
        Ok(facts)
    }

    /// Sends the 2xx.
    pub(super) fn answer_now(&mut self, id: LegId, now: Instant) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Stage::Invited(undecided) = &mut leg.stage else { return };
        let Some(sdp) = undecided.accept.take() else { return };
        let key = undecided.key.clone();
        let (session, knows_timers) = (undecided.session, undecided.knows_timers);
        let (has_offer, answered_early) = (undecided.has_offer, undecided.answered_early);
        let body = (!answered_early).then_some(sdp.clone());
        if !answered_early {
            leg.local_sdp = Some(sdp);
        }
        leg.timer = session.map(|session| SessionTimer::new(session, false, now));
        leg.stage = Stage::Talking;
        let Some(mut response) = self.response_to(&key, 200) else { return };
        self.dress_session_response(&mut response, id, &key);
        state_session(&mut response, session, knows_timers);
        self.send_2xx(id, &key, response, body, !has_offer, now);
    }

    /// Sends a 2xx to an INVITE, first or later, and waits for its ACK.
    pub(super) fn send_2xx(
        &mut self,
        id: LegId,
        key: &Key,
        mut response: Response,
        body: Option<Bytes>,
        offered: bool,
        now: Instant,
    ) {
        if let Some(body) = body {
            response = response.with_body(SDP, body);
        }
        let Some(server) = self.servers.get(key) else { return };
        let route = server.route.clone();
        // The ACK bears the number of its INVITE, however many requests (PRACK, UPDATE) came after that.
        let number = server.request.headers.cseq().map_or(0, |cseq| cseq.number);
        let Some(bytes) = self.respond(key, response, now) else { return };
        let (t1, until) = (self.timers.t1, now + self.timers.give_up());
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.awaited_ack = Some(AwaitedAck { number, bytes, route, resend_at: now + t1, pause: t1, until, offered });
        }
        self.settle(id);
    }

    /// What responses in a dialog bear: our address on the way, and what we can do.
    pub(super) fn dress_session_response(&self, response: &mut Response, leg: LegId, key: &Key) {
        let Some(server) = self.servers.get(key) else { return };
        response.headers.copy(&server.request.headers, Known::RecordRoute);
        let user = self.legs.get(&leg).and_then(|leg| leg.peer).and_then(|peer| self.peers[peer].config.user.clone());
        let contact = self.contact(&server.route, user.as_deref(), &server.request.uri);
        response.headers.push(Known::Contact, contact);
        response.headers.push(Known::Allow, METHODS);
        response.headers.push(Known::Supported, EXTENSIONS);
    }

    /// We turn the call down.
    pub(crate) fn reject(&mut self, id: LegId, rejection: &Rejection, now: Instant) {
        let Some(Stage::Invited(undecided)) = self.legs.get(&id).map(|leg| &leg.stage) else { return };
        let key = undecided.key.clone();
        let status = if (300..700).contains(&rejection.status) { rejection.status } else { 500 };
        if let Some(mut response) = self.response_to(&key, status) {
            if let Some(reason) = &rejection.reason {
                response.reason = reason.chars().filter(|c| !c.is_control()).take(120).collect();
            }
            if let Some(seconds) = rejection.retry_after {
                response.headers.push(Known::RetryAfter, seconds.to_string());
            }
            if let Some(warning) = &rejection.warning {
                let text = crate::message::params::quote(warning);
                response.headers.push(Known::Warning, format!("399 {} {text}", self.config.domain));
            }
            if let Some(to) = &rejection.redirect
                && let Ok(to) = Uri::parse(to)
            {
                response.headers.push(Known::Contact, format!("<{to}>"));
            }
            if let Some(cause) = &rejection.cause {
                response.headers.push(Known::Reason, cause.to_string());
            }
            self.respond(&key, response, now);
        }
        self.refuse_what_waits(id, now);
        self.forget_leg(id);
    }

    /// What a call is known by.
    pub(super) fn facts(&self, id: LegId) -> Option<super::leg::Facts> {
        let leg = self.legs.get(&id)?;
        let dialog = leg.dialog.as_ref()?;
        Some(super::leg::Facts {
            name: dialog.name.clone(),
            peer: leg.peer.map(|peer| self.peers[peer].config.name.clone()),
            transport: dialog.route.transport,
            local: self.local_ip(&dialog.route),
        })
    }

    /// The way on which requests of ours go back to who called. Over a stream that is the connection that the call came by.
    /// Over UDP it is the contact, unless that is an address behind a NAT: then it is where the call came from.
    fn way_back(&self, request: &Request, route: &Route, is_phone: bool) -> Route {
        let mut way = route.clone();
        let hop = request.headers.address(Known::RecordRoute).or_else(|| request.headers.address(Known::Contact));
        if let Some(hop) = hop
            && !is_phone
        {
            aim(&mut way, &hop.uri);
        }
        way
    }

    /// Forgets a call, and all that waits for it.
    pub(super) fn forget_leg(&mut self, id: LegId) {
        if let Some(leg) = self.legs.remove(&id) {
            if let Some(dialog) = &leg.dialog {
                self.dialogs.remove(&dialog.name);
            }
            if let Stage::Inviting(inviting) = &leg.stage {
                for early in &inviting.early {
                    self.dialogs.remove(&early.dialog.name);
                }
            }
        }
        self.schedule.set(Waker::Leg(id), None);
    }
}

/// Says what was agreed of the session's refreshing.
pub(super) fn state_session(response: &mut Response, session: Option<SessionExpires>, knows_timers: bool) {
    if let Some(session) = session {
        response.headers.push(Known::SessionExpires, session.to_string());
        if knows_timers && session.uac == Some(true) {
            response.headers.push(Known::Require, "timer");
        }
    }
}

/// Turns a way over UDP to where an address points, if that can be reached from here.
pub(super) fn aim(way: &mut Route, uri: &Uri) {
    if way.transport.is_reliable() {
        return;
    }
    let Some(ip) = uri.ip() else { return };
    if identity::is_private(ip) && !identity::is_private(way.remote.ip()) {
        return;
    }
    if uri.transport().is_none_or(|asked| asked == way.transport) && ip.is_ipv4() == way.remote.is_ipv4() {
        way.remote = std::net::SocketAddr::new(ip, uri.port.unwrap_or(way.transport.default_port()));
    }
}
