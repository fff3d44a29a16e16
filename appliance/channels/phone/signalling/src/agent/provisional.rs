//! Provisional responses of ours, and their acknowledgement where they are reliable (RFC 3262, RFC 3960).

use std::time::Instant;

use bytes::Bytes;

use super::Agent;
use super::inviting::description;
use super::leg::{Event, Reliably, Stage, TheirOffer, Unacknowledged};
use crate::command::LegId;
use crate::invitation::InvitationError;
use crate::message::body::SDP;
use crate::message::{Known, Request};
use crate::transaction::Key;

/// Provisional responses that wait for the one before.
const MOST_WAITING: usize = 8;

impl Agent {
    /// Sends 180 or 183, with a session description or without.
    pub(super) fn provisional(
        &mut self,
        id: LegId,
        status: u16,
        sdp: Option<Bytes>,
        now: Instant,
    ) -> Result<(), InvitationError> {
        let leg = self.legs.get_mut(&id).ok_or(InvitationError::Gone)?;
        let Stage::Invited(undecided) = &mut leg.stage else { return Err(InvitationError::Gone) };
        if undecided.accept.is_some() {
            return Err(InvitationError::Gone);
        }
        if sdp.is_some() && !undecided.has_offer {
            return Err(InvitationError::NoOffer);
        }
        // Without an offer the first reliable response would have to make one; ours comes with the 200 instead.
        let reliable = match undecided.reliably {
            Reliably::Required if !undecided.has_offer => return Ok(()),
            Reliably::Required => true,
            Reliably::Supported => sdp.is_some(),
            Reliably::Unknown => false,
        };
        if reliable && undecided.unacknowledged.is_some() {
            if undecided.queue.len() < MOST_WAITING {
                undecided.queue.push_back((status, sdp));
            }
            return Ok(());
        }
        let key = undecided.key.clone();
        // An answer is given once; what follows it says nothing of the session.
        let sdp = sdp.filter(|_| !undecided.answered_early);
        let rseq = undecided.next_rseq;
        undecided.next_rseq += u32::from(reliable);
        undecided.answered_early |= reliable && sdp.is_some();
        undecided.said = Some((status, now));
        if let Some(sdp) = &sdp {
            leg.local_sdp = Some(sdp.clone());
        }
        let Some(mut response) = self.response_to(&key, status) else { return Err(InvitationError::Gone) };
        self.dress_session_response(&mut response, id, &key);
        if let Some(sdp) = sdp {
            response = response.with_body(SDP, sdp);
        }
        if reliable {
            response.headers.push(Known::Require, "100rel");
            response.headers.push(Known::RSeq, rseq.to_string());
        }
        let Some(bytes) = self.respond(&key, response, now) else { return Err(InvitationError::Gone) };
        let (t1, until) = (self.timers.t1, now + self.timers.give_up());
        if reliable && let Some(Stage::Invited(undecided)) = self.legs.get_mut(&id).map(|leg| &mut leg.stage) {
            undecided.unacknowledged = Some(Unacknowledged { rseq, bytes, resend_at: now + t1, pause: t1, until });
        }
        self.settle(id);
        Ok(())
    }

    /// A reliable response was acknowledged.
    pub(super) fn prack_came(&mut self, id: LegId, request: &Request, key: &Key, now: Instant) {
        let acknowledged = request.headers.get(Known::RAck).and_then(|value| {
            let mut words = value.split_ascii_whitespace();
            let rseq: u32 = words.next()?.parse().ok()?;
            let number: u32 = words.next()?.parse().ok()?;
            (words.next()? == "INVITE").then_some((rseq, number))
        });
        let Some((rseq, number)) = acknowledged else { return self.respond_status(key, 400, now) };
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Stage::Invited(undecided) = &mut leg.stage else { return self.respond_status(key, 481, now) };
        let invite = self.servers.get(&undecided.key).and_then(|server| server.request.headers.cseq());
        let matches = undecided.unacknowledged.as_ref().is_some_and(|wait| wait.rseq == rseq)
            && invite.is_some_and(|cseq| cseq.number == number);
        if !matches {
            return self.respond_status(key, 481, now);
        }
        undecided.unacknowledged = None;
        let next = undecided.queue.pop_front();
        match description(request) {
            Ok(None) => self.respond_status(key, 200, now),
            Ok(Some(sdp)) => self.offer_in_prack(id, sdp, key, now),
            Err(status) => self.respond_status(key, status, now),
        }
        self.answer_if_nothing_waits(id, now);
        if let Some((status, sdp)) = next {
            let _ = self.provisional(id, status, sdp, now);
        }
        self.settle(id);
    }

    /// A PRACK brings another offer; its answer goes into the 200 of the PRACK (RFC 3262 §5).
    fn offer_in_prack(&mut self, id: LegId, sdp: Bytes, key: &Key, now: Instant) {
        let until = now + self.patience();
        let request = self.new_request();
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Stage::Invited(undecided) = &leg.stage else { return };
        // While the INVITE's own offer waits for its answer there is none to make.
        if !undecided.answered_early || leg.theirs.is_some() {
            return self.respond_status(key, 488, now);
        }
        leg.theirs = Some(TheirOffer { request, key: key.clone(), has_sdp: true, until });
        self.emit(Event::Offer { leg: id, request, sdp: Some(sdp) });
    }

    /// Sends the 200 of an accepted invitation, once every reliable response is acknowledged and every offer decided.
    pub(super) fn answer_if_nothing_waits(&mut self, id: LegId, now: Instant) {
        let Some(leg) = self.legs.get(&id) else { return };
        let Stage::Invited(undecided) = &leg.stage else { return };
        if undecided.accept.is_some() && undecided.unacknowledged.is_none() && leg.theirs.is_none() {
            self.answer_now(id, now);
        }
    }

    /// A reliable response is sent again, or given up: then the call is refused (RFC 3262 §3).
    pub(super) fn wake_provisional(&mut self, id: LegId, now: Instant) {
        let t2_free = self.timers;
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Stage::Invited(undecided) = &mut leg.stage else { return };
        let key = undecided.key.clone();
        if let Some(wait) = &mut undecided.unacknowledged {
            if wait.until <= now {
                return self.give_invitation_up(id, 504, now);
            }
            if wait.resend_at <= now {
                // Unlike 2xx, the pause is not bounded by T2.
                wait.pause = (wait.pause * 2).min(t2_free.give_up());
                wait.resend_at = now + wait.pause;
                let bytes = wait.bytes.clone();
                if let Some(route) = self.servers.get(&key).map(|server| server.route.clone()) {
                    self.put(&route, bytes);
                }
            }
            return;
        }
        if let Some((status, at)) = undecided.said
            && at + super::leg::REPEAT <= now
        {
            undecided.said = Some((status, now));
            let _ = self.provisional(id, status, None, now);
        }
    }
}
