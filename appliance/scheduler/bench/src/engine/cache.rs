//! The blocks of prompts whose keys and values a model server still holds.

use std::collections::{BTreeMap, HashMap};

/// A set of blocks named by their chained hashes, unlimited or with the least recently used dropped first.
#[derive(Debug)]
pub struct PrefixCache {
    /// Blocks held at most; none for no limit.
    capacity: Option<usize>,
    used_at: HashMap<u64, u64>,
    /// The same, by time of use; kept only where there is a limit.
    by_use: BTreeMap<u64, u64>,
    clock: u64,
}

impl PrefixCache {
    /// An empty cache for `capacity` blocks; none for no limit.
    #[must_use]
    pub fn new(capacity: Option<usize>) -> Self {
        Self { capacity, used_at: HashMap::new(), by_use: BTreeMap::new(), clock: 0 }
    }

    /// How many of the first blocks of a prompt are here.
    #[must_use]
    pub fn count(&self, blocks: &[u64]) -> usize {
        blocks.iter().take_while(|block| self.used_at.contains_key(block)).count()
    }

    /// The same, and these blocks count as used.
    pub fn look_up(&mut self, blocks: &[u64]) -> usize {
        let found = self.count(blocks);
        self.touch(&blocks[..found]);
        found
    }

    /// Holds the blocks of a prompt; others are dropped where there is no room.
    pub fn insert(&mut self, blocks: &[u64]) {
        self.touch(blocks);
        while let Some(capacity) = self.capacity
            && self.used_at.len() > capacity
            && let Some((_, block)) = self.by_use.pop_first()
        {
            self.used_at.remove(&block);
        }
    }

    /// Last block first, so that a prompt's end is dropped before the beginning without which it is of no use.
    fn touch(&mut self, blocks: &[u64]) {
        for block in blocks.iter().rev() {
            self.clock += 1;
            let before = self.used_at.insert(*block, self.clock);
            if self.capacity.is_some() {
                if let Some(before) = before {
                    self.by_use.remove(&before);
                }
                self.by_use.insert(self.clock, *block);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_cache_drops_the_end_of_the_oldest_prompt_first() {
        let mut cache = PrefixCache::new(Some(4));
        cache.insert(&[1, 2, 3]);
        cache.insert(&[1, 9, 8]);
        assert_eq!(cache.count(&[1, 2, 3]), 2);
        assert_eq!(cache.count(&[1, 9, 8]), 3);
    }

    #[test]
    fn a_block_whose_beginning_is_gone_is_not_found() {
        let mut cache = PrefixCache::new(None);
        cache.insert(&[1, 2]);
        assert_eq!(cache.count(&[7, 2]), 0);
    }

    #[test]
    fn what_was_asked_for_lately_stays() {
        let mut cache = PrefixCache::new(Some(2));
        cache.insert(&[1]);
        cache.insert(&[2]);
        assert_eq!(cache.look_up(&[1]), 1);
        cache.insert(&[3]);
        assert_eq!((cache.count(&[1]), cache.count(&[2])), (1, 0));
    }
}
