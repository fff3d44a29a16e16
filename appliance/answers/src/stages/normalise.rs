//! Tidies what was typed: one form of each letter, no invisible characters, no stretched words.

use unicode_normalization::UnicodeNormalization;

use crate::context::{Context, Verdict};
use crate::words::words;

/// How many letters of one kind in a row are taken for one stretched letter; Roman numerals and Hungarian stay below.
const STRETCHED: usize = 4;

/// How much of a long message is searched, in characters: its beginning says what it is about.
const SEARCHED_CHARS: usize = 600;

pub(crate) fn run(context: &mut Context<'_>) -> Verdict {
    let content = &context.question.turn.content;
    context.text = tidy(&content.text);
    context.words = words(&context.text);
    let query = head(&context.text, SEARCHED_CHARS).to_owned();
    context.set_query(&query);
    let count = context.words.len();
    if count > 0 || content.pick.is_some() {
        return Verdict::go_on(format!("{count} words"));
    }
    if content.attachments.is_empty() {
        Verdict::end("no words", context.ask_again(context.phrases().empty))
    } else {
        Verdict::end("files without words", context.remark_or_person(context.phrases().attachment_only))
    }
}

/// `text` composed, without control and zero-width characters, with single spaces and no stretched letters.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = 0;
    let visible = text.nfc().filter(|character| !is_invisible(*character));
    for character in visible.map(|character| if character.is_whitespace() { ' ' } else { character }) {
        let repeats = out.chars().next_back().is_some_and(|last| same_letter(last, character));
        if character == ' ' && (out.is_empty() || out.ends_with(' ')) {
            continue;
        }
        run = if repeats && character.is_alphabetic() { run + 1 } else { 1 };
        out.push(character);
        if run == STRETCHED {
            let kept = out.chars().rev().skip(STRETCHED - 1).map(char::len_utf8).sum();
            out.truncate(kept);
        } else if run > STRETCHED {
            out.pop();
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn same_letter(left: char, right: char) -> bool {
    left == right || left.to_lowercase().eq(right.to_lowercase())
}

fn is_invisible(character: char) -> bool {
    (character.is_control() && !character.is_whitespace())
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

fn head(text: &str, chars: usize) -> &str {
    match text.char_indices().nth(chars) {
        Some((end, _)) => text[..end].rsplit_once(' ').map_or(&text[..end], |(head, _)| head),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stretched_words_and_odd_spaces_are_tidied() {
        assert_eq!(tidy("  Ajutooooor\u{200b},\n\t vă   rog "), "Ajutor, vă rog");
        assert_eq!(tidy("capitolul VIII"), "capitolul VIII");
        assert_eq!(tidy("s\u{326}i"), "și");
    }

    #[test]
    fn a_long_message_is_searched_by_its_beginning() {
        assert_eq!(head("unu doi trei", 6), "unu");
        assert_eq!(head("unu doi", 60), "unu doi");
    }

    proptest! {
        #[test]
        fn tidying_twice_changes_nothing_more(text in "[a-zăî \\t\\n]{0,80}") {
            let once = tidy(&text);
            prop_assert_eq!(tidy(&once), once);
        }
    }
}
