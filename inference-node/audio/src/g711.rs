//! The two companding laws of telephony, ITU-T G.711 (11/88): 8 bits a sample, logarithmic.
//!
//! Written here because each direction is a few lines; the codec crates that offer them bring tables of 64 KiB, vector code
//! and other codecs along. Values are scaled to 16 bits: the 13-bit samples of A-law by 8, the 14-bit ones of µ-law by 4.

/// What A-law inverts on the line (every even bit), so that silence has transitions.
const ALAW_INVERSION: u8 = 0x55;
/// Added to a µ-law magnitude before its segment is found: 33 in the 14-bit scale of G.711.
const ULAW_BIAS: u16 = 33 << 2;
/// The largest magnitude that µ-law represents, with its bias, in the 16-bit scale.
const ULAW_MAX: u16 = 0x7fff;

/// One sample by A-law (G.711 table 1).
#[must_use]
pub fn alaw_encode(sample: i16) -> u8 {
    // One's complement: decision values are symmetric around -0.5, not around 0.
    let (sign, magnitude) = if sample < 0 { (0x00, !sample as u16) } else { (0x80, sample as u16) };
    // Segment 0 and 1 share a step of 16; from there each segment doubles it.
    let segment = (16 - magnitude.leading_zeros()).saturating_sub(8) as u8;
    let step_bits = u32::from(segment.max(1)) + 3;
    let mantissa = (magnitude >> step_bits) as u8 & 0x0f;
    (sign | segment << 4 | mantissa) ^ ALAW_INVERSION
}

/// The sample that an A-law byte stands for: the middle of its interval.
#[must_use]
pub fn alaw_decode(byte: u8) -> i16 {
    let byte = byte ^ ALAW_INVERSION;
    let segment = byte >> 4 & 0x07;
    let mantissa = i16::from(byte & 0x0f);
    let magnitude = match segment {
        0 => mantissa << 4 | 8,
        _ => ((mantissa | 0x10) << 4 | 8) << (segment - 1),
    };
    if byte & 0x80 == 0 { -magnitude } else { magnitude }
}

/// One sample by µ-law (G.711 table 2).
#[must_use]
pub fn ulaw_encode(sample: i16) -> u8 {
    let (sign, magnitude) = if sample < 0 { (0x80, !sample as u16) } else { (0x00, sample as u16) };
    let biased = (magnitude + ULAW_BIAS).min(ULAW_MAX);
    // The bias makes the top bit of segment 0 bit 7.
    let segment = (15 - biased.leading_zeros()).saturating_sub(7) as u8;
    let mantissa = (biased >> (u32::from(segment) + 3)) as u8 & 0x0f;
    !(sign | segment << 4 | mantissa)
}

/// The sample that a µ-law byte stands for: the middle of its interval. Both zeros give 0.
#[must_use]
pub fn ulaw_decode(byte: u8) -> i16 {
    let byte = !byte;
    let segment = byte >> 4 & 0x07;
    let mantissa = i16::from(byte & 0x0f);
    let bias = ULAW_BIAS as i16;
    let magnitude = ((mantissa << 3 | bias) << segment) - bias;
    if byte & 0x80 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_decoding_and_encoding() {
        for byte in 0..=255u8 {
            assert_eq!(alaw_encode(alaw_decode(byte)), byte, "A-law {byte:#04x}");
            // µ-law has two zeros; the negative one comes back as the positive.
            let expected = if byte == 0x7f { 0xff } else { byte };
            assert_eq!(ulaw_encode(ulaw_decode(byte)), expected, "µ-law {byte:#04x}");
        }
    }

    #[test]
    fn known_values_of_the_tables_hold() {
        assert_eq!((alaw_encode(0), alaw_encode(i16::MAX), alaw_encode(i16::MIN)), (0xd5, 0xaa, 0x2a));
        assert_eq!((ulaw_encode(0), ulaw_encode(i16::MAX), ulaw_encode(i16::MIN)), (0xff, 0x80, 0x00));
        assert_eq!((alaw_decode(0xaa), alaw_decode(0x2a), alaw_decode(0xd5)), (32256, -32256, 8));
        assert_eq!((ulaw_decode(0x80), ulaw_decode(0x00), ulaw_decode(0xff)), (32124, -32124, 0));
    }

    #[test]
    fn encoding_is_monotonic_and_errs_by_no_more_than_half_a_step() {
        let (mut last_a, mut last_u) = (i16::MIN, i16::MIN);
        for sample in i16::MIN..=i16::MAX {
            let (a, u) = (alaw_decode(alaw_encode(sample)), ulaw_decode(ulaw_encode(sample)));
            assert!(a >= last_a && u >= last_u, "{sample}");
            (last_a, last_u) = (a, u);
            let magnitude = f32::from(sample).abs();
            // The widest step is 1/16 of the magnitude (segment of 16 steps); near zero it is 16 and 8.
            let error = |decoded: i16| (f32::from(decoded) - f32::from(sample)).abs();
            assert!(error(a) <= (magnitude / 32.0).max(8.0) + 1.0, "A-law of {sample}: {a}");
            assert!(
                error(u) <= ((magnitude + 132.0) / 32.0).max(4.0) + 1.0 || magnitude > 32635.0,
                "µ-law of {sample}: {u}"
            );
        }
    }
}
