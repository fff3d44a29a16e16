//! What can be written.

/// What can be written; all mono.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputFormat {
    /// WAV with 16-bit samples.
    Wav,
    /// 16-bit samples without a header, little-endian.
    Pcm,
    /// G.711 A-law without a header.
    Alaw,
    /// G.711 µ-law without a header.
    Ulaw,
    /// WAV with G.711 A-law.
    WavAlaw,
    /// WAV with G.711 µ-law.
    WavUlaw,
    /// FLAC with 16-bit samples.
    Flac,
    /// Opus in Ogg.
    Opus,
}

impl OutputFormat {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Wav, Self::Pcm, Self::Alaw, Self::Ulaw, Self::WavAlaw, Self::WavUlaw, Self::Flac, Self::Opus];

    /// The name that requests use: OpenAI's `response_format`, and our own for telephony.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Pcm => "pcm",
            Self::Alaw => "alaw",
            Self::Ulaw => "ulaw",
            Self::WavAlaw => "wav_alaw",
            Self::WavUlaw => "wav_ulaw",
            Self::Flac => "flac",
            Self::Opus => "opus",
        }
    }

    /// The format of that name; `None` for others, such as `mp3` and `aac`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The media type of a response in it at `rate` hertz.
    #[must_use]
    pub fn mime(self, rate: u32) -> String {
        match self {
            Self::Wav | Self::WavAlaw | Self::WavUlaw => "audio/wav".to_owned(),
            Self::Flac => "audio/flac".to_owned(),
            Self::Opus => "audio/ogg; codecs=opus".to_owned(),
            Self::Pcm => format!("audio/pcm; rate={rate}"),
            // RFC 3551 gives both a clock of 8 kHz, which needs no saying.
            Self::Alaw if rate == 8000 => "audio/PCMA".to_owned(),
            Self::Ulaw if rate == 8000 => "audio/PCMU".to_owned(),
            Self::Alaw => format!("audio/PCMA; rate={rate}"),
            Self::Ulaw => format!("audio/PCMU; rate={rate}"),
        }
    }

    /// The rate that clients expect of it, in hertz: 8 kHz for G.711, 24 kHz for headerless samples as with OpenAI, a rate
    /// that Opus knows for Opus, else the input's own.
    #[must_use]
    pub fn usual_rate(self, input_rate: u32) -> u32 {
        match self {
            Self::Alaw | Self::Ulaw | Self::WavAlaw | Self::WavUlaw => 8000,
            Self::Pcm => 24_000,
            Self::Opus => super::opus::rate_for(input_rate),
            Self::Wav | Self::Flac => input_rate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_what_we_cannot_write_is_unknown() {
        for format in OutputFormat::ALL {
            assert_eq!(OutputFormat::from_name(format.name()), Some(format));
        }
        assert_eq!(OutputFormat::from_name("mp3"), None);
        assert_eq!(OutputFormat::Opus.usual_rate(22_050), 24_000);
        assert_eq!(OutputFormat::Pcm.mime(24_000), "audio/pcm; rate=24000");
    }
}
