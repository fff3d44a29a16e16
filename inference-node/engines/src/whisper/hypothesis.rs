//! What a pass of whisper.cpp says was spoken, after the guards.

use super::decode::Part;
use super::guard::{invented, key, without_loops, without_tags};
use super::voice_activity::Activity;
use super::words::{HeardWord, mean_log_probability, text_of, words_of};
use crate::tasks::Word;

/// Seconds that a word takes at least.
const SHORTEST_WORD: f64 = 0.02;
/// So many times in a row the same part is no speech.
const REPEATED_PARTS: usize = 4;

/// A part of the text that passed the guards.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Hypothesis {
    /// When it begins, in seconds of the audio.
    pub(crate) start: f64,
    /// When it ends.
    pub(crate) end: f64,
    /// Its words; never empty.
    pub(crate) words: Vec<HeardWord>,
    /// The mean logarithm of the probability of its tokens.
    pub(crate) mean_log_probability: f32,
    /// How probable it is that somebody speaks there.
    pub(crate) voice: f32,
}

impl Hypothesis {
    /// Its words, one after the other.
    pub(crate) fn text(&self) -> String {
        text_of(&self.words)
    }
}

/// What was really said of `parts`, in audio of that length (in seconds) with that voice activity.
pub(crate) fn hypothesis(parts: &[Part], length: f64, activity: &Activity) -> Vec<Hypothesis> {
    let mut said: Vec<Hypothesis> = Vec::new();
    for part in parts {
        let mean_log_probability = mean_log_probability(&part.tokens);
        let earliest = said.last().map_or(0.0, |last| last.end.min(length));
        let end = part.end.clamp(earliest, length);
        let room = SHORTEST_WORD * part.tokens.len() as f64;
        let start = part.start.clamp(earliest, end.max(earliest)).min((end - room).max(earliest));
        if invented(start, end, mean_log_probability, activity) {
            tracing::debug!(start, end, mean_log_probability, "a part where nobody speaks was left out");
            continue;
        }
        let part = Part { start, end, tokens: part.tokens.clone() };
        let words = without_loops(without_tags(words_of(&part, activity)));
        if words.is_empty() {
            continue;
        }
        said.push(Hypothesis {
            start,
            end,
            words,
            mean_log_probability,
            voice: activity.peak(start, end).clamp(0.0, 1.0),
        });
    }
    without_echoes(said)
}

/// Leaves out all but the first of parts that say the same over and over.
fn without_echoes(mut said: Vec<Hypothesis>) -> Vec<Hypothesis> {
    let keys: Vec<Vec<String>> =
        said.iter().map(|part| part.words.iter().map(|word| key(&word.text)).collect()).collect();
    let mut keep = vec![true; said.len()];
    let mut first = 0;
    for index in 1..=keys.len() {
        if keys.get(index) == Some(&keys[first]) {
            continue;
        }
        if index - first >= REPEATED_PARTS {
            keep[first + 1..index].fill(false);
        }
        first = index;
    }
    let mut keep = keep.into_iter();
    said.retain(|_| keep.next().unwrap_or(true));
    said
}

impl From<HeardWord> for Word {
    fn from(word: HeardWord) -> Self {
        Self { text: word.text, start: word.start, end: word.end, probability: word.probability.clamp(0.0, 1.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode::Token;
    use super::*;

    fn part(start: f64, end: f64, text: &str) -> Part {
        let tokens = text.split_whitespace().map(|word| Token {
            bytes: format!(" {word}").into_bytes(),
            probability: 0.9,
            log_probability: -0.1,
            time: None,
        });
        Part { start, end, tokens: tokens.collect() }
    }

    fn speech(seconds: usize) -> Activity {
        Activity::new(160, vec![1.0; 100 * seconds])
    }

    #[test]
    fn parts_stay_within_the_audio_and_do_not_overlap() {
        let parts = [part(0.0, 2.0, "unu doi"), part(1.5, 4.0, "trei"), part(4.0, 30.0, "patru")];
        let said = hypothesis(&parts, 5.0, &speech(5));
        assert_eq!(
            said.iter().map(|part| (part.start, part.end)).collect::<Vec<_>>(),
            [(0.0, 2.0), (2.0, 4.0), (4.0, 5.0)]
        );
        assert!(said.iter().flat_map(|part| &part.words).all(|word| word.end <= 5.0));
    }

    #[test]
    fn parts_that_say_the_same_over_and_over_are_written_once() {
        let parts: Vec<_> = (0..6).map(|i| part(f64::from(i), f64::from(i + 1), "Mulțumesc.")).collect();
        assert_eq!(hypothesis(&parts, 6.0, &speech(6)).len(), 1);
        assert_eq!(hypothesis(&parts[..3], 6.0, &speech(6)).len(), 3);
    }

    #[test]
    fn a_part_in_silence_is_left_out() {
        let activity = Activity::new(160, [vec![1.0; 200], vec![0.0; 400]].concat());
        let said = hypothesis(&[part(0.0, 2.0, "Bună ziua."), part(3.0, 6.0, "Mulțumesc.")], 6.0, &activity);
        assert_eq!(said.len(), 1);
    }
}
