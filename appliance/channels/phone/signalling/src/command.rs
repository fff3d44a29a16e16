//! What handles ask of the task that signals: a bounded queue, and answers that come back by themselves.

use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use crate::Cause;
use crate::call::{Call, CallEvents, OfferError, Refer};
use crate::dialling::{Dial, Progress, Target, Way};
use crate::invitation::{InvitationError, Rejection};
use crate::peers::Candidate;
use crate::status::Status;

/// How many commands may wait. Whoever asks more waits as well.
const WAITING: usize = 1024;

/// One call here, from its invitation to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct LegId(pub(crate) u64);

/// A request of the other side that waits for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RequestId(pub(crate) u64);

/// What is asked.
#[derive(Debug)]
pub(crate) enum Command {
    Ring {
        leg: LegId,
    },
    Progress {
        leg: LegId,
        sdp: Bytes,
        reply: oneshot::Sender<Result<(), InvitationError>>,
    },
    Accept {
        leg: LegId,
        sdp: Bytes,
        reply: oneshot::Sender<Result<(Call, CallEvents), InvitationError>>,
    },
    Reject {
        leg: LegId,
        rejection: Rejection,
    },
    Dial {
        dial: Box<Dial>,
        straight: Vec<Candidate>,
        progress: mpsc::Sender<Progress>,
        reply: oneshot::Sender<LegId>,
    },
    Cancel {
        leg: LegId,
    },
    HangUp {
        leg: LegId,
        cause: Cause,
    },
    Offer {
        leg: LegId,
        sdp: Bytes,
        reply: oneshot::Sender<Result<Bytes, OfferError>>,
    },
    AnswerOffer {
        leg: LegId,
        request: RequestId,
        decision: Result<Bytes, u16>,
    },
    Refer {
        leg: LegId,
        refer: Refer,
        statuses: mpsc::Sender<u16>,
    },
    ReferAccepted {
        leg: LegId,
        request: RequestId,
    },
    ReferProgress {
        leg: LegId,
        request: RequestId,
        status: u16,
    },
    ReferRefused {
        leg: LegId,
        request: RequestId,
        status: u16,
    },
    SendDigit {
        leg: LegId,
        digit: char,
        duration: Duration,
    },
    /// The addresses of a peer were looked up anew.
    PeerFound {
        peer: usize,
        candidates: Vec<Candidate>,
    },
    OnDuty {
        term: Duration,
    },
    /// How a call to somebody would go.
    Way {
        to: Target,
        reply: oneshot::Sender<Way>,
    },
    Status {
        reply: oneshot::Sender<Status>,
    },
    Stop {
        grace: Duration,
        reply: oneshot::Sender<()>,
    },
}

/// The sending end, in every handle.
#[derive(Debug, Clone)]
pub(crate) struct Commands {
    sender: mpsc::Sender<Command>,
}

impl Commands {
    /// A queue and its receiving end.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Command>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self { sender }, receiver)
    }

    /// Asks for something that has no answer. When signalling has stopped there is nothing left to do.
    pub(crate) async fn send(&self, command: Command) {
        let _ = self.sender.send(command).await;
    }

    /// The same from where one cannot wait. In a full queue it is lost: what is undecided ends by its own time-out.
    pub(crate) fn send_now(&self, command: Command) {
        let _ = self.sender.try_send(command);
    }

    /// Asks and waits for the answer; `None` when signalling has stopped.
    pub(crate) async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.sender.send(command(reply)).await.ok()?;
        answer.await.ok()
    }
}
