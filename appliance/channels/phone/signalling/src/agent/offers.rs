//! Other sessions in an answered call, of either side: re-INVITE and UPDATE (RFC 3261 §14, RFC 3311, RFC 3264, RFC 6337).

use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::Rng as _;

use super::inviting::description;
use super::leg::{Event, OurOffer, Stage, TheirOffer};
use super::{Agent, Purpose};
use crate::Cause;
use crate::call::EndedBy;
use crate::command::{LegId, RequestId};
use crate::dialog::Dialog;
use crate::message::body::{SDP, Session, session};
use crate::message::{Known, NameAddr, Request, Response};
use crate::route::Route;
use crate::session_timer::{SessionExpires, SessionTimer, answer, least};
use crate::transaction::Key;

/// How often an offer is made when both sides keep offering.
const ATTEMPTS: u8 = 4;

impl Agent {
    /// The other side wants another session, or only shows that it lives.
    pub(super) fn offer_came(&mut self, id: LegId, request: &Request, key: &Key, route: &Route, now: Instant) {
        let is_invite = request.method == "INVITE";
        let sdp = match description(request) {
            Ok(sdp) => sdp,
            Err(status) => return self.respond_status(key, status, now),
        };
        let knows_timers = request.headers.lists(Known::Supported, "timer");
        let asked = SessionExpires::of(&request.headers);
        if knows_timers && asked.is_some_and(|asked| asked.seconds < self.config.min_session_seconds) {
            return self.too_brief(key, now);
        }
        let patience = now + self.patience();
        let id_of_request = self.new_request();
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let is_offer = is_invite || sdp.is_some();
        match leg.stage {
            Stage::Ending(_) => return self.respond_status(key, if is_invite { 491 } else { 481 }, now),
            // The first INVITE has no answer yet (RFC 3261 §14.2).
            Stage::Invited(_) if is_invite => return self.refuse_for_now(key, now),
            Stage::Inviting(_) if is_invite => return self.respond_status(key, 491, now),
            _ => {}
        }
        if is_offer && leg.theirs.is_some() {
            return self.refuse_for_now(key, now);
        }
        if is_offer {
            let ours_is_out = leg.ours.as_ref().is_some_and(|ours| ours.at.is_none() && ours.sdp.is_some());
            // Before our own answer is settled, nothing new can be offered (RFC 3311 §5.2).
            let unsettled = match &leg.stage {
                Stage::Invited(undecided) => !undecided.answered_early || undecided.unacknowledged.is_some(),
                Stage::Inviting(inviting) => inviting.answer.is_none(),
                // Where our 2xx made the offer, its ACK must bring the answer first (RFC 5407 §3.1.5).
                _ => leg.awaited_ack.as_ref().is_some_and(|wait| wait.offered),
            };
            if ours_is_out || unsettled {
                return match leg.stage {
                    Stage::Invited(_) => self.refuse_for_now(key, now),
                    _ => self.respond_status(key, 491, now),
                };
            }
        }
        self.follow(id, request.headers.address(Known::Contact), Some(route));
        if !is_offer {
            return self.agree(id, key, None, now);
        }
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.theirs =
            Some(TheirOffer { request: id_of_request, key: key.clone(), has_sdp: sdp.is_some(), until: patience });
        if is_invite {
            self.respond_status(key, 100, now);
        }
        self.emit(Event::Offer { leg: id, request: id_of_request, sdp });
        self.settle(id);
    }

    /// The other side has moved: its new contact is where requests go from now on (RFC 3261 §12.2), unless a NAT hides it;
    /// then they go to where it speaks from now.
    fn follow(&mut self, id: LegId, contact: Option<NameAddr>, from: Option<&Route>) {
        let Some(mut dialog) = self.legs.get(&id).and_then(|leg| leg.dialog.clone()) else { return };
        dialog.refresh_target(contact);
        let is_datagram = |from: &&Route| !from.transport.is_reliable() && from.transport == dialog.route.transport;
        if let Some(from) = from.filter(is_datagram) {
            dialog.route.remote = from.remote;
        }
        self.aim_dialog(&mut dialog);
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.dialog = Some(dialog);
        }
    }

    /// Another request is being decided: try again in a moment (RFC 3261 §14.2).
    fn refuse_for_now(&mut self, key: &Key, now: Instant) {
        if let Some(mut response) = self.response_to(key, 500) {
            response.headers.push(Known::RetryAfter, rand::rng().random_range(0..=10u32).to_string());
            self.respond(key, response, now);
        }
    }

    /// Says yes to a re-INVITE or UPDATE.
    fn agree(&mut self, id: LegId, key: &Key, theirs: Option<(Bytes, bool)>, now: Instant) {
        let Some(request) = self.servers.get(key).map(|server| server.request.clone()) else { return };
        let knows_timers = request.headers.lists(Known::Supported, "timer");
        let asked = SessionExpires::of(&request.headers);
        let wanted = self.config.session_expires_seconds;
        let least = least(self.config.min_session_seconds, &request.headers);
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let agreed = if asked.is_some() || leg.timer.is_some() {
            let mut agreed = answer(asked, knows_timers, wanted, least);
            // Without a word of who refreshes, that stays as it is.
            if let (Some(agreed), Some(timer)) = (&mut agreed, leg.timer)
                && asked.is_none_or(|asked| asked.uac.is_none())
            {
                agreed.uac = Some(!timer.ours);
            }
            agreed
        } else {
            None
        };
        if let Some(agreed) = agreed {
            leg.timer = Some(SessionTimer::new(agreed, false, now));
        }
        if let Some((sdp, _)) = &theirs {
            leg.local_sdp = Some(sdp.clone());
        }
        let Some(mut response) = self.response_to(key, 200) else { return };
        self.dress_session_response(&mut response, id, key);
        super::invited::state_session(&mut response, agreed, knows_timers);
        match theirs {
            Some((sdp, had_offer)) if request.method == "INVITE" => {
                self.send_2xx(id, key, response, Some(sdp), !had_offer, now);
            }
            Some((sdp, _)) => {
                self.respond(key, response.with_body(SDP, sdp), now);
            }
            None => {
                self.respond(key, response, now);
            }
        }
        self.settle(id);
    }

    /// What was decided of the other side's offer.
    pub(crate) fn decide_offer(&mut self, id: LegId, request: RequestId, decision: Result<Bytes, u16>, now: Instant) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Some(offer) = leg.theirs.take_if(|offer| offer.request == request) else { return };
        match decision {
            Ok(sdp) => self.agree(id, &offer.key, Some((sdp, offer.has_sdp)), now),
            Err(status) => {
                self.respond_status(&offer.key, if (400..700).contains(&status) { status } else { 488 }, now);
            }
        }
        self.answer_if_nothing_waits(id, now);
        self.settle(id);
    }

    /// We want another session. `false`: another wish of ours is under way.
    pub(crate) fn offer(&mut self, id: LegId, sdp: Bytes, now: Instant) -> Result<(), u16> {
        let leg = self.legs.get_mut(&id).filter(|leg| leg.is_answered()).ok_or(481u16)?;
        if leg.ours.as_ref().is_some_and(|ours| ours.asked) {
            return Err(491);
        }
        // A refresh that is under way ends first; then the offer follows.
        let at = leg.ours.as_ref().map_or(now, |_| now + Duration::from_millis(200));
        leg.ours = Some(OurOffer { sdp: Some(sdp), asked: true, attempts: 0, at: Some(at) });
        if at == now {
            self.make_offer(id, now);
        }
        self.settle(id);
        Ok(())
    }

    /// Refreshes the session: by UPDATE where the other side knows it, else by the offer that is agreed already.
    pub(super) fn refresh(&mut self, id: LegId, now: Instant) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if leg.ours.is_some() {
            return;
        }
        let sdp = if leg.updates { None } else { leg.local_sdp.clone() };
        leg.ours = Some(OurOffer { sdp, asked: false, attempts: 0, at: Some(now) });
        self.make_offer(id, now);
    }

    fn make_offer(&mut self, id: LegId, now: Instant) {
        let wanted = self.config.session_expires_seconds;
        let t1 = self.timers.t1;
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let Some(ours) = &mut leg.ours else { return };
        // What the other side wants, and the ACK of what was agreed, come first.
        if leg.theirs.is_some() || leg.awaited_ack.is_some() {
            ours.at = Some(now + t1);
            return;
        }
        ours.at = None;
        ours.attempts += 1;
        let (sdp, peer, timer) = (ours.sdp.clone(), leg.peer, leg.timer);
        let (method, purpose) =
            if sdp.is_some() { ("INVITE", Purpose::Reinvite(id)) } else { ("UPDATE", Purpose::Update(id)) };
        let Some((mut request, route)) = leg.request(method) else { return };
        if timer.is_some() || wanted > 0 {
            let seconds = timer.map_or(u64::from(wanted), |timer| timer.expires.as_secs());
            // Whoever refreshed goes on to; this request makes us its client.
            let who = match timer {
                Some(timer) if !timer.ours => ";refresher=uas",
                _ => ";refresher=uac",
            };
            request.headers.push(Known::SessionExpires, format!("{seconds}{who}"));
            request.headers.push(Known::MinSe, self.config.min_session_seconds.to_string());
        }
        let user = peer.and_then(|peer| self.peers[peer].config.user.clone());
        self.dress_session(&mut request, &route, user.as_deref());
        if let Some(sdp) = sdp {
            request = request.with_body(SDP, sdp);
        }
        self.send(request, &route, purpose, peer, now);
    }

    pub(super) fn reinvite_answered(&mut self, id: LegId, key: &Key, response: Option<&Response>, now: Instant) {
        if let Some(response) = response.filter(|response| response.status < 300) {
            if self.acknowledge_again(key, response) {
                return;
            }
            self.follow(id, response.headers.address(Known::Contact), None);
            let Some(dialog) = self.legs.get(&id).and_then(|leg| leg.dialog.clone()) else {
                // Hung up meanwhile; the other side must still hear the ACK.
                let Some(client) = self.clients.get(key) else { return };
                let (request, route) = (client.machine.request.clone(), client.machine.route.clone());
                if let Some(dialog) = Dialog::from_response(&request, response, &route) {
                    self.acknowledge(key, &dialog, now);
                }
                return;
            };
            self.acknowledge(key, &dialog, now);
        }
        self.offer_answered(id, response, now);
    }

    pub(super) fn update_answered(&mut self, id: LegId, response: Option<&Response>, now: Instant) {
        if let Some(response) = response.filter(|response| response.status < 300) {
            self.follow(id, response.headers.address(Known::Contact), None);
        }
        self.offer_answered(id, response, now);
    }

    fn offer_answered(&mut self, id: LegId, response: Option<&Response>, now: Instant) {
        let status = response.map_or(408, |response| response.status);
        let Some(leg) = self.legs.get_mut(&id) else { return };
        // The answer to a refresh that an offer has pushed aside.
        let Some(ours) = leg.ours.take_if(|ours| ours.at.is_none()) else { return };
        match (status, response) {
            (200..=299, Some(response)) => {
                if let Some(agreed) = SessionExpires::of(&response.headers) {
                    leg.timer = Some(SessionTimer::new(agreed, true, now));
                } else if let Some(timer) = &mut leg.timer {
                    timer.refreshed = now;
                }
                if let Some(sdp) = ours.sdp {
                    leg.local_sdp = Some(sdp);
                }
                if ours.asked {
                    let answer = match session(&response.headers, &response.body) {
                        Session::Sdp(answer) => Ok(answer),
                        _ => Err(488),
                    };
                    self.emit(Event::OfferDone(id, answer));
                }
            }
            (491, _) if ours.attempts < ATTEMPTS => {
                // The owner of the Call-ID waits longer, so that the two do not meet again (RFC 3261 §14.1).
                let units = if leg.outgoing { 210..=400u32 } else { 0..=200u32 };
                // Tens of milliseconds at the usual T1, so 2.1 to 4 s or 0 to 2 s; less where T1 is set to less.
                let pause = self.timers.t1 * rand::rng().random_range(units) / 50;
                leg.ours = Some(OurOffer { at: Some(now + pause), ..ours });
            }
            (422, Some(response)) if ours.attempts < ATTEMPTS => {
                let least = response.headers.number(Known::MinSe).unwrap_or(1800).min(86_400);
                if let Some(timer) = &mut leg.timer {
                    timer.expires = timer.expires.max(Duration::from_secs(u64::from(least)));
                }
                leg.ours = Some(OurOffer { at: Some(now), ..ours });
            }
            (status, _) => {
                if ours.asked {
                    self.emit(Event::OfferDone(id, Err(status)));
                }
                if matches!(status, 408 | 481) {
                    self.lost(id, status, now);
                } else if !ours.asked && status != 491 {
                    // A refresh that is refused leaves the session to run out; the other side may still refresh it.
                    if let Some(timer) = self.legs.get_mut(&id).and_then(|leg| leg.timer.as_mut()) {
                        timer.ours = false;
                    }
                }
            }
        }
        self.settle(id);
    }

    pub(super) fn wake_offers(&mut self, id: LegId, now: Instant) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if let Some(offer) = leg.theirs.take_if(|offer| offer.until <= now) {
            self.respond_status(&offer.key, 488, now);
            self.answer_if_nothing_waits(id, now);
        }
        if self.legs.get(&id).and_then(|leg| leg.ours.as_ref()?.at).is_some_and(|at| at <= now) {
            self.make_offer(id, now);
        }
    }

    /// Ends a call whose handles are all gone.
    pub(crate) fn forsaken(&mut self, id: LegId, now: Instant) {
        match self.legs.get(&id).map(|leg| &leg.stage) {
            Some(Stage::Talking) => {
                self.end(id, EndedBy::Us, None, Some(Cause::temporary_failure()), now);
            }
            Some(_) => self.hang_up(id, Cause::temporary_failure(), now),
            None => {}
        }
    }
}
