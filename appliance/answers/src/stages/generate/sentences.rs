//! Cuts a stream of text into sentences with the passages they cite.

/// A sentence of a model.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    /// Its words, without citations.
    pub(super) text: String,
    /// The numbers it cites.
    pub(super) cited: Vec<usize>,
}

/// Takes the first whole sentence out of `buffer`; what stands behind the last full stop counts only once the stream has `finished`.
pub(super) fn take_sentence(buffer: &mut String, finished: bool) -> Option<Sentence> {
    loop {
        let end = match end_of_sentence(buffer, finished) {
            Some(end) => end,
            None if finished && !buffer.trim().is_empty() => buffer.len(),
            None => return None,
        };
        let taken: String = buffer.drain(..end).collect();
        let (text, cited) = split_citations(&taken);
        if text.chars().any(char::is_alphanumeric) {
            return Some(Sentence { text, cited });
        }
    }
}

/// Where the first sentence with its citations ends. A full stop ends one only before a capital, a new line or the end, so
/// that `nr. 5` and `art. 3` stay whole.
fn end_of_sentence(buffer: &str, finished: bool) -> Option<usize> {
    for (at, character) in buffer.char_indices() {
        if character == '\n' && !buffer[..at].trim().is_empty() {
            return Some(at + 1);
        }
        if !matches!(character, '.' | '!' | '?') {
            continue;
        }
        let after = at + character.len_utf8();
        let end = after + citations_length(&buffer[after..]);
        let rest = &buffer[end..];
        match rest.trim_start_matches(' ').chars().next() {
            None if finished => return Some(buffer.len()),
            None => return None,
            Some('\n') => return Some(end),
            Some(next) if rest.starts_with(' ') && (next.is_uppercase() || matches!(next, '-' | '*' | '„' | '"')) => {
                return Some(end);
            }
            Some(_) => {}
        }
    }
    None
}

/// The length of ` [1][2]` at the beginning of `text`; an unfinished bracket counts, so that it is waited for.
fn citations_length(text: &str) -> usize {
    let mut length = 0;
    loop {
        let rest = &text[length..];
        let trimmed = rest.trim_start_matches(' ');
        let Some(inner) = trimmed.strip_prefix('[') else { return length };
        let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
        match inner.as_bytes().get(digits) {
            Some(b']') if digits > 0 => length += rest.len() - trimmed.len() + digits + 2,
            None => return text.len(),
            _ => return length,
        }
    }
}

fn split_citations(text: &str) -> (String, Vec<usize>) {
    let mut words = String::with_capacity(text.len());
    let mut cited = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let inner = &rest[open + 1..];
        let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && inner.as_bytes().get(digits) == Some(&b']') {
            words.push_str(rest[..open].trim_end_matches(' '));
            cited.extend(inner[..digits].parse::<usize>());
            rest = &inner[digits + 1..];
        } else {
            words.push_str(&rest[..=open]);
            rest = inner;
        }
    }
    words.push_str(rest);
    (words.trim().to_owned(), cited)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(pieces: &[&str]) -> Vec<(String, Vec<usize>)> {
        let mut buffer = String::new();
        let mut found = Vec::new();
        for piece in pieces {
            buffer.push_str(piece);
            while let Some(sentence) = take_sentence(&mut buffer, false) {
                found.push((sentence.text, sentence.cited));
            }
        }
        while let Some(sentence) = take_sentence(&mut buffer, true) {
            found.push((sentence.text, sentence.cited));
        }
        found
    }

    #[test]
    fn sentences_come_with_their_citations_however_the_stream_is_cut() {
        let expected = [
            ("Mergeți la ghișeul nr. 5.".to_owned(), vec![1]),
            ("Taxa este de 7 lei.".to_owned(), vec![2]),
            ("Atât".to_owned(), vec![]),
        ];
        let whole = "Mergeți la ghișeul nr. 5. [1] Taxa este de 7 lei [2]. Atât";
        assert_eq!(all(&[whole]), expected);
        let letters: Vec<String> = whole.chars().map(String::from).collect();
        assert_eq!(all(&letters.iter().map(String::as_str).collect::<Vec<_>>()), expected);
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_nothing_panics(text in "[A-Za-zăț .!?\\[\\]0-9\\n]{0,80}") {
            let kept: String = all(&[&text]).into_iter().map(|(text, _)| text).collect();
            let letters = |text: &str| text.chars().filter(|character| character.is_alphabetic()).collect::<String>();
            prop_assert_eq!(letters(&kept), letters(&text));
        }
    }
}
