//! What each replica's prefix cache probably holds: which blocks were sent there, the least recently used forgotten first.
//!
//! One map from block to holders, rather than a radix tree for each replica: the hashes are chained, so that a block's hash
//! alone says its whole prefix, and one walk down a prompt finds the matches of all replicas at once. The index is a guess
//! (the engine evicts by its own rule); [`PrefixIndex::clear`] and [`PrefixIndex::forget`] correct it where it is known to
//! be wrong.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::request::BlockHash;

/// The index, bounded for each replica.
#[derive(Debug, Default)]
pub(crate) struct PrefixIndex {
    holders: FxHashMap<BlockHash, Vec<u16>>,
    shelves: Vec<Shelf>,
    clock: u64,
    version: u64,
}

/// One replica's blocks by their last use.
#[derive(Debug, Default)]
struct Shelf {
    capacity: usize,
    used: FxHashMap<BlockHash, u64>,
    by_use: BTreeMap<u64, BlockHash>,
}

impl PrefixIndex {
    /// Changes whenever a match may have changed.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Makes room for the replica at `seat`, remembering so many blocks at most.
    pub(crate) fn seat(&mut self, seat: usize, capacity: usize) {
        if self.shelves.len() <= seat {
            self.shelves.resize_with(seat + 1, Shelf::default);
        }
        self.shelves[seat].capacity = capacity.max(1);
        self.shrink(seat);
    }

    /// How many of the chain's first blocks each replica holds.
    pub(crate) fn matches(&self, chain: &[BlockHash]) -> Vec<u32> {
        let mut matched = vec![0_u32; self.shelves.len()];
        for (depth, block) in (0_u32..).zip(chain) {
            let mut any = false;
            for seat in self.holders.get(block).into_iter().flatten() {
                if let Some(count) = matched.get_mut(usize::from(*seat))
                    && *count == depth
                {
                    *count = depth + 1;
                    any = true;
                }
            }
            if !any {
                break;
            }
        }
        matched
    }

    /// The replica at `seat` is given this chain; returns how many of its first blocks it held before.
    ///
    /// The deeper a block, the older it counts: where room is short, a chain loses its end first.
    pub(crate) fn insert(&mut self, seat: usize, chain: &[BlockHash]) -> usize {
        self.version += 1;
        let Some(shelf) = self.shelves.get_mut(seat) else { return 0 };
        let held = chain.iter().take_while(|block| shelf.used.contains_key(block)).count();
        for block in chain.iter().rev() {
            self.clock += 1;
            match shelf.used.insert(*block, self.clock) {
                Some(before) => {
                    shelf.by_use.remove(&before);
                }
                None => {
                    if let Ok(seat) = u16::try_from(seat) {
                        self.holders.entry(*block).or_default().push(seat);
                    }
                }
            }
            shelf.by_use.insert(self.clock, *block);
        }
        self.shrink(seat);
        held
    }

    /// The replica at `seat` does not hold these blocks after all.
    pub(crate) fn forget(&mut self, seat: usize, blocks: &[BlockHash]) {
        self.version += 1;
        for block in blocks {
            let Some(shelf) = self.shelves.get_mut(seat) else { return };
            if let Some(used) = shelf.used.remove(block) {
                shelf.by_use.remove(&used);
                self.drop_holder(seat, *block);
            }
        }
    }

    /// The replica at `seat` has lost its cache.
    pub(crate) fn clear(&mut self, seat: usize) {
        self.version += 1;
        let Some(shelf) = self.shelves.get_mut(seat) else { return };
        shelf.used.clear();
        let blocks: Vec<BlockHash> = std::mem::take(&mut shelf.by_use).into_values().collect();
        for block in blocks {
            self.drop_holder(seat, block);
        }
    }

    fn shrink(&mut self, seat: usize) {
        while let Some(shelf) = self.shelves.get_mut(seat)
            && shelf.used.len() > shelf.capacity
            && let Some((_, block)) = shelf.by_use.pop_first()
        {
            shelf.used.remove(&block);
            self.drop_holder(seat, block);
        }
    }

    fn drop_holder(&mut self, seat: usize, block: BlockHash) {
        if let Some(seats) = self.holders.get_mut(&block) {
            seats.retain(|holder| usize::from(*holder) != seat);
            if seats.is_empty() {
                self.holders.remove(&block);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(hashes: &[u64]) -> Vec<BlockHash> {
        hashes.iter().copied().map(BlockHash).collect()
    }

    fn index(replicas: usize, capacity: usize) -> PrefixIndex {
        let mut index = PrefixIndex::default();
        for seat in 0..replicas {
            index.seat(seat, capacity);
        }
        index
    }

    #[test]
    fn each_replica_matches_as_far_as_it_was_given() {
        let mut index = index(3, 100);
        index.insert(0, &chain(&[1, 2, 3]));
        index.insert(1, &chain(&[1, 9]));
        assert_eq!(index.matches(&chain(&[1, 2, 4])), [2, 1, 0]);
        assert_eq!(index.insert(0, &chain(&[1, 2, 4])), 2);
    }

    #[test]
    fn a_full_shelf_forgets_the_end_of_the_oldest_chain_first() {
        let mut index = index(1, 4);
        index.insert(0, &chain(&[1, 2, 3]));
        index.insert(0, &chain(&[7, 8]));
        assert_eq!(index.matches(&chain(&[1, 2, 3])), [2]);
        assert_eq!(index.matches(&chain(&[7, 8])), [2]);
        assert_eq!(index.holders.len(), 4);
    }

    #[test]
    fn a_cleared_replica_matches_nothing_and_leaves_nothing_behind() {
        let mut index = index(2, 10);
        index.insert(0, &chain(&[1, 2]));
        index.clear(0);
        assert_eq!(index.matches(&chain(&[1, 2])), [0, 0]);
        assert!(index.holders.is_empty() && index.shelves[0].used.is_empty());
    }
}
