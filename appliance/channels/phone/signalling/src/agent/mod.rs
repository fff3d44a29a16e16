//! The user agent without sockets: bytes, commands and the time go in; bytes to send and events come out.
//!
//! One value holds all transactions, dialogs and peers, and is changed by one thread only: no lock is ever taken on the way
//! of a call. Whoever drives it hands over what came ([`Agent::receive`]), wakes it when it asked to be ([`Agent::wake_at`],
//! [`Agent::wake`]), and carries out what it says ([`Agent::take_output`]).

mod acknowledging;
mod admission;
mod authentication;
mod cancelling;
mod duty;
mod ending;
mod incoming;
mod info;
mod invited;
mod inviting;
mod leg;
mod notify;
mod offers;
mod places;
mod probes;
mod provisional;
mod refer;
mod registering;
mod registrar;
mod responses;
mod sending;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use duty::Duty;

use crate::command::{LegId, RequestId};
use crate::config::{ExtensionConfig, SipConfig, Timers};
use crate::digest::server::Guard;
use crate::message::parse::{Malformed, parse};
use crate::message::{Message, Request, check};
use crate::peers::{Bucket, Peer};
use crate::route::Route;
use crate::schedule::Schedule;
use crate::transaction::{ClientTransaction, Key, ServerTransaction};
use crate::{CallName, Transport};

pub(crate) use leg::{Event, Facts, Invited, Leg, Output};
pub(crate) use registrar::Binding;

/// How many transactions are kept. What comes beyond them is not answered, and comes again.
const MAX_TRANSACTIONS: usize = 65_536;

/// A place where we listen, as others are told of it.
#[derive(Debug, Clone)]
pub(crate) struct Local {
    pub(crate) transport: Transport,
    pub(crate) address: SocketAddr,
    pub(crate) advertised: Option<(String, Option<u16>)>,
}

/// A desk phone, with its password.
#[derive(Debug, Clone)]
pub(crate) struct Extension {
    pub(crate) config: ExtensionConfig,
    pub(crate) password: String,
}

/// Who is to be woken.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Waker {
    Client(Key),
    Server(Key),
    Leg(LegId),
    Probe(usize, usize),
    Registration(usize),
    Bindings,
    Duty,
}

/// What a request of ours is for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Purpose {
    /// The INVITE of a call that we make.
    Invite(LegId),
    /// The INVITE of a call that was given up before it was answered.
    Abandoned,
    /// Another session, or a refresh of the one there is.
    Reinvite(LegId),
    Update(LegId),
    Refer(LegId, u32),
    /// A report on a REFER. Whoever does not want it wants no more of them; the call goes on (RFC 5057 §5.1).
    Report(LegId, RequestId),
    /// A key press; the call ends if the other side does not know it any more.
    Within(LegId),
    Probe(usize, usize),
    Register(usize),
    /// Nobody waits for the outcome: BYE, CANCEL.
    Nothing,
}

/// A request of ours that is under way.
#[derive(Debug)]
struct Client {
    machine: ClientTransaction,
    purpose: Purpose,
    /// Whose credentials answer a challenge.
    peer: Option<usize>,
    /// Whether a challenge was answered already.
    challenged: bool,
    /// The ACKs to each 2xx, by its tag: they go out again when the 2xx comes again.
    acks: Vec<(String, Bytes, Route)>,
}

/// What a merged request is known by (RFC 3261 §8.2.2.2).
type MergeKey = (String, String, u32, String);

/// The user agent.
#[derive(Debug)]
pub(crate) struct Agent {
    config: SipConfig,
    timers: Timers,
    locals: Vec<Local>,
    peers: Vec<Peer>,
    extensions: Vec<Extension>,
    bindings: HashMap<String, Vec<Binding>>,
    guard: Guard,
    /// What strangers are answered with goes no faster than this.
    strangers: Bucket,
    /// Whoever says to be a desk phone is asked for the password no faster than this.
    phones: Bucket,
    clients: HashMap<Key, Client>,
    servers: HashMap<Key, ServerTransaction>,
    merged: HashMap<MergeKey, Key>,
    legs: HashMap<LegId, Leg>,
    dialogs: HashMap<CallName, LegId>,
    schedule: Schedule<Waker>,
    next_id: u64,
    duty: Duty,
    stopping: bool,
    output: VecDeque<Output>,
}

impl Agent {
    /// An agent that listens nowhere yet: `locals` are told once they are known.
    pub(crate) fn new(
        config: SipConfig,
        peers: Vec<Peer>,
        extensions: Vec<Extension>,
        locals: Vec<Local>,
        now: Instant,
    ) -> Self {
        let mut agent = Self {
            timers: config.timers.into(),
            guard: Guard::new(&config.domain, &config.digest, now),
            config,
            locals,
            peers,
            extensions,
            bindings: HashMap::new(),
            strangers: Bucket::new(20.0, 20.0, now),
            phones: Bucket::new(200.0, 400.0, now),
            clients: HashMap::new(),
            servers: HashMap::new(),
            merged: HashMap::new(),
            legs: HashMap::new(),
            dialogs: HashMap::new(),
            schedule: Schedule::new(),
            next_id: 1,
            duty: Duty::Alone,
            stopping: false,
            output: VecDeque::new(),
        };
        if agent.config.stands_by {
            agent.duty = Duty::StandsBy;
        }
        agent.begin_peers(now);
        agent
    }

    /// What is to be done next.
    pub(crate) fn take_output(&mut self) -> Option<Output> {
        self.output.pop_front()
    }

    /// When to call [`Self::wake`].
    pub(crate) fn wake_at(&self) -> Option<Instant> {
        self.schedule.next()
    }

    /// A message has come.
    pub(crate) fn receive(&mut self, bytes: &[u8], route: &Route, now: Instant) {
        match parse(bytes) {
            Ok(Message::Request(request)) => self.request(request, route, now),
            Ok(Message::Response(response)) => {
                if check::response(&response) {
                    self.response(&response, route, now);
                }
            }
            Err(Malformed::Silence(why)) => tracing::debug!(peer = %route.remote, why, "a message was passed over"),
            Err(Malformed::Refuse { status, why, request }) => self.refuse_malformed(&request, status, why, route, now),
        }
    }

    /// The time of those who wait may have come.
    pub(crate) fn wake(&mut self, now: Instant) {
        // Each at most once, so that whoever asks to be woken at once cannot keep all others waiting.
        let due: Vec<Waker> = std::iter::from_fn(|| self.schedule.pop(now)).collect();
        for waker in due {
            match waker {
                Waker::Client(key) => self.wake_client(&key, now),
                Waker::Server(key) => self.wake_server(&key, now),
                Waker::Leg(leg) => self.wake_leg(leg, now),
                Waker::Probe(peer, target) => self.probe(peer, target, now),
                Waker::Registration(peer) => self.register(peer, now),
                Waker::Bindings => self.expire_bindings(now),
                Waker::Duty => self.off_duty(now),
            }
        }
    }

    /// A message could not be sent: whatever waits for an answer from there waits in vain.
    pub(crate) fn unreachable(&mut self, route: &Route, now: Instant) {
        let waiting: Vec<Key> = self
            .clients
            .iter()
            .filter(|(_, client)| client.machine.is_open() && client.machine.route.same_place(route))
            .map(|(key, _)| key.clone())
            .collect();
        for key in waiting {
            self.client_failed(&key, now);
        }
    }

    /// A connection is gone. Calls that went on it go to where the other side said it can be reached.
    pub(crate) fn connection_closed(&mut self, connection: u64) {
        for leg in self.legs.values_mut() {
            if let Some(dialog) = leg.dialog.as_mut().filter(|dialog| dialog.route.connection == Some(connection)) {
                dialog.route.connection = None;
                let hop = dialog.next_hop();
                if let Some((uri, ip)) = hop.and_then(|uri| uri.ip().map(|ip| (uri, ip))) {
                    let port = uri.port.unwrap_or(dialog.route.transport.default_port());
                    dialog.route.remote = SocketAddr::new(ip, port);
                }
            }
        }
        for binding in self.bindings.values_mut().flatten() {
            if binding.route.connection == Some(connection) {
                binding.route.connection = None;
            }
        }
        // Responses that are still due go to where the request's Via says (RFC 3261 §18.2.2).
        for server in self.servers.values_mut().filter(|server| server.route.connection == Some(connection)) {
            server.route.connection = None;
            if let Some(via) = server.request.headers.via() {
                server.route.remote.set_port(via.port.unwrap_or(server.route.transport.default_port()));
            }
        }
    }

    /// How many calls, dialogs, transactions and wakers are kept, in this order.
    pub(crate) fn counts(&self) -> [usize; 5] {
        [
            self.legs.len(),
            self.dialogs.len(),
            self.clients.len() + self.servers.len(),
            self.schedule.len(),
            self.merged.len(),
        ]
    }

    fn emit(&mut self, event: Event) {
        self.output.push_back(Output::Event(event));
    }

    fn new_leg(&mut self) -> LegId {
        self.next_id += 1;
        LegId(self.next_id)
    }

    fn new_request(&mut self) -> RequestId {
        self.next_id += 1;
        RequestId(self.next_id)
    }

    /// Whether another transaction may be kept.
    fn has_room(&self) -> bool {
        self.clients.len() + self.servers.len() < MAX_TRANSACTIONS
    }

    /// The head of a message has come whose body's end cannot be told (RFC 3261 §18.3).
    pub(crate) fn refuse_broken(&mut self, head: &[u8], status: u16, why: &'static str, route: &Route, now: Instant) {
        match parse(head) {
            Ok(Message::Request(request)) => self.refuse_malformed(&request, status, why, route, now),
            Err(Malformed::Refuse { request, .. }) => self.refuse_malformed(&request, status, why, route, now),
            _ => {}
        }
    }

    fn refuse_malformed(&mut self, request: &Request, status: u16, why: &'static str, route: &Route, now: Instant) {
        tracing::debug!(peer = %route.remote, status, why, "a malformed request");
        if request.method != "ACK" && check::can_be_answered(&request.headers) && self.may_answer(route, now) {
            self.respond_statelessly(request, status, Some(why), route);
        }
    }
}
