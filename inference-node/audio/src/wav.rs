//! WAV headers.

/// How samples lie in a WAV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    S16,
    Alaw,
    Ulaw,
}

impl Coding {
    /// The format tag (RFC 2361) and the bytes per sample.
    fn tag_and_width(self) -> (u16, u16) {
        match self {
            Self::S16 => (1, 2),
            Self::Alaw => (6, 1),
            Self::Ulaw => (7, 1),
        }
    }
}

/// Everything of a mono WAV file before its samples. Without `samples` it is that of a stream of unknown length, both lengths
/// 0xffffffff, which players read to the end.
pub(crate) fn header(coding: Coding, rate: u32, samples: Option<u32>) -> Vec<u8> {
    let (tag, width) = coding.tag_and_width();
    let data_length = samples.map_or(u32::MAX, |samples| samples.saturating_mul(u32::from(width)));
    // Formats other than PCM say how many bytes of parameters follow, and count their samples in a chunk of their own.
    let mut format = Vec::new();
    format.extend(tag.to_le_bytes());
    format.extend(1u16.to_le_bytes());
    format.extend(rate.to_le_bytes());
    format.extend((rate * u32::from(width)).to_le_bytes());
    format.extend(width.to_le_bytes());
    format.extend((width * 8).to_le_bytes());
    let mut chunks = Vec::new();
    if coding == Coding::S16 {
        chunk(&mut chunks, b"fmt ", &format);
    } else {
        format.extend(0u16.to_le_bytes());
        chunk(&mut chunks, b"fmt ", &format);
        chunk(&mut chunks, b"fact", &samples.unwrap_or(u32::MAX).to_le_bytes());
    }
    chunks.extend(b"data");
    chunks.extend(data_length.to_le_bytes());

    let mut header = b"RIFF".to_vec();
    let padded = data_length.saturating_add(data_length & 1);
    let riff_length = samples.map_or(u32::MAX, |_| padded.saturating_add(4 + chunks.len() as u32));
    header.extend(riff_length.to_le_bytes());
    header.extend(b"WAVE");
    header.extend(chunks);
    header
}

fn chunk(target: &mut Vec<u8>, name: &[u8; 4], body: &[u8]) {
    target.extend(name);
    target.extend((body.len() as u32).to_le_bytes());
    target.extend(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_length_is_written_and_an_unknown_one_is_all_ones() {
        let known = header(Coding::S16, 16_000, Some(100));
        assert_eq!(known.len(), 44);
        assert_eq!(known[4..8], 236u32.to_le_bytes());
        assert_eq!(known[40..44], 200u32.to_le_bytes());
        let stream = header(Coding::Alaw, 8000, None);
        assert_eq!(stream[4..8], [0xff; 4]);
        assert!(stream.ends_with(&[0xff; 4]));
    }
}
