//! The sound of the turns that are not written down yet, kept so that another node can hear it again.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::Deserialize;

/// Sound kept while nobody speaks: a turn is told only after its beginning was heard.
const QUIET_MS: u64 = 2_000;
/// The longest turn that is kept whole; of a longer one the end.
const LONGEST_MS: u64 = 60_000;
/// The rate of OpenAI's `pcm16`.
const PCM16: u32 = 24_000;

/// How a client's sound is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    /// 16 bits a sample.
    #[default]
    Pcm16,
    /// ITU-T G.711 as in Europe, 8 bits a sample, 8 kHz.
    G711Alaw,
    /// The same as in America.
    G711Ulaw,
}

/// Sound in the order in which it came.
#[derive(Debug)]
pub(crate) struct Kept {
    pieces: VecDeque<Bytes>,
    /// Bytes that came before the first piece.
    forgotten: u64,
    /// Bytes in the pieces.
    held: u64,
    sample_bytes: u64,
    bytes_per_second: u64,
}

impl Kept {
    /// Nothing yet; `rate` in samples per second is for [`Form::Pcm16`] only.
    pub(crate) fn new(form: Form, rate: Option<u32>) -> Self {
        let (sample_bytes, rate) = match form {
            Form::Pcm16 => (2, rate.unwrap_or(PCM16)),
            Form::G711Alaw | Form::G711Ulaw => (1, 8_000),
        };
        let bytes_per_second = u64::from(rate.max(1)) * sample_bytes;
        Self { pieces: VecDeque::new(), forgotten: 0, held: 0, sample_bytes, bytes_per_second }
    }

    /// More came.
    pub(crate) fn push(&mut self, piece: Bytes) {
        if piece.is_empty() {
            return;
        }
        self.held += piece.len() as u64;
        self.pieces.push_back(piece);
        self.forget_before(self.now_ms().saturating_sub(LONGEST_MS));
    }

    /// Milliseconds of sound that came so far.
    pub(crate) fn now_ms(&self) -> u64 {
        (self.forgotten + self.held) * 1_000 / self.bytes_per_second
    }

    /// Nobody speaks: only the last moments are kept.
    pub(crate) fn quiet(&mut self) {
        self.forget_before(self.now_ms().saturating_sub(QUIET_MS));
    }

    /// What came before is written down, and not needed any more.
    pub(crate) fn forget_before(&mut self, ms: u64) {
        let until = ms.saturating_mul(self.bytes_per_second) / 1_000;
        while let Some(first) = self.pieces.front() {
            let length = first.len() as u64;
            if self.forgotten + length > until {
                break;
            }
            self.forgotten += length;
            self.held -= length;
            self.pieces.pop_front();
        }
        // Cut within a sample, all that follows would be noise.
        let within = self.forgotten % self.sample_bytes;
        if within > 0
            && let Some(first) = self.pieces.front_mut()
        {
            // A sample has two bytes at most.
            *first = first.slice(1..);
            self.forgotten += 1;
            self.held -= 1;
        }
    }

    /// What is kept, and where it begins in milliseconds since the first sound.
    pub(crate) fn again(&self) -> (u64, Vec<Bytes>) {
        (self.forgotten * 1_000 / self.bytes_per_second, self.pieces.iter().cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(mark: u8) -> Bytes {
        Bytes::from(vec![mark; 8_000])
    }

    #[test]
    fn what_is_written_down_is_forgotten_and_the_rest_heard_again() {
        let mut kept = Kept::new(Form::G711Alaw, None);
        (0..5).for_each(|mark| kept.push(second(mark)));
        kept.forget_before(2_500);
        let (from, pieces) = kept.again();
        assert_eq!((from, pieces.len(), pieces[0][0], kept.now_ms()), (2_000, 3, 2, 5_000));
        kept.quiet();
        assert_eq!(kept.again().0, 3_000);
    }

    #[test]
    fn of_an_endless_turn_the_end_is_kept() {
        let mut kept = Kept::new(Form::G711Ulaw, None);
        (0..100).for_each(|mark| kept.push(second(mark)));
        let (from, pieces) = kept.again();
        assert_eq!((from, pieces.len()), (40_000, 60));
    }

    proptest! {
        #[test]
        fn sixteen_bits_are_never_cut_in_two(lengths in prop::collection::vec(0_usize..50, 1..60), at in 0_u64..2_000) {
            let mut kept = Kept::new(Form::Pcm16, Some(8_000));
            let mut came: Vec<u8> = Vec::new();
            for length in lengths {
                let piece: Vec<u8> = (0..length).map(|byte| ((came.len() + byte) % 251) as u8).collect();
                came.extend(&piece);
                kept.push(piece.into());
            }
            kept.forget_before(at / 100);
            let rest: Vec<u8> = kept.again().1.concat();
            prop_assert!(came.ends_with(&rest));
            prop_assert!((came.len() - rest.len()).is_multiple_of(2) || rest.is_empty());
        }
    }
}
