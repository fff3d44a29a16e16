//! Which words of a growing hypothesis will not change any more.
//!
//! Local agreement: words that two consecutive hypotheses have in common from their beginning on are stable (Liu, Spanakis,
//! Niehues, "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial Hypothesis Selection",
//! Interspeech 2020; Macháček, Dabre, Bojar, "Turning Whisper into Real-Time Transcription System", IJCNLP-AACL 2023). Words
//! are compared without case and punctuation. A stable word is never taken back: what follows it is found in later
//! hypotheses by aligning them with the stable words.

use super::guard::key;
use super::words::{HeardWord, text_of};

/// Words put aside with their audio that are still looked for at the beginning of a hypothesis, because a cut is never exact.
const OVERLAP: usize = 5;
/// The least time between the beginnings of two words, in seconds: whisper.cpp's own step.
const TIME_STEP: f64 = 0.02;
/// How far behind the cut such words may begin, in seconds.
const OVERLAP_SECONDS: f64 = 1.0;

/// The words of one turn.
#[derive(Debug, Default)]
pub(crate) struct Agreement {
    stable: Vec<HeardWord>,
    /// How many stable words were put aside with their audio.
    aside: usize,
    /// When the audio begins that hypotheses are now made from, in seconds.
    cut: f64,
    /// What followed the stable words in the last hypothesis.
    pending: Vec<HeardWord>,
    /// All stable text as it was given out.
    text: String,
}

/// What a hypothesis brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// New stable text, to be put behind all stable text before it.
    pub(crate) stable: String,
    /// What may still change.
    pub(crate) unstable: String,
}

impl Agreement {
    /// All stable text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The stable words whose audio is still heard.
    pub(crate) fn stable_in_sight(&self) -> &[HeardWord] {
        &self.stable[self.aside..]
    }

    /// The stable words whose audio was put aside.
    pub(crate) fn put_aside_words(&self) -> &[HeardWord] {
        &self.stable[..self.aside]
    }

    /// Whether any word is stable.
    pub(crate) fn any_stable(&self) -> bool {
        !self.stable.is_empty()
    }

    /// Takes a new hypothesis about all audio since the cut.
    pub(crate) fn hear(&mut self, hypothesis: Vec<HeardWord>) -> Step {
        let before = self.text.len();
        let (mark, rest) = self.beyond_stable(hypothesis);
        let agreed = self.pending.iter().zip(&rest).take_while(|(old, new)| key(&old.text) == key(&new.text)).count();
        let mut rest = rest.into_iter();
        let last_is_open = agreed == rest.len();
        for (index, word) in rest.by_ref().take(agreed).enumerate() {
            if index == 0 {
                self.punctuate(&mark);
            }
            self.add(word, last_is_open && index + 1 == agreed);
        }
        self.pending = rest.collect();
        Step { stable: self.text[before..].to_owned(), unstable: continued(&self.text, &self.pending) }
    }

    /// Takes the last hypothesis: all its words become stable. Returns all words; their text is [`Self::text`].
    pub(crate) fn finish(&mut self, hypothesis: Vec<HeardWord>) -> &[HeardWord] {
        let (mark, rest) = self.beyond_stable(hypothesis);
        self.punctuate(&mark);
        for word in rest {
            self.add(word, false);
        }
        self.pending.clear();
        &self.stable
    }

    /// Puts aside the stable words that end at or before `time`: their audio is not heard again.
    pub(crate) fn put_aside(&mut self, time: f64) {
        self.aside = self.stable.iter().take_while(|word| word.end <= time + 1e-6).count().max(self.aside);
        self.cut = time;
    }

    /// Splits a hypothesis at the end of the stable words: the punctuation that it has behind the last of them, and the words
    /// that follow.
    fn beyond_stable(&self, mut hypothesis: Vec<HeardWord>) -> (String, Vec<HeardWord>) {
        let heard: Vec<String> = hypothesis.iter().map(|word| key(&word.text)).collect();
        let known: Vec<String> = self.stable_in_sight().iter().map(|word| key(&word.text)).collect();
        let covered = if known.is_empty() { self.overlap(&hypothesis, &heard) } else { prefix_like(&known, &heard) };
        let last = covered.checked_sub(1).and_then(|last| hypothesis.get(last));
        let same = last.zip(self.stable.last()).is_some_and(|(heard, stable)| key(&heard.text) == key(&stable.text));
        let mark = last.filter(|_| same).map(|word| trailing_punctuation(&word.text).to_owned()).unwrap_or_default();
        hypothesis.drain(..covered);
        (mark, hypothesis)
    }

    /// How many words at the beginning of a hypothesis were put aside already.
    fn overlap(&self, hypothesis: &[HeardWord], heard: &[String]) -> usize {
        let aside: Vec<String> = self.stable[..self.aside].iter().map(|word| key(&word.text)).collect();
        (1..=OVERLAP.min(aside.len()).min(heard.len()))
            .rev()
            .find(|count| {
                aside.ends_with(&heard[..*count])
                    && hypothesis[..*count].iter().all(|word| word.start < self.cut + OVERLAP_SECONDS)
            })
            .unwrap_or(0)
    }

    fn add(&mut self, mut word: HeardWord, open: bool) {
        if open {
            // At the end of what was heard, Whisper sets a full stop that the next words take away.
            let kept = word.text.len() - trailing_punctuation(&word.text).len();
            if kept > 0 {
                word.text.truncate(kept);
            }
        }
        if word.spaced && !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(&word.text);
        // Two passes place the same moment differently by some hundredths of a second.
        if let Some(last) = self.stable.last() {
            word.start = word.start.max(last.start + TIME_STEP);
            word.end = word.end.max(word.start + TIME_STEP);
        }
        self.stable.push(word);
    }

    /// Puts punctuation behind the last stable word, if it was held back there.
    fn punctuate(&mut self, mark: &str) {
        if let Some(last) = self.stable.last_mut()
            && !mark.is_empty()
            && trailing_punctuation(&last.text).is_empty()
        {
            last.text.push_str(mark);
            self.text.push_str(mark);
        }
    }
}

/// Words as they follow a text.
fn continued(text: &str, words: &[HeardWord]) -> String {
    let gap = !text.is_empty() && words.first().is_some_and(|word| word.spaced);
    format!("{}{}", if gap { " " } else { "" }, text_of(words))
}

fn trailing_punctuation(word: &str) -> &str {
    let bare = word.trim_end_matches(['.', ',', ';', ':', '!', '?', '…']);
    &word[bare.len()..]
}

/// How many words of `heard` stand for all of `known`: the beginning of `heard` that is most like it, by the fewest words
/// changed, left out or put in; among equals the one of most nearly the same length.
fn prefix_like(known: &[String], heard: &[String]) -> usize {
    let mut costs: Vec<usize> = (0..=heard.len()).collect();
    for (row, word) in known.iter().enumerate() {
        let mut diagonal = costs[0];
        costs[0] = row + 1;
        for column in 1..=heard.len() {
            let changed = diagonal + usize::from(*word != heard[column - 1]);
            diagonal = costs[column];
            costs[column] = changed.min(costs[column] + 1).min(costs[column - 1] + 1);
        }
    }
    (0..=heard.len()).min_by_key(|length| (costs[*length], length.abs_diff(known.len()))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Words of half a second each, from a time on.
    fn from(start: f64, text: &str) -> Vec<HeardWord> {
        text.split_whitespace()
            .enumerate()
            .map(|(index, word)| HeardWord {
                text: word.to_owned(),
                spaced: true,
                start: start + index as f64 * 0.5,
                end: start + index as f64 * 0.5 + 0.4,
                probability: 0.9,
            })
            .collect()
    }

    fn words(text: &str) -> Vec<HeardWord> {
        from(0.0, text)
    }

    #[test]
    fn what_two_hypotheses_share_is_stable() {
        let mut turn = Agreement::default();
        let step = turn.hear(words("Vreau să"));
        assert_eq!((step.stable.as_str(), step.unstable.as_str()), ("", "Vreau să"));
        let step = turn.hear(words("vreau sa schimb"));
        assert_eq!((step.stable.as_str(), step.unstable.as_str()), ("vreau", " sa schimb"));
        let step = turn.hear(words("Vreau să schimb buletinul"));
        assert_eq!((step.stable.as_str(), step.unstable.as_str()), ("", " să schimb buletinul"));
        let step = turn.hear(words("Vreau să schimb buletinul."));
        assert_eq!((step.stable.as_str(), step.unstable.as_str()), (" să schimb buletinul", ""));
        turn.finish(words("Vreau să schimb buletinul."));
        assert_eq!(turn.text(), "vreau să schimb buletinul.");
    }

    #[test]
    fn a_full_stop_that_the_next_words_take_away_is_never_given_out() {
        let mut turn = Agreement::default();
        turn.hear(words("Bună ziua."));
        assert_eq!(turn.hear(words("Bună ziua.")).stable, "Bună ziua");
        turn.hear(words("Bună ziua, vreau"));
        assert_eq!(turn.hear(words("Bună ziua, vreau să")).stable, ", vreau");
    }

    #[test]
    fn a_last_hypothesis_that_differs_keeps_the_stable_words() {
        let mut turn = Agreement::default();
        turn.hear(words("unu doi trei"));
        turn.hear(words("unu doi trei"));
        turn.finish(words("una doi patru cinci"));
        assert_eq!(turn.text(), "unu doi trei cinci");
        let mut turn = Agreement::default();
        turn.hear(words("unu doi"));
        turn.hear(words("unu doi"));
        turn.finish(Vec::new());
        assert_eq!(turn.text(), "unu doi");
    }

    #[test]
    fn words_heard_again_behind_a_cut_are_not_written_twice() {
        let mut turn = Agreement::default();
        for _ in 0..2 {
            turn.hear(words("unu doi trei patru"));
        }
        turn.put_aside(1.4);
        assert_eq!(turn.stable_in_sight().len(), 1);
        turn.put_aside(2.0);
        // The cut left the end of the last word.
        turn.hear(from(2.0, "patru cinci"));
        turn.hear(from(2.0, "patru cinci șase"));
        assert_eq!(turn.text(), "unu doi trei patru cinci");
        // Much later the same word is said again.
        let mut turn = Agreement::default();
        for _ in 0..2 {
            turn.hear(words("nu"));
        }
        turn.put_aside(1.0);
        turn.finish(from(3.0, "nu"));
        assert_eq!(turn.text(), "nu nu");
    }

    #[test]
    fn spaces_and_glued_words_follow_each_other_as_they_were_heard() {
        let mut turn = Agreement::default();
        let mut glued = words("mi -a expirat");
        glued[1].spaced = false;
        turn.hear(glued.clone());
        turn.hear(glued);
        assert_eq!(turn.text(), "mi-a expirat");
    }

    proptest! {
        #[test]
        fn stable_text_only_ever_grows(
            hypotheses in prop::collection::vec(prop::collection::vec("[abcș]{1,2}[.,?]?", 0..8), 1..12),
            cuts in prop::collection::vec(prop::option::of(0.0..4.0_f64), 12),
        ) {
            let mut turn = Agreement::default();
            let mut given = String::new();
            let mut cut = 0.0_f64;
            for (hypothesis, at) in hypotheses.iter().zip(cuts) {
                let step = turn.hear(from(cut, &hypothesis.join(" ")));
                given.push_str(&step.stable);
                prop_assert_eq!(turn.text(), given.as_str());
                if let Some(at) = at {
                    cut = cut.max(at);
                    turn.put_aside(cut);
                }
            }
            let last = from(cut, &hypotheses[0].join(" "));
            let count = turn.finish(last).len();
            prop_assert!(turn.text().starts_with(&given));
            prop_assert_eq!(turn.text().split_whitespace().count(), count);
        }

        #[test]
        fn a_text_that_only_grows_ends_as_it_is(sentence in prop::collection::vec("[a-z]{2,5}", 1..20)) {
            let mut turn = Agreement::default();
            for length in 1..=sentence.len() {
                turn.hear(words(&sentence[..length].join(" ")));
            }
            turn.finish(words(&sentence.join(" ")));
            prop_assert_eq!(turn.text(), sentence.join(" "));
        }
    }
}
