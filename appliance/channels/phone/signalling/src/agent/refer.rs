//! REFER both ways (RFC 3515, RFC 3892; without reports, RFC 4488). What it asks for is decided by who owns the call.

use std::time::Instant;

use bytes::Bytes;

use super::leg::{Event, OurRefer, TheirRefer};
use super::notify::NEXT_REPORT;
use super::{Agent, Purpose};
use crate::call::Refer;
use crate::command::{LegId, RequestId};
use crate::identity;
use crate::message::uri::{Scheme, escape_user};
use crate::message::{Known, NameAddr, Request, Response, Uri, reason};
use crate::transaction::Key;

/// REFERs of one side under way in one call.
const MOST: usize = 4;

impl Agent {
    pub(super) fn refer_came(&mut self, id: LegId, request: &Request, key: &Key, now: Instant) {
        let headers = &request.headers;
        let mut targets = headers.list(Known::ReferTo);
        let target = match (targets.next().map(NameAddr::parse), targets.next()) {
            (Some(Ok(target)), None) => target.uri,
            _ => return self.respond_status(key, 400, now),
        };
        if matches!(target.scheme, Scheme::Other(_)) {
            return self.respond_status(key, 416, now);
        }
        // Only calls are made; a REFER for another method is none of ours.
        if target.params.get("method").is_some_and(|method| !method.eq_ignore_ascii_case("INVITE")) {
            return self.respond_status(key, 501, now);
        }
        let replaces = match target.header("Replaces").map(|value| identity::replaces(&value)) {
            Some(None) => return self.respond_status(key, 400, now),
            Some(Some((name, _))) => {
                // It names the call as the one who will be called knows it; we are its caller.
                Some(name.from_the_other_side())
            }
            None => None,
        };
        let reports = !headers.get(Known::ReferSub).is_some_and(|wish| wish.trim().eq_ignore_ascii_case("false"));
        let referred_by = identity::referred_by(headers);
        let number = headers.cseq().map_or(0, |cseq| cseq.number);
        let patience = now + self.patience();
        let request_id = self.new_request();
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if !leg.is_answered() || leg.their_refers.len() >= MOST {
            return self.respond_status(key, 603, now);
        }
        leg.their_refers.push(TheirRefer {
            request: request_id,
            key: Some(key.clone()),
            number,
            first: !leg.was_referred,
            reports,
            until: patience,
        });
        leg.was_referred = true;
        let to = Uri { headers: None, ..target }.to_string();
        self.emit(Event::Referred { leg: id, request: request_id, to, replaces, referred_by });
        self.settle(id);
    }

    /// We do what the other side asked.
    pub(crate) fn refer_accepted(&mut self, id: LegId, request: RequestId, now: Instant) {
        let Some(refer) = self.their_refer(id, request) else { return };
        let (Some(key), reports) = (refer.key.take(), refer.reports) else { return };
        if let Some(mut response) = self.response_to(&key, 202) {
            self.dress_session_response(&mut response, id, &key);
            if !reports {
                response.headers.push(Known::ReferSub, "false");
            }
            self.respond(&key, response, now);
        }
        self.report(id, request, 100, now);
        self.settle(id);
    }

    /// We do not.
    pub(crate) fn refer_refused(&mut self, id: LegId, request: RequestId, status: u16, now: Instant) {
        let Some(key) = self.their_refer(id, request).and_then(|refer| refer.key.take()) else { return };
        self.respond_status(&key, if (400..700).contains(&status) { status } else { 603 }, now);
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.their_refers.retain(|refer| refer.request != request);
        }
        self.settle(id);
    }

    /// Tells how it goes.
    pub(crate) fn report(&mut self, id: LegId, request: RequestId, status: u16, now: Instant) {
        let Some(refer) = self.their_refer(id, request) else { return };
        let (number, first, reports) = (refer.number, refer.first, refer.reports);
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let last = status >= 200;
        if last {
            leg.their_refers.retain(|refer| refer.request != request);
        }
        let peer = leg.peer;
        if !reports || !leg.is_answered() {
            return;
        }
        let Some((mut notify, route)) = leg.request("NOTIFY") else { return };
        let event = if first { "refer".to_owned() } else { format!("refer;id={number}") };
        notify.headers.push(Known::Event, event);
        let state = if last { "terminated;reason=noresource" } else { "active;expires=180" };
        notify.headers.push(Known::SubscriptionState, state);
        self.dress_session(&mut notify, &route, None);
        let body = format!("SIP/2.0 {status} {}\r\n", reason::phrase(status));
        let notify = notify.with_body("message/sipfrag;version=2.0", Bytes::from(body));
        self.send(notify, &route, Purpose::Report(id, request), peer, now);
    }

    /// The other side has heard a report, or knows nothing of what it is about.
    pub(super) fn report_answered(&mut self, id: LegId, request: RequestId, response: Option<&Response>) {
        let is_heard = response.is_some_and(|response| response.status < 300);
        if let (false, Some(refer)) = (is_heard, self.their_refer(id, request)) {
            refer.reports = false;
        }
    }

    fn their_refer(&mut self, id: LegId, request: RequestId) -> Option<&mut TheirRefer> {
        self.legs.get_mut(&id)?.their_refers.iter_mut().find(|refer| refer.request == request)
    }

    /// We send the other side elsewhere. Returns the number under which its reports are told.
    pub(crate) fn refer(&mut self, id: LegId, refer: &Refer, now: Instant) -> Option<u32> {
        let mut target = Uri::parse(&refer.to).ok()?;
        if let Some(name) = &refer.replaces {
            target.headers = Some(format!("Replaces={}", escape_user(&identity::replaces_value(name))));
        }
        let leg = self.legs.get_mut(&id).filter(|leg| leg.is_answered() && leg.our_refers.len() < MOST)?;
        let peer = leg.peer;
        let own = leg.dialog.as_ref()?.local.uri.to_string();
        let (mut request, route) = leg.request("REFER")?;
        let number = request.headers.cseq()?.number;
        leg.our_refers.push(OurRefer { number, number_sent: number, until: now + NEXT_REPORT });
        request.headers.push(Known::ReferTo, format!("<{target}>"));
        let by = refer.referred_by.as_deref().and_then(|by| Uri::parse(by).ok()).map_or(own, |by| by.to_string());
        request.headers.push(Known::ReferredBy, format!("<{by}>"));
        self.dress_session(&mut request, &route, None);
        self.send(request, &route, Purpose::Refer(id, number), peer, now);
        self.settle(id);
        Some(number)
    }

    pub(super) fn refer_answered(&mut self, id: LegId, refer: u32, response: Option<&Response>, now: Instant) {
        let status = response.map_or(408, |response| response.status);
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let silent = response.and_then(|response| response.headers.get(Known::ReferSub));
        let silent = silent.is_some_and(|value| value.trim().eq_ignore_ascii_case("false"));
        if status >= 300 || silent {
            leg.our_refers.retain(|one| one.number != refer);
            self.emit(Event::ReferStatus { leg: id, refer, status: Some(status), last: true });
        }
        if matches!(status, 408 | 481) {
            self.lost(id, status, now);
        }
        self.settle(id);
    }

    pub(super) fn wake_refers(&mut self, id: LegId, now: Instant) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let late: Vec<u32> =
            leg.our_refers.iter().filter(|refer| refer.until <= now).map(|refer| refer.number).collect();
        leg.our_refers.retain(|refer| refer.until > now);
        let undecided = leg.their_refers.iter().filter(|refer| refer.key.is_some() && refer.until <= now);
        let undecided: Vec<RequestId> = undecided.map(|refer| refer.request).collect();
        for refer in late {
            self.emit(Event::ReferStatus { leg: id, refer, status: Some(408), last: true });
        }
        for request in undecided {
            self.refer_refused(id, request, 603, now);
        }
    }
}
