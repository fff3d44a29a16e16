//! Where a hash stands in a sorted list: its first bits name a short stretch of the list.

use std::ops::Range;

/// Entries of a stretch, on average.
const STRETCH: usize = 4;

/// The stretches of one sorted list of hashes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lookup {
    /// Where each stretch begins, and the end of the list.
    starts: Vec<u32>,
    /// How many last bits of a hash do not name its stretch.
    shift: u32,
}

impl Lookup {
    /// The stretches of `hashes`, which are sorted.
    pub(crate) fn new(hashes: impl ExactSizeIterator<Item = u32>) -> Self {
        let stretches = (hashes.len() / STRETCH).next_power_of_two();
        let shift = 32 - stretches.trailing_zeros();
        let mut starts = vec![0_u32; stretches + 1];
        for hash in hashes {
            starts[stretch(hash, shift) + 1] += 1;
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self { starts, shift }
    }

    /// Where entries with this hash can be.
    pub(crate) fn range(&self, hash: u32) -> Range<usize> {
        let stretch = stretch(hash, self.shift);
        match self.starts.get(stretch..stretch + 2) {
            Some(&[start, end]) => start as usize..end as usize,
            _ => 0..0,
        }
    }
}

fn stretch(hash: u32, shift: u32) -> usize {
    hash.checked_shr(shift).unwrap_or(0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_hash_is_in_its_stretch(mut hashes in proptest::collection::vec(any::<u32>(), 0..200), other: u32) {
            hashes.sort_unstable();
            let lookup = Lookup::new(hashes.iter().copied());
            for hash in hashes.iter().chain([&other]) {
                let within = hashes[lookup.range(*hash)].iter().filter(|found| *found == hash).count();
                prop_assert_eq!(within, hashes.iter().filter(|found| *found == hash).count());
            }
        }
    }
}
