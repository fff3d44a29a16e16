//! Challenges to requests of ours: the same request goes again, with the answer, the next number and a branch of its own
//! (RFC 3261 §22.2).

use std::time::Instant;

use super::{Agent, Purpose, Waker};
use crate::digest::client::answer;
use crate::message::{Known, Response};
use crate::transaction::{Key, client_key};

impl Agent {
    /// Answers a 401 or 407 if that can be done. Whoever waits for the outcome then waits on.
    pub(super) fn answer_challenge(&mut self, key: &Key, response: &Response, now: Instant) -> bool {
        let Some(client) = self.clients.get(key) else { return false };
        let credentials = client.peer.and_then(|peer| self.peers.get(peer)).and_then(|peer| peer.credentials.clone());
        let Some(credentials) = credentials else { return false };
        let mut request = client.machine.request.clone();
        let answers = answer(&response.headers, &credentials, &request, client.challenged);
        if answers.is_empty() || matches!(client.purpose, Purpose::Abandoned) {
            return false;
        }
        let (purpose, route, peer) = (client.purpose.clone(), client.machine.route.clone(), client.peer);
        request.headers.remove(Known::Authorization);
        request.headers.remove(Known::ProxyAuthorization);
        for (name, value) in answers {
            request.headers.push(name, value);
        }
        let Some(number) = self.next_number(&purpose, &request) else { return false };
        request.headers.set(Known::CSeq, format!("{number} {}", request.method));
        let branch = self.dress(&mut request, &route);
        let again = client_key(&branch, &request.method);
        self.start(again.clone(), request, &route, purpose.clone(), peer, now);
        if let Some(client) = self.clients.get_mut(&again) {
            client.challenged = true;
        }
        if let Purpose::Invite(leg) = purpose {
            self.renew_invite(leg, again);
        }
        if let Some(client) = self.clients.get_mut(key) {
            client.purpose = Purpose::Nothing;
            let deadline = client.machine.deadline();
            self.schedule.set(Waker::Client(key.clone()), deadline);
        }
        true
    }

    /// The number that a repeated request bears; what counts them is told.
    fn next_number(&mut self, purpose: &Purpose, request: &crate::message::Request) -> Option<u32> {
        let number = request.headers.cseq()?.number + 1;
        match purpose {
            Purpose::Reinvite(leg)
            | Purpose::Update(leg)
            | Purpose::Refer(leg, _)
            | Purpose::Report(leg, _)
            | Purpose::Within(leg) => {
                let leg = self.legs.get_mut(leg)?;
                let dialog = leg.dialog.as_mut()?;
                dialog.local_cseq = dialog.local_cseq.max(number - 1) + 1;
                let now_at = dialog.local_cseq;
                if let Purpose::Refer(_, old) = purpose
                    && let Some(refer) = leg.our_refers.iter_mut().find(|refer| refer.number == *old)
                {
                    // Its reports name the number under which it was accepted.
                    refer.number_sent = now_at;
                }
                Some(now_at)
            }
            Purpose::Register(peer) => {
                let registration = &mut self.peers.get_mut(*peer)?.registration;
                registration.number = number;
                Some(number)
            }
            _ => Some(number),
        }
    }
}
