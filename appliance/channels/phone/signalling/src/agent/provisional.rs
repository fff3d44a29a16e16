//! Provisional responses of ours, and their acknowledgement where they are reliable (RFC 3262, RFC 3960).

use std::time::Instant;

use bytes::Bytes;

use super::Agent;
use super::leg::{Reliably, Stage, Unacknowledged};
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
        let accepted = undecided.accept.is_some();
        // An offer in a PRACK would have to be answered in its 200; nobody who offers in the INVITE needs it.
        let status = if request.body.is_empty() { 200 } else { 488 };
        self.respond_status(key, status, now);
        if accepted {
            self.answer_now(id, now);
        } else if let Some((status, sdp)) = next {
            let _ = self.provisional(id, status, sdp, now);
        }
        self.settle(id);
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
