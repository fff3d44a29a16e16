//! A stretch of speech whose words were acted on before the recogniser had closed it: they come again, and are not said anew.

use std::time::Duration;

use crate::event::Words;

/// What of the open stretch was acted on.
#[derive(Debug, Clone)]
pub(super) struct Spent {
    words: Vec<String>,
    /// When the voice that spoke them ended.
    voice: Option<Duration>,
}

impl Spent {
    /// The words of a stretch that is still open; none where there are none.
    pub(super) fn of(partial: &str, voice: Option<Duration>) -> Option<Self> {
        let words: Vec<String> = partial.split_whitespace().map(str::to_lowercase).collect();
        (!words.is_empty()).then_some(Self { words, voice })
    }

    /// Whether these are words of the same stretch: half of them are, in their places. A recogniser that was left in the middle
    /// begins another.
    pub(super) fn is_of(&self, words: &Words) -> bool {
        let now = words.text.split_whitespace().map(str::to_lowercase);
        let same = self.words.iter().zip(now).filter(|(before, now)| *before == now).count();
        words.text.trim().is_empty() || same * 2 >= self.words.len()
    }

    /// What the stretch holds beyond what was acted on. A recogniser that only thinks better of what it heard adds nothing:
    /// without voice since, there is nothing new. `voice`: when the caller's voice last ended; `speaks`: it goes on.
    pub(super) fn rest(&self, words: &Words, voice: Option<Duration>, speaks: bool) -> Option<Words> {
        if !speaks && voice <= self.voice {
            return None;
        }
        let rest = words.text.split_whitespace().skip(self.words.len()).collect::<Vec<_>>().join(" ");
        (!rest.is_empty()).then(|| Words { stable_chars: 0, text: rest, ..words.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Words {
        Words { text: text.to_owned(), stable_chars: 0, complete: true, confidence: None, language: None }
    }

    #[test]
    fn words_that_were_acted_on_are_not_said_again() {
        let ended = Some(Duration::from_secs(3));
        let spent = Spent::of("cât costă un pașap", ended).unwrap();
        assert_eq!(spent.rest(&words("cât costă un pașaport"), ended, false), None);
        let later = Some(Duration::from_secs(5));
        let more = spent.rest(&words("cât costă un pașaport pentru un copil"), later, false);
        assert_eq!(more.map(|more| more.text).as_deref(), Some("pentru un copil"));
        assert!(spent.rest(&words("cât costă un pașaport"), ended, true).is_none());
        assert!(Spent::of(" ", ended).is_none());
        assert!(spent.is_of(&words("Cât costă un pașaport")) && !spent.is_of(&words("vreau un om vă rog")));
    }
}
