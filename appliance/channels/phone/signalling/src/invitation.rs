//! A call that comes in, until it is accepted, rejected or given up by the caller.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::call::{Call, CallEvents, CallName, PendingOffer};
use crate::command::{Command, Commands, LegId};
use crate::config::SecureMedia;
use crate::{Cause, Transport};

/// Who calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The number, digits with a leading `+` where it came so; `None` when unknown or withheld.
    pub number: Option<String>,
    /// The name shown; `None` when withheld.
    pub display: Option<String>,
    /// Whether the caller asked not to be known (RFC 3323). It is honoured: number and name are then absent.
    pub anonymous: bool,
    /// Whether the number is vouched for: asserted by a trusted peer (RFC 3325), or an extension that proved itself.
    pub asserted: bool,
    /// The address; `anonymous@anonymous.invalid` when withheld.
    pub uri: String,
}

/// How a call is turned down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// A status from 300 to 699; what is none becomes 500.
    pub status: u16,
    /// The reason phrase, where the usual one does not do.
    pub reason: Option<String>,
    /// When to try again, in seconds.
    pub retry_after: Option<u32>,
    /// Text of a `Warning` with code 399.
    pub warning: Option<String>,
    /// Where to call instead, for a 3xx: a SIP or `tel` address.
    pub redirect: Option<String>,
    /// The telephone network's cause (RFC 3326).
    pub cause: Option<Cause>,
}

impl Rejection {
    /// A status and no more.
    pub fn status(status: u16) -> Self {
        Self { status, reason: None, retry_after: None, warning: None, redirect: None, cause: None }
    }

    /// Busy everywhere: 503 with the time after which to try again, in seconds.
    pub fn unavailable(retry_after: u32) -> Self {
        Self { retry_after: Some(retry_after), ..Self::status(503) }
    }

    /// Call there instead: 302.
    pub fn redirect(to: &str) -> Self {
        Self { redirect: Some(to.into()), ..Self::status(302) }
    }
}

/// Why a step of an invitation could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    /// The caller has given up, or was refused already.
    #[error("the caller has given up")]
    Gone,
    /// The caller offered nothing, so early media has nothing to answer.
    #[error("the caller made no offer that could be answered early")]
    NoOffer,
    /// Signalling has stopped.
    #[error("signalling has stopped")]
    Stopped,
}

/// What happens to a call that is not answered yet.
#[derive(Debug)]
pub enum InvitationEvent {
    /// The caller gave up, or nobody decided in time. Nothing follows.
    Cancelled {
        /// The cause that came with it; SIP 200 means that somebody else answered.
        cause: Option<Cause>,
    },
    /// The caller wants another session already (RFC 3311), after early media.
    Offer(PendingOffer),
}

/// A call that comes in. Dropping it undecided refuses it with 480.
#[derive(Debug)]
pub struct Invitation {
    /// The `Call-ID`.
    pub call_id: String,
    /// Who calls.
    pub caller: Caller,
    /// The number or name that was called.
    pub dialled: String,
    /// The trunk that it came by.
    pub peer: Option<String>,
    /// The desk phone that it came from.
    pub extension: Option<String>,
    /// The caller's session description; without one ours goes out as the offer.
    pub offer: Option<Bytes>,
    /// Beyond what may be served at one time: to be told "all busy", redirected or rejected.
    pub full: bool,
    /// What its media must be.
    pub secure_media: SecureMedia,
    /// The number that was called first, when the call was forwarded (RFC 5806, RFC 7044).
    pub diverted_from: Option<String>,
    /// The call whose place it asks for (RFC 3891); it exists here, in a session with the same asker's permission to decide.
    pub replaces: Option<CallName>,
    /// Whom `REFER` named as the one who sent the caller here (RFC 3892).
    pub referred_by: Option<String>,
    /// Where it came from.
    pub source: SocketAddr,
    /// Our address on that way: what a session description should name, unless one is advertised.
    pub local: IpAddr,
    /// Over what it came.
    pub transport: Transport,
    pub(crate) leg: LegId,
    pub(crate) commands: Commands,
    pub(crate) happenings: mpsc::Receiver<InvitationEvent>,
}

impl Invitation {
    /// Tells the caller that it rings (180).
    pub async fn ring(&self) {
        self.commands.send(Command::Ring { leg: self.leg }).await;
    }

    /// Speaks before answering (RFC 3960): 183 with our session description, reliably where the caller can (RFC 3262).
    ///
    /// # Errors
    /// See [`InvitationError`].
    pub async fn progress(&self, sdp: Bytes) -> Result<(), InvitationError> {
        self.commands
            .ask(|reply| Command::Progress { leg: self.leg, sdp, reply })
            .await
            .unwrap_or(Err(InvitationError::Stopped))
    }

    /// Answers: 200 with our session description.
    ///
    /// # Errors
    /// See [`InvitationError`].
    pub async fn accept(self, sdp: Bytes) -> Result<(Call, CallEvents), InvitationError> {
        self.commands
            .ask(|reply| Command::Accept { leg: self.leg, sdp, reply })
            .await
            .unwrap_or(Err(InvitationError::Stopped))
    }

    /// Turns the call down.
    pub async fn reject(self, rejection: Rejection) {
        self.commands.send(Command::Reject { leg: self.leg, rejection }).await;
    }

    /// What happens to it while it is undecided; `None` once nothing can.
    pub async fn event(&mut self) -> Option<InvitationEvent> {
        self.happenings.recv().await
    }

    /// Returns once the caller has given up. Another session that the caller wants meanwhile is declined.
    pub async fn cancelled(&mut self) -> Option<Cause> {
        loop {
            match self.event().await {
                Some(InvitationEvent::Cancelled { cause }) => return cause,
                Some(InvitationEvent::Offer(offer)) => offer.refuse(488).await,
                None => return None,
            }
        }
    }
}
