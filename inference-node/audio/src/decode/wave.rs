//! WAV files, rewritten to what symphonia reads strictly: a format and samples.
//!
//! Writers differ: streams leave lengths at 0, 0x7fffffff or 0xffffffff, telephony recorders leave out the two bytes that
//! follow a G.711 format, others put pictures, cue lists or wrong totals around the samples. All of this is settled here, in
//! the bytes' own terms, so that only the format and the samples go on, and what the file promises is known.

use super::error::DecodeError;

/// A length from here on is a stream's way to say that it is not known (sox: 0x7ffff000, others: 0x7fffffff, 0xffffffff).
const UNKNOWN_LENGTH: u32 = 0x7fff_0000;
/// Formats that lack their `cbSize` in old files: A-law and µ-law (RFC 2361).
const G711_FORMATS: [[u8; 2]; 2] = [[6, 0], [7, 0]];

/// A WAV file's two parts that matter.
pub(super) struct Wave<'a> {
    /// A new beginning: everything before the samples.
    pub(super) header: Vec<u8>,
    /// The samples as they lie in the file.
    pub(super) data: &'a [u8],
    /// How many frames the file promises; `None` for a stream.
    pub(super) promised_frames: Option<u64>,
}

/// Finds format and samples.
pub(super) fn read(bytes: &[u8]) -> Result<Wave<'_>, DecodeError> {
    let damaged = |reason: &str| DecodeError::Damaged { readable_seconds: 0.0, reason: reason.to_owned() };
    let truncated = DecodeError::Truncated { readable_seconds: 0.0 };
    let riff_length = length_at(bytes, 4);
    let mut rest = bytes.get(12..).unwrap_or_default();
    let mut format: Option<&[u8]> = None;
    loop {
        let Some((head, body)) = rest.split_at_checked(8) else { return Err(truncated) };
        let length = length_at(head, 4);
        if head.starts_with(b"data") {
            let format = format.ok_or_else(|| damaged("its samples come before their format"))?;
            let streamed =
                length >= UNKNOWN_LENGTH || (length == 0 && (riff_length == 0 || riff_length >= UNKNOWN_LENGTH));
            let block = format.get(12..14).map_or(0, |pair| u64::from(u16::from_le_bytes([pair[0], pair[1]])));
            if block == 0 {
                return Err(damaged("its frames have no size"));
            }
            let data = if streamed { body } else { body.get(..length as usize).unwrap_or(body) };
            let promised_frames = (!streamed).then(|| u64::from(length) / block);
            return Ok(Wave { header: header(format), data, promised_frames });
        }
        let Some(chunk) = body.get(..length as usize) else { return Err(truncated) };
        if head.starts_with(b"fmt ") {
            if chunk.len() < 16 || chunk.len() > 1024 {
                return Err(damaged("its format has the wrong size"));
            }
            format = Some(chunk);
        }
        // Chunks begin at even offsets.
        rest = body.get(length as usize + (length & 1) as usize..).unwrap_or_default();
    }
}

fn length_at(bytes: &[u8], offset: usize) -> u32 {
    bytes.get(offset..).and_then(<[u8]>::first_chunk).map_or(0, |four| u32::from_le_bytes(*four))
}

/// The beginning of a WAV stream of unknown length in `format`.
fn header(format: &[u8]) -> Vec<u8> {
    let mut format = format.to_vec();
    if format.len() == 16 && G711_FORMATS.iter().any(|tag| format.starts_with(tag)) {
        format.extend([0, 0]);
    }
    if format.len() % 2 == 1 {
        format.push(0);
    }
    let mut header = b"RIFF\xff\xff\xff\xffWAVEfmt ".to_vec();
    header.extend((format.len() as u32).to_le_bytes());
    header.extend(format);
    header.extend(b"data\xff\xff\xff\xff");
    header
}
