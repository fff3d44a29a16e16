//! Requests, from the wire to whoever answers them (RFC 3261 §8.2): repeated ones, malformed ones, strangers', and those
//! that want what we do not know are answered here; the others go on by method.

use std::time::Instant;

use super::admission::Source;
use super::sending::{EXTENSIONS, note_source, token};
use super::{Agent, Waker};
use crate::CallName;
use crate::command::LegId;
use crate::message::{Known, Request, Via, check};
use crate::route::Route;
use crate::transaction::{Key, ServerTransaction, server_key};

/// Methods that we know and do not serve: 405. Others are unknown: 501.
const KNOWN_ELSEWHERE: [&str; 4] = ["MESSAGE", "PUBLISH", "REGISTER", "SUBSCRIBE"];

impl Agent {
    pub(super) fn request(&mut self, mut request: Request, route: &Route, now: Instant) {
        let Some(mut via) = request.headers.via() else { return };
        via.note_source(route.remote);
        let key = server_key(&request.method, &via, &request.headers);
        if let Some(server) = self.servers.get_mut(&key) {
            if request.method == "ACK" {
                let timers = self.timers;
                server.acknowledged(now, &timers);
                let deadline = server.deadline();
                self.schedule.set(Waker::Server(key.clone()), deadline);
            } else if server.request.method == request.method
                && let (Some(bytes), back) = (server.repeated(), server.route.clone())
            {
                self.put(&back, bytes);
            }
            // The ACK to a 2xx may bear the branch of its INVITE by mistake; then it is the call's.
            if request.method != "ACK" {
                return;
            }
        }
        if request.method == "ACK" {
            if check::request(&request).is_ok() {
                self.acknowledged(&request, now);
            }
            return;
        }
        if !check::can_be_answered(&request.headers) {
            if self.may_answer(route, now) {
                self.respond_statelessly(&request, 400, Some("From, To, Call-ID or CSeq is missing"), route);
            }
            return;
        }
        if !self.has_room() {
            tracing::warn!("too many transactions; a request was passed over");
            return;
        }
        note_source(&mut request.headers, &via.to_string());
        self.accept_request(&request, &via, &key, route, now);
    }

    /// Opens a transaction for a new request, and answers what needs no method to be answered.
    fn accept_request(&mut self, request: &Request, via: &Via, key: &Key, route: &Route, now: Instant) {
        let source = self.source(request, route);
        let leg = self.leg_of(request);
        // A CANCEL comes from where its INVITE was let in; one that cancels nothing gives nobody a hearing.
        let cancels =
            request.method == "CANCEL" && self.servers.contains_key(&server_key("INVITE", via, &request.headers));
        if source == Source::Phone && leg.is_none() && !cancels && !self.phones.take(now) {
            return;
        }
        if source == Source::Stranger && leg.is_none() && !cancels {
            if self.strangers.take(now) {
                self.respond_statelessly(request, 403, None, route);
            }
            return;
        }
        let mut back = route.clone();
        if !route.transport.is_reliable() {
            back.remote = via.reply_to(route.remote);
        }
        let method = request.method.clone();
        self.servers.insert(key.clone(), ServerTransaction::new(request.clone(), back, token()));
        if let Err(fault) = check::request(request) {
            tracing::debug!(peer = %route.remote, status = fault.status, why = fault.why, "a request is refused");
            return self.respond_status(key, fault.status, now);
        }
        if method == "CANCEL" {
            return self.cancel_came(request, via, key, now);
        }
        if !self.serves(&method) {
            let status = match method.as_str() {
                "SUBSCRIBE" => 489,
                known if KNOWN_ELSEWHERE.contains(&known) => 405,
                _ => 501,
            };
            return self.respond_status(key, status, now);
        }
        if self.is_merged(request, key) {
            return self.respond_status(key, 482, now);
        }
        if let Some(unknown) = unknown_extensions(request) {
            if let Some(mut response) = self.response_to(key, 420) {
                response.headers.push(Known::Unsupported, unknown);
                self.respond(key, response, now);
            }
            return;
        }
        let in_dialog = request.headers.tag(Known::To).is_some();
        match leg {
            Some(leg) => self.request_within(leg, request, key, route, now),
            // OPTIONS too: by it others find out whether we still know a call.
            None if in_dialog && method != "REGISTER" => self.respond_status(key, 481, now),
            None => self.request_outside(request, key, route, source, now),
        }
    }

    fn serves(&self, method: &str) -> bool {
        self.methods().split(", ").any(|served| served == method)
    }

    /// The call that a request belongs to.
    fn leg_of(&self, request: &Request) -> Option<LegId> {
        let name = CallName {
            call_id: request.headers.call_id().to_owned(),
            local_tag: request.headers.tag(Known::To)?,
            remote_tag: request.headers.tag(Known::From).unwrap_or_default(),
        };
        self.dialogs.get(&name).copied()
    }

    /// Whether the same request came on another way already (RFC 3261 §8.2.2.2).
    fn is_merged(&mut self, request: &Request, key: &Key) -> bool {
        let (Some(from), Some(cseq)) = (request.headers.tag(Known::From), request.headers.cseq()) else { return false };
        if request.headers.tag(Known::To).is_some() {
            return false;
        }
        let name = (request.headers.call_id().to_owned(), from, cseq.number, cseq.method);
        match self.merged.get(&name) {
            Some(first) => first != key,
            None => {
                self.merged.insert(name, key.clone());
                false
            }
        }
    }

    /// Forgets a transaction that is over.
    pub(super) fn forget_server(&mut self, key: &Key) {
        let Some(server) = self.servers.remove(key) else { return };
        let headers = &server.request.headers;
        if let (Some(from), Some(cseq)) = (headers.tag(Known::From), headers.cseq()) {
            let name = (headers.call_id().to_owned(), from, cseq.number, cseq.method);
            if self.merged.get(&name) == Some(key) {
                self.merged.remove(&name);
            }
        }
        self.schedule.set(Waker::Server(key.clone()), None);
    }

    pub(super) fn wake_server(&mut self, key: &Key, now: Instant) {
        let timers = self.timers;
        let Some(server) = self.servers.get_mut(key) else { return };
        let fired = server.wake(now, &timers);
        let (route, deadline) = (server.route.clone(), server.deadline());
        if let Some(bytes) = fired.resend {
            self.put(&route, bytes);
        }
        if fired.over {
            self.forget_server(key);
        } else {
            self.schedule.set(Waker::Server(key.clone()), deadline);
        }
    }

    fn request_outside(&mut self, request: &Request, key: &Key, route: &Route, source: Source, now: Instant) {
        match request.method.as_str() {
            "INVITE" => self.invited(request, key, route, source, now),
            "OPTIONS" => self.options(request, key, route, now),
            "REGISTER" => self.register_came(request, key, route, now),
            "NOTIFY" => self.respond_status(key, 481, now),
            // A REFER outside a call would have us call whom a stranger names.
            "REFER" => self.respond_status(key, 403, now),
            _ => self.respond_status(key, 481, now),
        }
    }

    fn request_within(&mut self, leg: LegId, request: &Request, key: &Key, route: &Route, now: Instant) {
        let number = request.headers.cseq().map_or(0, |cseq| cseq.number);
        let tag = request.headers.tag(Known::From).unwrap_or_default();
        let Some(dialog) = self.legs.get_mut(&leg).and_then(|leg| leg.dialog_for(&tag)) else {
            return self.respond_status(key, 481, now);
        };
        if dialog.take_number(number).is_err() {
            return self.respond_status(key, 500, now);
        }
        if route.connection.is_some() {
            // Over a stream the way back is the connection that the other side uses now.
            dialog.route.connection = route.connection;
        }
        match request.method.as_str() {
            "BYE" => self.bye_came(leg, request, key, now),
            "INVITE" | "UPDATE" => self.offer_came(leg, request, key, route, now),
            "PRACK" => self.prack_came(leg, request, key, now),
            "INFO" => self.info_came(leg, request, key, now),
            "REFER" => self.refer_came(leg, request, key, now),
            "NOTIFY" => self.notify_came(leg, request, key, now),
            "OPTIONS" => self.options(request, key, route, now),
            _ => self.respond_status(key, 405, now),
        }
    }

    /// Says what we can do (RFC 3261 §11).
    fn options(&mut self, request: &Request, key: &Key, route: &Route, now: Instant) {
        let status = match accepts_sdp(request) {
            // Whoever asks whether we live wants to know where to send calls.
            _ if !self.has_duty() => 503,
            true => 200,
            false => 406,
        };
        let Some(mut response) = self.response_to(key, status) else { return };
        response.headers.push(Known::Allow, self.methods());
        response.headers.push(Known::Accept, super::sending::BODIES);
        response.headers.push(Known::AcceptEncoding, "identity");
        response.headers.push(Known::AcceptLanguage, "ro, hu, en");
        response.headers.push(Known::Supported, EXTENSIONS);
        response.headers.push(Known::AllowEvents, "refer");
        response.headers.push(Known::RecvInfo, "");
        response.headers.push(Known::Contact, self.contact(route, None, &request.uri));
        self.respond(key, response, now);
    }
}

/// Whether whoever asks takes session descriptions.
pub(super) fn accepts_sdp(request: &Request) -> bool {
    if request.headers.get(Known::Accept).is_none() {
        return true;
    }
    let mut kinds = request.headers.list(Known::Accept).map(|kind| kind.split(';').next().unwrap_or_default().trim());
    // An OPTIONS asks for nothing by an empty list.
    request.method == "OPTIONS"
        || kinds
            .any(|kind| ["application/sdp", "application/*", "*/*"].iter().any(|ours| kind.eq_ignore_ascii_case(ours)))
}

/// What is required that we do not know. `Proxy-Require` speaks to proxies alone (RFC 3261 §20.29).
fn unknown_extensions(request: &Request) -> Option<String> {
    let known: Vec<&str> = EXTENSIONS.split(", ").collect();
    let asked = request.headers.list(Known::Require);
    let unknown: Vec<&str> = asked.filter(|tag| !known.iter().any(|ours| ours.eq_ignore_ascii_case(tag))).collect();
    (!unknown.is_empty()).then(|| unknown.join(", "))
}
