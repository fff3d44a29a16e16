//! Samples without a container.

use super::error::DecodeError;
use super::sink::Sink;
use super::sniff::Raw;
use crate::g711::{alaw_decode, ulaw_decode};
use crate::pcm::from_i16;

/// How many bytes are converted before limits are looked at again.
const STEP: usize = 1 << 16;

pub(super) fn decode(raw: Raw, bytes: &[u8], sink: &mut Sink) -> Result<(), DecodeError> {
    let (rate, bytes_per_sample) = match raw {
        Raw::Alaw { rate } | Raw::Ulaw { rate } => (rate, 1),
        Raw::S16le { rate } => (rate, 2),
    };
    sink.begin(rate)?;
    sink.promise((bytes.len() / bytes_per_sample) as u64)?;
    let mut samples = Vec::with_capacity(STEP);
    for step in bytes.chunks(STEP) {
        samples.clear();
        match raw {
            Raw::Alaw { .. } => samples.extend(step.iter().map(|&byte| from_i16(alaw_decode(byte)))),
            Raw::Ulaw { .. } => samples.extend(step.iter().map(|&byte| from_i16(ulaw_decode(byte)))),
            Raw::S16le { .. } => {
                // A last half sample is dropped.
                samples.extend(step.as_chunks::<2>().0.iter().map(|&pair| from_i16(i16::from_le_bytes(pair))));
            }
        }
        sink.push(&samples, 1)?;
    }
    Ok(())
}
