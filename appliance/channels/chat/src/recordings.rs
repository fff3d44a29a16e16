//! What kind of recording a citizen sent, told from its bytes, and how long it is where its head says so.

use std::time::Duration;

/// The largest recording, in bytes: a minute at 32 kHz.
pub(crate) const MOST_BYTES: usize = 4 * 1024 * 1024;
/// The longest recording.
pub(crate) const LONGEST: Duration = Duration::from_secs(60);
/// A page stops at the limit and is a little late: that is not held against it.
const GRACE: Duration = Duration::from_secs(2);
/// Opus counts its samples at this rate, whatever was recorded (RFC 7845, section 4).
const OPUS_RATE: f64 = 48_000.0;

/// Why a recording is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Not WAV, Ogg or WebM.
    Kind,
    /// Longer than [`LONGEST`].
    Long,
}

/// The media type of a recording that may be taken.
pub(crate) fn check(bytes: &[u8]) -> Result<&'static str, Refused> {
    let (media_type, seconds) = match bytes {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => ("audio/wav", wav_seconds(bytes)),
        [b'O', b'g', b'g', b'S', ..] => ("audio/ogg", opus_seconds(bytes)),
        // EBML. Browsers write no length into WebM; its size and the time that a node may take bound it.
        [0x1a, 0x45, 0xdf, 0xa3, ..] => ("audio/webm", None),
        _ => return Err(Refused::Kind),
    };
    let longest = (LONGEST + GRACE).as_secs_f64();
    if seconds.is_some_and(|seconds| seconds > longest) { Err(Refused::Long) } else { Ok(media_type) }
}

/// How long a WAV is: what follows its format, by the bytes that a second takes.
fn wav_seconds(bytes: &[u8]) -> Option<f64> {
    let format = bytes.windows(4).take(4_096).position(|id| id == b"fmt ")?;
    let rate = bytes.get(format + 16..format + 20)?.try_into().ok().map(u32::from_le_bytes)?;
    let rest = bytes.len() - format;
    // Bounded by MOST_BYTES, far within what a float holds exactly.
    #[expect(clippy::cast_precision_loss, reason = "a few million at most")]
    (rate > 0).then(|| rest as f64 / f64::from(rate))
}

/// How long an Opus stream is: the position of its last page.
fn opus_seconds(bytes: &[u8]) -> Option<f64> {
    bytes.get(28..36).filter(|id| *id == b"OpusHead")?;
    let last = bytes.windows(4).rposition(|id| id == b"OggS")?;
    let position = bytes.get(last + 6..last + 14)?.try_into().ok().map(u64::from_le_bytes)?;
    // All ones: no packet ends on the page (RFC 3533, section 6).
    #[expect(clippy::cast_precision_loss, reason = "compared with a minute")]
    (position != u64::MAX).then(|| position as f64 / OPUS_RATE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wav(seconds: usize) -> Vec<u8> {
        let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        bytes.extend(16_000_u32.to_le_bytes());
        bytes.extend(32_000_u32.to_le_bytes());
        bytes.extend([2, 0, 16, 0]);
        bytes.extend(b"data\0\0\0\0");
        bytes.resize(bytes.len() + seconds * 32_000, 0);
        bytes
    }

    fn opus(seconds: u64) -> Vec<u8> {
        let mut bytes = b"OggS".to_vec();
        bytes.resize(28, 0);
        bytes.extend(b"OpusHead");
        bytes.extend(b"OggS\0\0");
        bytes.extend((seconds * 48_000).to_le_bytes());
        bytes
    }

    #[test]
    fn a_recording_is_what_its_bytes_say() {
        assert_eq!(check(&wav(1)), Ok("audio/wav"));
        assert_eq!(check(&opus(1)), Ok("audio/ogg"));
        assert_eq!(check(b"\x1a\x45\xdf\xa3\x9f"), Ok("audio/webm"));
        for other in [&b""[..], b"RIFF", b"ID3\x04", b"\x89PNG\r\n\x1a\n"] {
            assert_eq!(check(other), Err(Refused::Kind));
        }
    }

    #[test]
    fn more_than_a_minute_is_too_long() {
        assert_eq!((check(&wav(60)), check(&wav(63))), (Ok("audio/wav"), Err(Refused::Long)));
        assert_eq!((check(&opus(60)), check(&opus(63))), (Ok("audio/ogg"), Err(Refused::Long)));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(head in prop::sample::select(vec![&b"RIFF0000WAVE"[..], b"OggS", b""]), tail: Vec<u8>) {
            let _ = check(&[head, &tail].concat());
        }
    }
}
