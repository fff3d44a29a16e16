//! What was heard of the present turn: its stretches of words, and the voice that they came from.

use std::time::Duration;

use desk::language::Language;

use super::phrase::{Finish, is_wordless};
use crate::event::Words;

/// The longest text of a turn, in characters.
const LONGEST_TEXT: usize = 2_000;

/// What was heard of the present turn.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    pub(super) closed: String,
    pub(super) partial: String,
    pub(super) confidence: Option<f32>,
    pub(super) language: Option<Language>,
    pub(super) since: Option<Duration>,
    pub(super) voiced: Duration,
    pub(super) last_words: Option<Duration>,
    /// How finished the text is: judged when it changes, not with every frame.
    pub(super) finish: Option<Finish>,
    /// A stretch came back without a word.
    pub(super) empty: bool,
}

impl Heard {
    /// The words so far.
    pub(super) fn text(&self) -> String {
        [self.closed.trim(), self.partial.trim()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Takes in what was understood.
    pub(super) fn keep(&mut self, at: Duration, words: &Words) {
        self.since.get_or_insert(at);
        self.language = words.language.or(self.language);
        if !words.complete {
            self.partial = cut(&words.text);
            return;
        }
        self.partial.clear();
        self.empty |= is_wordless(&words.text);
        if !words.text.trim().is_empty() && self.closed.chars().count() < LONGEST_TEXT {
            if !self.closed.is_empty() {
                self.closed.push(' ');
            }
            self.closed.push_str(cut(&words.text).trim());
            self.confidence = match (self.confidence, words.confidence) {
                (Some(before), Some(now)) => Some(before.min(now)),
                (before, now) => before.or(now),
            };
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}
