//! The handles by which the rest of the appliance speaks of media and its lines.

use std::net::IpAddr;

use bytes::Bytes;

use crate::{
    Bridge, Codec, Ear, Figures, MediaConfig, MediaError, NegotiationError, Playing, Room, SecurePolicy, Sound,
    Statistics, Tap,
};

/// The media threads. Clones are the same.
#[derive(Debug, Clone)]
pub struct Media {}

/// What a new line shall be.
#[derive(Debug, Clone, Copy)]
pub struct LineWish {
    /// The local address; it must be one of the configured.
    pub local: IpAddr,
    /// Whether its media is encrypted.
    pub secure: SecurePolicy,
}

impl Media {
    /// Starts the media threads.
    ///
    /// # Errors
    /// `Setting` for a configuration that makes no sense, `Thread` when the system refuses a thread.
    pub fn start(_config: MediaConfig) -> Result<Self, MediaError> {
        unimplemented!()
    }

    /// Stops the threads and closes every line. Blocks for a few milliseconds.
    pub fn stop(&self) {
        unimplemented!()
    }

    /// Opens a line: takes ports, sends nothing yet.
    ///
    /// # Errors
    /// `PortsExhausted`, `Full`, `Address`, `Socket` or `Stopped`.
    pub fn open(&self, _wish: LineWish) -> Result<Line, MediaError> {
        unimplemented!()
    }

    /// Joins two lines until the bridge is dropped.
    pub fn bridge(&self, _a: &Line, _b: &Line) -> Bridge {
        unimplemented!()
    }

    /// An empty room, in which several lines hear each other.
    pub fn room(&self) -> Room {
        unimplemented!()
    }

    /// What all lines together do.
    pub fn figures(&self) -> Figures {
        unimplemented!()
    }
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
#[derive(Debug)]
pub struct Line {}

impl Line {
    /// Answers an offer: the first, or a later one that changes the session.
    ///
    /// # Errors
    /// The offer was not accepted; whatever was agreed before still holds.
    pub fn answer(&mut self, _offer: &[u8]) -> Result<Bytes, NegotiationError> {
        unimplemented!()
    }

    /// Makes an offer: the first (of an outgoing call, or in a 200 to an INVITE without one), or one that repeats what
    /// stands. It is open until [`Line::accept`] or [`Line::reoffer_rejected`].
    pub fn offer(&mut self) -> Bytes {
        unimplemented!()
    }

    /// Makes an offer with another direction: `SendOnly` or `Inactive` puts the peer on hold.
    pub fn offer_with(&mut self, _direction: Direction) -> Bytes {
        unimplemented!()
    }

    /// Takes the answer to our offer. The same answer may come more than once (in a 183 and in the 200).
    ///
    /// # Errors
    /// The answer does not fit the offer; the call cannot go on with it.
    pub fn accept(&mut self, _answer: &[u8]) -> Result<(), NegotiationError> {
        unimplemented!()
    }

    /// Our offer was refused: what was agreed before still holds.
    pub fn reoffer_rejected(&mut self) {
        unimplemented!()
    }

    /// What was agreed, once it was.
    pub fn negotiated(&self) -> Option<Negotiated> {
        unimplemented!()
    }

    /// The line's ear, the first time it is asked for.
    pub fn ear(&mut self) -> Option<Ear> {
        unimplemented!()
    }

    /// Plays a sound after those that play already. Up to 64 may wait; one more ends at once, unheard.
    pub fn play(&self, _sound: Sound) -> Playing {
        unimplemented!()
    }

    /// Sends keys (`0`–`9`, `*`, `#`, `A`–`D`; others are passed over), as telephone-event where the peer agreed to it and
    /// as tones elsewhere.
    pub fn send_digits(&self, _digits: &str) {
        unimplemented!()
    }

    /// Makes what is played louder or softer, by decibels from −40 to 20.
    pub fn set_gain(&self, _db: f32) {
        unimplemented!()
    }

    /// Both directions from now on, for a recording. Consent is the caller's business and not known here.
    pub fn tap(&self) -> Tap {
        unimplemented!()
    }

    /// What was sent and received so far.
    pub fn statistics(&self) -> Statistics {
        unimplemented!()
    }
}
