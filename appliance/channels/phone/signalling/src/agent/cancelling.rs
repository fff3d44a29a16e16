//! Calls that are given up before they are answered: CANCEL in and out (RFC 3261 §9).

use std::time::Instant;

use super::leg::{Event, Stage};
use super::{Agent, Purpose, Waker};
use crate::Cause;
use crate::command::LegId;
use crate::dialog::Dialog;
use crate::message::{Known, Request, Response, Via};
use crate::transaction::{Key, client_key, server_key};

impl Agent {
    /// The other side cancels. Whatever comes first wins: after a final response a CANCEL changes nothing.
    pub(super) fn cancel_came(&mut self, request: &Request, via: &Via, key: &Key, now: Instant) {
        let invite = server_key("INVITE", via, &request.headers);
        if !self.servers.contains_key(&invite) {
            return self.respond_status(key, 481, now);
        }
        let tag = self.servers.get(&invite).map(|server| server.tag.clone());
        if let (Some(server), Some(tag)) = (self.servers.get_mut(key), tag) {
            server.tag = tag;
        }
        self.respond_status(key, 200, now);
        if !self.servers.get(&invite).is_some_and(|server| server.is_open()) {
            return;
        }
        let undecided = self.legs.iter().find_map(|(id, leg)| match &leg.stage {
            Stage::Invited(undecided) if undecided.key == invite => Some(*id),
            _ => None,
        });
        self.respond_status(&invite, 487, now);
        if let Some(id) = undecided {
            self.refuse_what_waits(id, now);
            self.emit(Event::Cancelled(id, request.headers.get(Known::Reason).and_then(Cause::parse)));
            self.forget_leg(id);
            return;
        }
        // It was another session in an answered call.
        let reinvited = self
            .legs
            .iter()
            .find_map(|(id, leg)| leg.theirs.as_ref().is_some_and(|offer| offer.key == invite).then_some(*id));
        if let Some(id) = reinvited {
            if let Some(leg) = self.legs.get_mut(&id) {
                leg.theirs = None;
            }
            self.settle(id);
        }
    }

    /// An invitation ends without anybody's decision: by a wait that ran out, or a BYE before the answer.
    pub(super) fn give_invitation_up(&mut self, id: LegId, status: u16, now: Instant) {
        let Some(Stage::Invited(undecided)) = self.legs.get(&id).map(|leg| &leg.stage) else { return };
        let (key, accepted) = (undecided.key.clone(), undecided.accept.is_some());
        self.refuse_what_waits(id, now);
        self.respond_status(&key, status, now);
        if accepted {
            self.emit(Event::Ended(
                id,
                crate::call::End { by: crate::EndedBy::Timer, status: Some(status), cause: None },
            ));
        } else {
            self.emit(Event::Cancelled(id, None));
        }
        self.forget_leg(id);
    }

    /// We give up a call that we make.
    pub(crate) fn cancel(&mut self, id: LegId, status: u16, now: Instant) {
        let Some(Stage::Inviting(inviting)) = self.legs.get(&id).map(|leg| &leg.stage) else { return };
        let key = inviting.key.clone();
        self.abandon(&key, now);
        self.emit(Event::Failed { leg: id, status, reason: crate::message::reason::phrase(status).into() });
        self.forget_leg(id);
    }

    /// Nobody waits for an INVITE any more: it is cancelled as soon as that may be.
    pub(super) fn abandon(&mut self, key: &Key, now: Instant) {
        let give_up = self.timers.give_up();
        let Some(client) = self.clients.get_mut(key) else { return };
        client.purpose = Purpose::Abandoned;
        if client.machine.is_proceeding() {
            client.machine.ends_within(give_up, now);
            let deadline = client.machine.deadline();
            self.schedule.set(Waker::Client(key.clone()), deadline);
            self.send_cancel(key, now);
        }
    }

    fn send_cancel(&mut self, key: &Key, now: Instant) {
        let Some(client) = self.clients.get(key) else { return };
        let invite = &client.machine.request;
        let (route, peer) = (client.machine.route.clone(), client.peer);
        let mut cancel = Request::new("CANCEL", &invite.uri);
        let headers = &mut cancel.headers;
        for name in [Known::Via, Known::MaxForwards, Known::Route, Known::From, Known::To, Known::CallId] {
            headers.copy(&invite.headers, name);
        }
        let number = invite.headers.cseq().map_or(1, |cseq| cseq.number);
        headers.push(Known::CSeq, format!("{number} CANCEL"));
        headers.push(Known::UserAgent, self.config.user_agent.as_str());
        let Some(branch) = invite.headers.via().and_then(|via| via.branch().map(str::to_owned)) else { return };
        self.start(client_key(&branch, "CANCEL"), cancel, &route, Purpose::Nothing, peer, now);
    }

    /// Something came to an INVITE that nobody waits for: it is cancelled, or, if it was answered meanwhile, hung up.
    pub(super) fn abandoned_answered(&mut self, key: &Key, response: Option<&Response>, now: Instant) {
        let Some(response) = response else { return };
        match response.status {
            ..=199 => {
                let cancelled = self
                    .clients
                    .get(key)
                    .and_then(|client| client.machine.request.headers.via())
                    .and_then(|via| via.branch().map(|branch| client_key(branch, "CANCEL")))
                    .is_some_and(|cancel| self.clients.contains_key(&cancel));
                if !cancelled {
                    self.abandon(key, now);
                }
            }
            200..=299 => self.hang_fork_up(key, response, now),
            _ => {}
        }
    }

    /// A 2xx that we have no use for, of a fork or too late: ACK, and BYE at once.
    pub(super) fn hang_fork_up(&mut self, key: &Key, response: &Response, now: Instant) {
        if self.acknowledge_again(key, response) {
            return;
        }
        let Some(client) = self.clients.get(key) else { return };
        let (request, route, peer) = (client.machine.request.clone(), client.machine.route.clone(), client.peer);
        let Some(mut dialog) = Dialog::from_response(&request, response, &route) else { return };
        self.aim_dialog(&mut dialog);
        self.acknowledge(key, &dialog, now);
        let mut bye = dialog.request("BYE");
        bye.headers.push(Known::Reason, Cause::q850(26, "Answered elsewhere").to_string());
        let route = dialog.route.clone();
        self.send(bye, &route, Purpose::Nothing, peer, now);
    }
}
