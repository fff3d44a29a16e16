//! Words and sentences of a text.

use unicode_normalization::char::is_combining_mark;

use super::folding::fold;

/// A word or number as it stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Lower case, without diacritics.
    pub(crate) folded: String,
    /// Begins with a capital letter.
    pub(crate) capital: bool,
    /// Is a number.
    pub(crate) number: bool,
}

/// The words and numbers of `text` in order; `415.000` and `3,5` are one number, a hyphen parts two words.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    each(text, |word, capital, number| tokens.push(Token { folded: fold(word), capital, number }));
    tokens
}

/// Calls `take` with every word or number as it stands, whether it begins with a capital, and whether it is a number.
pub(crate) fn each(text: &str, mut take: impl FnMut(&str, bool, bool)) {
    let mut characters = text.char_indices().peekable();
    while let Some((start, first)) = characters.next() {
        let number = first.is_numeric();
        if !number && !first.is_alphabetic() {
            continue;
        }
        let mut end = start + first.len_utf8();
        while let Some(&(at, next)) = characters.peek() {
            let combining = !next.is_ascii() && is_combining_mark(next);
            let inside = if number { next.is_numeric() } else { next.is_alphabetic() || combining };
            let separator = number && matches!(next, '.' | ',') && digit_follows(text, at + next.len_utf8());
            if !inside && !separator {
                break;
            }
            end = at + next.len_utf8();
            characters.next();
        }
        take(&text[start..end], first.is_uppercase(), number);
    }
}

fn digit_follows(text: &str, at: usize) -> bool {
    text[at..].chars().next().is_some_and(char::is_numeric)
}

/// `text` cut after `.`, `!`, `?` or `;` where a new sentence seems to begin.
#[must_use]
pub fn split_sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    for (at, character) in text.char_indices() {
        if !matches!(character, '.' | '!' | '?' | ';') {
            continue;
        }
        let end = at + character.len_utf8();
        let rest = text[end..].trim_start();
        let spaced = text[end..].starts_with(char::is_whitespace);
        let begins = rest
            .chars()
            .next()
            .is_some_and(|next| next.is_uppercase() || next.is_numeric() || matches!(next, '„' | '"' | '“'));
        if spaced && begins && !abbreviation(&text[start..at]) {
            sentences.push(text[start..end].trim());
            start = end;
        }
    }
    sentences.push(text[start..].trim());
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// Whether the last word before a full stop is shortened, so that no sentence ends there.
fn abbreviation(text: &str) -> bool {
    let word = text.rsplit(|character: char| !character.is_alphanumeric()).next().unwrap_or_default();
    let single = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    single
        || matches!(
            word,
            "nr" | "art" | "alin" | "lit" | "str" | "dr" | "jud" | "Nr" | "Art" | "Str" | "Dr" | "Mr" | "Mrs"
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_stay_whole_and_hyphens_part_words() {
        let words: Vec<String> =
            tokens("S-au pierdut 415.000 km, adică 3,5%.").into_iter().map(|token| token.folded).collect();
        assert_eq!(words, ["s", "au", "pierdut", "415.000", "km", "adica", "3,5"]);
    }

    #[test]
    fn a_sentence_does_not_end_after_an_abbreviation() {
        assert_eq!(split_sentences("Vezi art. 5 din lege. Apoi plătiți."), ["Vezi art. 5 din lege.", "Apoi plătiți."]);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_tokens(text in "\\PC{0,200}") {
            let _ = tokens(&text);
            let joined: String = split_sentences(&text).concat();
            prop_assert!(joined.len() <= text.len());
        }
    }
}
