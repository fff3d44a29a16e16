//! The evidence that an article holds the answer to a question.

use serde::{Deserialize, Serialize};

macro_rules! evidence {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Measured likeness of one article and one question. What is a share lies between 0 and 1; scores of views are
        /// BM25 over the question's own greatest sum, from 0 to 2.2.
        #[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
        pub struct Evidence {
            $($(#[$doc])* pub $name: f32,)*
        }

        impl Evidence {
            /// The names of the measures, in the order of [`Evidence::values`].
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// The measures, in a fixed order.
            #[must_use]
            pub fn values(&self) -> Vec<f32> {
                vec![$(self.$name),*]
            }
        }
    };
}

evidence! {
    /// View: stems of all words.
    stems,
    /// View: beginnings of words.
    prefixes,
    /// View: runs of five characters.
    grams,
    /// View: letter triples of the best two neighbouring sentences or phrasing.
    window_grams,
    /// View: stems of the best two neighbouring sentences or phrasing.
    window_stems,
    /// View: stems of the title and the everyday phrasings.
    head_stems,
    /// View: runs of five characters of the title and the everyday phrasings.
    head_grams,
    /// View: the question's weighty words, with their forms, corrections and synonyms.
    weighed,
    /// Share of the question's weight found in the article.
    covered,
    /// Share of the question's weight found in one sentence and the title.
    covered_sentence,
    /// Share of the question's weight found in two neighbouring sentences and the title.
    covered_window,
    /// Share of the question's weight found in one of the article's everyday phrasings or its title.
    covered_asked,
    /// Share of the question's weight found in the title and all everyday phrasings together.
    covered_head,
    /// 1 when the article has everyday phrasings, 0 when it is plain text: they are judged by different weights.
    curated,
    /// How closely the nearest everyday phrasing or title matches, both ways.
    asked,
    /// Share of neighbouring words of the question that are neighbours in the article.
    adjacent,
    /// Share of the question's weight found in the title.
    title,
    /// Share of the question's weight that are names and numbers found.
    names,
    /// Share of the question's weight that are names and numbers not found.
    missing_names,
    /// Weight of the heaviest word not found, against that of a word no article has.
    worst_missing,
    /// 1 when the kind of thing asked for stands in the best sentence, 0 when not, 0.5 when none is asked for.
    expected,
    /// How well the neighbours in the same collection match.
    collection,
    /// Share of the question's weight found in the article, counting words that are only spelled alike.
    alike,
    /// Weight of the words found that hardly any other of the best articles has, against that of a word no article has.
    alone,
    /// Weight of all words found, against that of a word no article has: much that matches says more than a little.
    amount,
    /// How improbable the missing words make it, by their weight.
    missing,
    /// Share of the question's weight in words that the index does not know.
    unknown,
    /// How closely the nearest outside subject matches, as `asked` does for the article.
    outside,
    /// The score by which hits are ordered.
    score,
    /// How far the score is ahead of the best other article's.
    lead,
}
