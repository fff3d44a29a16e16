//! Whose turn it is among servers that share one telephone: the one on duty registers with the trunks and takes the desk
//! phones' registrations; the others stand by. A server that is not told any more that it is on duty stands by on its own.

use std::time::{Duration, Instant};

use super::{Agent, Waker};

/// Whether this server is the one that the telephone's world knows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Duty {
    /// It is the only one.
    Alone,
    /// Until then, unless it is told again.
    Until(Instant),
    /// Another is.
    StandsBy,
}

impl Agent {
    /// This server is on duty for so long.
    pub(crate) fn on_duty(&mut self, term: Duration, now: Instant) {
        match self.duty {
            Duty::Alone => return,
            Duty::StandsBy => {
                tracing::info!("on duty: registers with the trunks, takes desk phones' registrations");
                for peer in 0..self.peers.len() {
                    if self.peers[peer].config.register {
                        self.schedule.set(Waker::Registration(peer), Some(now));
                    }
                }
            }
            Duty::Until(_) => {}
        }
        self.duty = Duty::Until(now + term);
        self.schedule.set(Waker::Duty, Some(now + term));
    }

    /// The term is over, and nobody has renewed it.
    pub(super) fn off_duty(&mut self, now: Instant) {
        if matches!(self.duty, Duty::Until(until) if until <= now) {
            tracing::info!("stands by: another server has the telephone");
            self.duty = Duty::StandsBy;
            self.unregister(now);
            // They register with the next server on duty; here nobody would ring them for long.
            self.bindings.clear();
            self.schedule_bindings();
        }
    }

    /// Whether trunks and desk phones are to know this server.
    pub(super) fn has_duty(&self) -> bool {
        !matches!(self.duty, Duty::StandsBy)
    }
}
