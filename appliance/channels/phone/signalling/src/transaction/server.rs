//! The server's side of a transaction.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Fired;
use crate::config::Timers;
use crate::message::Request;
use crate::route::Route;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing final was said.
    Proceeding,
    /// A 2xx to an INVITE was said. Repeated INVITEs are absorbed; the call repeats the 2xx (RFC 6026).
    Accepted,
    /// Something final was said, and is said again when asked again.
    Completed,
    /// The ACK to a refusal has come; more of them are absorbed.
    Confirmed,
}

/// A request that came, and what was said to it.
#[derive(Debug)]
pub(crate) struct ServerTransaction {
    pub(crate) request: Request,
    /// Where responses go.
    pub(crate) route: Route,
    /// The tag that our responses bear where the request has none for us.
    pub(crate) tag: String,
    state: State,
    last: Option<Bytes>,
    resend_at: Option<Instant>,
    pause: Duration,
    ends_at: Option<Instant>,
}

impl ServerTransaction {
    /// One for a request that has come.
    pub(crate) fn new(request: Request, route: Route, tag: String) -> Self {
        Self {
            request,
            route,
            tag,
            state: State::Proceeding,
            last: None,
            resend_at: None,
            pause: Duration::ZERO,
            ends_at: None,
        }
    }

    fn is_invite(&self) -> bool {
        self.request.method == "INVITE"
    }

    /// Whether nothing final was said yet.
    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Proceeding
    }

    /// Notes a response that is being sent. Nothing may follow a final one: then `false`, and it must not be sent.
    pub(crate) fn respond(&mut self, status: u16, bytes: &Bytes, now: Instant, timers: &Timers) -> bool {
        if !self.is_open() {
            return false;
        }
        self.last = Some(bytes.clone());
        let reliable = self.route.transport.is_reliable();
        match (status, self.is_invite()) {
            (..=199, _) => {}
            (200..=299, true) => {
                self.state = State::Accepted;
                self.ends_at = Some(now + timers.give_up());
            }
            (_, true) => {
                self.state = State::Completed;
                self.pause = timers.t1;
                self.resend_at = (!reliable).then(|| now + timers.t1);
                self.ends_at = Some(now + timers.give_up());
            }
            (_, false) => {
                self.state = State::Completed;
                self.ends_at = Some(if reliable { now } else { now + timers.give_up() });
            }
        }
        true
    }

    /// The request came again: what to say again.
    pub(crate) fn repeated(&self) -> Option<Bytes> {
        if matches!(self.state, State::Proceeding | State::Completed) { self.last.clone() } else { None }
    }

    /// The ACK to a refusal has come.
    pub(crate) fn acknowledged(&mut self, now: Instant, timers: &Timers) {
        if self.state == State::Completed && self.is_invite() {
            self.state = State::Confirmed;
            self.resend_at = None;
            self.ends_at = Some(if self.route.transport.is_reliable() { now } else { now + timers.t4 });
        }
    }

    /// When to call [`Self::wake`].
    pub(crate) fn deadline(&self) -> Option<Instant> {
        [self.resend_at, self.ends_at].into_iter().flatten().min()
    }

    /// Its time may have come.
    pub(crate) fn wake(&mut self, now: Instant, timers: &Timers) -> Fired {
        if self.ends_at.is_some_and(|at| at <= now) {
            let timed_out = self.is_invite() && self.state == State::Completed;
            return Fired { resend: None, timed_out, over: true };
        }
        let mut fired = Fired::default();
        if self.resend_at.is_some_and(|at| at <= now) {
            fired.resend = self.last.clone();
            self.pause = (self.pause * 2).min(timers.t2);
            self.resend_at = Some(now + self.pause);
        }
        fired
    }
}
