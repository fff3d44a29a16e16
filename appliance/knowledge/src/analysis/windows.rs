//! Windows over a text: two neighbouring sentences with the title, or one everyday phrasing, which is what a question
//! usually resembles. All windows of an article are kept in one sorted list, so that a term is looked up once for all.

use super::lookup::Lookup;

/// One view of all windows of an article: which term stands how often in which window.
#[derive(Debug, Clone, Default)]
pub(crate) struct Windows {
    /// Sorted by term, then by window.
    entries: Vec<Entry>,
    lookup: Lookup,
    /// Terms in each window.
    lengths: Vec<u32>,
}

/// A term in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    term: u32,
    /// The window's place.
    pub(crate) window: u32,
    /// Occurrences.
    pub(crate) count: u32,
}

impl Windows {
    /// Counts the terms of each window.
    pub(crate) fn new(windows: impl Iterator<Item = Vec<u32>>) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let mut lengths = Vec::new();
        for (window, mut terms) in (0_u32..).zip(windows) {
            lengths.push(u32::try_from(terms.len()).unwrap_or(u32::MAX));
            terms.sort_unstable();
            for same in terms.chunk_by(|left, right| left == right) {
                entries.push(Entry { term: same[0], window, count: u32::try_from(same.len()).unwrap_or(u32::MAX) });
            }
        }
        entries.sort_unstable();
        let lookup = Lookup::new(entries.iter().map(|entry| entry.term));
        Self { entries, lookup, lengths }
    }

    /// Terms in each window.
    pub(crate) fn lengths(&self) -> &[u32] {
        &self.lengths
    }

    /// The windows in which a term stands.
    pub(crate) fn with(&self, term: u32) -> impl Iterator<Item = &Entry> {
        self.entries[self.lookup.range(term)].iter().filter(move |entry| entry.term == term)
    }

    /// Every different term.
    pub(crate) fn terms(&self) -> impl Iterator<Item = u32> + '_ {
        self.entries.chunk_by(|left, right| left.term == right.term).map(|same| same[0].term)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_found_in_each_of_its_windows() {
        let windows = Windows::new([vec![7, 9, 7], vec![9], vec![]].into_iter());
        let of = |term| windows.with(term).map(|entry| (entry.window, entry.count)).collect::<Vec<_>>();
        assert_eq!((of(7), of(9), of(8)), (vec![(0, 2)], vec![(0, 1), (1, 1)], vec![]));
        assert_eq!(windows.lengths(), [3, 1, 0]);
        assert_eq!(windows.terms().collect::<Vec<_>>(), [7, 9]);
    }
}
