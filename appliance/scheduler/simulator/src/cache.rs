//! A replica's real prefix cache: chained blocks, the least recently used evicted first where it has a size.

use std::collections::BTreeMap;

use policy::BlockHash;
use rustc_hash::FxHashMap;

/// The cache.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    capacity: Option<usize>,
    used: FxHashMap<BlockHash, u64>,
    by_use: BTreeMap<u64, BlockHash>,
    clock: u64,
}

impl Cache {
    pub(crate) fn new(capacity: Option<usize>) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// How many of the chain's first blocks it holds.
    pub(crate) fn matched(&self, chain: &[BlockHash]) -> usize {
        chain.iter().take_while(|block| self.used.contains_key(block)).count()
    }

    /// These blocks were computed or found: the deeper, the sooner evicted.
    pub(crate) fn touch(&mut self, chain: &[BlockHash]) {
        let Some(capacity) = self.capacity else {
            // Without a size there is no order to keep.
            self.used.extend(chain.iter().map(|block| (*block, 0)));
            return;
        };
        for block in chain.iter().rev() {
            self.clock += 1;
            if let Some(before) = self.used.insert(*block, self.clock) {
                self.by_use.remove(&before);
            }
            self.by_use.insert(self.clock, *block);
        }
        while self.used.len() > capacity
            && let Some((_, block)) = self.by_use.pop_first()
        {
            self.used.remove(&block);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.used.clear();
        self.by_use.clear();
    }
}
