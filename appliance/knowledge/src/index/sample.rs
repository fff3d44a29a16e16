//! How common runs of letters are, counted over a sample of the articles.
//!
//! Words are counted exactly by tantivy's dictionaries. Runs of letters are too many to index, and their rarity changes
//! little with the number of articles, so the first some thousand of each language stand for all.

use std::collections::HashMap;

use crate::analysis::document::Analysed;

/// Articles that are counted at most.
const MOST: u32 = 2_000;

/// Document frequencies of one language's runs of letters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    documents: u32,
    windows: u32,
    prefixes: HashMap<u32, u32>,
    grams: HashMap<u32, u32>,
    window_grams: HashMap<u32, u32>,
    lengths: Lengths,
}

#[derive(Debug, Clone, Copy, Default)]
struct Lengths {
    prefixes: u64,
    grams: u64,
    window_grams: u64,
    window_stems: u64,
    head_stems: u64,
    head_grams: u64,
}

/// The views that are counted here.
#[derive(Debug, Clone, Copy)]
pub(crate) enum View {
    Prefixes,
    Grams,
    WindowGrams,
}

impl Sample {
    /// Whether more articles would still be counted.
    pub(crate) fn open(&self) -> bool {
        self.documents < MOST
    }

    /// Counts one article.
    pub(crate) fn add(&mut self, analysed: &Analysed) {
        if !self.open() {
            return;
        }
        self.documents += 1;
        let mut count = |map: fn(&mut Self) -> &mut HashMap<u32, u32>, terms: Vec<u32>| {
            for term in terms {
                *map(self).entry(term).or_default() += 1;
            }
        };
        count(|sample| &mut sample.prefixes, analysed.prefixes.terms().collect());
        count(|sample| &mut sample.grams, analysed.grams.terms().collect());
        count(|sample| &mut sample.window_grams, analysed.window_grams.terms().collect());
        self.lengths.prefixes += u64::from(analysed.prefixes.total);
        self.lengths.grams += u64::from(analysed.grams.total);
        self.lengths.head_stems += u64::from(analysed.head_stems.total);
        self.lengths.head_grams += u64::from(analysed.head_grams.total);
        let sum = |lengths: &[u32]| lengths.iter().map(|&length| u64::from(length)).sum::<u64>();
        self.windows += u32::try_from(analysed.window_stems.lengths().len()).unwrap_or(u32::MAX);
        self.lengths.window_grams += sum(analysed.window_grams.lengths());
        self.lengths.window_stems += sum(analysed.window_stems.lengths());
    }

    /// How much a term of `view` tells, as BM25 weighs it.
    pub(crate) fn rarity(&self, view: View, term: u32) -> f32 {
        let map = match view {
            View::Prefixes => &self.prefixes,
            View::Grams => &self.grams,
            View::WindowGrams => &self.window_grams,
        };
        rarity(self.documents, map.get(&term).copied().unwrap_or(0))
    }

    /// Mean length of an article, or of a window, in terms of `view`.
    pub(crate) fn mean(&self, view: View) -> f32 {
        match view {
            View::Prefixes => mean(self.lengths.prefixes, self.documents),
            View::Grams => mean(self.lengths.grams, self.documents),
            View::WindowGrams => mean(self.lengths.window_grams, self.windows),
        }
    }

    /// Mean number of words, and of runs of letters, of a title with its everyday phrasings.
    pub(crate) fn mean_head(&self) -> (f32, f32) {
        (mean(self.lengths.head_stems, self.documents), mean(self.lengths.head_grams, self.documents))
    }

    /// Mean number of words of a window.
    pub(crate) fn mean_window_words(&self) -> f32 {
        mean(self.lengths.window_stems, self.windows)
    }
}

fn mean(total: u64, count: u32) -> f32 {
    if count == 0 { 1.0 } else { (total as f32 / count as f32).max(1.0) }
}

/// BM25's inverse document frequency.
pub(crate) fn rarity(documents: u32, with: u32) -> f32 {
    let (documents, with) = (documents.max(with) as f32, with as f32);
    (1.0 + (documents - with + 0.5) / (with + 0.5)).ln()
}
