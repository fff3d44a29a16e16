//! Responses to requests of ours, and requests that nobody answered.

use std::time::Instant;

use super::{Agent, Purpose, Waker};
use crate::message::{Request, Response};
use crate::route::Route;
use crate::transaction::{Key, Verdict, client_key};

impl Agent {
    pub(super) fn response(&mut self, response: &Response, route: &Route, now: Instant) {
        let Some(branch) = response.headers.via().and_then(|via| via.branch().map(str::to_owned)) else { return };
        let Some(cseq) = response.headers.cseq() else { return };
        let key = client_key(&branch, &cseq.method);
        let timers = self.timers;
        let Some(client) = self.clients.get_mut(&key) else {
            tracing::debug!(peer = %route.remote, status = response.status, "a response to nothing");
            return;
        };
        // What follows goes on the connection that was made for the request.
        if client.machine.route.connection.is_none() {
            client.machine.route.connection = route.connection;
            client.machine.route.local = client.machine.route.local.or(route.local);
        }
        let verdict = client.machine.response(response, now, &timers);
        let deadline = client.machine.deadline();
        let back = client.machine.route.clone();
        self.schedule.set(Waker::Client(key.clone()), deadline);
        match verdict {
            Verdict::Repeated(None) => return,
            Verdict::Repeated(Some(bytes)) => return self.put(&back, bytes),
            Verdict::Acknowledge(bytes) => self.put(&back, bytes),
            Verdict::Deliver => {}
        }
        if matches!(response.status, 401 | 407) && self.answer_challenge(&key, response, now) {
            return;
        }
        self.deliver(&key, Some(response), now);
    }

    pub(super) fn wake_client(&mut self, key: &Key, now: Instant) {
        let timers = self.timers;
        let Some(client) = self.clients.get_mut(key) else { return };
        let fired = client.machine.wake(now, &timers);
        let (route, deadline) = (client.machine.route.clone(), client.machine.deadline());
        if let Some(bytes) = fired.resend {
            self.put(&route, bytes);
        }
        if fired.timed_out {
            self.client_failed(key, now);
        } else if fired.over {
            self.clients.remove(key);
        } else {
            self.schedule.set(Waker::Client(key.clone()), deadline);
        }
    }

    /// Nobody answered, or nobody could be reached.
    pub(super) fn client_failed(&mut self, key: &Key, now: Instant) {
        self.deliver(key, None, now);
        self.clients.remove(key);
        self.schedule.set(Waker::Client(key.clone()), None);
    }

    /// Hands a response, or the lack of one, to whoever asked.
    fn deliver(&mut self, key: &Key, response: Option<&Response>, now: Instant) {
        let Some(client) = self.clients.get(key) else { return };
        let purpose = client.purpose.clone();
        let is_final = response.is_none_or(|response| response.status >= 200);
        match purpose {
            Purpose::Invite(leg) => self.invite_answered(leg, key, response, now),
            Purpose::Abandoned => self.abandoned_answered(key, response, now),
            _ if !is_final => {}
            Purpose::Reinvite(leg) => self.reinvite_answered(leg, key, response, now),
            Purpose::Update(leg) => self.update_answered(leg, response, now),
            Purpose::Refer(leg, refer) => self.refer_answered(leg, refer, response, now),
            Purpose::Report(leg, refer) => self.report_answered(leg, refer, response),
            Purpose::Within(leg) => self.within_answered(leg, response, now),
            Purpose::Probe(peer, target) => self.probed(peer, target, response, now),
            Purpose::Register(peer) => {
                let request: Request = client.machine.request.clone();
                self.registered(peer, &request, response, now);
            }
            Purpose::Nothing => {}
        }
    }
}
