//! A call that is answered.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::command::{Command, Commands, LegId, RequestId};
use crate::{Cause, Transport};

/// The name of a call, as the two sides know it (RFC 3261 §12).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallName {
    /// The `Call-ID`.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// The other side's tag.
    pub remote_tag: String,
}

impl CallName {
    /// The same call as the other side names it.
    #[must_use]
    pub fn from_the_other_side(&self) -> Self {
        Self { call_id: self.call_id.clone(), local_tag: self.remote_tag.clone(), remote_tag: self.local_tag.clone() }
    }
}

/// What does not change in a call.
#[derive(Debug)]
pub(crate) struct CallFacts {
    pub(crate) leg: LegId,
    pub(crate) name: CallName,
    pub(crate) peer: Option<String>,
    pub(crate) transport: Transport,
    pub(crate) local: IpAddr,
}

/// A call that is answered. It ends by [`Call::hang_up`], by the other side, or when its [`CallEvents`] are dropped.
#[derive(Debug, Clone)]
pub struct Call {
    pub(crate) facts: Arc<CallFacts>,
    pub(crate) commands: Commands,
}

impl Call {
    /// Its name.
    pub fn name(&self) -> CallName {
        self.facts.name.clone()
    }

    /// The trunk that it goes by.
    pub fn peer(&self) -> Option<&str> {
        self.facts.peer.as_deref()
    }

    /// Over what it is signalled.
    pub fn transport(&self) -> Transport {
        self.facts.transport
    }

    /// Our address on its way.
    pub fn local(&self) -> IpAddr {
        self.facts.local
    }

    /// Ends it: BYE.
    pub async fn hang_up(&self, cause: Cause) {
        self.commands.send(Command::HangUp { leg: self.facts.leg, cause }).await;
    }

    /// Offers another session (hold, another codec, another address) and returns the answer. Two sides that offer at the
    /// same time are told apart by RFC 3261 §14.1: the offer is made again after a random pause, three times at most.
    ///
    /// # Errors
    /// [`OfferError`] when the other side declines; the session that was agreed last then goes on.
    pub async fn offer(&self, sdp: Bytes) -> Result<Bytes, OfferError> {
        self.commands
            .ask(|reply| Command::Offer { leg: self.facts.leg, sdp, reply })
            .await
            .unwrap_or(Err(OfferError { status: 503 }))
    }

    /// Asks the other side to call somebody else (RFC 3515).
    pub async fn refer(&self, refer: Refer) -> Referral {
        let (statuses, received) = mpsc::channel(16);
        self.commands.send(Command::Refer { leg: self.facts.leg, refer, statuses }).await;
        Referral { statuses: received }
    }

    /// Sends a key press (application/dtmf-relay) to the other side.
    pub async fn send_digit(&self, digit: char, duration: Duration) {
        self.commands.send(Command::SendDigit { leg: self.facts.leg, digit, duration }).await;
    }
}

/// The other side declined another session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the other side declined another session with {status}")]
pub struct OfferError {
    /// The SIP status; 481 when the call is over, 491 when both sides kept offering, 408 without a reply.
    pub status: u16,
}

/// To whom the other side should turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refer {
    /// A SIP or `tel` address.
    pub to: String,
    /// The call there whose place to take (RFC 3891).
    pub replaces: Option<CallName>,
    /// On whose word (RFC 3892): our address, or the operator's.
    pub referred_by: Option<String>,
}

/// How the other side fares with whom it was sent to.
#[derive(Debug)]
pub struct Referral {
    pub(crate) statuses: mpsc::Receiver<u16>,
}

impl Referral {
    /// The next status: from 100 on the way, 200 when they speak, 300 and more when it failed or was refused at once, 408
    /// when nothing was heard in time. `None` after the last one.
    pub async fn next(&mut self) -> Option<u16> {
        self.statuses.recv().await
    }
}

/// Who ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// We did.
    Us,
    /// The other side did.
    Them,
    /// A wait ran out: no ACK, no refresh of the session.
    Timer,
    /// The other side knows nothing of the call, or cannot be reached.
    Network,
}

/// What happens in a call.
#[derive(Debug)]
pub enum CallEvent {
    /// The other side's answer to the offer that our 200 made.
    Answer(Bytes),
    /// The other side wants another session.
    Offer(PendingOffer),
    /// A key was pressed (SIP INFO).
    Digit {
        /// `0`–`9`, `*`, `#`, `A`–`D`.
        digit: char,
        /// For how long.
        duration: Duration,
    },
    /// The other side asks us to turn to somebody else.
    Referred(PendingRefer),
    /// It is over. Nothing follows.
    Ended {
        /// Who ended it.
        by: EndedBy,
        /// The SIP status that ended it, where one did.
        status: Option<u16>,
        /// Why, where it was said.
        cause: Option<Cause>,
    },
}

/// How a call ended.
#[derive(Debug, Clone)]
pub(crate) struct End {
    pub(crate) by: EndedBy,
    pub(crate) status: Option<u16>,
    pub(crate) cause: Option<Cause>,
}

/// What happens in a call, in order. Dropping it hangs up.
#[derive(Debug)]
pub struct CallEvents {
    pub(crate) happenings: mpsc::Receiver<CallEvent>,
    pub(crate) end: Arc<OnceLock<End>>,
    pub(crate) over: bool,
}

impl CallEvents {
    /// What happens next; `None` after `Ended`.
    pub async fn next(&mut self) -> Option<CallEvent> {
        if self.over {
            return None;
        }
        if let Some(event) = self.happenings.recv().await {
            return Some(event);
        }
        self.over = true;
        let end = self.end.get().cloned().unwrap_or(End { by: EndedBy::Network, status: None, cause: None });
        Some(CallEvent::Ended { by: end.by, status: end.status, cause: end.cause })
    }
}

/// Another session that the other side wants. Dropping it declines with 488; the session agreed last goes on.
#[derive(Debug)]
pub struct PendingOffer {
    /// The other side's description; without one our answer goes out as the offer.
    pub sdp: Option<Bytes>,
    pub(crate) decision: Decision,
}

impl PendingOffer {
    /// Agrees.
    pub async fn answer(mut self, sdp: Bytes) {
        if let Some((leg, request, commands)) = self.decision.take() {
            commands.send(Command::AnswerOffer { leg, request, decision: Ok(sdp) }).await;
        }
    }

    /// Declines, with 488 as a rule.
    pub async fn refuse(mut self, status: u16) {
        if let Some((leg, request, commands)) = self.decision.take() {
            commands.send(Command::AnswerOffer { leg, request, decision: Err(status) }).await;
        }
    }
}

impl Drop for PendingOffer {
    fn drop(&mut self) {
        if let Some((leg, request, commands)) = self.decision.take() {
            commands.send_now(Command::AnswerOffer { leg, request, decision: Err(488) });
        }
    }
}

/// The other side asks us to call somebody. Dropping it declines with 603, or ends the reports with 500.
#[derive(Debug)]
pub struct PendingRefer {
    /// To whom: a SIP or `tel` address.
    pub to: String,
    /// The call whose place to take, as the one who calls there would name it.
    pub replaces: Option<CallName>,
    /// On whose word.
    pub referred_by: Option<String>,
    pub(crate) accepted: bool,
    pub(crate) decision: Decision,
}

impl PendingRefer {
    /// Agrees: 202, and the other side is told that we try.
    pub async fn accept(&mut self) {
        if let Some((leg, request, commands)) = self.decision.get()
            && !self.accepted
        {
            self.accepted = true;
            commands.send(Command::ReferAccepted { leg, request }).await;
        }
    }

    /// Tells how it goes: 180 while it rings, 200 or an error at the end, after which nothing more is told.
    pub async fn progress(&mut self, status: u16) {
        self.accept().await;
        if let Some((leg, request, commands)) = self.decision.get() {
            if status >= 200 {
                self.decision.take();
            }
            commands.send(Command::ReferProgress { leg, request, status }).await;
        }
    }

    /// Declines, with 603 as a rule.
    pub async fn refuse(mut self, status: u16) {
        if let Some((leg, request, commands)) = self.decision.take() {
            let command = if self.accepted {
                Command::ReferProgress { leg, request, status }
            } else {
                Command::ReferRefused { leg, request, status }
            };
            commands.send(command).await;
        }
    }
}

impl Drop for PendingRefer {
    fn drop(&mut self) {
        if let Some((leg, request, commands)) = self.decision.take() {
            commands.send_now(if self.accepted {
                Command::ReferProgress { leg, request, status: 500 }
            } else {
                Command::ReferRefused { leg, request, status: 603 }
            });
        }
    }
}

/// The way back to the request that waits for a decision; empty once it is made.
#[derive(Debug)]
pub(crate) struct Decision(Option<(LegId, RequestId, Commands)>);

impl Decision {
    pub(crate) fn new(leg: LegId, request: RequestId, commands: Commands) -> Self {
        Self(Some((leg, request, commands)))
    }

    fn take(&mut self) -> Option<(LegId, RequestId, Commands)> {
        self.0.take()
    }

    fn get(&self) -> Option<(LegId, RequestId, Commands)> {
        self.0.clone()
    }
}
