//! Requests and responses on their way out: what every one of them bears, and the transactions that carry them.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use bytes::Bytes;
use rand::Rng as _;

use super::{Agent, Client, Output, Purpose, Waker};
use crate::message::uri::bracketed;
use crate::message::via::COOKIE;
use crate::message::{Known, Request, Response};
use crate::route::Route;
use crate::transaction::{ClientTransaction, Key, client_key};

/// The methods that we answer.
pub(super) const METHODS: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY";
/// The same, where desk phones may register.
pub(super) const METHODS_AND_REGISTER: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, REGISTER";
/// The extensions that we know.
pub(super) const EXTENSIONS: &str = "100rel, timer, replaces, norefersub";
/// The bodies that we read, besides key presses.
pub(super) const BODIES: &str = "application/sdp, multipart/mixed";

/// The bodies that carry key presses, read in INFO.
pub(super) const KEYS: &str = "application/dtmf-relay, application/dtmf";

/// A random name: a tag, a branch, a Call-ID.
pub(super) fn token() -> String {
    hex::encode(rand::rng().random::<[u8; 10]>())
}

impl Agent {
    /// The host and port under which others reach us on a way.
    pub(super) fn sent_by(&self, route: &Route) -> (String, u16) {
        let of_kind = |v4: bool| {
            self.locals.iter().filter(move |local| local.transport == route.transport && local.address.is_ipv4() == v4)
        };
        let v4 = route.remote.is_ipv4();
        let same_port =
            |address: &SocketAddr| route.local.is_some_and(|local| local == *address || local.port() == address.port());
        let local = of_kind(v4)
            .find(|local| same_port(&local.address))
            .or_else(|| of_kind(v4).find(|local| local.address.ip().is_loopback() == route.remote.ip().is_loopback()))
            .or_else(|| of_kind(v4).next())
            .or_else(|| self.locals.iter().find(|local| local.transport == route.transport));
        let Some(local) = local else {
            let local = route.local.unwrap_or(SocketAddr::from(([127, 0, 0, 1], route.transport.default_port())));
            return (local.ip().to_string(), local.port());
        };
        if let Some((host, port)) = &local.advertised {
            return (host.clone(), port.unwrap_or(local.address.port()));
        }
        let ip = match route.local.map(|local| local.ip()) {
            Some(ip) if local.address.ip().is_unspecified() => ip,
            _ => local.address.ip(),
        };
        (ip.to_string(), local.address.port())
    }

    /// Our address on a way, for session descriptions.
    pub(super) fn local_ip(&self, route: &Route) -> IpAddr {
        let (host, _) = self.sent_by(route);
        host.parse().ok().or(route.local.map(|local| local.ip())).unwrap_or(IpAddr::from([127, 0, 0, 1]))
    }

    /// Our `Contact` on a way. Each transport has its own, so that what belongs to a call comes back on it. `beside` is the
    /// address of the request that it stands in or answers: where that is `sips:`, so are we (RFC 3261 §12.1.1).
    pub(super) fn contact(&self, route: &Route, user: Option<&str>, beside: &str) -> String {
        let (host, port) = self.sent_by(route);
        let user = crate::message::uri::escape_user(user.unwrap_or("sfetnic"));
        let host = bracketed(&host);
        let is_secured = beside.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("sips:"));
        if is_secured && route.transport == crate::Transport::Tls {
            // `sips:` asks for TLS by itself.
            return format!("<sips:{user}@{host}:{port}>");
        }
        format!("<sip:{user}@{host}:{port};transport={}>", route.transport)
    }

    pub(super) fn put(&mut self, route: &Route, bytes: Bytes) {
        self.output.push_back(Output::Send { route: route.clone(), bytes });
    }

    /// Adds what every request bears. The branch names its transaction.
    pub(super) fn dress(&self, request: &mut Request, route: &Route) -> String {
        let branch = format!("{COOKIE}{}", token());
        let (host, port) = self.sent_by(route);
        let via = format!("SIP/2.0/{} {}:{port};branch={branch};rport", route.transport.via_name(), bracketed(&host));
        let mut headers = crate::message::Headers::default();
        headers.push(Known::Via, via);
        for header in request.headers.iter().filter(|header| header.name != Known::Via.into()) {
            headers.push_header(header.clone());
        }
        headers.set(Known::UserAgent, self.config.user_agent.as_str());
        request.headers = headers;
        branch
    }

    /// Adds what requests that make or change a session bear.
    pub(super) fn dress_session(&self, request: &mut Request, route: &Route, user: Option<&str>) {
        let contact = self.contact(route, user, &request.uri);
        request.headers.set(Known::Contact, contact);
        request.headers.set(Known::Allow, METHODS);
        request.headers.set(Known::Supported, EXTENSIONS);
    }

    /// Sends a request in a transaction of its own.
    pub(super) fn send(
        &mut self,
        mut request: Request,
        route: &Route,
        purpose: Purpose,
        peer: Option<usize>,
        now: Instant,
    ) -> Key {
        let branch = self.dress(&mut request, route);
        let key = client_key(&branch, &request.method);
        self.start(key, request, route, purpose, peer, now)
    }

    /// Sends a request whose `Via` is there already.
    pub(super) fn start(
        &mut self,
        key: Key,
        request: Request,
        route: &Route,
        purpose: Purpose,
        peer: Option<usize>,
        now: Instant,
    ) -> Key {
        let machine = ClientTransaction::new(request, route.clone(), now, &self.timers);
        self.put(route, machine.bytes());
        self.schedule.set(Waker::Client(key.clone()), machine.deadline());
        self.clients.insert(key.clone(), Client { machine, purpose, peer, challenged: false, acks: Vec::new() });
        key
    }

    /// Adds what every response bears, by its status.
    pub(super) fn dress_response(&self, response: &mut Response) {
        response.headers.set(Known::Server, self.config.user_agent.as_str());
        match response.status {
            405 | 501 => response.headers.set(Known::Allow, self.methods()),
            415 => {
                let takes =
                    if response.headers.cseq().is_some_and(|cseq| cseq.method == "INFO") { KEYS } else { BODIES };
                response.headers.set(Known::Accept, takes);
                response.headers.set(Known::AcceptEncoding, "identity");
            }
            489 => response.headers.set(Known::AllowEvents, "refer"),
            _ => {}
        }
    }

    pub(super) fn methods(&self) -> &'static str {
        if self.extensions.is_empty() { METHODS } else { METHODS_AND_REGISTER }
    }

    /// Responds in a transaction. Nothing is sent after a final response.
    pub(super) fn respond(&mut self, key: &Key, mut response: Response, now: Instant) -> Option<Bytes> {
        self.dress_response(&mut response);
        let timers = self.timers;
        let server = self.servers.get_mut(key)?;
        let bytes = response.to_bytes();
        if !server.respond(response.status, &bytes, now, &timers) {
            return None;
        }
        let (route, deadline) = (server.route.clone(), server.deadline());
        self.schedule.set(Waker::Server(key.clone()), deadline);
        self.put(&route, bytes.clone());
        Some(bytes)
    }

    /// Responds with a status and no more.
    pub(super) fn respond_status(&mut self, key: &Key, status: u16, now: Instant) {
        if let Some(response) = self.response_to(key, status) {
            self.respond(key, response, now);
        }
    }

    /// A response to the request of a transaction.
    pub(super) fn response_to(&self, key: &Key, status: u16) -> Option<Response> {
        self.servers.get(key).map(|server| server.request.respond(status, &server.tag))
    }

    /// Responds without remembering (RFC 3261 §8.2.7).
    pub(super) fn respond_statelessly(&mut self, request: &Request, status: u16, why: Option<&str>, route: &Route) {
        let Some(mut via) = request.headers.via() else { return };
        via.note_source(route.remote);
        let mut response = request.respond(status, &token());
        note_source(&mut response.headers, &via.to_string());
        if let Some(why) = why {
            let (host, _) = self.sent_by(route);
            response.headers.push(Known::Warning, format!("399 {} \"{why}\"", bracketed(&host)));
        }
        self.dress_response(&mut response);
        let mut back = route.clone();
        if !route.transport.is_reliable() {
            back.remote = via.reply_to(route.remote);
        }
        self.put(&back, response.to_bytes());
    }
}

/// Puts the topmost hop, with its source noted, back into its list.
pub(super) fn note_source(headers: &mut crate::message::Headers, via: &str) {
    let mut hops: Vec<String> = headers.list(Known::Via).map(str::to_owned).collect();
    if let Some(first) = hops.first_mut() {
        *first = via.to_owned();
    }
    let mut dressed = crate::message::Headers::default();
    for hop in hops {
        dressed.push(Known::Via, hop);
    }
    for header in headers.iter().filter(|header| header.name != Known::Via.into()) {
        dressed.push_header(header.clone());
    }
    *headers = dressed;
}
