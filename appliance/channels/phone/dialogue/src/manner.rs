//! How the caller is, where it asks for another manner of ours: a child.

use std::sync::LazyLock;

use crate::words::{Phrase, any_in, phrases, words};

/// What children say of themselves; adults say other things.
const CHILD: [&str; 30] = [
    "am patru ani",
    "am cinci ani",
    "am șase ani",
    "am șapte ani",
    "am opt ani",
    "am nouă ani",
    "am zece ani",
    "sunt copil",
    "sunt mic",
    "mama nu e acasă",
    "tata nu e acasă",
    "mami nu",
    "tati nu",
    "unde e mama",
    "unde e mami",
    "mami",
    "tati",
    "ötéves vagyok",
    "hatéves vagyok",
    "hétéves vagyok",
    "nyolcéves vagyok",
    "anyu nincs itthon",
    "apu nincs itthon",
    "hol van anyu",
    "gyerek vagyok",
    "my mommy",
    "my mummy",
    "mommy is not",
    "i am a kid",
    "where is my mom",
];

static PHRASES: LazyLock<Vec<Phrase>> = LazyLock::new(|| phrases(&CHILD.map(str::to_owned)));

/// Whether a child speaks.
pub(crate) fn is_child(text: &str) -> bool {
    let said = words(text);
    said.len() <= 12 && any_in(&PHRASES, &said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_known_by_its_words() {
        for text in ["alo, am șase ani și mama nu e acasă", "mami?", "anyu nincs itthon", "my mommy is sleeping"] {
            assert!(is_child(text), "{text}");
        }
        for text in ["copilul meu are șase ani", "vreau buletin pentru mama", "a passport for my kid"] {
            assert!(!is_child(text), "{text}");
        }
    }
}
