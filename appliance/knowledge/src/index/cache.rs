//! Articles in the form in which they are compared, kept for the next question.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use desk::article::Article;

use crate::analysis::document::Analysed;

/// Entries of one generation; at most twice as many are kept, some 40 KiB each.
const GENERATION: usize = 768;

/// An article and its terms.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The article.
    pub(crate) article: Arc<Article>,
    /// Its terms.
    pub(crate) analysed: Analysed,
}

/// Two generations: what the older one holds unused is forgotten when the younger is full.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<u64, Arc<Entry>>,
    old: HashMap<u64, Arc<Entry>>,
}

impl Cache {
    /// The entry with this stamp.
    pub(crate) fn get(&self, stamp: u64) -> Option<Arc<Entry>> {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = generations.young.get(&stamp) {
            return Some(Arc::clone(entry));
        }
        let entry = generations.old.remove(&stamp)?;
        generations.put(stamp, Arc::clone(&entry));
        Some(entry)
    }

    /// Keeps an entry.
    pub(crate) fn put(&self, stamp: u64, entry: Arc<Entry>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(stamp, entry);
    }
}

impl Generations {
    fn put(&mut self, stamp: u64, entry: Arc<Entry>) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(stamp, entry);
    }
}
