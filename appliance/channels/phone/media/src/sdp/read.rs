//! Bytes of a session description into what matters to a call.

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Attribute, Connection, Media, Session};

use super::{Audio, Content, Description, Format, KeyOffer, Section};
use crate::{Codec, Direction, NegotiationError};

/// Descriptions are a few hundred bytes; much larger ones are somebody's attempt.
const MOST_BYTES: usize = 16 * 1024;
const MOST_SECTIONS: usize = 16;
const MOST_FORMATS: usize = 64;

impl Description {
    /// Reads a description.
    ///
    /// # Errors
    /// `Malformed`, with the line or field.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, NegotiationError> {
        if bytes.len() > MOST_BYTES {
            return Err(malformed("size", format!("{} bytes are more than {MOST_BYTES}", bytes.len())));
        }
        let session = Session::parse(bytes).map_err(|error| malformed("syntax", error.to_string()))?;
        if session.medias.is_empty() {
            return Err(malformed("m=", "there is none".to_owned()));
        }
        if session.medias.len() > MOST_SECTIONS {
            return Err(malformed("m=", format!("{} are more than {MOST_SECTIONS}", session.medias.len())));
        }
        let sections = session.medias.iter().map(section).collect();
        let mut audio = None;
        for (index, media) in session.medias.iter().enumerate() {
            if audio.is_none() && media.media.eq_ignore_ascii_case("audio") && media.port != 0 {
                audio = read_audio(&session, media, index)?;
            }
        }
        Ok(Self { sections, audio })
    }

    /// Whether all that is wanted is fax (T.38, `m=image`).
    pub(crate) fn fax_only(&self) -> bool {
        self.audio.is_none() && self.sections.iter().any(|section| section.media.eq_ignore_ascii_case("image"))
    }
}

fn malformed(place: &str, reason: String) -> NegotiationError {
    NegotiationError::Malformed { place: place.to_owned(), reason }
}

fn section(media: &Media) -> Section {
    Section {
        media: media.media.clone(),
        protocol: media.proto.clone(),
        formats: media.fmt.clone(),
        mid: value(&media.attributes, "mid").map(str::to_owned),
    }
}

fn read_audio(session: &Session, media: &Media, index: usize) -> Result<Option<Audio>, NegotiationError> {
    let secure = match media.proto.to_ascii_uppercase().as_str() {
        "RTP/AVP" | "RTP/AVPF" => false,
        "RTP/SAVP" | "RTP/SAVPF" => true,
        _ => return Ok(None),
    };
    let connection = media.connections.first().or(session.connection.as_ref());
    let connection = connection.ok_or_else(|| malformed("c=", "there is none".to_owned()))?;
    let address = address(connection)?;
    let held = address.is_some_and(|address| address.is_unspecified());
    let rtp = address.filter(|_| !held).map(|address| SocketAddr::new(address, media.port));
    let stated = direction(&media.attributes).or_else(|| direction(&session.attributes)).unwrap_or_default();
    let rtcp = match value(&media.attributes, "rtcp") {
        Some(text) => Some(rtcp_address(text, rtp)?),
        None => rtp.and_then(|rtp| Some(SocketAddr::new(rtp.ip(), rtp.port().checked_add(1)?))),
    };
    Ok(Some(Audio {
        section: index,
        secure,
        rtp,
        rtcp: rtcp.filter(|_| !held),
        rtcp_mux: media.attributes.iter().any(|attribute| attribute.attribute.eq_ignore_ascii_case("rtcp-mux")),
        // An address of zeros is how hold was said before RFC 3264: the peer wants to hear nothing.
        direction: if held { stated.and(Direction::SendOnly) } else { stated },
        formats: formats(media)?,
        packet_ms: number(&media.attributes, "ptime")?,
        most_packet_ms: number(&media.attributes, "maxptime")?,
        keys: media
            .attributes
            .iter()
            .filter(|attribute| attribute.attribute.eq_ignore_ascii_case("crypto"))
            .filter_map(|attribute| KeyOffer::read(attribute.value.as_deref()?))
            .take(16)
            .collect(),
    }))
}

/// The address of a `c=` line; `None` for a host name, which nobody here resolves: the source of what arrives tells.
fn address(connection: &Connection) -> Result<Option<IpAddr>, NegotiationError> {
    // `224.2.1.1/127` carries a time to live; only multicast has one.
    let text = connection.connection_address.split('/').next().unwrap_or_default();
    match text.parse::<IpAddr>() {
        Ok(address) if address.is_multicast() => Err(malformed("c=", "multicast is not for calls".to_owned())),
        Ok(address) => Ok(Some(address)),
        Err(_) if text.is_empty() || !text.contains(|c: char| c.is_ascii_alphabetic()) => {
            Err(malformed("c=", "not an address".to_owned()))
        }
        Err(_) => Ok(None),
    }
}

/// `a=rtcp:port [IN IP4 address]` (RFC 3605).
fn rtcp_address(text: &str, rtp: Option<SocketAddr>) -> Result<SocketAddr, NegotiationError> {
    let mut words = text.split_ascii_whitespace();
    let port = words.next().and_then(|word| word.parse().ok());
    let port: u16 = port.ok_or_else(|| malformed("a=rtcp", "not a port".to_owned()))?;
    let address = match words.nth(2) {
        Some(word) => word.parse().map_err(|_| malformed("a=rtcp", "not an address".to_owned()))?,
        None => rtp.map_or(IpAddr::from([0, 0, 0, 0]), |rtp| rtp.ip()),
    };
    Ok(SocketAddr::new(address, port))
}

/// The formats that we know, in the peer's order.
fn formats(media: &Media) -> Result<Vec<Format>, NegotiationError> {
    let mut formats = Vec::new();
    for word in media.fmt.split_ascii_whitespace().take(MOST_FORMATS) {
        let payload_type: u8 = word
            .parse()
            .ok()
            .filter(|payload_type| *payload_type < 128)
            .ok_or_else(|| malformed("m=", "a payload type is not a number below 128".to_owned()))?;
        let mapped = media.attributes.iter().filter(|attribute| attribute.attribute.eq_ignore_ascii_case("rtpmap"));
        let mapped = mapped.filter_map(|attribute| attribute.value.as_deref()?.trim().split_once(' '));
        let content = match mapped.into_iter().find(|(mapped, _)| *mapped == word) {
            Some((_, encoding)) => mapped_content(encoding.trim()),
            None => static_content(payload_type),
        };
        if let Some(content) = content
            && !formats.iter().any(|known: &Format| known.payload_type == payload_type)
        {
            formats.push(Format { payload_type, content });
        }
    }
    Ok(formats)
}

fn mapped_content(encoding: &str) -> Option<Content> {
    let mut parts = encoding.split('/');
    let (name, clock) = (parts.next()?.to_ascii_uppercase(), parts.next()?);
    if clock != "8000" || parts.next().is_some_and(|channels| channels != "1") {
        return None;
    }
    match name.as_str() {
        "PCMA" => Some(Content::Voice(Codec::Pcma)),
        "PCMU" => Some(Content::Voice(Codec::Pcmu)),
        "G722" => Some(Content::Voice(Codec::G722)),
        "TELEPHONE-EVENT" => Some(Content::Digits),
        "CN" => Some(Content::Noise),
        _ => None,
    }
}

fn static_content(payload_type: u8) -> Option<Content> {
    match payload_type {
        0 => Some(Content::Voice(Codec::Pcmu)),
        8 => Some(Content::Voice(Codec::Pcma)),
        9 => Some(Content::Voice(Codec::G722)),
        13 => Some(Content::Noise),
        _ => None,
    }
}

fn direction(attributes: &[Attribute]) -> Option<Direction> {
    attributes.iter().find_map(|attribute| {
        [Direction::SendReceive, Direction::SendOnly, Direction::ReceiveOnly, Direction::Inactive]
            .into_iter()
            .find(|direction| attribute.attribute.eq_ignore_ascii_case(direction.name()))
    })
}

fn value<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a str> {
    attributes.iter().find(|attribute| attribute.attribute.eq_ignore_ascii_case(name))?.value.as_deref()
}

fn number(attributes: &[Attribute], name: &str) -> Result<Option<u32>, NegotiationError> {
    // Some write `20.0`; the fraction never matters.
    let text = value(attributes, name).map(|text| text.trim().split('.').next().unwrap_or_default());
    text.map(|text| text.parse().map_err(|_| malformed(&format!("a={name}"), "not a number".to_owned()))).transpose()
}
