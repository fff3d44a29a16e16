//! Danger, heard while the caller is still speaking: 112 is said at once.
//!
//! Words of a growing transcript come and go, so a danger counts once two readings in a row hold it, or at once where
//! its words are final. What the whole turn means is left to the assistant, which knows more.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::words::{Phrase, any_in, phrases, words};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    danger: Vec<String>,
    unless: Vec<String>,
}

static LEXICON: LazyLock<(Vec<Phrase>, Vec<Phrase>)> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the embedded file is parsed by a test")]
    let file: File = toml::from_str(include_str!("emergency.toml")).expect("the embedded words of danger parse");
    (phrases(&file.danger), phrases(&file.unless))
});

/// Whether `text` speaks of danger now.
#[must_use]
pub fn speaks_of_danger(text: &str) -> bool {
    let said = words(text);
    any_in(&LEXICON.0, &said) && !any_in(&LEXICON.1, &said)
}

/// Listens to one stretch of speech as it grows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Watch {
    suspected: bool,
    told: bool,
}

impl Watch {
    /// Whether the next reading of the growing text is the moment to speak of 112. Says so once in a stretch of speech.
    pub fn hear(&mut self, text: &str, stable_chars: usize, complete: bool) -> bool {
        let stable: String = text.chars().take(stable_chars).collect();
        let now = speaks_of_danger(text);
        let sure = now && (complete || self.suspected || speaks_of_danger(&stable));
        self.suspected = now;
        let tell = sure && !self.told;
        self.told |= tell;
        if complete {
            *self = Self::default();
        }
        tell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn danger_is_told_from_talk_about_it() {
        for text in ["Ajutor, arde casa la vecini!", "tata nu mai respiră", "tűz van az emeleten", "he has a knife"] {
            assert!(speaks_of_danger(text), "{text}");
        }
        for text in [
            "cât costă un certificat după ce arde casa",
            "am avut un accident ieri și vreau procesul verbal",
            "tegnap baleset történt, igazolás kell",
            "how do I renew my permit",
            "mi-a expirat buletinul",
        ] {
            assert!(!speaks_of_danger(text), "{text}");
        }
    }

    #[test]
    fn a_word_that_comes_and_goes_is_waited_for_and_final_ones_are_not() {
        let mut watch = Watch::default();
        assert!(!watch.hear("arde casa", 0, false));
        assert!(!watch.hear("card de casă", 0, false));
        assert!(!watch.hear("arde casa", 0, false));
        assert!(watch.hear("arde casa la", 0, false), "twice in a row");
        assert!(!watch.hear("arde casa la mine", 5, false), "once in a stretch");
        assert!(Watch::default().hear("arde casa", 9, false), "final words");
        assert!(Watch::default().hear("arde casa", 0, true), "a whole stretch");
    }
}
