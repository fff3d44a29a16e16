//! The three codecs, as one encoder and one decoder.
//!
//! All carry a byte for each tick of their RTP clock of 8000 Hz, so that bytes, ticks and eighths of a millisecond are the
//! same number everywhere in this crate.

use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::{PcmuDecoder, PcmuEncoder};
use audio_codec::{Decoder as _, Encoder as _};

use crate::Codec;

/// Bytes, and RTP clock ticks, of one millisecond in every codec.
pub(crate) const TICKS_PER_MS: usize = 8;

impl Codec {
    /// Samples in a second.
    pub fn rate(self) -> u32 {
        match self {
            Self::Pcma | Self::Pcmu => 8_000,
            Self::G722 => 16_000,
        }
    }

    /// The static payload type (RFC 3551 §6).
    pub(crate) fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
            Self::G722 => 9,
        }
    }

    /// The name in session descriptions.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
        }
    }

    /// Samples that one byte holds.
    pub(crate) fn samples_per_byte(self) -> usize {
        match self {
            Self::Pcma | Self::Pcmu => 1,
            Self::G722 => 2,
        }
    }
}

/// Encodes one direction of one line; G.722 remembers what came before.
pub(crate) enum Encoder {
    Pcma(PcmaEncoder),
    Pcmu(PcmuEncoder),
    G722(Box<G722Encoder>),
}

impl Encoder {
    pub(crate) fn new(codec: Codec) -> Self {
        match codec {
            Codec::Pcma => Self::Pcma(PcmaEncoder::new()),
            Codec::Pcmu => Self::Pcmu(PcmuEncoder::new()),
            Codec::G722 => Self::G722(Box::new(G722Encoder::new())),
        }
    }

    pub(crate) fn codec(&self) -> Codec {
        match self {
            Self::Pcma(_) => Codec::Pcma,
            Self::Pcmu(_) => Codec::Pcmu,
            Self::G722(_) => Codec::G722,
        }
    }

    /// Encodes samples at the codec's rate into `out`, and says how many bytes that made.
    pub(crate) fn encode(&mut self, samples: &[i16], out: &mut [u8]) -> usize {
        let made = match self {
            Self::Pcma(encoder) => encoder.encode_into(samples, out),
            Self::Pcmu(encoder) => encoder.encode_into(samples, out),
            Self::G722(encoder) => encoder.encode_into(samples, out),
        };
        made.unwrap_or(0)
    }
}

/// Decodes one direction of one line.
pub(crate) enum Decoder {
    Pcma(PcmaDecoder),
    Pcmu(PcmuDecoder),
    G722(Box<G722Decoder>),
}

impl Decoder {
    pub(crate) fn new(codec: Codec) -> Self {
        match codec {
            Codec::Pcma => Self::Pcma(PcmaDecoder::new()),
            Codec::Pcmu => Self::Pcmu(PcmuDecoder::new()),
            Codec::G722 => Self::G722(Box::new(G722Decoder::new())),
        }
    }

    pub(crate) fn codec(&self) -> Codec {
        match self {
            Self::Pcma(_) => Codec::Pcma,
            Self::Pcmu(_) => Codec::Pcmu,
            Self::G722(_) => Codec::G722,
        }
    }

    /// Decodes bytes into `out`, and says how many samples that made.
    pub(crate) fn decode(&mut self, bytes: &[u8], out: &mut [i16]) -> usize {
        let made = match self {
            Self::Pcma(decoder) => decoder.decode_into(bytes, out),
            Self::Pcmu(decoder) => decoder.decode_into(bytes, out),
            Self::G722(decoder) => decoder.decode_into(bytes, out),
        };
        made.unwrap_or(0)
    }
}

/// Mean level of samples in decibels below full scale, −100 for silence.
pub(crate) fn level_db(samples: &[i16]) -> f32 {
    let energy: i64 = samples.iter().map(|sample| i64::from(*sample) * i64::from(*sample)).sum();
    let mean = energy as f64 / samples.len().max(1) as f64 / (32_768.0 * 32_768.0);
    if mean <= 1e-10 { -100.0 } else { (10.0 * mean.log10()) as f32 }
}

/// Halves the rate by a short low-pass filter; `before` keeps the filter's memory.
pub(crate) fn halve(samples: &[i16], before: &mut [i16; 6], out: &mut Vec<i16>) {
    // A half-band filter of 7 taps: −6 dB at 4 kHz, which a telephone's ear does not tell from a longer one.
    const TAPS: [i32; 7] = [-1, 0, 9, 16, 9, 0, -1];
    let at = |index: usize| if index < 6 { before[index] } else { samples[index - 6] };
    out.extend((0..samples.len()).step_by(2).map(|start| {
        let sum: i32 = TAPS.iter().enumerate().map(|(tap, weight)| weight * i32::from(at(start + tap))).sum();
        (sum / 32).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
    }));
    if let Some(tail) = samples.len().checked_sub(6) {
        before.copy_from_slice(&samples[tail..]);
    }
}

/// Doubles the rate by interpolation; `before` is the last sample of what came before.
pub(crate) fn double(samples: &[i16], before: &mut i16, out: &mut Vec<i16>) {
    for sample in samples {
        out.push(((i32::from(*before) + i32::from(*sample)) / 2) as i16);
        out.push(*sample);
        *before = *sample;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_sounds::{correlation, tone};

    #[test]
    fn each_codec_gives_back_what_it_was_given() {
        for codec in [Codec::Pcma, Codec::Pcmu, Codec::G722] {
            let original = tone(440.0, codec.rate(), 400, 8_000.0);
            let mut bytes = vec![0; 3_200];
            let made = Encoder::new(codec).encode(&original, &mut bytes);
            assert_eq!(made, 400 * TICKS_PER_MS, "{codec:?}");
            let mut heard = vec![0; original.len()];
            assert_eq!(Decoder::new(codec).decode(&bytes[..made], &mut heard), original.len());
            assert!(correlation(&original, &heard) > 0.99, "{codec:?}");
        }
    }

    #[test]
    fn the_level_of_a_sine_is_three_decibels_below_its_peak() {
        let level = level_db(&tone(500.0, 8_000, 100, 16_384.0));
        assert!((level + 9.03).abs() < 0.1, "{level}");
        assert_eq!(level_db(&[0; 160]), -100.0);
        assert_eq!(level_db(&[]), -100.0);
    }

    #[test]
    fn halving_and_doubling_keep_a_tone() {
        let wide = tone(440.0, 16_000, 200, 8_000.0);
        let mut narrow = Vec::new();
        let mut memory = [0; 6];
        for part in wide.chunks(320) {
            halve(part, &mut memory, &mut narrow);
        }
        assert!(correlation(&narrow, &tone(440.0, 8_000, 200, 8_000.0)) > 0.99);
        let mut again = Vec::new();
        double(&narrow, &mut 0, &mut again);
        assert!(correlation(&again, &wide) > 0.98);
    }
}
