//! Phrases that are recognised, written so that one reads them: `ma bate|loveste .. sot*`.
//!
//! | written | matches |
//! |---|---|
//! | `word` | that word, folded; from eight letters on also with one slip of the finger |
//! | `word*` | any word that begins so |
//! | `#` | any word with a digit |
//! | `a\|b*` | one of these |
//! | `x?` | `x` or nothing |
//! | `..` | up to three words |
//! | `^` `$` | the beginning, the end |
//!
//! A matcher of our own instead of regular expressions: it works on folded words, says which words it covered, and has
//! no pattern that fails to compile or takes long.

use std::ops::Range;

use crate::words::{Word, one_slip_apart};

const GAP: usize = 3;
const SLIP_FROM: usize = 8;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Exact(&'static str),
    Prefix(&'static str),
    Number,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Element {
    Start,
    End,
    Gap,
    One { forms: Vec<Form>, optional: bool },
}

/// One phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern(Vec<Element>);

/// A list of phrases, any of which counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patterns(Vec<Pattern>);

impl Patterns {
    /// Reads phrases from several lists.
    pub(crate) fn new(lists: &[&[&'static str]]) -> Self {
        Self(lists.iter().flat_map(|list| list.iter()).map(|text| Pattern::new(text)).collect())
    }

    /// The words that the first matching phrase covers; the longest match where several begin at the same word.
    pub(crate) fn find(&self, words: &[Word]) -> Option<Range<usize>> {
        (0..words.len()).find_map(|start| self.at(words, start).map(|end| start..end))
    }

    /// Whether any phrase matches.
    pub(crate) fn matches(&self, words: &[Word]) -> bool {
        self.find(words).is_some()
    }

    /// Where the longest match that begins at word `start` ends.
    pub(crate) fn at(&self, words: &[Word], start: usize) -> Option<usize> {
        self.0.iter().filter_map(|pattern| pattern.end_from(words, start)).filter(|end| *end > start).max()
    }

    /// For each word whether a match covers it.
    pub(crate) fn covered(&self, words: &[Word]) -> Vec<bool> {
        let mut covered = vec![false; words.len()];
        for start in 0..words.len() {
            if let Some(end) = self.at(words, start) {
                covered[start..end].fill(true);
            }
        }
        covered
    }

    /// Where a match that ends with the last word begins.
    pub(crate) fn tail(&self, words: &[Word]) -> Option<usize> {
        let first = words.len().saturating_sub(8);
        (first..words.len()).find(|start| {
            self.0.iter().any(|pattern| pattern.ends(words, *start).is_some_and(|ends| ends.contains(&words.len())))
        })
    }
}

impl Pattern {
    fn new(text: &'static str) -> Self {
        Self(text.split_whitespace().map(Element::new).collect())
    }

    fn end_from(&self, words: &[Word], start: usize) -> Option<usize> {
        self.ends(words, start)?.into_iter().max()
    }

    /// Every word before which a match from `start` may end; `None` at once where the first element rules it out.
    fn ends(&self, words: &[Word], start: usize) -> Option<Vec<usize>> {
        let first = match self.0.as_slice() {
            [Element::Start, ..] if start > 0 => return None,
            [Element::Start, first, ..] | [first, ..] => first,
            [] => return None,
        };
        if let Element::One { forms, optional: false } = first
            && !words.get(start).is_some_and(|word| forms.iter().any(|form| form.fits(&word.folded)))
        {
            return None;
        }
        let mut places = vec![start];
        for element in &self.0 {
            let mut next = Vec::with_capacity(places.len() + 1);
            for place in places {
                element.step(words, place, &mut next);
            }
            next.sort_unstable();
            next.dedup();
            if next.is_empty() {
                return None;
            }
            places = next;
        }
        Some(places)
    }
}

impl Element {
    fn new(text: &'static str) -> Self {
        match text {
            "^" => Self::Start,
            "$" => Self::End,
            ".." => Self::Gap,
            _ => {
                let (text, optional) = text.strip_suffix('?').map_or((text, false), |rest| (rest, true));
                Self::One { forms: text.split('|').map(Form::new).collect(), optional }
            }
        }
    }

    fn step(&self, words: &[Word], place: usize, next: &mut Vec<usize>) {
        match self {
            Self::Start if place == 0 => next.push(place),
            Self::End if place == words.len() => next.push(place),
            Self::Start | Self::End => {}
            Self::Gap => next.extend(place..=(place + GAP).min(words.len())),
            Self::One { forms, optional } => {
                if words.get(place).is_some_and(|word| forms.iter().any(|form| form.fits(&word.folded))) {
                    next.push(place + 1);
                }
                if *optional {
                    next.push(place);
                }
            }
        }
    }
}

impl Form {
    fn new(text: &'static str) -> Self {
        match text.strip_suffix('*') {
            _ if text == "#" => Self::Number,
            Some(prefix) => Self::Prefix(prefix),
            None => Self::Exact(text),
        }
    }

    fn fits(&self, word: &str) -> bool {
        match self {
            Self::Number => word.bytes().any(|byte| byte.is_ascii_digit()),
            Self::Prefix(prefix) => word.starts_with(prefix),
            Self::Exact(exact) => {
                *exact == word
                    || (exact.len() >= SLIP_FROM
                        && word.len() + 1 >= exact.len()
                        && exact.as_bytes().first() == word.as_bytes().first()
                        && one_slip_apart(word, exact))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::words;

    fn covers(pattern: &'static str, text: &str) -> Option<Range<usize>> {
        Patterns::new(&[&[pattern]]).find(&words(text))
    }

    #[test]
    fn a_phrase_reads_as_it_is_written() {
        assert_eq!(covers("ma bate|loveste .. sot*", "Ajutor, mă lovește iar soțul!"), Some(1..5));
        assert_eq!(covers("^ incendiu $", "Incendiu!"), Some(0..1));
        assert_eq!(covers("^ incendiu $", "aviz de incendiu"), None);
        assert_eq!(covers("nr|numar* #", "cererea nr. 123/2026"), Some(1..3));
        assert_eq!(covers("va|te? rog frumos?", "Vă rog frumos"), Some(0..3));
    }

    #[test]
    fn a_long_word_forgives_one_slip_and_a_short_one_none() {
        assert!(covers("operator", "operatro").is_some());
        assert!(covers("arde", "arre").is_none());
    }

    #[test]
    fn an_optional_phrase_never_matches_nothing() {
        assert_eq!(covers("rog?", "altceva"), None);
    }

    #[test]
    fn the_tail_is_found_where_the_text_ends_with_a_phrase() {
        let patterns = Patterns::new(&[&["va rog frumos?", "multumesc"]]);
        assert_eq!(patterns.tail(&words("cât costă, vă rog frumos")), Some(2));
        assert_eq!(patterns.tail(&words("vă rog, cât costă")), None);
    }
}
