//! The handle of one call leg.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use crate::ear::Drum;
use crate::media::House;
use crate::playing::Track;
use crate::sdp::Negotiator;
use crate::shared::{Command, Shared};
use crate::tap::TapSide;
use crate::{Codec, Ear, NegotiationError, Playing, SecurePolicy, Sound, Statistics, Tap};

/// What a new line shall be.
#[derive(Debug, Clone, Copy)]
pub struct LineWish {
    /// The local address; it must be one of the configured.
    pub local: IpAddr,
    /// Whether its media is encrypted.
    pub secure: SecurePolicy,
}

/// Which way sound goes, as seen from our side (RFC 3264 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendReceive,
    /// We only send.
    SendOnly,
    /// We only receive.
    ReceiveOnly,
    /// Neither.
    Inactive,
}

/// What offer and answer led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Negotiated {
    /// The codec that we send.
    pub codec: Codec,
    /// Milliseconds of sound in a packet that we send.
    pub packet_ms: u32,
    /// Whether the media is encrypted.
    pub secure: bool,
    /// Which way sound goes, as seen from our side.
    pub direction: Direction,
    /// Whether the peer understands telephone-event (RFC 4733).
    pub digits: bool,
}

/// One call leg. Dropping it closes it: RTCP BYE is sent and the ports rest before they are used again.
pub struct Line {
    shared: Arc<Shared>,
    negotiator: Negotiator,
    drum: Option<Arc<Drum>>,
    /// Keeps the media threads while there are lines.
    _house: Arc<House>,
}

impl Line {
    pub(crate) fn new(shared: Arc<Shared>, negotiator: Negotiator, house: Arc<House>) -> Self {
        Self { shared, negotiator, drum: None, _house: house }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Answers an offer: the first, or a later one that changes the session. The same offer once more has the same answer.
    ///
    /// # Errors
    /// The offer was not accepted; whatever was agreed before still holds.
    pub fn answer(&mut self, offer: &[u8]) -> Result<Bytes, NegotiationError> {
        let answer = self.negotiator.answer(offer)?;
        self.agree();
        Ok(answer)
    }

    /// Makes an offer: the first (of an outgoing call, or in a 200 to an INVITE without one), or one that repeats what
    /// stands. It is open until [`Line::accept`] or [`Line::reoffer_rejected`].
    pub fn offer(&mut self) -> Bytes {
        self.negotiator.offer(None)
    }

    /// Makes an offer with another direction: `SendOnly` or `Inactive` puts the peer on hold. Later offers repeat it.
    pub fn offer_with(&mut self, direction: Direction) -> Bytes {
        self.negotiator.offer(Some(direction))
    }

    /// Takes the answer to our offer. It may come more than once (in a 183 and in the 200); the last one holds.
    ///
    /// # Errors
    /// The answer does not fit the offer; the call cannot go on with it.
    pub fn accept(&mut self, answer: &[u8]) -> Result<(), NegotiationError> {
        self.negotiator.accept(answer)?;
        self.agree();
        Ok(())
    }

    /// Our offer was refused: what was agreed before still holds.
    pub fn reoffer_rejected(&mut self) {
        self.negotiator.rejected();
    }

    /// What was agreed, once it was.
    pub fn negotiated(&self) -> Option<Negotiated> {
        self.negotiator.negotiated()
    }

    /// The line's ear, the first time it is asked for.
    pub fn ear(&mut self) -> Option<Ear> {
        if self.drum.is_some() {
            return None;
        }
        let (drum, ear) = Drum::new();
        self.drum = Some(Arc::clone(&drum));
        self.shared.command(Command::Hear(drum));
        Some(ear)
    }

    /// Plays a sound after those that play already. Up to 64 may wait; one more ends at once, unheard.
    ///
    /// A prepared sound that was never played in this line's codec is encoded here: a few milliseconds for each ten seconds.
    pub fn play(&self, sound: Sound) -> Playing {
        let codec = self.negotiated().map_or(Codec::Pcma, |negotiated| negotiated.codec);
        let sound = match sound {
            Sound::Prepared(prepared) => {
                prepared.encode(codec);
                Sound::Prepared(prepared)
            }
            Sound::Streamed(mut stream) => {
                stream.make_ready(codec);
                Sound::Streamed(stream)
            }
        };
        let (track, playing) = Track::new(sound);
        self.shared.command(Command::Play(track));
        playing
    }

    /// Sends keys (`0`–`9`, `*`, `#`, `A`–`D`; others are passed over), as telephone-event where the peer agreed to it and
    /// as tones elsewhere. Up to 64 may wait.
    pub fn send_digits(&self, digits: &str) {
        self.shared.command(Command::Digits(digits.chars().take(64).collect()));
    }

    /// Makes what is played louder or softer, by decibels from −40 to 20.
    pub fn set_gain(&self, db: f32) {
        self.shared.command(Command::Gain(db));
    }

    /// Both directions from now on, for a recording; an earlier tap ends. Consent is the caller's business and not known
    /// here.
    pub fn tap(&self) -> Tap {
        let (side, tap) = TapSide::new();
        self.shared.command(Command::Tap(side));
        tap
    }

    /// What was sent and received, as of the last second.
    pub fn statistics(&self) -> Statistics {
        self.shared.statistics()
    }

    fn agree(&self) {
        if let Some(agreed) = self.negotiator.agreed() {
            self.shared.agree(agreed.clone());
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("negotiated", &self.negotiated()).finish_non_exhaustive()
    }
}
