//! Yes and no.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::wishes::without_politeness;
use crate::words::{Phrase, any_is, phrases, words};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    yes: Vec<String>,
    no: Vec<String>,
}

static LEXICON: LazyLock<(Vec<Phrase>, Vec<Phrase>)> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the embedded file is parsed by a test")]
    let file: File = toml::from_str(include_str!("yes_no.toml")).expect("the embedded answers parse");
    (phrases(&file.yes), phrases(&file.no))
});

/// What `text` answers to a question of ours; `None` where it is neither plainly yes nor plainly no.
#[must_use]
pub fn yes_or_no(text: &str) -> Option<bool> {
    let said = words(text);
    let bare = without_politeness(said.clone());
    let is = |list: &[Phrase]| any_is(list, &said) || any_is(list, &bare);
    match (is(&LEXICON.0), is(&LEXICON.1)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => begins(&bare),
    }
}

/// "Da, la numărul acesta": what begins with a plain word and is short.
fn begins(bare: &[String]) -> Option<bool> {
    match bare.first().map(String::as_str) {
        Some("da" | "igen" | "yes" | "yeah") if bare.len() <= 5 => Some(true),
        Some("nu" | "nem" | "no") if bare.len() <= 5 && !bare.get(1).is_some_and(|word| is_doubt(word)) => Some(false),
        _ => None,
    }
}

/// "Nu știu", "nem értem", "no idea": these answer nothing.
fn is_doubt(word: &str) -> bool {
    ["sti", "intele", "cred", "am", "aud", "tud", "ert", "hall", "idea", "clue"]
        .iter()
        .any(|doubt| word.starts_with(doubt))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_answers_are_told_from_others() {
        for text in
            ["Da.", "da, vă rog", "Igen, kérem", "Yes please", "Sigur că… sigur", "corect", "da, la numărul acesta"]
        {
            let expected = (text != "Sigur că… sigur").then_some(true);
            assert_eq!(yes_or_no(text), expected, "{text}");
        }
        for text in ["Nu.", "nu, mulțumesc", "Nem, köszönöm", "No thanks", "e greșit"] {
            assert_eq!(yes_or_no(text), Some(false), "{text}");
        }
        for text in ["", "poate", "nu știu", "nem értem", "cât costă pașaportul", "danemarca"] {
            assert_eq!(yes_or_no(text), None, "{text}");
        }
    }
}
