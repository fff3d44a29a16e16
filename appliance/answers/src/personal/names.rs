//! Names that a citizen introduces: `mă numesc …`, `a nevem …`, `my name is …`.

use std::sync::LazyLock;

use crate::lexicon::{Lexicon, Patterns};
use crate::words::{Word, words};

static BEFORE: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[&[
        "ma|me numesc|cheama",
        "numele meu este|e|complet?",
        "numele meu",
        "subsemnatul|subsemnata",
        "a nevem",
        "az en nevem",
        "my name is|s",
        "name is",
        "i am called",
    ]])
});

/// What parts an introduction from what follows.
const BREAKS: [char; 6] = ['.', ',', ';', '?', '!', '\n'];

/// Where introduced names stand in `text`, in bytes.
pub(super) fn introduced(text: &str) -> Vec<(usize, usize)> {
    let words = words(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match BEFORE.at(&words, at) {
            Some(end) => {
                let apart = words.get(end).is_some_and(|next| text[words[end - 1].end..next.start].contains(BREAKS));
                if !apart {
                    found.extend(name_at(text, &words, end));
                }
                at = end;
            }
            None => at += 1,
        }
    }
    found.extend(before_vagyok(text, &words));
    found
}

/// Up to four capitalised words; typed without capitals, the first two that carry meaning.
fn name_at(text: &str, words: &[Word], from: usize) -> Option<(usize, usize)> {
    let rest = words.get(from..)?;
    let adjoining = |count: usize| {
        (1..count).find(|next| text[rest[next - 1].end..rest[*next].start].contains(BREAKS)).unwrap_or(count)
    };
    let capitals = rest.iter().take(4).take_while(|word| is_capital(text, word)).count();
    // `megváltozott a nevem tegnap` introduces nobody.
    let introduces = !matches!(words[from - 1].folded.as_str(), "nevem" | "meu");
    let count = if capitals > 0 || !introduces {
        capitals
    } else {
        let lexicon = Lexicon::get();
        rest.iter().take(2).take_while(|word| lexicon.is_content(&word.folded) && is_letters(&word.folded)).count()
    };
    let count = adjoining(count);
    (count > 0).then(|| (rest[0].start, rest[count - 1].end))
}

/// `Kovács János vagyok`: two or three capitalised words before it.
fn before_vagyok(text: &str, words: &[Word]) -> Option<(usize, usize)> {
    let at = words.iter().position(|word| word.folded == "vagyok")?;
    let count = words[..at].iter().rev().take(3).take_while(|word| is_capital(text, word)).count();
    (count >= 2).then(|| (words[at - count].start, words[at - 1].end))
}

fn is_capital(text: &str, word: &Word) -> bool {
    text[word.start..word.end].chars().next().is_some_and(char::is_uppercase) && is_letters(&word.folded)
}

fn is_letters(folded: &str) -> bool {
    folded.chars().all(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&str> {
        introduced(text).into_iter().map(|(start, end)| &text[start..end]).collect()
    }

    #[test]
    fn a_name_is_what_follows_the_introduction() {
        assert_eq!(names("Mă numesc Ana-Maria Pop. Vreau buletin"), ["Ana-Maria Pop"]);
        assert_eq!(names("ma numesc ion popescu si vreau pasaport"), ["ion popescu"]);
        assert_eq!(names("Kovács János vagyok, lejárt a jogosítványom"), ["Kovács János"]);
        assert_eq!(names("megváltozott a nevem, új jogosítvány kell"), Vec::<&str>::new());
        assert_eq!(names("cum se numesc actele acestea"), Vec::<&str>::new());
    }
}
