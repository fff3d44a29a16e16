//! One turn of live audio: its sound, and the words heard in it so far.

use std::time::Instant;

use protocol::Language;

use super::agreement::{Agreement, Step};
use super::voice_activity::{Activity, Earshot, seconds};
use super::words::{HeardWord, text_of};
use super::{RATE, turn};

/// How sure a language must be before it is kept for the rest of the turn.
const LANGUAGE_SURE: f32 = 0.9;
/// The language of so much audio is kept however sure it is, in seconds.
const LANGUAGE_KEPT: f64 = 3.0;
/// How much of the text that was put aside is shown to the decoder, in words.
const WORDS_BEFORE: usize = 60;
/// How far ahead of the clock audio must be to be a recording that is played as fast as it goes.
const AHEAD: f64 = 0.5;

/// When a turn's audio is too long; in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limits {
    /// From here on audio is put aside at the end of a sentence.
    pub(crate) trim: f64,
    /// From here on at the end of any word.
    pub(crate) urgent: f64,
    /// Here the turn is cut.
    pub(crate) full: f64,
}

impl Limits {
    /// For an encoder that hears so much at once, when audio is wanted to be put aside from a length on.
    pub(crate) fn new(hears: f64, trim_after: f64) -> Self {
        let trim = trim_after.min(0.6 * hears);
        Self { trim, urgent: (1.5 * trim).min(0.8 * hears), full: hears - 0.5 }
    }
}

/// A turn.
#[derive(Debug)]
pub(crate) struct Spoken {
    /// Counted from 0.
    pub(crate) number: u32,
    /// Its audio, without what was put aside.
    pub(crate) audio: Vec<f32>,
    /// The voice activity in that audio.
    pub(crate) activity: Activity,
    /// The words heard.
    pub(crate) words: Agreement,
    /// The language spoken, as far as known.
    pub(crate) language: Option<Language>,
    /// Where `audio` begins, in samples since all audio began.
    start: u64,
    /// Whether the language is kept.
    language_kept: bool,
    /// When the turn was noticed, by the clock.
    began: Instant,
    /// Where that was, in samples since all audio began.
    noticed: u64,
    /// Where the audio of the last pass ended, in the same count.
    passed: u64,
    /// What was last given out as unstable.
    unstable: String,
}

impl Spoken {
    /// A turn that begins with what is kept from before: audio from `start` on.
    pub(crate) fn new(
        number: u32,
        start: u64,
        audio: Vec<f32>,
        probabilities: Vec<f32>,
        language: Option<Language>,
    ) -> Self {
        Self {
            number,
            noticed: start + audio.len() as u64,
            audio,
            activity: Activity::new(Earshot::FRAME, probabilities),
            words: Agreement::default(),
            language,
            start,
            language_kept: language.is_some(),
            began: Instant::now(),
            passed: start,
            unstable: String::new(),
        }
    }

    /// Hears a frame.
    pub(crate) fn hear(&mut self, frame: &[f32], probability: f32) {
        self.audio.extend_from_slice(frame);
        self.activity.extend([probability]);
    }

    /// The length of its audio in seconds.
    pub(crate) fn length(&self) -> f64 {
        seconds(self.audio.len())
    }

    /// When its audio begins, in seconds.
    pub(crate) fn start(&self) -> f64 {
        self.start as f64 / f64::from(RATE)
    }

    /// The language, if it need not be found out any more.
    pub(crate) fn settled_language(&self) -> Option<Language> {
        self.language.filter(|_| self.language_kept || self.words.any_stable())
    }

    /// Takes a language that was found out from audio of that length.
    pub(crate) fn take_language(&mut self, language: Language, probability: f32, length: f64) {
        self.language = Some(language);
        self.language_kept |= probability >= LANGUAGE_SURE || length >= LANGUAGE_KEPT;
    }

    /// Audio since the last pass, in seconds.
    pub(crate) fn unheard(&self) -> f64 {
        (self.end() - self.passed) as f64 / f64::from(RATE)
    }

    /// A pass begins with all audio that there is.
    pub(crate) fn pass_begins(&mut self) {
        self.passed = self.end();
    }

    /// Whether its audio comes faster than anybody speaks.
    pub(crate) fn ahead(&self) -> bool {
        (self.end() - self.noticed) as f64 / f64::from(RATE) - self.began.elapsed().as_secs_f64() > AHEAD
    }

    /// Takes the words of a pass; `None` when that changes nothing for who listens.
    pub(crate) fn take_words(&mut self, words: Vec<HeardWord>) -> Option<Step> {
        let step = self.words.hear(words);
        let news = !step.stable.is_empty() || step.unstable != self.unstable;
        self.unstable.clone_from(&step.unstable);
        news.then_some(step)
    }

    /// The text before its audio, for the decoder.
    pub(crate) fn text_before(&self) -> String {
        let aside = self.words.put_aside_words();
        text_of(&aside[aside.len().saturating_sub(WORDS_BEFORE)..])
    }

    /// Puts audio aside whose words are stable, when it has grown too long.
    pub(crate) fn trim(&mut self, limits: &Limits) {
        let length = self.length();
        if length < limits.trim {
            return;
        }
        let Some(cut) = place_to_cut(self.words.stable_in_sight(), length >= limits.urgent) else { return };
        let frame = seconds(Earshot::FRAME);
        let frames = ((cut - self.start()) / frame).round().max(0.0) as usize;
        let samples = (frames * Earshot::FRAME).min(self.audio.len());
        self.audio.drain(..samples);
        self.activity.forget(frames as f64 * frame);
        self.start += samples as u64;
        self.words.put_aside(cut.max(self.start()));
    }

    fn end(&self) -> u64 {
        self.start + self.audio.len() as u64
    }
}

/// Where audio is put aside up to: the end of the last sentence whose words are stable, or of the last stable word when it is
/// urgent.
fn place_to_cut(stable: &[HeardWord], urgent: bool) -> Option<f64> {
    let sentence = stable.iter().rev().find(|word| word.text.ends_with(['.', '!', '?', '…']));
    sentence.or_else(|| stable.last().filter(|_| urgent)).map(|word| word.end)
}

/// The rules of turns, from lengths in milliseconds and seconds.
pub(crate) fn rules(end_of_turn: &crate::tasks::EndOfTurn, turn_seconds: f32) -> turn::Rules {
    turn::Rules {
        frame: Earshot::FRAME as u64,
        threshold: end_of_turn.threshold,
        silence: samples_in(end_of_turn.silence_ms),
        longest: (f64::from(turn_seconds) * f64::from(RATE)) as u64,
    }
}

/// Samples in so many milliseconds.
pub(crate) fn samples_in(milliseconds: u32) -> u64 {
    u64::from(milliseconds) * u64::from(RATE) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<HeardWord> {
        text.split(' ')
            .enumerate()
            .map(|(index, text)| HeardWord {
                text: text.to_owned(),
                spaced: true,
                start: 100.0 + index as f64,
                end: 100.9 + index as f64,
                probability: 1.0,
            })
            .collect()
    }

    fn turn_of(seconds: usize) -> Spoken {
        let frames = seconds * RATE as usize / Earshot::FRAME;
        Spoken::new(0, 100 * u64::from(RATE), vec![0.0; frames * Earshot::FRAME], vec![1.0; frames], None)
    }

    #[test]
    fn a_long_turn_is_put_aside_up_to_the_last_sure_sentence() {
        let limits = Limits::new(30.0, 15.0);
        let mut turn = turn_of(16);
        let text = "Bună ziua. Am pierdut buletinul. Ce fac acum";
        for _ in 0..2 {
            turn.take_words(words(text));
        }
        turn.trim(&limits);
        assert!((turn.start() - 104.9).abs() < 0.02, "{}", turn.start());
        assert!((turn.length() - 11.1).abs() < 0.02);
        assert_eq!(turn.text_before(), "Bună ziua. Am pierdut buletinul.");
        assert_eq!(turn.words.stable_in_sight().len(), 3);
    }

    #[test]
    fn a_turn_without_sentences_is_put_aside_only_when_it_is_urgent() {
        let limits = Limits::new(30.0, 15.0);
        for (length, left) in [(14, 14.0), (16, 16.0), (23, 20.1)] {
            let mut turn = turn_of(length);
            for _ in 0..2 {
                turn.take_words(words("unu doi trei"));
            }
            turn.trim(&limits);
            assert!((turn.length() - left).abs() < 0.02, "{length}: {}", turn.length());
        }
    }

    #[test]
    fn words_that_are_not_sure_are_never_put_aside() {
        let mut turn = turn_of(29);
        turn.take_words(words("Bună ziua."));
        turn.trim(&Limits::new(30.0, 15.0));
        assert!(turn.length() > 28.9);
    }

    #[test]
    fn the_same_words_again_are_no_news() {
        let mut turn = turn_of(2);
        assert!(turn.take_words(words("da")).is_some());
        assert!(turn.take_words(words("da")).is_some());
        assert_eq!(turn.take_words(words("da")), None);
    }

    #[test]
    fn a_language_is_kept_once_it_is_sure() {
        let mut turn = turn_of(2);
        turn.take_language(Language::Hu, 0.6, 1.0);
        assert_eq!(turn.settled_language(), None);
        turn.take_language(Language::Ro, 0.95, 1.6);
        assert_eq!(turn.settled_language(), Some(Language::Ro));
    }

    #[test]
    fn a_recording_is_ahead_of_the_clock() {
        let mut turn = turn_of(5);
        assert!(!turn.ahead());
        for _ in 0..100 {
            turn.hear(&[0.0; Earshot::FRAME], 1.0);
        }
        assert!(turn.ahead());
    }
}
