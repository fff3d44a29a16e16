//! A call that we make, until it is answered or fails.

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::SecureMedia;
use crate::call::{Call, CallEvents, CallName, PendingOffer};
use crate::command::{Command, Commands, LegId};

/// Whom to call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A telephone number, by the first peer that takes it.
    Number(String),
    /// A desk phone that is registered here.
    Extension(String),
    /// A SIP address, by the peer that it names, or straight to its host.
    Uri(String),
}

/// How a call to somebody would go, for the session description that it begins with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Way {
    /// What its media must be: the strictest of what the trunks that it may go by, or the desk phone, demand.
    pub secure_media: SecureMedia,
    /// Our address on that way, where it is known.
    pub local: Option<IpAddr>,
}

/// Who is shown to be calling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallerId {
    /// The number; without one, our user with the peer.
    pub number: Option<String>,
    /// The name.
    pub display: Option<String>,
    /// Whether neither is to be shown (RFC 3323). A trusted peer still learns the number, marked private (RFC 3325).
    pub anonymous: bool,
}

/// A call to make.
#[derive(Debug, Clone)]
pub struct Dial {
    /// To whom.
    pub to: Target,
    /// As whom.
    pub from: CallerId,
    /// Our session description.
    pub offer: Bytes,
    /// For how long it may ring before it is given up.
    pub ring_for: Duration,
    /// Only by this peer, instead of by the first that takes it.
    pub peer: Option<String>,
    /// The call whose place this one takes (RFC 3891).
    pub replaces: Option<CallName>,
    /// On whose word, as `REFER` named them (RFC 3892).
    pub referred_by: Option<String>,
}

impl Dial {
    /// A plain call that may ring for 60 s.
    pub fn new(to: Target, from: CallerId, offer: Bytes) -> Self {
        Self { to, from, offer, ring_for: Duration::from_secs(60), peer: None, replaces: None, referred_by: None }
    }
}

/// What becomes of a call that we make.
#[derive(Debug)]
pub enum Progress {
    /// It rings.
    Ringing,
    /// The other side speaks before it answers (RFC 3960): its session description.
    EarlyMedia(Bytes),
    /// The other side wants another session before it has answered (RFC 3311).
    Offer(PendingOffer),
    /// Answered. Nothing follows.
    Answered {
        /// The call.
        call: Call,
        /// What happens in it.
        events: CallEvents,
        /// The other side's session description.
        answer: Bytes,
    },
    /// Not answered. Nothing follows.
    Failed {
        /// The SIP status; 408 when nobody answered in time, 487 when it was cancelled, 503 when no peer could be reached.
        status: u16,
        /// In words.
        reason: String,
    },
}

/// A call that we make. Dropping it cancels the call.
#[derive(Debug)]
pub struct Dialling {
    pub(crate) leg: LegId,
    pub(crate) progress: mpsc::Receiver<Progress>,
    pub(crate) commands: Commands,
    pub(crate) over: bool,
}

impl Dialling {
    /// What happens next; `None` after `Answered` or `Failed`.
    pub async fn next(&mut self) -> Option<Progress> {
        if self.over {
            return None;
        }
        let next = self
            .progress
            .recv()
            .await
            .unwrap_or_else(|| Progress::Failed { status: 503, reason: "Signalling has stopped".into() });
        self.over = matches!(next, Progress::Answered { .. } | Progress::Failed { .. });
        Some(next)
    }

    /// Gives the call up. `next` then yields `Failed` with 487. If it is answered at the same moment, it is hung up at once.
    pub async fn cancel(&self) {
        self.commands.send(Command::Cancel { leg: self.leg }).await;
    }
}
