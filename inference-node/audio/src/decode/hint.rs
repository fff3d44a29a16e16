//! What a client says its bytes are.

/// What a client says its bytes are. It counts only where the bytes do not tell themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatHint {
    /// Raw G.711 A-law, one byte a sample.
    Alaw {
        /// Samples per second; 8000 in telephony.
        rate: u32,
    },
    /// Raw G.711 µ-law, one byte a sample.
    Ulaw {
        /// Samples per second; 8000 in telephony.
        rate: u32,
    },
    /// Raw signed 16-bit samples, little-endian.
    S16le {
        /// Samples per second.
        rate: u32,
    },
    /// MP3, also where something precedes its first frame.
    Mp3,
}

impl FormatHint {
    /// The hint in a media type such as `audio/PCMA`, `audio/basic` or `audio/pcm;rate=16000`. `None` for types whose files
    /// tell themselves, and for raw samples without a rate.
    #[must_use]
    pub fn from_mime(mime: &str) -> Option<Self> {
        let mut parts = mime.split(';').map(str::trim);
        let kind = parts.next()?.to_ascii_lowercase();
        let rate = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("rate").then(|| value.trim().trim_matches('"').parse().ok())?
        });
        match kind.as_str() {
            "audio/pcma" | "audio/x-alaw" | "audio/x-alaw-basic" | "audio/g711-alaw" => {
                Some(Self::Alaw { rate: rate.unwrap_or(8000) })
            }
            // RFC 2046, section 4.3: audio/basic is µ-law at 8 kHz.
            "audio/pcmu" | "audio/basic" | "audio/x-mulaw" | "audio/g711-ulaw" => {
                Some(Self::Ulaw { rate: rate.unwrap_or(8000) })
            }
            "audio/pcm" | "audio/x-pcm" | "audio/s16le" => rate.map(|rate| Self::S16le { rate }),
            "audio/mpeg" | "audio/mp3" => Some(Self::Mp3),
            _ => None,
        }
    }

    /// The hint in a file's extension: `.alaw`, `.al`, `.ulaw`, `.ul`, `.mulaw`, `.mp3`. Raw 16-bit files do not name their
    /// rate, so there is none for them.
    #[must_use]
    pub fn from_file_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "alaw" | "al" => Some(Self::Alaw { rate: 8000 }),
            "ulaw" | "ul" | "mulaw" => Some(Self::Ulaw { rate: 8000 }),
            "mp3" => Some(Self::Mp3),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_and_extensions_name_raw_formats() {
        assert_eq!(FormatHint::from_mime("audio/PCMA"), Some(FormatHint::Alaw { rate: 8000 }));
        assert_eq!(FormatHint::from_mime("audio/PCMU; rate=16000"), Some(FormatHint::Ulaw { rate: 16000 }));
        assert_eq!(FormatHint::from_mime("audio/pcm; rate=\"24000\""), Some(FormatHint::S16le { rate: 24000 }));
        assert_eq!(FormatHint::from_mime("audio/pcm"), None);
        assert_eq!(FormatHint::from_mime("audio/wav"), None);
        assert_eq!(FormatHint::from_file_name("call.7.AL"), Some(FormatHint::Alaw { rate: 8000 }));
        assert_eq!(FormatHint::from_file_name("call.ulaw"), Some(FormatHint::Ulaw { rate: 8000 }));
        assert_eq!(FormatHint::from_file_name("call"), None);
    }
}
