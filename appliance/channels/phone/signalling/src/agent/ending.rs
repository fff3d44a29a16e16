//! How calls end: BYE in and out, the ACK that never comes, the session that nobody refreshes; and what wakes a call.

use std::time::{Duration, Instant};

use super::leg::{Event, Leg, Stage};
use super::{Agent, Purpose};
use crate::call::{End, EndedBy};
use crate::command::LegId;
use crate::message::{Known, Request, Response};
use crate::peers::Peer;
use crate::session_timer::Due;
use crate::transaction::Key;
use crate::{CallName, Cause};

impl Agent {
    /// We hang up.
    pub(crate) fn hang_up(&mut self, id: LegId, cause: Cause, now: Instant) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        match &leg.stage {
            Stage::Invited(undecided) if undecided.accept.is_none() => {
                return self.reject(id, &crate::Rejection { cause: Some(cause), ..crate::Rejection::status(480) }, now);
            }
            Stage::Invited(_) => {
                self.emit(Event::Ended(id, End { by: EndedBy::Us, status: None, cause: Some(cause.clone()) }));
                return self.reject(id, &crate::Rejection { cause: Some(cause), ..crate::Rejection::status(480) }, now);
            }
            Stage::Inviting(_) => return self.cancel(id, 487, now),
            Stage::Ending(_) => return,
            Stage::Talking => {}
        }
        self.end(id, EndedBy::Us, None, Some(cause), now);
    }

    /// Ends an answered call from our side. BYE waits for the ACK to our 200, if that is still due.
    pub(super) fn end(&mut self, id: LegId, by: EndedBy, status: Option<u16>, cause: Option<Cause>, now: Instant) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if !leg.is_answered() {
            return;
        }
        self.emit(Event::Ended(id, End { by, status, cause: cause.clone() }));
        let cause = cause.unwrap_or_else(Cause::normal);
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if leg.awaited_ack.is_some() && by != EndedBy::Timer {
            leg.stage = Stage::Ending(cause);
            leg.timer = None;
            return self.settle(id);
        }
        self.say_bye(id, &cause, now);
        self.refuse_what_waits(id, now);
        self.forget_leg(id);
    }

    /// Sends BYE, on the way of the call.
    pub(super) fn say_bye(&mut self, id: LegId, cause: &Cause, now: Instant) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let peer = leg.peer;
        if let Some((mut bye, route)) = leg.request("BYE") {
            bye.headers.push(Known::Reason, cause.to_string());
            self.send(bye, &route, Purpose::Nothing, peer, now);
        }
    }

    /// Answers requests of the other side that nobody will decide any more.
    pub(super) fn refuse_what_waits(&mut self, id: LegId, now: Instant) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let mut keys: Vec<Key> = leg.their_refers.iter_mut().filter_map(|refer| refer.key.take()).collect();
        keys.extend(leg.theirs.take().map(|offer| offer.key));
        for key in keys {
            self.respond_status(&key, 487, now);
        }
    }

    /// The other side hangs up.
    pub(super) fn bye_came(&mut self, id: LegId, request: &Request, key: &Key, now: Instant) {
        self.respond_status(key, 200, now);
        let cause = request.headers.get(Known::Reason).and_then(Cause::parse);
        let Some(leg) = self.legs.get(&id) else { return };
        match &leg.stage {
            Stage::Invited(_) => return self.give_invitation_up(id, 487, now),
            // A fork that hangs up before it answered; others may still ring.
            Stage::Inviting(_) => return,
            Stage::Ending(_) => {}
            Stage::Talking => self.emit(Event::Ended(id, End { by: EndedBy::Them, status: None, cause })),
        }
        self.refuse_what_waits(id, now);
        self.forget_leg(id);
    }

    /// The ACK to a 2xx of ours has come.
    pub(super) fn acknowledged(&mut self, request: &Request, now: Instant) {
        let name = CallName {
            call_id: request.headers.call_id().to_owned(),
            local_tag: request.headers.tag(Known::To).unwrap_or_default(),
            remote_tag: request.headers.tag(Known::From).unwrap_or_default(),
        };
        let Some(id) = self.dialogs.get(&name).copied() else { return };
        let number = request.headers.cseq().map_or(0, |cseq| cseq.number);
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Some(wait) = leg.awaited_ack.take_if(|wait| wait.number == number) else { return };
        if let Stage::Ending(cause) = &leg.stage {
            let cause = cause.clone();
            self.say_bye(id, &cause, now);
            self.refuse_what_waits(id, now);
            return self.forget_leg(id);
        }
        if wait.offered {
            match super::inviting::description(request) {
                Ok(Some(answer)) => self.emit(Event::Answer(id, answer)),
                _ => {
                    let cause = Cause::sip(488, "The ACK brought no answer");
                    return self.end(id, EndedBy::Us, Some(488), Some(cause), now);
                }
            }
        }
        self.settle(id);
    }

    /// Whether the outcome of a request in a call says that there is no call any more (RFC 5057).
    pub(super) fn within_answered(&mut self, id: LegId, response: Option<&Response>, now: Instant) {
        let status = response.map_or(408, |response| response.status);
        if matches!(status, 408 | 481) {
            self.lost(id, status, now);
        }
    }

    /// The other side knows nothing of the call, or does not answer.
    pub(super) fn lost(&mut self, id: LegId, status: u16, now: Instant) {
        let cause = Cause::sip(status, crate::message::reason::phrase(status));
        self.end(id, EndedBy::Network, Some(status), Some(cause), now);
    }

    pub(super) fn wake_leg(&mut self, id: LegId, now: Instant) {
        let Some(leg) = self.legs.get(&id) else { return };
        match &leg.stage {
            Stage::Invited(undecided) if undecided.until <= now => {
                self.give_invitation_up(id, undecided.until_status, now);
            }
            Stage::Invited(_) => self.wake_provisional(id, now),
            Stage::Inviting(_) => self.wake_inviting(id, now),
            Stage::Talking => match leg.timer.map_or(Due::Nothing, |timer| timer.due(now)) {
                Due::Nothing => {}
                Due::Refresh => self.refresh(id, now),
                Due::End => {
                    let cause = Cause::sip(408, "The session was not refreshed");
                    self.end(id, EndedBy::Timer, Some(408), Some(cause), now);
                }
            },
            Stage::Ending(_) => {}
        }
        self.wake_ack(id, now);
        self.wake_offers(id, now);
        self.wake_refers(id, now);
        self.settle(id);
    }

    /// Sends a 2xx again until its ACK comes; without one the call ends (RFC 3261 §13.3.1.4).
    fn wake_ack(&mut self, id: LegId, now: Instant) {
        let t2 = self.timers.t2;
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Some(wait) = &mut leg.awaited_ack else { return };
        if wait.until <= now {
            leg.awaited_ack = None;
            let cause = Cause::sip(408, "ACK did not come");
            if let Stage::Ending(_) = leg.stage {
                self.say_bye(id, &cause, now);
                self.refuse_what_waits(id, now);
                return self.forget_leg(id);
            }
            return self.end(id, EndedBy::Timer, Some(408), Some(cause), now);
        }
        if wait.resend_at <= now {
            wait.pause = (wait.pause * 2).min(t2);
            wait.resend_at = now + wait.pause;
            let (route, bytes) = (wait.route.clone(), wait.bytes.clone());
            self.put(&route, bytes);
        }
    }

    /// Ends everything; new calls are refused from now on.
    pub(crate) fn stop(&mut self, now: Instant) {
        self.stopping = true;
        let legs: Vec<LegId> = self.legs.keys().copied().collect();
        for id in legs {
            match self.legs.get(&id).map(|leg| &leg.stage) {
                Some(Stage::Invited(_)) => {
                    self.emit(Event::Cancelled(id, None));
                    self.reject(id, &crate::Rejection::unavailable(self.config.retry_after_seconds), now);
                }
                Some(_) => self.hang_up(id, Cause::q850(41, "Shutting down"), now),
                None => {}
            }
        }
        self.unregister(now);
    }

    /// Whether all that was ended has been acknowledged.
    pub(crate) fn is_quiet(&self) -> bool {
        self.legs.is_empty() && !self.clients.values().any(|client| client.machine.is_open())
    }

    /// What the console shows.
    pub(crate) fn status(&self, now: Instant) -> crate::Status {
        let registers = |peer: &Peer| peer.config.register && self.has_duty();
        let peers = self.peers.iter().enumerate().map(|(index, peer)| crate::PeerStatus {
            name: peer.config.name.clone(),
            up: peer.targets.iter().any(|target| target.is_up(now))
                && (!registers(peer) || peer.registration.registered),
            registered: registers(peer).then_some(peer.registration.registered),
            registration_failure: peer.registration.failure,
            calls: self.legs.values().filter(|leg| leg.peer == Some(index)).count(),
            targets: peer
                .targets
                .iter()
                .map(|target| crate::TargetStatus {
                    address: target.candidate.address.to_string(),
                    transport: target.candidate.transport,
                    up: target.is_up(now),
                })
                .collect(),
        });
        let extensions = self.extensions.iter().map(|known| crate::ExtensionStatus {
            user: known.config.user.clone(),
            bindings: self
                .bindings
                .get(&known.config.user)
                .map_or(0, |bindings| bindings.iter().filter(|binding| binding.expires > now).count()),
        });
        crate::Status {
            peers: peers.collect(),
            extensions: extensions.collect(),
            calls: self.legs.len(),
            answered: self.legs.values().filter(|leg| Leg::is_answered(leg)).count(),
            transactions: self.clients.len() + self.servers.len(),
            connections: 0,
        }
    }

    /// For how long a decision on a request in a call is waited for.
    pub(super) fn patience(&self) -> Duration {
        self.timers.t1 * 32
    }
}
