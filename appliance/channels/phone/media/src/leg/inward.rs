//! Packets that come in.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;

use super::remote::Packet;
use super::{Leg, Path};
use crate::codec::Decoder;
use crate::conceal::Concealer;
use crate::digits::event::{Events, Press};
use crate::digits::tone::ToneDetector;
use crate::ear::Drum;
use crate::jitter::{Jitter, Put};
use crate::rtp::{Arrival, Header, Reception, is_rtcp};
use crate::sdp::{Content, Format};
use crate::srtp::Opener;
use crate::voice::VoiceActivity;
use crate::{Codec, Heard, MediaConfig};

/// What a leg knows of what it hears.
pub(crate) struct Inward {
    pub(super) opener: Option<Opener>,
    pub(super) reception: Reception,
    pub(super) jitter: Jitter,
    pub(super) decoder: Decoder,
    pub(super) concealer: Concealer,
    pub(super) voice: Option<VoiceActivity>,
    pub(super) events: Events,
    pub(super) tones: ToneDetector,
    pub(super) drum: Option<Arc<Drum>>,
    /// The last 20 ms that were heard, at `decoder`'s rate.
    pub(super) frame: Vec<i16>,
    pub(super) frames: u64,
    /// Whether anybody wants frames, so that packets are kept.
    pub(super) listening: bool,
    pub(super) digit: Option<char>,
    pub(super) quiet_since: Instant,
    pub(super) late: u64,
    pub(super) refused: u64,
    started: bool,
    timed_out: bool,
    epoch: Instant,
}

/// A packet for the other side of a bridge.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) to: usize,
    pub(crate) header: Header,
    pub(crate) content: Content,
    /// Where the payload lies: in what was decrypted, if that is given, or in what was received.
    pub(crate) payload: Range<usize>,
    pub(crate) opened: Option<BytesMut>,
}

impl Inward {
    pub(super) fn new(config: &MediaConfig, now: Instant) -> Self {
        Self {
            opener: None,
            reception: Reception::default(),
            jitter: Jitter::new(config.jitter_ms[0], config.jitter_ms[1]),
            decoder: Decoder::new(Codec::Pcma),
            concealer: Concealer::new(Codec::Pcma.rate()),
            voice: None,
            events: Events::default(),
            tones: ToneDetector::default(),
            drum: None,
            frame: Vec::with_capacity(320),
            frames: 0,
            listening: false,
            digit: None,
            quiet_since: now,
            late: 0,
            refused: 0,
            started: false,
            timed_out: false,
            epoch: now,
        }
    }
}

impl Leg {
    /// Takes a datagram from the RTP socket. Gives what is to be relayed.
    pub(crate) fn receive(&mut self, bytes: &[u8], from: SocketAddr, now: Instant) -> Option<Pass> {
        if self.agreed.as_ref()?.rtcp_mux && is_rtcp(bytes) {
            self.receive_rtcp(bytes, from, now);
            return None;
        }
        let taken = self.take(bytes, from, now);
        if taken.is_none() {
            self.inward.refused += 1;
        }
        let (header, content, payload, opened) = taken?;
        match self.inward.reception.hear(&header, ticks(now.saturating_duration_since(self.inward.epoch))) {
            Arrival::Duplicate => return None,
            Arrival::Stray => {
                self.inward.refused += 1;
                return None;
            }
            Arrival::Source => {
                self.inward.jitter.restart();
                if let Some(press) = self.inward.events.restart() {
                    self.pressed(press);
                }
            }
            Arrival::Fresh => {}
        }
        self.alive(now);
        if !self.agreed.as_ref()?.direction.receives() {
            return None;
        }
        let sound = opened.as_deref().unwrap_or(bytes).get(payload.clone())?;
        if content == Content::Digits {
            if let Some(press) = self.inward.events.hear(header.timestamp, sound, now) {
                self.pressed(press);
            }
        } else if self.inward.listening && self.inward.jitter.put(header.timestamp, content, sound) == Put::Late {
            self.inward.late += 1;
        }
        match self.path {
            Path::Relay(to) => Some(Pass { to, header, content, payload, opened }),
            Path::Alone | Path::Mix => None,
        }
    }

    /// A datagram that is RTP of the peer in a format that was agreed, decrypted.
    fn take(
        &mut self,
        bytes: &[u8],
        from: SocketAddr,
        now: Instant,
    ) -> Option<(Header, Content, Range<usize>, Option<BytesMut>)> {
        let Format { content, .. } = self.format(bytes.get(1)? & 0x7f)?;
        let secure = self.agreed.as_ref()?.secure.is_some();
        let opened = match (&mut self.inward.opener, secure) {
            (Some(opener), _) => Some(opener.rtp(bytes).ok()?),
            (None, true) => return None,
            (None, false) => None,
        };
        let (header, payload) = Header::read(opened.as_deref().unwrap_or(bytes))?;
        let packet = Packet {
            ssrc: header.ssrc,
            sequence: header.sequence,
            authentic: secure,
            new_source: self.inward.reception.ssrc() != Some(header.ssrc),
        };
        self.remote.admit(from, packet, now).then_some((header, content, payload, opened))
    }

    /// A key was pressed: the ear hears of it, and a group if there is one.
    pub(super) fn pressed(&mut self, press: Press) {
        self.tell(Heard::Digit { digit: press.digit, duration: press.duration });
        self.inward.digit = Some(press.digit);
    }

    /// The peer is there.
    fn alive(&mut self, now: Instant) {
        let inward = &mut self.inward;
        (inward.quiet_since, inward.timed_out) = (now, false);
        if !std::mem::replace(&mut inward.started, true) {
            self.tell(Heard::Started);
        }
    }

    /// Tells when the peer has been silent for too long, though it should speak.
    pub(super) fn watch_silence(&mut self, now: Instant) {
        let limit = Duration::from_secs(self.config.timeout_seconds.into());
        let inward = &mut self.inward;
        match &self.agreed {
            Some(agreed) if agreed.direction.receives() => {
                if !inward.timed_out && now.saturating_duration_since(inward.quiet_since) >= limit {
                    inward.timed_out = true;
                    self.tell(Heard::TimedOut);
                }
            }
            _ => inward.quiet_since = now,
        }
    }
}

/// A duration in ticks of 1/8000 s, wrapping as RTP's clock does.
fn ticks(duration: Duration) -> u32 {
    (duration.as_micros() / 125) as u32
}
