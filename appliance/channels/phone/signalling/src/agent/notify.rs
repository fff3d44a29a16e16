//! NOTIFY: how those fare whom we sent elsewhere (RFC 3515 §2.4.4, RFC 6665).

use std::time::{Duration, Instant};

use super::Agent;
use super::leg::Event;
use crate::command::LegId;
use crate::message::body::sipfrag_status;
use crate::message::params::Params;
use crate::message::{Known, Request};
use crate::transaction::Key;

/// For how long the next report is waited for.
pub(super) const NEXT_REPORT: Duration = Duration::from_secs(180);

impl Agent {
    pub(super) fn notify_came(&mut self, id: LegId, request: &Request, key: &Key, now: Instant) {
        let (event, params) = match request.headers.get(Known::Event) {
            Some(value) => value.split_once(';').unwrap_or((value, "")),
            None => return self.respond_status(key, 489, now),
        };
        if !event.trim().eq_ignore_ascii_case("refer") {
            return self.respond_status(key, 489, now);
        }
        let state = request.headers.get(Known::SubscriptionState).unwrap_or("active");
        let ends = state.split(';').next().is_some_and(|state| state.trim().eq_ignore_ascii_case("terminated"));
        let named = Params::parse(params).ok().and_then(|params| params.get("id")?.parse::<u32>().ok());
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let position = match named {
            Some(number) => leg.our_refers.iter().position(|refer| refer.number_sent == number),
            None => (!leg.our_refers.is_empty()).then_some(0),
        };
        let Some(position) = position else { return self.respond_status(key, 481, now) };
        let status = sipfrag_status(&request.body);
        let last = ends || status.is_some_and(|status| status >= 200);
        let refer = leg.our_refers[position].number;
        if last {
            leg.our_refers.remove(position);
        } else {
            leg.our_refers[position].until = now + NEXT_REPORT;
        }
        self.respond_status(key, 200, now);
        self.emit(Event::ReferStatus { leg: id, refer, status, last });
        self.settle(id);
    }
}
