//! What we acknowledge as a caller: a 2xx by ACK (RFC 3261 §13.2.2.4), a reliable provisional response by PRACK (RFC 3262 §4).

use std::time::Instant;

use super::leg::Stage;
use super::{Agent, Purpose};
use crate::command::LegId;
use crate::dialog::Dialog;
use crate::message::{Known, Response};
use crate::transaction::Key;

/// 2xx of one INVITE, from its forks, whose ACKs are kept.
const MOST_KEPT: usize = 8;

impl Agent {
    /// Sends the ACK of a 2xx, and keeps it for when the 2xx comes again.
    pub(super) fn acknowledge(&mut self, key: &Key, dialog: &Dialog, _now: Instant) {
        let Some(client) = self.clients.get(key) else { return };
        let invite = client.machine.request.clone();
        let number = invite.headers.cseq().map_or(1, |cseq| cseq.number);
        let mut ack = dialog.request_numbered("ACK", number);
        for name in [Known::Authorization, Known::ProxyAuthorization] {
            ack.headers.copy(&invite.headers, name);
        }
        let route = dialog.route.clone();
        self.dress(&mut ack, &route);
        let bytes = ack.to_bytes();
        if let Some(client) = self.clients.get_mut(key)
            && client.acks.len() < MOST_KEPT
        {
            client.acks.push((dialog.name.remote_tag.clone(), bytes.clone(), route.clone()));
        }
        self.put(&route, bytes);
    }

    /// Sends the ACK again, if the 2xx came before.
    pub(super) fn acknowledge_again(&mut self, key: &Key, response: &Response) -> bool {
        let tag = response.headers.tag(Known::To).unwrap_or_default();
        let known = self.clients.get(key).and_then(|client| client.acks.iter().find(|(one, ..)| *one == tag).cloned());
        let Some((_, bytes, route)) = known else { return false };
        self.put(&route, bytes);
        true
    }

    /// Sends PRACK for a reliable response. `false`: it is a repetition, or out of order, and is passed over.
    pub(super) fn acknowledge_reliably(
        &mut self,
        id: LegId,
        position: usize,
        rseq: u32,
        peer: Option<usize>,
        now: Instant,
    ) -> bool {
        let Some(Stage::Inviting(inviting)) = self.legs.get_mut(&id).map(|leg| &mut leg.stage) else { return false };
        let early = &mut inviting.early[position];
        if early.rseq.is_some_and(|last| rseq != last + 1) {
            return false;
        }
        early.rseq = Some(rseq);
        let number = inviting_number(&inviting.key, &self.clients);
        let mut prack = early.dialog.request("PRACK");
        prack.headers.push(Known::RAck, format!("{rseq} {number} INVITE"));
        let route = early.dialog.route.clone();
        self.send(prack, &route, Purpose::Nothing, peer, now);
        true
    }
}

fn inviting_number(key: &Key, clients: &std::collections::HashMap<Key, super::Client>) -> u32 {
    clients.get(key).and_then(|client| client.machine.request.headers.cseq()).map_or(1, |cseq| cseq.number)
}
