//! A text as folded words that remember where they stand, so that recognising is spelling-blind and cutting is exact.

use std::ops::Range;

/// One word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// Lower case, without diacritics and apostrophes.
    pub(crate) folded: String,
    /// Where it begins in the text, in bytes.
    pub(crate) start: usize,
    /// Where it ends.
    pub(crate) end: usize,
}

/// The words of `text`; hyphens part them (`mi-a` is two), apostrophes do not (`don't` is `dont`).
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices() {
        match (is_inner(character), start) {
            (true, None) if character.is_alphanumeric() => start = Some(at),
            (false, Some(begun)) => {
                push(&mut found, text, begun, at);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(begun) = start {
        push(&mut found, text, begun, text.len());
    }
    found
}

fn is_inner(character: char) -> bool {
    character.is_alphanumeric() || is_apostrophe(character) || unicode_normalization::char::is_combining_mark(character)
}

fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '’' | '`')
}

fn push(found: &mut Vec<Word>, text: &str, start: usize, end: usize) {
    let mut folded = knowledge::fold(&text[start..end]);
    if folded.contains(is_apostrophe) {
        folded.retain(|character| !is_apostrophe(character));
    }
    if !folded.is_empty() {
        found.push(Word { folded, start, end });
    }
}

/// The folded words alone.
pub(crate) fn folded(text: &str) -> Vec<String> {
    words(text).into_iter().map(|word| word.folded).collect()
}

/// The piece of `text` that the words `range` span, with a question mark that follows.
pub(crate) fn cut<'a>(text: &'a str, words: &[Word], range: Range<usize>) -> &'a str {
    match (words.get(range.start), range.end.checked_sub(1).and_then(|last| words.get(last))) {
        (Some(first), Some(last)) if range.start < range.end => {
            let tail = &text[last.end..];
            let end = if tail.trim_start().starts_with('?') && range.end == words.len() {
                text.len() - tail.len() + tail.find('?').unwrap_or(0) + 1
            } else {
                last.end
            };
            &text[first.start..end]
        }
        _ => "",
    }
}

/// Whether two folded words are forms of one word: equal, or alike in all but an ending.
///
/// Endings are inflection in all three languages: one is the beginning of the other, or they share a beginning of at least
/// five letters; in either case of at least two thirds of the longer. Numbers must be equal.
pub(crate) fn same_stem(left: &str, right: &str) -> bool {
    if left == right {
        return true;
    }
    if left.as_bytes().first() != right.as_bytes().first() {
        return false;
    }
    if left.bytes().any(|byte| byte.is_ascii_digit()) || right.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let shared = left.chars().zip(right.chars()).take_while(|(one, other)| one == other).count();
    let (left, right) = (left.chars().count(), right.chars().count());
    shared >= if shared == left.min(right) { 4 } else { 5 } && shared * 3 >= left.max(right) * 2
}

/// Whether `left` becomes `right` by one insertion, loss, change or swap of neighbours.
pub(crate) fn one_slip_apart(left: &str, right: &str) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    if left.len().abs_diff(right.len()) > 1 {
        return false;
    }
    let head = left.iter().zip(&right).take_while(|(one, other)| one == other).count();
    let (left, right) = (&left[head..], &right[head..]);
    match (left.len(), right.len()) {
        (0, 0 | 1) | (1, 0) => true,
        (longer, shorter) if longer == shorter + 1 => left[1..] == *right,
        (shorter, longer) if longer == shorter + 1 => *left == right[1..],
        _ => {
            left[1..] == right[1..]
                || (left.len() > 1 && left[0] == right[1] && left[1] == right[0] && left[2..] == right[2..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyphens_part_words_and_apostrophes_do_not() {
        assert_eq!(folded("Mi-a expirat: DON'T știu, țară!"), ["mi", "a", "expirat", "dont", "stiu", "tara"]);
    }

    #[test]
    fn a_cut_keeps_the_citizens_spelling_and_the_question_mark() {
        let text = "Bună ziua, cât costă pașaportul ?";
        let found = words(text);
        assert_eq!(cut(text, &found, 2..5), "cât costă pașaportul ?");
        assert_eq!(cut(text, &found, 2..4), "cât costă");
        assert_eq!(cut(text, &found, 3..3), "");
    }

    #[test]
    fn inflection_keeps_the_stem_and_numbers_must_be_equal() {
        assert!(same_stem("pasaport", "pasaportul"));
        assert!(same_stem("kolozsvar", "kolozsvaron"));
        assert!(!same_stem("1234", "12345"));
        assert!(!same_stem("casa", "casatorie"));
        assert!(!same_stem("copil", "copie"));
    }

    #[test]
    fn one_slip_is_an_insertion_a_loss_a_change_or_a_swap() {
        assert!(one_slip_apart("multumesc", "multumsc"));
        assert!(one_slip_apart("multumesc", "multuumesc"));
        assert!(one_slip_apart("operator", "operatro"));
        assert!(one_slip_apart("operator", "operatar"));
        assert!(!one_slip_apart("operator", "aperatar"));
    }
}
