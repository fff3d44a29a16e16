//! What citizens say, recognised by phrase: one list per intent and language, all languages looked at in every turn,
//! because people mix them and switch to their own when it matters.

mod en;
mod hu;
mod pattern;
mod ro;

use std::collections::HashSet;
use std::sync::LazyLock;

pub(crate) use pattern::Patterns;

use crate::words::Word;

macro_rules! lexicon {
    ($($(#[$doc:meta])* $field:ident),* $(,)?) => {
        /// The phrases of one language; see [`pattern`] for how they are written.
        pub(crate) struct Source {
            $($(#[$doc])* pub(crate) $field: &'static [&'static str],)*
            /// Words that carry no subject.
            pub(crate) stop: &'static [&'static str],
        }

        /// The phrases of all languages.
        pub(crate) struct Lexicon {
            $($(#[$doc])* pub(crate) $field: Patterns,)*
            stop: HashSet<&'static str>,
        }

        impl Lexicon {
            fn new(sources: &[&Source]) -> Self {
                Self {
                    $($field: Patterns::new(&sources.iter().map(|source| source.$field).collect::<Vec<_>>()),)*
                    stop: sources.iter().flat_map(|source| source.stop).copied().collect(),
                }
            }
        }

        #[cfg(test)]
        impl Source {
            fn lists(&self) -> Vec<(&'static str, &'static [&'static str])> {
                vec![$((stringify!($field), self.$field)),*]
            }
        }
    };
}

lexicon! {
    /// Somebody is in danger now.
    emergency,
    /// What makes the same words a question about something past or in general.
    emergency_unless,
    /// Somebody thinks of ending his life.
    distress,
    /// What makes the same words a figure of speech or a question.
    distress_unless,
    /// Somebody threatens the staff or others.
    threat,
    /// Insults.
    abuse,
    /// Orders to the machine.
    injection,
    /// Hello.
    greeting,
    /// Thank you.
    thanks,
    /// Good-bye.
    goodbye,
    /// I see.
    acknowledge,
    /// Words around a question: please, could you tell me.
    filler,
    /// Say that again; I do not understand.
    repeat,
    /// No, I meant …
    correction,
    /// Leave it.
    cancel,
    /// I want a person.
    person,
    /// What makes the same words a question about something else.
    person_unless,
    /// Are you a machine?
    robot,
    /// Who are you?
    who,
    /// What can you do?
    capabilities,
    /// A bare cry for help, or the name of a command.
    help,
    /// How are you?
    small_talk,
    /// Romanian, please.
    to_romanian,
    /// Hungarian, please.
    to_hungarian,
    /// English, please.
    to_english,
    /// Yes.
    yes,
    /// No.
    no,
    /// That was no answer.
    dissatisfied,
    /// It still does not work.
    still_broken,
    /// A file of one's own, named by its number.
    numbered_file,
    /// A file of one's own.
    own_file,
    /// The wish to lodge a petition.
    lodge_petition,
    /// How a petition itself begins.
    petition_itself,
    /// The wish to lodge a request for public information.
    lodge_information,
    /// Words that ask how something is done.
    procedure,
    /// The portal does not work.
    malfunction,
    /// A question that continues the one before.
    follow_up,
    /// A word that points back.
    anaphora,
    /// How much?
    cost,
    /// How much, said outright.
    amount,
    /// When, how long?
    time,
    /// Where?
    place,
    /// With which papers?
    papers,
    /// How, in which steps?
    steps,
    /// Who, whose?
    whose,
    /// Verbs of dealing with an office, which name no subject: `unde merg`, `hol kérjem`.
    doing,
}

impl Lexicon {
    /// The lexicon of all languages, compiled once.
    pub(crate) fn get() -> &'static Self {
        static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::new(&[&ro::SOURCE, &hu::SOURCE, &en::SOURCE]));
        &LEXICON
    }

    /// Whether a folded word says what a text is about.
    pub(crate) fn is_content(&self, folded: &str) -> bool {
        folded.chars().count() > 1 && !self.stop.contains(folded)
    }

    /// The words that say what a text is about.
    pub(crate) fn content<'a>(&self, words: &'a [Word]) -> impl Iterator<Item = &'a Word> {
        words.iter().filter(|word| self.is_content(&word.folded))
    }

    /// Whether `patterns` accounts for all that `words` says: what it does not cover carries no subject.
    pub(crate) fn is_all(&self, patterns: &Patterns, words: &[Word]) -> bool {
        patterns.find(words).is_some_and(|covered| {
            self.content(&words[..covered.start]).next().is_none()
                && self.content(&words[covered.end..]).next().is_none()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_is_written_folded_and_no_list_is_empty() {
        for source in [&ro::SOURCE, &hu::SOURCE, &en::SOURCE] {
            for (name, list) in source.lists() {
                assert!(!list.is_empty(), "{name}");
                for phrase in list {
                    assert_eq!(*phrase, knowledge::fold(phrase), "{name}");
                    assert!(!phrase.contains(['-', '\'', ',']), "{name}: {phrase}");
                }
            }
            assert!(source.stop.iter().all(|word| *word == knowledge::fold(word)));
        }
    }
}
