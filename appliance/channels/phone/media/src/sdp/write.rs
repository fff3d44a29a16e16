//! Our side of a session description into bytes.

use std::net::IpAddr;

use bytes::Bytes;
use sdp_types::{Attribute, Connection, Media, NetType, Origin, Session};

use super::{Content, Format, KeyOffer, Section};
use crate::Direction;

/// Our audio section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OurAudio {
    pub(crate) port: u16,
    pub(crate) protocol: String,
    pub(crate) formats: Vec<Format>,
    pub(crate) packet_ms: u32,
    pub(crate) direction: Direction,
    pub(crate) rtcp_mux: bool,
    pub(crate) keys: Vec<KeyOffer>,
}

/// All that we say, but for the version number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OurDescription {
    pub(crate) address: IpAddr,
    /// Every section of the session; the one at `audio_at` is replaced by ours, the others are refused.
    pub(crate) sections: Vec<Section>,
    pub(crate) audio_at: usize,
    pub(crate) audio: OurAudio,
}

impl OurDescription {
    /// The description as bytes, for the session `id` at `version`.
    pub(crate) fn write(&self, id: u64, version: u64) -> Bytes {
        let mut session = Session::new(Origin::with_ip_addr(id, version, self.address), "-");
        session.connection = Some(Connection::new(NetType::In, self.address.into(), self.address));
        session.medias = self
            .sections
            .iter()
            .enumerate()
            .map(|(index, section)| if index == self.audio_at { self.audio(section) } else { refused(section) })
            .collect();
        let mut bytes = Vec::with_capacity(512);
        // Writing into memory does not fail.
        let _written = session.write(&mut bytes);
        bytes.into()
    }

    fn audio(&self, section: &Section) -> Media {
        let audio = &self.audio;
        let formats: Vec<String> = audio.formats.iter().map(|format| format.payload_type.to_string()).collect();
        let mut media = media("audio", audio.port, &audio.protocol, formats.join(" "));
        let mut add = |name: &str, value: Option<String>| {
            media.attributes.push(Attribute { attribute: name.to_owned(), value });
        };
        for Format { payload_type, content } in &audio.formats {
            let name = match content {
                Content::Voice(codec) => codec.name(),
                Content::Digits => "telephone-event",
                Content::Noise => "CN",
            };
            add("rtpmap", Some(format!("{payload_type} {name}/8000")));
            if *content == Content::Digits {
                add("fmtp", Some(format!("{payload_type} 0-15")));
            }
        }
        add("ptime", Some(audio.packet_ms.to_string()));
        add(audio.direction.name(), None);
        if audio.rtcp_mux {
            add("rtcp-mux", None);
        }
        if let Some(mid) = &section.mid {
            add("mid", Some(mid.clone()));
        }
        for key in &audio.keys {
            add("crypto", Some(key.write()));
        }
        media
    }
}

/// A section with port 0 (RFC 3264 §6).
fn refused(section: &Section) -> Media {
    media(&section.media, 0, &section.protocol, section.formats.clone())
}

fn media(media: &str, port: u16, protocol: &str, fmt: String) -> Media {
    Media {
        media: media.to_owned(),
        port,
        num_ports: None,
        proto: protocol.to_owned(),
        fmt,
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}
