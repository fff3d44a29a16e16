//! An answer spoken while it is still being made: its complete sentences as they come, and in the end only what is missing.

use std::collections::HashSet;

use desk::language::Language;

use super::cut::clauses;
use super::outcome::sentences_of;
use super::plain::lines;
use crate::prompts::{Filled, filled};

/// Characters that are spoken before the answer is whole; then its outcome decides what is worth saying.
const AHEAD: usize = 320;
/// The most text kept, in bytes.
const MOST: usize = 16_000;

/// An answer that grows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stream {
    text: String,
    given: Vec<String>,
}

impl Stream {
    /// The clauses that `piece` completes.
    pub(crate) fn push(&mut self, piece: &str, language: Language) -> Vec<String> {
        if self.text.len() + piece.len() > MOST {
            return Vec::new();
        }
        let parted =
            self.text.is_empty() || self.text.ends_with(char::is_whitespace) || piece.starts_with(char::is_whitespace);
        if !parted && self.text.ends_with(['.', '!', '?', ':']) {
            self.text.push(' ');
        }
        self.text.push_str(piece);
        let (lines, _) = lines(&self.text, &filled(Filled::MailAddress, language, &[]));
        // A list is left to the end, which knows how long it is; so is a line that may still grow.
        let prose: Vec<_> = lines.iter().take_while(|line| !line.item).collect();
        let open = prose.len() == lines.len() && !self.text.trim_end().ends_with(['.', '!', '?']);
        let mut sentences: Vec<String> = prose.into_iter().flat_map(sentences_of).collect();
        if open {
            sentences.pop();
        }
        let mut all = Vec::new();
        let mut chars = 0;
        for sentence in sentences {
            if chars > AHEAD {
                break;
            }
            chars += sentence.chars().count();
            all.extend(clauses(&sentence, all.is_empty()));
        }
        let new: Vec<String> = all.into_iter().skip(self.given.len()).collect();
        self.given.extend(new.iter().cloned());
        new
    }

    /// What of `whole` was not given yet.
    pub(crate) fn missing(&self, whole: Vec<String>) -> Vec<String> {
        let given: HashSet<&String> = self.given.iter().collect();
        whole.into_iter().filter(|clause| !given.contains(clause)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_given_once_as_they_become_whole() {
        let mut stream = Stream::default();
        assert!(stream.push("Mergeți la", Language::Ro).is_empty());
        assert_eq!(stream.push(" ghișeu.", Language::Ro), ["Mergeți la ghișeu."]);
        assert_eq!(stream.push("Costă 40 de lei. Aduceți actul", Language::Ro), ["Costă 40 de lei."]);
        let whole = ["Mergeți la ghișeu.", "Costă 40 de lei.", "Aduceți actul vechi."].map(str::to_owned).to_vec();
        assert_eq!(stream.missing(whole), ["Aduceți actul vechi."]);
    }

    #[test]
    fn a_list_waits_for_the_end() {
        let mut stream = Stream::default();
        assert!(stream.push("Aduceți:\n\n- actul vechi\n- cererea", Language::Ro).len() <= 1);
    }
}
