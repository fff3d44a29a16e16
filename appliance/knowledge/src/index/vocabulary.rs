//! The words that the index knows, and those near a word that it does not.

use std::collections::HashMap;
use std::io;

use tantivy::query::FuzzyTermQuery;
use tantivy::schema::Field;
use tantivy::{Searcher, Term};

use super::IndexError;

/// Words taken from one dictionary at most.
const MOST: usize = 200;

/// Adds what a stream of terms yields. A macro, for the type of the stream cannot be named from here.
macro_rules! collect {
    ($stream:expr, $found:expr) => {
        let mut stream = $stream.into_stream().map_err(IndexError::Words)?;
        let mut taken = 0;
        while taken < MOST && stream.advance() {
            let word = std::str::from_utf8(stream.key()).map_err(|error| IndexError::Words(io::Error::other(error)))?;
            *$found.entry(word.to_owned()).or_default() += stream.value().doc_freq;
            taken += 1;
        }
    };
}

/// The words of one field.
pub(crate) struct Vocabulary<'a> {
    searcher: &'a Searcher,
    field: Field,
}

impl<'a> Vocabulary<'a> {
    /// The words of `field`.
    pub(crate) fn new(searcher: &'a Searcher, field: Field) -> Self {
        Self { searcher, field }
    }

    /// In how many articles `word` stands.
    pub(crate) fn frequency(&self, word: &str) -> Result<u32, IndexError> {
        let frequency = self.searcher.doc_freq(&Term::from_field_text(self.field, word)).map_err(IndexError::Read)?;
        Ok(u32::try_from(frequency).unwrap_or(u32::MAX))
    }

    /// Words that begin with `prefix`, with their frequencies.
    pub(crate) fn beginning_with(&self, prefix: &str) -> Result<Vec<(String, u32)>, IndexError> {
        let mut found: HashMap<String, u32> = HashMap::new();
        for segment in self.searcher.segment_readers() {
            let inverted = segment.inverted_index(self.field).map_err(IndexError::Read)?;
            let mut end = prefix.as_bytes().to_vec();
            end.push(0xff);
            collect!(inverted.terms().range().ge(prefix).lt(end), found);
        }
        Ok(sorted(found))
    }

    /// Words one slip of the finger away from `word`, the most frequent first.
    pub(crate) fn near(&self, word: &str) -> Result<Vec<(String, u32)>, IndexError> {
        let mut found: HashMap<String, u32> = HashMap::new();
        let query = FuzzyTermQuery::new(Term::from_field_text(self.field, word), 1, true);
        for segment in self.searcher.segment_readers() {
            let inverted = segment.inverted_index(self.field).map_err(IndexError::Read)?;
            let automaton = query.automaton().map_err(IndexError::Read)?;
            collect!(inverted.terms().search(automaton), found);
        }
        Ok(sorted(found))
    }
}

fn sorted(found: HashMap<String, u32>) -> Vec<(String, u32)> {
    let mut words: Vec<_> = found.into_iter().collect();
    words.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    words
}
