//! The client's side of a transaction.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Fired;
use crate::config::Timers;
use crate::message::{Known, Request, Response};
use crate::route::Route;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was heard.
    Calling,
    /// Something provisional was heard.
    Proceeding,
    /// A 2xx to an INVITE was heard; more of them, from forks, are passed on (RFC 6026).
    Accepted,
    /// Something final was heard.
    Completed,
}

/// What becomes of a response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is new and passed on.
    Deliver,
    /// It is new, passed on, and this ACK goes out.
    Acknowledge(Bytes),
    /// It came before; this goes out again, if anything.
    Repeated(Option<Bytes>),
}

/// A request that we sent, and what was heard.
#[derive(Debug)]
pub(crate) struct ClientTransaction {
    pub(crate) request: Request,
    pub(crate) route: Route,
    bytes: Bytes,
    state: State,
    ack: Option<Bytes>,
    resend_at: Option<Instant>,
    pause: Duration,
    ends_at: Option<Instant>,
}

impl ClientTransaction {
    /// One for a request that is being sent now.
    pub(crate) fn new(request: Request, route: Route, now: Instant, timers: &Timers) -> Self {
        let bytes = request.to_bytes();
        let resend_at = (!route.transport.is_reliable()).then(|| now + timers.t1);
        Self {
            request,
            route,
            bytes,
            state: State::Calling,
            ack: None,
            resend_at,
            pause: timers.t1,
            ends_at: Some(now + timers.give_up()),
        }
    }

    /// What was sent.
    pub(crate) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    fn is_invite(&self) -> bool {
        self.request.method == "INVITE"
    }

    /// Whether something provisional has come, so that CANCEL may be sent (RFC 3261 §9.1).
    pub(crate) fn is_proceeding(&self) -> bool {
        self.state == State::Proceeding
    }

    /// Whether nothing final has come.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Calling | State::Proceeding)
    }

    /// Gives a final response until then to come, after a CANCEL.
    pub(crate) fn ends_within(&mut self, wait: Duration, now: Instant) {
        self.ends_at = Some(now + wait);
    }

    /// A response has come.
    pub(crate) fn response(&mut self, response: &Response, now: Instant, timers: &Timers) -> Verdict {
        let reliable = self.route.transport.is_reliable();
        match (self.state, response.status) {
            (State::Calling | State::Proceeding, ..=199) => {
                let is_first = self.state == State::Calling;
                self.state = State::Proceeding;
                if self.is_invite() {
                    self.resend_at = None;
                    // How long it may ring is the caller's to decide; another session in a call is nobody's to wait for
                    // longer than a proxy does (Timer C). A bound that was set since then, with a CANCEL, stays.
                    if is_first {
                        let within = self.request.headers.tag(Known::To).is_some();
                        self.ends_at = within.then(|| now + timers.proceeding());
                    }
                } else {
                    self.pause = timers.t2;
                }
                Verdict::Deliver
            }
            (State::Calling | State::Proceeding, status) if self.is_invite() => {
                self.resend_at = None;
                if status < 300 {
                    self.state = State::Accepted;
                    self.ends_at = Some(now + timers.give_up());
                    return Verdict::Deliver;
                }
                self.state = State::Completed;
                self.ends_at = Some(if reliable { now } else { now + timers.give_up().max(timers.t1 * 64) });
                let ack = self.ack_for(response).to_bytes();
                self.ack = Some(ack.clone());
                Verdict::Acknowledge(ack)
            }
            (State::Calling | State::Proceeding, _) => {
                self.state = State::Completed;
                self.resend_at = None;
                self.ends_at = Some(if reliable { now } else { now + timers.t4 });
                Verdict::Deliver
            }
            (State::Accepted, 200..=299) => Verdict::Deliver,
            (State::Completed, 300..) => Verdict::Repeated(self.ack.clone()),
            _ => Verdict::Repeated(None),
        }
    }

    /// The ACK to a refusal (RFC 3261 §17.1.1.3).
    fn ack_for(&self, response: &Response) -> Request {
        let mut ack = Request::new("ACK", &self.request.uri);
        if let Some(via) = self.request.headers.get(Known::Via) {
            ack.headers.push(Known::Via, via);
        }
        ack.headers.push(Known::MaxForwards, "70");
        ack.headers.copy(&self.request.headers, Known::From);
        ack.headers.copy(&response.headers, Known::To);
        ack.headers.copy(&self.request.headers, Known::CallId);
        ack.headers.copy(&self.request.headers, Known::Route);
        let number = self.request.headers.cseq().map_or(1, |cseq| cseq.number);
        ack.headers.push(Known::CSeq, format!("{number} ACK"));
        ack
    }

    /// When to call [`Self::wake`].
    pub(crate) fn deadline(&self) -> Option<Instant> {
        [self.resend_at, self.ends_at].into_iter().flatten().min()
    }

    /// Its time may have come.
    pub(crate) fn wake(&mut self, now: Instant, timers: &Timers) -> Fired {
        if self.ends_at.is_some_and(|at| at <= now) {
            return Fired { resend: None, timed_out: self.is_open(), over: true };
        }
        let mut fired = Fired::default();
        if self.resend_at.is_some_and(|at| at <= now) {
            fired.resend = Some(self.bytes.clone());
            self.pause *= 2;
            if !self.is_invite() {
                self.pause = self.pause.min(timers.t2);
            }
            self.resend_at = Some(now + self.pause);
        }
        fired
    }
}
