//! What bytes are, by their first bytes.
//!
//! symphonia can search a megabyte for anything that looks like audio, and finds MP3 in many a document. A file that was
//! meant as audio begins as one, so only its beginning decides.

use super::hint::FormatHint;

/// A container that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Wave,
    Flac,
    Ogg,
    Webm,
    Mp3,
}

/// Raw samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raw {
    Alaw { rate: u32 },
    Ulaw { rate: u32 },
    S16le { rate: u32 },
}

/// What bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content<'a> {
    /// A container, and the bytes from where it begins.
    Container(Container, &'a [u8]),
    Raw(Raw),
    Unsupported(&'static str),
    Unknown,
}

pub(super) fn content(bytes: &[u8], hint: Option<FormatHint>) -> Content<'_> {
    let body = skip_id3(bytes);
    let marked = by_mark(body);
    if marked != Content::Unknown {
        return marked;
    }
    // An ID3 tag is a mark, too; a frame of MP3 is just two bytes that raw samples may begin with.
    let tagged = body.len() < bytes.len();
    match hint {
        Some(FormatHint::Alaw { rate }) if !tagged => Content::Raw(Raw::Alaw { rate }),
        Some(FormatHint::Ulaw { rate }) if !tagged => Content::Raw(Raw::Ulaw { rate }),
        Some(FormatHint::S16le { rate }) if !tagged => Content::Raw(Raw::S16le { rate }),
        Some(FormatHint::Mp3) => Content::Container(Container::Mp3, body),
        _ if tagged || begins_with_mp3(body) => Content::Container(Container::Mp3, body),
        _ => Content::Unknown,
    }
}

/// By what the format's definition puts at the beginning. Kinds that are not read are named, so that the error helps.
fn by_mark(bytes: &[u8]) -> Content<'_> {
    let at = |offset: usize, mark: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(mark));
    match bytes {
        _ if (at(0, b"RIFF") || at(0, b"RF64") || at(0, b"BW64")) && at(8, b"WAVE") => {
            Content::Container(Container::Wave, bytes)
        }
        _ if at(0, b"fLaC") => Content::Container(Container::Flac, bytes),
        _ if at(0, b"OggS") => Content::Container(Container::Ogg, bytes),
        _ if at(0, b"\x1a\x45\xdf\xa3") => Content::Container(Container::Webm, bytes),
        _ if at(4, b"ftyp") => Content::Unsupported("MP4 or M4A (AAC)"),
        _ if at(0, b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC")) => Content::Unsupported("AIFF"),
        _ if at(0, b"#!AMR") => Content::Unsupported("AMR"),
        _ if at(0, b"caff") => Content::Unsupported("CAF"),
        _ if at(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11") => Content::Unsupported("WMA (ASF)"),
        _ if at(0, b".snd\0\0\0") => Content::Unsupported("AU"),
        _ => Content::Unknown,
    }
}

/// Past the ID3v2 tags (id3.org, version 2.4.0, section 3.1) that precede MP3 and at times FLAC.
fn skip_id3(mut bytes: &[u8]) -> &[u8] {
    while let [b'I', b'D', b'3', major, _, flags, a, b, c, d, ..] = *bytes {
        if major == 0xff || [a, b, c, d].iter().any(|byte| *byte >= 0x80) {
            break;
        }
        let size = [a, b, c, d].iter().fold(0usize, |size, byte| size << 7 | usize::from(*byte));
        let footer = if flags & 0x10 == 0 { 0 } else { 10 };
        // A cut tag leaves nothing: an empty file, with a mark.
        bytes = bytes.get(10 + size + footer..).unwrap_or_default();
    }
    bytes
}

/// Whether a frame of MPEG layer III begins here and another, alike, where it ends (or the bytes end before).
fn begins_with_mp3(bytes: &[u8]) -> bool {
    let Some(first) = Mp3Header::read(bytes) else { return false };
    match bytes.get(first.length..) {
        Some(rest) if rest.len() >= 4 => Mp3Header::read(rest).is_some_and(|next| next.kind == first.kind),
        _ => false,
    }
}

/// What of a frame's header (ISO 11172-3, section 2.4.1.3) tells it from noise.
struct Mp3Header {
    /// Version and sample rate, which no stream changes.
    kind: (u8, u8),
    /// The frame's length in bytes.
    length: usize,
}

impl Mp3Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        const KBPS: [[usize; 16]; 2] = [
            [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
            [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
        ];
        let [0xff, second, third, _, ..] = *bytes else { return None };
        let version = second >> 3 & 0x03;
        // Eleven sync bits, a version that exists, layer III.
        if second & 0xe0 != 0xe0 || version == 1 || second >> 1 & 0x03 != 1 {
            return None;
        }
        let rate = [44_100, 48_000, 32_000].get(usize::from(third >> 2 & 0x03))?;
        let (rate, bytes_per_kbps) = match version {
            3 => (*rate, 144_000),
            2 => (rate / 2, 72_000),
            _ => (rate / 4, 72_000),
        };
        let kbps = KBPS[usize::from(version != 3)][usize::from(third >> 4)];
        let padding = usize::from(third >> 1 & 1);
        (kbps > 0).then(|| Self { kind: (version, third & 0x0c), length: bytes_per_kbps * kbps / rate + padding })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_raw_format_yields_to_a_marked_container_only() {
        let alaw = Some(FormatHint::Alaw { rate: 8000 });
        assert_eq!(content(b"\xd5\xd5\xd5\xd5", alaw), Content::Raw(Raw::Alaw { rate: 8000 }));
        assert_eq!(content(b"OggS and more", alaw), Content::Container(Container::Ogg, b"OggS and more"));
    }

    #[test]
    fn silence_in_ulaw_is_not_taken_for_mpeg() {
        assert_eq!(content(&[0xff; 4000], None), Content::Unknown);
        assert_eq!(
            content(&[0xff; 4000], Some(FormatHint::Ulaw { rate: 8000 })),
            Content::Raw(Raw::Ulaw { rate: 8000 })
        );
    }

    #[test]
    fn kinds_that_are_not_read_are_named() {
        assert_eq!(content(b"\0\0\0\x20ftypM4A ", None), Content::Unsupported("MP4 or M4A (AAC)"));
        assert_eq!(content(b"#!AMR\n", None), Content::Unsupported("AMR"));
        assert_eq!(content(b"%PDF-1.7 and then text", None), Content::Unknown);
    }

    #[test]
    fn tags_in_front_are_skipped() {
        let tagged = b"ID3\x04\0\0\0\0\0\x02xxfLaC";
        assert_eq!(content(tagged, None), Content::Container(Container::Flac, b"fLaC"));
    }
}
