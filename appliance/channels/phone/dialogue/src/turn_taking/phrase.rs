//! Whether what was said so far is finished: told from its words, so that silence need not tell alone.

use std::sync::LazyLock;

use desk::language::{Language, Localized};
use serde::Deserialize;

use crate::exact::digits;
use crate::words::{Phrase, any_in, any_is, phrases, words};

/// How finished a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Finish {
    /// A whole question, a plain yes or no.
    Complete,
    /// One cannot say.
    Usual,
    /// It must go on: it ends in a conjunction, an article, a filler.
    Unfinished,
    /// Digits are being dictated.
    Dictating,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    open_ends: Localized<Vec<String>>,
    questions: Localized<Vec<String>>,
    listening: Vec<String>,
    fillers: Vec<String>,
    machines: Vec<String>,
}

struct Lexicon {
    open_ends: Localized<Vec<Phrase>>,
    questions: Localized<Vec<Phrase>>,
    listening: Vec<Phrase>,
    fillers: Vec<Phrase>,
    machines: Vec<Phrase>,
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the embedded file is parsed by a test")]
    let file: File = toml::from_str(include_str!("speech.toml")).expect("the embedded words parse");
    Lexicon {
        open_ends: localized(&file.open_ends),
        questions: localized(&file.questions),
        listening: phrases(&file.listening),
        fillers: phrases(&file.fillers),
        machines: phrases(&file.machines),
    }
});

fn localized(lists: &Localized<Vec<String>>) -> Localized<Vec<Phrase>> {
    Localized { ro: phrases(&lists.ro), hu: phrases(&lists.hu), en: phrases(&lists.en) }
}

/// Words after which a question is whole.
const QUESTION_WORDS: usize = 3;

/// How finished `text` is. `expects` is the number of digits that are wanted, where a number was asked for.
#[must_use]
pub fn finish(text: &str, language: Language, expects: Option<usize>) -> Finish {
    let said = words(text);
    let (figures, others) = digits(text, language);
    if expects.is_some_and(|wanted| figures.len() >= wanted) || crate::exact::yes_or_no(text).is_some() {
        return Finish::Complete;
    }
    if figures.len() >= 2 && others <= 3 || expects.is_some() && !figures.is_empty() {
        return Finish::Dictating;
    }
    let tails = (1..=said.len().min(3)).map(|length| &said[said.len() - length..]);
    if tails.into_iter().any(|tail| any_is(LEXICON.open_ends.get(language), tail)) && !text.trim_end().ends_with('?') {
        return Finish::Unfinished;
    }
    // A list that rises: "buletin, certificat," wants its last item.
    if text.trim_end().ends_with([',', '…', '-', '–']) {
        return Finish::Unfinished;
    }
    let begins = |length: usize| said.len() >= length && any_is(LEXICON.questions.get(language), &said[..length]);
    let asks = text.trim_end().ends_with('?') || begins(1) || begins(2);
    if asks && said.len() >= QUESTION_WORDS || crate::wishes::wish(text).is_some() {
        Finish::Complete
    } else {
        Finish::Usual
    }
}

/// Whether `text` only says that the caller listens.
#[must_use]
pub fn is_listening(text: &str) -> bool {
    let said = words(text);
    said.is_empty() || is_filler(&said) || any_is(&LEXICON.listening, &said)
}

/// Whether `text` holds no word at all, only sounds.
#[must_use]
pub fn is_wordless(text: &str) -> bool {
    is_filler(&words(text))
}

fn is_filler(said: &[String]) -> bool {
    said.iter().all(|word| any_is(&LEXICON.fillers, std::slice::from_ref(word)))
}

/// Whether `text` is what a machine says.
#[must_use]
pub fn is_of_a_machine(text: &str) -> bool {
    any_in(&LEXICON.machines, &words(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_sentence_is_told_from_a_whole_one() {
        let cases = [
            ("Vreau un pașaport pentru", Finish::Unfinished),
            ("mi-am pierdut buletinul și", Finish::Unfinished),
            ("aș vrea să ăăă", Finish::Unfinished),
            ("buletin, certificat,", Finish::Unfinished),
            ("mi-a expirat buletinul", Finish::Usual),
            ("cât costă un pașaport", Finish::Complete),
            ("unde depun cererea?", Finish::Complete),
            ("da", Finish::Complete),
            ("nu, mulțumesc", Finish::Complete),
            ("repetați vă rog", Finish::Complete),
            ("zero șapte doi doi", Finish::Dictating),
            ("numărul este unu nouă opt", Finish::Dictating),
        ];
        for (text, expected) in cases {
            assert_eq!(finish(text, Language::Ro, None), expected, "{text}");
        }
        let hungarian = [
            ("szeretnék egy útlevelet és", Finish::Unfinished),
            ("mennyibe kerül az útlevél", Finish::Complete),
            ("lejárt a személyim", Finish::Usual),
        ];
        for (text, expected) in hungarian {
            assert_eq!(finish(text, Language::Hu, None), expected, "{text}");
        }
        assert_eq!(finish("how do I renew my passport", Language::En, None), Finish::Complete);
        assert_eq!(finish("I lost my passport and", Language::En, None), Finish::Unfinished);
    }

    #[test]
    fn a_number_that_was_asked_for_is_finished_with_its_last_digit() {
        assert_eq!(finish("patru opt doi", Language::Ro, Some(9)), Finish::Dictating);
        assert_eq!(finish("patru opt doi șapte unu nouă trei șase cinci", Language::Ro, Some(9)), Finish::Complete);
    }

    #[test]
    fn signs_of_listening_are_no_speech() {
        for text in ["da", "aha", "Mhm.", "igen, értem", "okay", "ăă", ""] {
            assert!(is_listening(text), "{text}");
        }
        for text in ["da, dar cât costă", "stați", "nu"] {
            assert!(!is_listening(text), "{text}");
        }
    }

    #[test]
    fn machines_give_themselves_away() {
        assert!(is_of_a_machine("Vă rugăm lăsați un mesaj după semnalul sonor"));
        assert!(is_of_a_machine("a sípszó után hagyjon üzenetet"));
        assert!(!is_of_a_machine("vreau să las o sesizare"));
    }
}
