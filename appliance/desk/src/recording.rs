//! The sound of a call as it is kept: in parts, each durable while the call goes on, of one file that any browser plays.
//!
//! The file is a WAV of two channels of A-law (format 6 of RFC 2361): the citizen on the left, ourselves or a colleague on the
//! right; what was on the line, 16 kB a second. Its header is made when it is asked for, so that a part is samples alone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::BlobId;

/// Samples a second, of each channel.
pub const RATE: u32 = 8_000;
/// Bytes a second: one for each sample of each channel.
pub const BYTES_PER_SECOND: u32 = 2 * RATE;
/// The size of every part but the last: a minute, which is what a server that dies takes with it.
pub const PART_BYTES: usize = 60 * BYTES_PER_SECOND as usize;
/// The size of what precedes the samples.
pub const HEADER_BYTES: usize = 58;
/// The media type of the file.
pub const MEDIA_TYPE: &str = "audio/wav";

/// On what ground a call was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// The citizen heard that it is recorded and how to refuse, and went on.
    Informed,
    /// The citizen agreed by word or key.
    Given,
}

/// Why there is no recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotRecorded {
    /// The institution does not record.
    #[default]
    Policy,
    /// The citizen refused.
    Refused,
    /// The call ended before the citizen was asked.
    NotAsked,
    /// It could not be kept.
    Failed,
    /// Its time was over, or the citizen had it erased.
    Erased,
}

/// A call's sound, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Recording {
    /// There is none.
    None {
        /// Why.
        why: NotRecorded,
    },
    /// It is kept; while the call goes on, as far as it has come.
    Kept {
        /// The samples in order, encrypted as all attachments are; each of [`PART_BYTES`] but the last.
        parts: Vec<BlobId>,
        /// How many bytes of samples there are.
        bytes: u64,
        /// How long after the call's beginning it begins, in milliseconds.
        offset_ms: u64,
        /// On what ground.
        consent: Consent,
        /// When it is erased.
        keep_until: Timestamp,
    },
}

impl Default for Recording {
    fn default() -> Self {
        Self::None { why: NotRecorded::Policy }
    }
}

impl Recording {
    /// Its parts; none where it is not kept.
    #[must_use]
    pub fn parts(&self) -> &[BlobId] {
        match self {
            Self::Kept { parts, .. } => parts,
            Self::None { .. } => &[],
        }
    }

    /// Whether there is something to be heard.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        !self.parts().is_empty()
    }
}

/// How long so many bytes of samples last, in seconds.
#[must_use]
pub fn seconds(bytes: u64) -> u64 {
    bytes / u64::from(BYTES_PER_SECOND)
}

/// What precedes `bytes` of samples in the file.
#[must_use]
pub fn header(bytes: u64) -> [u8; HEADER_BYTES] {
    let length = u32::try_from(bytes).unwrap_or(u32::MAX - HEADER_BYTES as u32);
    let mut header = [0; HEADER_BYTES];
    let mut at = 0;
    let mut put = |field: &[u8]| {
        header[at..at + field.len()].copy_from_slice(field);
        at += field.len();
    };
    put(b"RIFF");
    put(&(HEADER_BYTES as u32 - 8 + length).to_le_bytes());
    put(b"WAVEfmt ");
    put(&18_u32.to_le_bytes());
    for field in [6_u16, 2] {
        put(&field.to_le_bytes());
    }
    put(&RATE.to_le_bytes());
    put(&BYTES_PER_SECOND.to_le_bytes());
    for field in [2_u16, 8, 0] {
        put(&field.to_le_bytes());
    }
    // A format other than PCM says how many samples there are.
    put(b"fact");
    put(&4_u32.to_le_bytes());
    put(&(length / 2).to_le_bytes());
    put(b"data");
    put(&length.to_le_bytes());
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_what_it_holds() {
        let header = header(16_000);
        let at = |place: usize| u32::from_le_bytes(header[place..place + 4].try_into().unwrap());
        assert_eq!((at(4) as usize, at(24), at(28)), (HEADER_BYTES + 16_000 - 8, RATE, BYTES_PER_SECOND));
        assert_eq!((&header[38..42], at(46), &header[50..54], at(54)), (&b"fact"[..], 8_000, &b"data"[..], 16_000));
    }
}
