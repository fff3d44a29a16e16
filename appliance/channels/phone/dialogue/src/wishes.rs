//! What the caller asks of the call itself: to repeat, to slow down, to speak to a person. Understood in every language
//! at once, since people mix them when they are in a hurry.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use desk::language::Language;
use serde::Deserialize;

use crate::words::{Phrase, any_in, any_is, phrases, words};

/// The longest sentence in which a wish is looked for, in words. A longer one is a question that mentions it.
const LONGEST: usize = 9;

/// What the caller asks of the call itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wish {
    /// To hear it again.
    Repeat,
    /// To hear it slower.
    Slower,
    /// To hear it faster.
    Faster,
    /// To hear it louder.
    Louder,
    /// To hear it softer.
    Softer,
    /// Silence; another subject.
    Stop,
    /// Time: he looks for something.
    Wait,
    /// A person.
    Person,
    /// To end the call.
    Goodbye,
    /// The keypad menu.
    Menu,
    /// One step back.
    Back,
    /// The last number or reference digit by digit.
    Spell,
    /// A message with what was said.
    Message,
    /// To know what can be said here.
    Help,
    /// Not to be recorded.
    NoRecording,
    /// To be called back.
    CallBack,
    /// To give the reference of a case.
    Case,
    /// Another language.
    Language(Language),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    whole: Vec<String>,
    #[serde(default)]
    within: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    polite: Vec<String>,
    #[serde(flatten)]
    wishes: BTreeMap<String, Entry>,
}

struct Lexicon {
    polite: Vec<Phrase>,
    wishes: Vec<(Wish, Vec<Phrase>, Vec<Phrase>)>,
}

/// In the order in which they are looked for: what must not be missed first.
const ORDER: [(&str, Wish); 20] = [
    ("no_recording", Wish::NoRecording),
    ("call_back", Wish::CallBack),
    ("person", Wish::Person),
    ("case", Wish::Case),
    ("hungarian", Wish::Language(Language::Hu)),
    ("english", Wish::Language(Language::En)),
    ("romanian", Wish::Language(Language::Ro)),
    ("spell", Wish::Spell),
    ("message", Wish::Message),
    ("softer", Wish::Softer),
    ("louder", Wish::Louder),
    ("slower", Wish::Slower),
    ("faster", Wish::Faster),
    ("repeat", Wish::Repeat),
    ("goodbye", Wish::Goodbye),
    ("menu", Wish::Menu),
    ("back", Wish::Back),
    ("wait", Wish::Wait),
    ("stop", Wish::Stop),
    ("help", Wish::Help),
];

static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the embedded file is parsed by a test")]
    let file: File = toml::from_str(include_str!("wishes.toml")).expect("the embedded wishes parse");
    let wishes = ORDER
        .iter()
        .filter_map(|(name, wish)| file.wishes.get(*name).map(|e| (*wish, phrases(&e.whole), phrases(&e.within))))
        .collect();
    Lexicon { polite: phrases(&file.polite), wishes }
});

/// What `text` asks of the call itself, if that is what it does.
#[must_use]
pub fn wish(text: &str) -> Option<Wish> {
    let said = words(text);
    if said.is_empty() || said.len() > LONGEST {
        return None;
    }
    let bare = without_politeness(said.clone());
    LEXICON
        .wishes
        .iter()
        .find(|(_, whole, within)| any_is(whole, &said) || any_is(whole, &bare) || any_in(within, &said))
        .map(|(wish, ..)| *wish)
}

/// `said` without the words that only make it polite.
pub(crate) fn without_politeness(mut said: Vec<String>) -> Vec<String> {
    for phrase in &LEXICON.polite {
        while let Some(range) = phrase.find(&said) {
            said.drain(range);
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wish_of_the_order_has_words_and_no_list_is_forgotten() {
        let file: File = toml::from_str(include_str!("wishes.toml")).unwrap();
        assert_eq!(file.wishes.len(), ORDER.len());
        assert_eq!(LEXICON.wishes.len(), ORDER.len());
    }

    #[test]
    fn wishes_are_understood_in_three_languages() {
        let cases = [
            ("Repetați, vă rog!", Wish::Repeat),
            ("még egyszer, kérem", Wish::Repeat),
            ("sorry, what was that?", Wish::Repeat),
            ("puteți vorbi mai rar", Wish::Slower),
            ("vorbiți mai tare, nu aud", Wish::Louder),
            ("beszéljen hangosabban", Wish::Louder),
            ("too loud", Wish::Softer),
            ("vreau să vorbesc cu un om", Wish::Person),
            ("Operator!", Wish::Person),
            ("ügyintézővel szeretnék beszélni", Wish::Person),
            ("can I talk to a real person please", Wish::Person),
            ("la revedere", Wish::Goodbye),
            ("nem, köszönöm", Wish::Goodbye),
            ("beszél magyarul?", Wish::Language(Language::Hu)),
            ("do you speak English", Wish::Language(Language::En)),
            ("în română, vă rog", Wish::Language(Language::Ro)),
            ("stați puțin", Wish::Wait),
            ("trimiteți-mi prin SMS", Wish::Message),
            ("nu vreau să mă înregistrați, nu înregistrați", Wish::NoRecording),
            ("mai bine mă sunați dumneavoastră", Wish::CallBack),
            ("am un număr de caz", Wish::Case),
            ("meniul principal", Wish::Menu),
            ("ajutor", Wish::Help),
        ];
        for (text, expected) in cases {
            assert_eq!(wish(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_question_that_mentions_one_is_a_question() {
        let questions = [
            "cât costă pașaportul",
            "unde depun cererea pentru pașaport",
            "cum pot să obțin un act tradus din engleza veche pentru dosarul meu de pensie",
            "mennyibe kerül az útlevél",
            "how much is a passport",
            "",
        ];
        for text in questions {
            assert_eq!(wish(text), None, "{text}");
        }
    }
}
