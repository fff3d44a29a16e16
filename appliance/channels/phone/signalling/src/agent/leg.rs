//! One call of ours, and what is told of it.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::Waker;
use crate::call::End;
use crate::command::{LegId, RequestId};
use crate::config::SecureMedia;
use crate::dialling::Dial;
use crate::dialog::Dialog;
use crate::invitation::Caller;
use crate::message::Request;
use crate::peers::Candidate;
use crate::route::Route;
use crate::session_timer::SessionTimer;
use crate::transaction::Key;
use crate::{CallName, Cause, Transport};

/// What the agent wants done.
#[derive(Debug)]
pub(crate) enum Output {
    /// Bytes to be sent.
    Send { route: Route, bytes: Bytes },
    /// Something to be told.
    Event(Event),
}

/// What happens in calls.
#[derive(Debug)]
pub(crate) enum Event {
    Invited(LegId, Box<Invited>),
    Cancelled(LegId, Option<Cause>),
    Ringing(LegId),
    EarlyMedia(LegId, Bytes),
    Answered {
        leg: LegId,
        facts: Facts,
        answer: Bytes,
    },
    Failed {
        leg: LegId,
        status: u16,
        reason: String,
    },
    Answer(LegId, Bytes),
    Offer {
        leg: LegId,
        request: RequestId,
        sdp: Option<Bytes>,
    },
    OfferDone(LegId, Result<Bytes, u16>),
    Digit(LegId, char, Duration),
    Referred {
        leg: LegId,
        request: RequestId,
        to: String,
        replaces: Option<CallName>,
        referred_by: Option<String>,
    },
    /// A status of a REFER of ours, by its number; `last` ends it.
    ReferStatus {
        leg: LegId,
        refer: u32,
        status: Option<u16>,
        last: bool,
    },
    Ended(LegId, End),
}

/// What an invitation says.
#[derive(Debug)]
pub(crate) struct Invited {
    pub(crate) call_id: String,
    pub(crate) caller: Caller,
    pub(crate) dialled: String,
    pub(crate) peer: Option<String>,
    pub(crate) extension: Option<String>,
    pub(crate) offer: Option<Bytes>,
    pub(crate) full: bool,
    pub(crate) secure_media: SecureMedia,
    pub(crate) diverted_from: Option<String>,
    pub(crate) replaces: Option<CallName>,
    pub(crate) referred_by: Option<String>,
    pub(crate) source: SocketAddr,
    pub(crate) local: IpAddr,
    pub(crate) transport: Transport,
}

/// What a call is known by.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) name: CallName,
    pub(crate) peer: Option<String>,
    pub(crate) transport: Transport,
    pub(crate) local: IpAddr,
}

/// Where a call stands.
#[derive(Debug)]
pub(super) enum Stage {
    /// It came in and is undecided.
    Invited(Box<Undecided>),
    /// We make it.
    Inviting(Box<Inviting>),
    /// It is answered.
    Talking,
    /// It is over for us, but BYE must wait for the ACK to our 200 (RFC 3261 §15).
    Ending(Cause),
}

/// An invitation of the other side.
#[derive(Debug)]
pub(super) struct Undecided {
    pub(super) key: Key,
    pub(super) has_offer: bool,
    /// Whether provisional responses must, or may, be reliable.
    pub(super) reliably: Reliably,
    pub(super) next_rseq: u32,
    pub(super) unacknowledged: Option<Unacknowledged>,
    /// Provisional responses that wait for the one before to be acknowledged.
    pub(super) queue: VecDeque<(u16, Option<Bytes>)>,
    /// The answer, once it went out in a reliable response that was acknowledged or waits to be.
    pub(super) answered_early: bool,
    /// Accepted, as soon as what is unacknowledged is acknowledged.
    pub(super) accept: Option<Bytes>,
    pub(super) session: Option<crate::session_timer::SessionExpires>,
    pub(super) knows_timers: bool,
    /// When it is refused for want of a decision.
    pub(super) until: Instant,
    /// With what: 480, or 487 where the caller set the time (RFC 3261 §13.3.1).
    pub(super) until_status: u16,
    /// What was said last, repeated every minute so that proxies do not give up (RFC 3261 §13.3.1.1).
    pub(super) said: Option<(u16, Instant)>,
}

/// What the caller says of reliable provisional responses (RFC 3262).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reliably {
    Unknown,
    Supported,
    Required,
}

/// A reliable provisional response that waits for its PRACK.
#[derive(Debug)]
pub(super) struct Unacknowledged {
    pub(super) rseq: u32,
    pub(super) bytes: Bytes,
    pub(super) resend_at: Instant,
    pub(super) pause: Duration,
    pub(super) until: Instant,
}

/// A call that we make.
#[derive(Debug)]
pub(super) struct Inviting {
    pub(super) dial: Dial,
    /// Where to try next.
    pub(super) further: VecDeque<Attempt>,
    pub(super) attempt: Attempt,
    pub(super) key: Key,
    /// How often the call was sent elsewhere (3xx).
    pub(super) redirections: u8,
    pub(super) early: Vec<Early>,
    pub(super) rings_until: Instant,
    /// When the next place is tried, if this one says nothing at all.
    pub(super) failover_at: Option<Instant>,
    /// The shortest session that the other side takes.
    pub(super) min_se: Option<u32>,
    pub(super) answer: Option<Bytes>,
}

/// Somewhere to call.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) peer: Option<usize>,
    /// Which of the peer's targets.
    pub(super) target: Option<usize>,
    pub(super) extension: Option<String>,
    pub(super) uri: String,
    pub(super) candidate: Candidate,
    /// The connection that a desk phone registered on.
    pub(super) connection: Option<u64>,
}

/// A dialog that is not answered yet.
#[derive(Debug)]
pub(super) struct Early {
    pub(super) dialog: Dialog,
    pub(super) rseq: Option<u32>,
}

/// A 2xx to an INVITE that waits for its ACK.
#[derive(Debug)]
pub(super) struct AwaitedAck {
    pub(super) number: u32,
    pub(super) bytes: Bytes,
    pub(super) route: Route,
    pub(super) resend_at: Instant,
    pub(super) pause: Duration,
    pub(super) until: Instant,
    /// Whether the 2xx made an offer, so that the ACK must bring the answer.
    pub(super) offered: bool,
}

/// An offer or refresh of ours.
#[derive(Debug)]
pub(super) struct OurOffer {
    /// Without one it is a refresh by UPDATE.
    pub(super) sdp: Option<Bytes>,
    /// Whether somebody waits for the answer.
    pub(super) asked: bool,
    pub(super) attempts: u8,
    /// When it is made, if it is not under way.
    pub(super) at: Option<Instant>,
}

/// An offer of the other side that waits for a decision.
#[derive(Debug)]
pub(super) struct TheirOffer {
    pub(super) request: RequestId,
    pub(super) key: Key,
    pub(super) has_sdp: bool,
    pub(super) until: Instant,
}

/// A REFER of the other side.
#[derive(Debug)]
pub(super) struct TheirRefer {
    pub(super) request: RequestId,
    /// The transaction, until it is decided.
    pub(super) key: Option<Key>,
    pub(super) number: u32,
    pub(super) first: bool,
    /// Whether reports are wanted (RFC 4488).
    pub(super) reports: bool,
    pub(super) until: Instant,
}

/// A REFER of ours.
#[derive(Debug)]
pub(super) struct OurRefer {
    /// What we call it.
    pub(super) number: u32,
    /// The number under which it was sent last: the `id` of its reports.
    pub(super) number_sent: u32,
    pub(super) until: Instant,
}

/// One call.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(super) stage: Stage,
    /// Whether we made it.
    pub(super) outgoing: bool,
    /// The dialog; of a call that we make only once it is answered.
    pub(super) dialog: Option<Dialog>,
    pub(super) peer: Option<usize>,
    pub(super) extension: Option<String>,
    /// What we said of the session last, for refreshes.
    pub(super) local_sdp: Option<Bytes>,
    pub(super) timer: Option<SessionTimer>,
    /// Whether the other side knows UPDATE.
    pub(super) updates: bool,
    pub(super) awaited_ack: Option<AwaitedAck>,
    pub(super) ours: Option<OurOffer>,
    pub(super) theirs: Option<TheirOffer>,
    pub(super) our_refers: Vec<OurRefer>,
    pub(super) their_refers: Vec<TheirRefer>,
    /// Whether a REFER came before; the first may do without an `id`.
    pub(super) was_referred: bool,
}

impl Leg {
    pub(super) fn new(stage: Stage, outgoing: bool) -> Self {
        Self {
            stage,
            outgoing,
            dialog: None,
            peer: None,
            extension: None,
            local_sdp: None,
            timer: None,
            updates: false,
            awaited_ack: None,
            ours: None,
            theirs: None,
            our_refers: Vec::new(),
            their_refers: Vec::new(),
            was_referred: false,
        }
    }

    pub(super) fn is_answered(&self) -> bool {
        matches!(self.stage, Stage::Talking)
    }

    /// The dialog that a request of the other side belongs to.
    pub(super) fn dialog_for(&mut self, remote_tag: &str) -> Option<&mut Dialog> {
        if let Some(dialog) = self.dialog.as_mut().filter(|dialog| dialog.name.remote_tag == remote_tag) {
            return Some(dialog);
        }
        match &mut self.stage {
            Stage::Inviting(inviting) => {
                inviting.early.iter_mut().map(|early| &mut early.dialog).find(|d| d.name.remote_tag == remote_tag)
            }
            _ => None,
        }
    }

    /// A request in the answered dialog, and its way.
    pub(super) fn request(&mut self, method: &str) -> Option<(Request, Route)> {
        let dialog = self.dialog.as_mut()?;
        Some((dialog.request(method), dialog.route.clone()))
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let mut due: Vec<Instant> = Vec::with_capacity(8);
        match &self.stage {
            Stage::Invited(undecided) => {
                due.push(undecided.until);
                due.extend(undecided.unacknowledged.as_ref().map(|wait| wait.resend_at.min(wait.until)));
                due.extend(undecided.said.map(|(_, at)| at + REPEAT));
            }
            Stage::Inviting(inviting) => {
                due.push(inviting.rings_until);
                due.extend(inviting.failover_at);
            }
            Stage::Talking => due.extend(self.timer.map(|timer| timer.deadline(self.ours.is_some()))),
            Stage::Ending(_) => {}
        }
        due.extend(self.awaited_ack.as_ref().map(|wait| wait.resend_at.min(wait.until)));
        due.extend(self.ours.as_ref().and_then(|offer| offer.at));
        due.extend(self.theirs.as_ref().map(|offer| offer.until));
        due.extend(self.our_refers.iter().map(|refer| refer.until));
        due.extend(self.their_refers.iter().filter(|refer| refer.key.is_some()).map(|refer| refer.until));
        due.into_iter().min()
    }
}

/// How often a provisional response is repeated while nothing is decided.
pub(super) const REPEAT: Duration = Duration::from_secs(60);

impl super::Agent {
    /// Sets the waker of a call anew, after it changed.
    pub(super) fn settle(&mut self, leg: LegId) {
        let at = self.legs.get(&leg).and_then(Leg::deadline);
        self.schedule.set(Waker::Leg(leg), at);
    }
}
