//! A guard before the Vorbis decoder.
//!
//! A codebook's vectors take entries × dimensions × 4 bytes, and some sixty bytes of header can declare 2²⁴ entries of 2¹⁶
//! dimensions. symphonia allocates what is declared, and memory that cannot be had ends the process, which no unwinding
//! catches. So the setup header is walked first, with the bound that libvorbis has: the bits of both numbers together are 24
//! at most.

/// Precedes the setup header (Vorbis I, section 4.2.1).
const SETUP: &[u8] = b"\x05vorbis";
/// Precedes each codebook (section 3.2.1).
const CODEBOOK: u32 = 0x56_4342;
/// The most bits that entries and dimensions may have together.
const MOST_BITS: u32 = 24;

/// Whether a decoder can be made of these headers without absurd memory. Headers that are no headers pass: the decoder
/// refuses them itself.
pub(super) fn is_modest(headers: &[u8]) -> bool {
    // The mark may also lie in the header before; what is no setup there ends at once.
    let positions = headers.windows(SETUP.len()).enumerate().filter(|(_, window)| *window == SETUP);
    positions.map(|(at, _)| headers.get(at + SETUP.len()..).unwrap_or_default()).all(|setup| {
        let mut bits = Bits { bytes: setup, position: 0 };
        walk(&mut bits) != Some(false)
    })
}

/// Walks the codebooks: whether all are modest, or `None` where the header ends or is none.
fn walk(bits: &mut Bits<'_>) -> Option<bool> {
    let codebooks = bits.take(8)? + 1;
    for _ in 0..codebooks {
        if bits.take(24)? != CODEBOOK {
            return None;
        }
        let (dimensions, entries) = (bits.take(16)?, bits.take(24)?);
        if bit_length(dimensions) + bit_length(entries) > MOST_BITS {
            return Some(false);
        }
        skip_lengths(bits, entries)?;
        let lookup = bits.take(4)?;
        if lookup == 0 {
            continue;
        }
        bits.skip(64);
        let value_bits = u64::from(bits.take(4)? + 1);
        bits.skip(1);
        let values = if lookup == 1 { lattice_values(entries, dimensions) } else { entries * dimensions };
        bits.skip(u64::from(values) * value_bits);
    }
    Some(true)
}

/// Skips the lengths of an entry's codewords.
fn skip_lengths(bits: &mut Bits<'_>, entries: u32) -> Option<()> {
    if bits.take(1)? == 1 {
        bits.skip(5);
        let mut done = 0;
        while done < entries {
            // A run of none is allowed, since a length may be unused; the bits end anyway.
            done += bits.take(bit_length(entries - done))?;
        }
    } else if bits.take(1)? == 1 {
        for _ in 0..entries {
            if bits.take(1)? == 1 {
                bits.skip(5);
            }
        }
    } else {
        bits.skip(u64::from(entries) * 5);
    }
    Some(())
}

/// The greatest number whose power `dimensions` is no more than `entries` (section 9.2.3), computed in the precision that
/// symphonia computes it in: with another result it would go on reading elsewhere than we do.
fn lattice_values(entries: u32, dimensions: u32) -> u32 {
    (entries as f32).powf(1.0 / dimensions as f32).floor() as u32
}

fn bit_length(value: u32) -> u32 {
    u32::BITS - value.leading_zeros()
}

/// Bits from the least significant on (section 2.1.4).
struct Bits<'a> {
    bytes: &'a [u8],
    position: u64,
}

impl Bits<'_> {
    /// The next `count` bits, 32 at most; `None` beyond the end.
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for bit in 0..count {
            let byte = self.bytes.get(usize::try_from(self.position / 8).ok()?)?;
            value |= u32::from(byte >> (self.position % 8) & 1) << bit;
            self.position += 1;
        }
        Some(value)
    }

    fn skip(&mut self, count: u64) {
        self.position = self.position.saturating_add(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A setup header with one codebook, of ordered lengths, in so many bits.
    fn setup(dimensions: u32, entries: u32) -> Vec<u8> {
        let mut bits = Vec::new();
        let mut put = |value: u32, count: u32| bits.extend((0..count).map(|bit| u64::from(value) >> bit & 1));
        put(0, 8);
        put(CODEBOOK, 24);
        put(dimensions, 16);
        put(entries, 24);
        put(1, 1);
        put(23, 5);
        put(entries, bit_length(entries));
        put(1, 4);
        put(0, 32);
        put(0, 32);
        put(0, 4 + 1 + 1);
        let bytes =
            bits.chunks(8).map(|eight| eight.iter().enumerate().map(|(bit, value)| (*value as u8) << bit).sum());
        SETUP.iter().copied().chain(bytes).collect()
    }

    #[test]
    fn a_codebook_of_terabytes_is_refused_and_a_usual_one_is_not() {
        assert!(!is_modest(&setup(0xffff, 0xff_ffff)));
        assert!(!is_modest(&setup(100, 0xff_ffff)));
        assert!(is_modest(&setup(4, 625)));
        assert!(is_modest(b"no header at all"));
    }

    #[test]
    fn a_harmless_setup_does_not_hide_another_one() {
        let both = [setup(4, 625), setup(0xffff, 0xff_ffff)].concat();
        assert!(!is_modest(&both));
    }
}
