//! An agent, and a caller whose messages are written by hand, word by word as the RFCs have them: what a stranger's
//! conformance test would send. No sockets, no waiting; the other side of an outgoing call is played the same way.

mod answering;
mod dialling;
mod duty;
mod requests;
mod sessions;
mod trunks;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::Transport;
use crate::agent::{Agent, Event, Local, Output};
use crate::command::{LegId, RequestId};
use crate::config::SipConfig;
use crate::message::{Known, Message, Request, Response, parse};
use crate::route::Route;

const OFFER: &str = "v=0\n\
    o=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 40000 RTP/AVP 8\n";

fn sdp() -> Bytes {
    Bytes::from_static(b"v=0\r\no=- 2 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 50000 RTP/AVP 8\r\n")
}

/// The other side of an agent.
struct Stranger {
    agent: Agent,
    now: Instant,
    route: Route,
    events: Vec<Event>,
    /// The agent's tag, once it was heard.
    tag: String,
    branches: u32,
}

impl Stranger {
    fn new(config: SipConfig) -> Self {
        let now = Instant::now();
        let local = SocketAddr::from(([127, 0, 0, 1], 5060));
        let locals = vec![Local { transport: Transport::Udp, address: local, advertised: None }];
        let route = Route::to(Transport::Udp, SocketAddr::from(([127, 0, 0, 1], 5070)), "127.0.0.1");
        let agent = Agent::new(config, Vec::new(), Vec::new(), locals, now);
        Self { agent, now, route, events: Vec::new(), tag: String::new(), branches: 0 }
    }

    /// Sends what is written, and returns what comes back; 100 is left out.
    fn say(&mut self, text: &str) -> Vec<Message> {
        let text = text.replace('\n', "\r\n");
        self.agent.receive(text.as_bytes(), &self.route, self.now);
        self.hear()
    }

    fn hear(&mut self) -> Vec<Message> {
        let mut heard = Vec::new();
        while let Some(output) = self.agent.take_output() {
            match output {
                Output::Send { bytes, .. } => match parse::parse(&bytes).expect("it writes what can be read") {
                    Message::Response(response) if response.status == 100 => {}
                    message => heard.push(message),
                },
                Output::Event(event) => self.events.push(event),
            }
        }
        for message in &heard {
            if let Message::Response(response) = message
                && let Some(tag) = response.headers.tag(Known::To)
            {
                self.tag = tag;
            }
        }
        heard
    }

    /// A request in the call, or the one that makes it; `more` are further header lines.
    fn text(&mut self, method: &str, number: u32, more: &str, body: &str) -> String {
        self.branches += 1;
        let branch = self.branches;
        let to = if self.tag.is_empty() { String::new() } else { format!(";tag={}", self.tag) };
        let contact = if more.contains("Contact:") { "" } else { "Contact: <sip:ana@127.0.0.1:5070>\n" };
        let kind =
            if body.is_empty() || more.contains("Content-Type:") { "" } else { "Content-Type: application/sdp\n" };
        let length = body.replace('\n', "\r\n").len();
        format!(
            "{method} sip:test@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK{branch}\n\
             Max-Forwards: 70\nFrom: <sip:ana@127.0.0.1>;tag=a\nTo: <sip:test@127.0.0.1>{to}\nCall-ID: one\n\
             CSeq: {number} {method}\n{contact}{kind}{more}Content-Length: {length}\n\n{body}"
        )
    }

    fn request(&mut self, method: &str, number: u32, more: &str, body: &str) -> Vec<Message> {
        let text = self.text(method, number, more, body);
        self.say(&text)
    }

    /// Lets time pass, and returns what is said meanwhile.
    fn pass(&mut self, time: Duration) -> Vec<Message> {
        let until = self.now + time;
        let mut heard = Vec::new();
        while let Some(at) = self.agent.wake_at().filter(|at| *at <= until) {
            self.now = at.max(self.now);
            self.agent.wake(self.now);
            heard.extend(self.hear());
        }
        self.now = until;
        heard
    }

    /// The call that came in.
    fn leg(&self) -> LegId {
        let found = self.events.iter().rev().find_map(|event| match event {
            Event::Invited(leg, _) => Some(*leg),
            _ => None,
        });
        found.expect("invited")
    }

    /// The offer that waits for a decision.
    fn offered(&self) -> (RequestId, Option<Bytes>) {
        let found = self.events.iter().rev().find_map(|event| match event {
            Event::Offer { request, sdp, .. } => Some((*request, sdp.clone())),
            _ => None,
        });
        found.expect("an offer")
    }

    fn accept(&mut self) -> Vec<Message> {
        let leg = self.leg();
        self.agent.accept(leg, sdp(), self.now).expect("accepted");
        self.hear()
    }

    /// A call that is answered and acknowledged.
    fn talk(config: SipConfig) -> Self {
        let mut stranger = Self::new(config);
        stranger.request("INVITE", 1, "", OFFER);
        stranger.accept();
        stranger.request("ACK", 1, "", "");
        stranger
    }

    fn has_ended(&self) -> bool {
        self.events.iter().any(|event| matches!(event, Event::Ended(..)))
    }
}

/// The last response among what was said.
fn response(heard: &[Message]) -> &Response {
    let last =
        heard.iter().rev().find_map(|message| if let Message::Response(one) = message { Some(one) } else { None });
    last.expect("a response")
}

/// The requests of that method among what was said.
fn requests<'a>(heard: &'a [Message], method: &str) -> Vec<&'a Request> {
    let of_it = |message: &'a Message| match message {
        Message::Request(request) if request.method == method => Some(request),
        _ => None,
    };
    heard.iter().filter_map(of_it).collect()
}

fn statuses(heard: &[Message]) -> Vec<u16> {
    let status = |message: &Message| if let Message::Response(one) = message { Some(one.status) } else { None };
    heard.iter().filter_map(status).collect()
}
