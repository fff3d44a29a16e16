//! What was said as folded words, and phrases found among them, blind to spelling and accents.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The words of `text` in lower case, without accents and marks; hyphens part words, apostrophes do not.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word = String::new();
    for character in text.nfd().flat_map(char::to_lowercase) {
        if character.is_alphanumeric() || character == '+' {
            word.push(character);
        } else if !is_combining_mark(character) && !matches!(character, '\'' | '’') && !word.is_empty() {
            found.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        found.push(word);
    }
    found
}

/// Words that belong together: `sun* la salvare`, where a star ends a word of which only the beginning counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phrase(Vec<String>);

impl Phrase {
    /// The phrase written in a lexicon.
    pub(crate) fn new(text: &str) -> Self {
        let fold = |piece: &str| {
            let star = if piece.ends_with('*') { "*" } else { "" };
            format!("{}{star}", words(piece).concat())
        };
        Self(text.split_whitespace().map(fold).collect())
    }

    /// Where it first stands among `said`.
    pub(crate) fn find(&self, said: &[String]) -> Option<Range<usize>> {
        let length = self.0.len();
        (length > 0)
            .then(|| (0..(said.len() + 1).saturating_sub(length)).find(|at| self.is(&said[*at..*at + length])))?
            .map(|at| at..at + length)
    }

    /// Whether `said` is this phrase and nothing else.
    pub(crate) fn is(&self, said: &[String]) -> bool {
        self.0.len() == said.len()
            && self.0.iter().zip(said).all(|(ours, theirs)| match ours.strip_suffix('*') {
                Some(beginning) => theirs.starts_with(beginning),
                None => ours == theirs,
            })
    }
}

/// The phrases of a lexicon's list.
pub(crate) fn phrases(list: &[String]) -> Vec<Phrase> {
    list.iter().map(|text| Phrase::new(text)).collect()
}

/// Whether any of `list` stands among `said`.
pub(crate) fn any_in(list: &[Phrase], said: &[String]) -> bool {
    list.iter().any(|phrase| phrase.find(said).is_some())
}

/// Whether `said` is one of `list`.
pub(crate) fn any_is(list: &[Phrase], said: &[String]) -> bool {
    list.iter().any(|phrase| phrase.is(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_and_accents_do_not_count() {
        assert_eq!(words("Într-o ȚARĂ, don't! Műszer"), ["intr", "o", "tara", "dont", "muszer"]);
        assert_eq!(words("  — …"), Vec::<String>::new());
    }

    #[test]
    fn a_phrase_is_found_by_whole_words_or_by_their_beginnings() {
        let said = words("vreau să vorbesc cu un operator uman");
        assert_eq!(Phrase::new("cu un operator").find(&said), Some(3..6));
        assert_eq!(Phrase::new("vorb* cu").find(&said), Some(2..4));
        assert_eq!(Phrase::new("oper").find(&said), None);
        assert!(Phrase::new("").find(&said).is_none());
    }
}
