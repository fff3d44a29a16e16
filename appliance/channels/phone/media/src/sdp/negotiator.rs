//! Offer and answer of one line (RFC 3264).

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;

use super::crypto::{Key, Suite};
use super::write::{OurAudio, OurDescription};
use super::{Audio, Content, Description, Format, KeyOffer, Section};
use crate::{Codec, Direction, Negotiated, NegotiationError, SecurePolicy};

/// The payload type under which we offer telephone-event, unless the session already uses another.
const DIGITS: u8 = 101;

/// What a line brings to a negotiation.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    /// The address that descriptions name.
    pub(crate) address: IpAddr,
    /// The RTP port; RTCP is on the next.
    pub(crate) port: u16,
    pub(crate) codecs: Vec<Codec>,
    pub(crate) packet_ms: u32,
    pub(crate) secure: SecurePolicy,
    /// Names the session in `o=`; chosen at random.
    pub(crate) session: u64,
}

/// What both sides agreed on, as the media thread needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// What we send.
    pub(crate) codec: Codec,
    pub(crate) payload_type: u8,
    /// The payload types for keys and comfort noise that the peer understands.
    pub(crate) digits: Option<u8>,
    pub(crate) noise: Option<u8>,
    /// What we understand.
    pub(crate) receive: Vec<Format>,
    pub(crate) packet_ms: u32,
    /// As seen from our side.
    pub(crate) direction: Direction,
    /// Whether it is the peer who does not want to hear or be heard.
    pub(crate) held_by_peer: bool,
    pub(crate) rtp: Option<SocketAddr>,
    pub(crate) rtcp: Option<SocketAddr>,
    pub(crate) rtcp_mux: bool,
    pub(crate) secure: Option<Secure>,
}

/// The suite and keys that are in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Secure {
    pub(crate) suite: Suite,
    /// We encrypt with this.
    pub(crate) ours: Key,
    /// The peer encrypts with this.
    pub(crate) theirs: Key,
}

/// An offer of ours.
#[derive(Debug)]
struct Offer {
    description: OurDescription,
    direction: Direction,
    /// Whether no answer has come yet.
    open: bool,
}

/// What was said and agreed on one line.
#[derive(Debug)]
pub(crate) struct Negotiator {
    terms: Terms,
    version: u64,
    said: Option<OurDescription>,
    offer: Option<Offer>,
    agreed: Option<Agreed>,
    /// Which way we want sound to go, whatever the peer wants.
    wanted: Direction,
    /// The last offer of the peer and what we answered.
    answered: Option<(Vec<u8>, Bytes)>,
    /// Every section of the session, and which is ours: sections are never removed (RFC 3264 §8).
    sections: Vec<Section>,
    audio_at: usize,
    digits: u8,
}

impl Negotiator {
    pub(crate) fn new(terms: Terms) -> Self {
        Self {
            terms,
            version: 0,
            said: None,
            offer: None,
            agreed: None,
            wanted: Direction::SendReceive,
            answered: None,
            sections: Vec::new(),
            audio_at: 0,
            digits: DIGITS,
        }
    }

    pub(crate) fn agreed(&self) -> Option<&Agreed> {
        self.agreed.as_ref()
    }

    /// Answers an offer of the peer.
    pub(crate) fn answer(&mut self, offer: &[u8]) -> Result<Bytes, NegotiationError> {
        if self.offer.as_ref().is_some_and(|offer| offer.open) {
            return Err(NegotiationError::OutOfTurn { reason: "our own offer has no answer yet" });
        }
        if let Some((last, answer)) = &self.answered
            && last == offer
        {
            return Ok(answer.clone());
        }
        let description = Description::read(offer)?;
        let audio = acceptable_audio(&description)?;
        self.check_family(audio)?;
        let voice = self.preferred(audio).ok_or_else(|| refuse("no common codec"))?;
        let key = self.choose_key(audio)?;
        let digits = audio.formats.iter().find(|format| format.content == Content::Digits);
        let noise = audio.formats.iter().find(|format| format.content == Content::Noise);
        let formats: Vec<Format> = [Some(&voice), digits, noise].into_iter().flatten().copied().collect();
        let theirs = audio.direction.reversed();
        let secure = key.map(|key| Secure { suite: key.suite, ours: self.our_key(key.suite), theirs: key.key });
        let direction = self.wanted.and(theirs);
        let agreed = self.agree(audio, &formats, voice, direction, theirs, secure.clone());
        let protocol = description.sections.get(audio.section).map(|section| section.protocol.clone());
        let ours = OurAudio {
            port: self.terms.port,
            protocol: protocol.unwrap_or_default(),
            formats,
            packet_ms: agreed.packet_ms,
            direction,
            rtcp_mux: audio.rtcp_mux,
            keys: match (
                &secure,
                audio.keys.iter().find(|offered| Some(offered.suite) == secure.as_ref().map(|s| s.suite)),
            ) {
                (Some(secure), Some(offered)) => {
                    vec![KeyOffer { tag: offered.tag, suite: secure.suite, key: secure.ours.clone() }]
                }
                _ => Vec::new(),
            },
        };
        self.audio_at = audio.section;
        self.sections = description.sections.clone();
        self.digits = agreed.digits.unwrap_or(self.digits);
        self.offer = None;
        self.agreed = Some(agreed);
        let answer = self.say(ours);
        self.answered = Some((offer.to_vec(), answer.clone()));
        Ok(answer)
    }

    /// Makes an offer: with another direction than the one that we wanted so far, if one is given.
    pub(crate) fn offer(&mut self, direction: Option<Direction>) -> Bytes {
        let direction = direction.unwrap_or(self.wanted);
        let mut formats: Vec<Format> = self
            .terms
            .codecs
            .iter()
            .map(|codec| Format { payload_type: codec.payload_type(), content: Content::Voice(*codec) })
            .collect();
        // A payload type keeps its meaning for the session's life (RFC 3264 §8.3.2).
        for used in self.agreed.iter().flat_map(|agreed| &agreed.receive) {
            match formats.iter_mut().find(|format| format.content == used.content) {
                Some(format) => *format = *used,
                None if matches!(used.content, Content::Voice(_)) => formats.push(*used),
                None => {}
            }
        }
        formats.push(Format { payload_type: self.digits, content: Content::Digits });
        formats.push(Format { payload_type: 13, content: Content::Noise });
        let keys = if self.terms.secure == SecurePolicy::Off {
            Vec::new()
        } else {
            let keys = (1..).zip(Suite::ALL);
            keys.map(|(tag, suite)| KeyOffer { tag, suite, key: self.our_key(suite) }).collect()
        };
        let protocol = match (self.sections.get(self.audio_at), self.agreed.as_ref()) {
            (Some(section), Some(agreed)) if agreed.secure.is_some() != keys.is_empty() => section.protocol.clone(),
            _ if self.terms.secure == SecurePolicy::Required => "RTP/SAVP".to_owned(),
            _ => "RTP/AVP".to_owned(),
        };
        if self.sections.is_empty() {
            let (media, formats) = ("audio".to_owned(), "0".to_owned());
            self.sections.push(Section { media, protocol: protocol.clone(), formats, mid: None });
        }
        let packet_ms = self.agreed.as_ref().map_or(self.terms.packet_ms, |agreed| agreed.packet_ms);
        let port = self.terms.port;
        let bytes = self.say(OurAudio { port, protocol, formats, packet_ms, direction, rtcp_mux: true, keys });
        self.answered = None;
        if let Some(description) = self.said.clone() {
            self.offer = Some(Offer { description, direction, open: true });
        }
        bytes
    }

    /// Takes the answer to our offer; a later one, of another branch of the call, replaces it.
    pub(crate) fn accept(&mut self, answer: &[u8]) -> Result<(), NegotiationError> {
        let Some(offer) = &self.offer else {
            return Err(NegotiationError::OutOfTurn { reason: "an answer without an offer" });
        };
        let description = Description::read(answer)?;
        let audio = acceptable_audio(&description)?;
        self.check_family(audio)?;
        let ours = &offer.description.audio;
        let understood = |format: &&Format| ours.formats.iter().any(|offered| offered.content == format.content);
        let common: Vec<Format> = audio.formats.iter().filter(understood).copied().collect();
        let voice = common.iter().find(|format| matches!(format.content, Content::Voice(_))).copied();
        let voice = voice.ok_or_else(|| refuse("the answer holds no codec that was offered"))?;
        let secure = match audio.keys.first() {
            Some(chosen) => {
                let offered = ours.keys.iter().find(|key| key.tag == chosen.tag && key.suite == chosen.suite);
                let offered = offered.ok_or_else(|| refuse("the answer's key fits none that was offered"))?;
                Some(Secure { suite: chosen.suite, ours: offered.key.clone(), theirs: chosen.key.clone() })
            }
            None if self.terms.secure == SecurePolicy::Required || audio.secure => {
                return Err(refuse("the answer holds no key, and encryption is required"));
            }
            None => None,
        };
        // What arrives carries the payload types that we offered; some peers use their own all the same.
        let mut receive = common.clone();
        for format in &ours.formats {
            let agreed = common.iter().any(|common| common.content == format.content);
            if agreed && !receive.iter().any(|known| known.payload_type == format.payload_type) {
                receive.push(*format);
            }
        }
        let theirs = audio.direction.reversed();
        let direction = offer.direction.and(theirs);
        self.wanted = offer.direction;
        let mut agreed = self.agree(audio, &receive, voice, direction, theirs, secure);
        agreed.digits = payload_type(&common, Content::Digits);
        agreed.noise = payload_type(&common, Content::Noise);
        self.agreed = Some(agreed);
        if let Some(offer) = &mut self.offer {
            offer.open = false;
        }
        Ok(())
    }

    /// Our offer was refused: what was agreed before still holds.
    pub(crate) fn rejected(&mut self) {
        self.offer = None;
    }

    pub(crate) fn negotiated(&self) -> Option<Negotiated> {
        self.agreed.as_ref().map(|agreed| Negotiated {
            codec: agreed.codec,
            packet_ms: agreed.packet_ms,
            secure: agreed.secure.is_some(),
            direction: agreed.direction,
            digits: agreed.digits.is_some(),
        })
    }

    /// Says something: the version grows when it differs from what was said last.
    fn say(&mut self, audio: OurAudio) -> Bytes {
        let sections = self.sections.clone();
        let said = OurDescription { address: self.terms.address, sections, audio_at: self.audio_at, audio };
        if self.said.as_ref() != Some(&said) {
            self.version += 1;
        }
        let bytes = said.write(self.terms.session, self.version);
        self.said = Some(said);
        bytes
    }

    fn agree(
        &self,
        audio: &Audio,
        receive: &[Format],
        voice: Format,
        direction: Direction,
        theirs: Direction,
        secure: Option<Secure>,
    ) -> Agreed {
        let codec = match voice.content {
            Content::Voice(codec) => codec,
            Content::Digits | Content::Noise => Codec::Pcma,
        };
        let wanted = audio.packet_ms.unwrap_or(self.terms.packet_ms).min(audio.most_packet_ms.unwrap_or(u32::MAX));
        Agreed {
            codec,
            payload_type: voice.payload_type,
            digits: payload_type(receive, Content::Digits),
            noise: payload_type(receive, Content::Noise),
            receive: receive.to_vec(),
            packet_ms: (wanted / 10 * 10).clamp(10, 60),
            direction,
            held_by_peer: !theirs.sends(),
            rtp: audio.rtp,
            rtcp: if audio.rtcp_mux { audio.rtp } else { audio.rtcp },
            rtcp_mux: audio.rtcp_mux,
            secure,
        }
    }

    /// The first of our codecs that the peer offers.
    fn preferred(&self, audio: &Audio) -> Option<Format> {
        let offered = |codec: &Codec| audio.formats.iter().find(|format| format.content == Content::Voice(*codec));
        self.terms.codecs.iter().find_map(offered).copied()
    }

    /// The peer's key to use: its first that we understand, where our policy allows encryption.
    fn choose_key(&self, audio: &Audio) -> Result<Option<KeyOffer>, NegotiationError> {
        match (self.terms.secure, audio.keys.first()) {
            (SecurePolicy::Off, _) if audio.secure => Err(refuse("encrypted media is switched off here")),
            (SecurePolicy::Off, _) => Ok(None),
            (_, Some(key)) => Ok(Some(key.clone())),
            (SecurePolicy::Required, None) => Err(refuse("encryption is required and no key suits")),
            (SecurePolicy::Offered, None) if audio.secure => Err(refuse("no key suits")),
            (SecurePolicy::Offered, None) => Ok(None),
        }
    }

    /// Our key for a suite: the one in use or offered already, so that the roll-over counter lives on; else a fresh one.
    fn our_key(&self, suite: Suite) -> Key {
        let in_use = self.agreed.as_ref().and_then(|agreed| agreed.secure.as_ref());
        let in_use = in_use.filter(|secure| secure.suite == suite).map(|secure| secure.ours.clone());
        let said = || self.said.as_ref()?.audio.keys.iter().find(|key| key.suite == suite).map(|key| key.key.clone());
        in_use.or_else(said).unwrap_or_else(|| Key::generate(suite))
    }

    fn check_family(&self, audio: &Audio) -> Result<(), NegotiationError> {
        match audio.rtp {
            Some(rtp) if rtp.is_ipv4() != self.terms.address.is_ipv4() => Err(refuse("the address family differs")),
            _ => Ok(()),
        }
    }
}

fn refuse(reason: &str) -> NegotiationError {
    NegotiationError::NotAcceptable { reason: reason.to_owned() }
}

fn acceptable_audio(description: &Description) -> Result<&Audio, NegotiationError> {
    match &description.audio {
        Some(audio) => Ok(audio),
        None if description.fax_only() => Err(refuse("fax is not answered here")),
        None => Err(refuse("there is no audio that can be carried")),
    }
}

fn payload_type(formats: &[Format], content: Content) -> Option<u8> {
    formats.iter().find(|format| format.content == content).map(|format| format.payload_type)
}

#[cfg(test)]
#[path = "negotiator_tests.rs"]
mod tests;
