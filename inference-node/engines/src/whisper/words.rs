//! From tokens to words with their times.

use super::decode::{Part, Token};
use super::voice_activity::Activity;

/// A word as it was heard.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct HeardWord {
    /// Without spaces around it; never empty.
    pub(crate) text: String,
    /// Whether a space stands before it.
    pub(crate) spaced: bool,
    /// When it begins, in seconds.
    pub(crate) start: f64,
    /// When it ends.
    pub(crate) end: f64,
    /// The mean probability of its tokens.
    pub(crate) probability: f32,
}

/// Writes words one after the other.
pub(crate) fn text_of<'a>(words: impl IntoIterator<Item = &'a HeardWord>) -> String {
    let mut text = String::new();
    for word in words {
        if word.spaced && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&word.text);
    }
    text
}

/// How sure a sentence is: as its two least sure words are on the average. A model that hears what it does not know is sure of
/// the little words in between, and a mean over all of them hides the ones that it made up.
pub(crate) fn sureness(probabilities: impl IntoIterator<Item = f32>) -> f32 {
    let mut least = [f32::INFINITY; 2];
    for probability in probabilities {
        if probability < least[0] {
            least = [probability, least[0]];
        } else if probability < least[1] {
            least[1] = probability;
        }
    }
    match least {
        [first, _] if first.is_infinite() => 0.0,
        [only, second] if second.is_infinite() => only,
        [first, second] => f32::midpoint(first, second),
    }
}

/// The words of a part. A word begins with a space or with the part; its bytes are put together before they are read as
/// letters, because a letter may be split between tokens. Times come from the times that the model was sure of, and between
/// those from how long each word is, counted in time spoken.
pub(crate) fn words_of(part: &Part, activity: &Activity) -> Vec<HeardWord> {
    let groups = group(&part.tokens);
    let weights: Vec<f64> = groups.iter().map(|(text, _, _)| text.chars().count() as f64 + 1.0).collect();
    let anchors: Vec<Option<f64>> =
        groups.iter().map(|(_, _, tokens)| tokens.first().and_then(|token| token.time)).collect();
    let times = place(part.start, part.end, &weights, &anchors, activity);
    groups
        .into_iter()
        .zip(times)
        .map(|((text, spaced, tokens), (start, end))| {
            let probability = tokens.iter().map(|token| token.probability).sum::<f32>() / tokens.len().max(1) as f32;
            HeardWord { text, spaced, start, end, probability }
        })
        .collect()
}

/// The mean logarithm of the probability of tokens; 0 of none.
pub(crate) fn mean_log_probability(tokens: &[Token]) -> f32 {
    tokens.iter().map(|token| token.log_probability).sum::<f32>() / tokens.len().max(1) as f32
}

/// Tokens that make a word, with its text and whether a space stands before it.
fn group(tokens: &[Token]) -> Vec<(String, bool, &[Token])> {
    let mut starts: Vec<usize> =
        (0..tokens.len()).filter(|index| *index == 0 || tokens[*index].bytes.first() == Some(&b' ')).collect();
    starts.push(tokens.len());
    let mut words: Vec<(String, bool, &[Token])> = Vec::new();
    for pair in starts.windows(2) {
        let tokens = &tokens[pair[0]..pair[1]];
        let bytes: Vec<u8> = tokens.iter().flat_map(|token| token.bytes.iter().copied()).collect();
        let text = String::from_utf8_lossy(&bytes);
        let spaced = text.starts_with(char::is_whitespace);
        // Half a letter is left where a part was cut within one.
        let text = text.trim().trim_matches(char::REPLACEMENT_CHARACTER);
        if !text.is_empty() {
            words.push((text.to_owned(), spaced, tokens));
        }
    }
    words
}

/// Starts and ends for words of those weights within a part: never before the word before, never outside the part.
fn place(start: f64, end: f64, weights: &[f64], anchors: &[Option<f64>], activity: &Activity) -> Vec<(f64, f64)> {
    let end = end.max(start);
    // Borders that are known: the part's own, and believed times that grow and leave each word some time.
    const SHORTEST_WORD: f64 = 0.02;
    let mut borders: Vec<(usize, f64)> = vec![(0, start)];
    for (index, anchor) in anchors.iter().enumerate().skip(1) {
        let (last, time) = borders.last().copied().unwrap_or((0, start));
        if let Some(anchor) = *anchor
            && anchor >= time + SHORTEST_WORD * (index - last) as f64
            && anchor <= end - SHORTEST_WORD * (weights.len() - index) as f64
        {
            borders.push((index, anchor));
        }
    }
    borders.push((weights.len(), end));

    let mut times = Vec::with_capacity(weights.len());
    for pair in borders.windows(2) {
        let [(first, from), (last, to)] = [pair[0], pair[1]];
        let spoken = activity.spoken(from, to);
        let all = spoken.last().map_or(0.0, |step| step.1);
        let sum: f64 = weights[first..last].iter().sum();
        let mut before = 0.0;
        let mut begin = from;
        for weight in &weights[first..last] {
            before += weight;
            let finish = when_spoken(&spoken, all * before / sum).clamp(begin, to);
            times.push(activity_within(begin, finish, activity));
            begin = finish;
        }
    }
    times
}

/// When so much had been spoken, between the steps of [`Activity::spoken`].
fn when_spoken(steps: &[(f64, f64)], amount: f64) -> f64 {
    let after = steps.partition_point(|step| step.1 < amount);
    match (after.checked_sub(1).and_then(|before| steps.get(before)), steps.get(after)) {
        (Some(before), Some(next)) => {
            before.0 + (next.0 - before.0) * ((amount - before.1) / (next.1 - before.1)).clamp(0.0, 1.0)
        }
        (None, Some(first)) => first.0,
        (_, None) => steps.last().map_or(0.0, |last| last.0),
    }
}

/// A word's time without the silence around it, unless all of it is silence.
fn activity_within(start: f64, end: f64, activity: &Activity) -> (f64, f64) {
    let steps = activity.spoken(start, end);
    let loud = |pair: &[(f64, f64)]| pair[1].1 - pair[0].1 > 0.5 * (pair[1].0 - pair[0].0);
    let first = steps.windows(2).find(|pair| loud(pair)).map(|pair| pair[0].0);
    let last = steps.windows(2).rev().find(|pair| loud(pair)).map(|pair| pair[1].0);
    match (first, last) {
        (Some(first), Some(last)) => (first, last),
        _ => (start, end),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_sentence_is_as_sure_as_the_words_that_it_stumbles_over() {
        assert!(sureness([0.99, 0.98, 1.0, 0.97]) > 0.97);
        assert!((sureness([0.99, 0.2, 1.0, 0.4, 0.99]) - 0.3).abs() < 1e-6);
        assert!((sureness([0.4]) - 0.4).abs() < 1e-6);
        assert!(sureness([]).abs() < 1e-6);
    }

    fn token(bytes: &[u8]) -> Token {
        Token { bytes: bytes.to_vec(), probability: 0.5, log_probability: 0.5_f32.ln(), time: None }
    }

    fn part(tokens: &[&[u8]]) -> Part {
        Part { start: 1.0, end: 3.0, tokens: tokens.iter().map(|bytes| token(bytes)).collect() }
    }

    fn all_speech() -> Activity {
        Activity::new(160, vec![1.0; 1_000])
    }

    #[test]
    fn letters_split_between_tokens_are_put_together() {
        let words = words_of(&part(&[b" \xC8", b"\x99coal", b"\xC4\x83", b" t\xC5", b"\xB1z", b"."]), &all_speech());
        assert_eq!(text_of(&words), "școală tűz.");
        assert_eq!(words.len(), 2);
    }

    #[test]
    fn a_space_that_stands_alone_begins_the_next_word() {
        let words = words_of(&part(&[b" ", b"da", b" ", b" nu"]), &all_speech());
        assert_eq!(words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), ["da", "nu"]);
        assert!(words.iter().all(|word| word.spaced));
    }

    #[test]
    fn half_a_letter_at_a_cut_is_left_out() {
        assert_eq!(text_of(&words_of(&part(&[b"\x99i", b" da\xC8"]), &all_speech())), "i da");
    }

    #[test]
    fn a_believed_time_begins_its_word() {
        let mut part = part(&[b" unu", b" doi", b" trei"]);
        part.tokens[1].time = Some(2.5);
        let words = words_of(&part, &all_speech());
        assert!((words[0].end - 2.5).abs() < 0.011 && (words[1].start - 2.5).abs() < 0.011, "{words:?}");
        part.tokens[1].time = Some(7.0);
        assert!(words_of(&part, &all_speech()).iter().all(|word| word.end <= 3.0));
    }

    #[test]
    fn words_stand_where_somebody_speaks() {
        // Speech from 1.0 to 1.5 and from 2.5 to 3.0.
        let activity = Activity::new(160, [vec![0.0; 100], vec![1.0; 50], vec![0.0; 100], vec![1.0; 50]].concat());
        let words = words_of(&part(&[b" unu", b" doi"]), &activity);
        assert!(words[0].end <= 1.55 && words[1].start >= 2.45, "{words:?}");
    }

    proptest! {
        #[test]
        fn times_grow_and_stay_within_the_part(
            words in prop::collection::vec("[a-zăâîșț]{1,12}", 1..40),
            anchors in prop::collection::vec(prop::option::of(-1.0..6.0_f64), 40),
            activity in prop::collection::vec(0.0..1.0_f32, 0..400),
            start in 0.0..2.0_f64,
            length in 0.5..5.0_f64,
        ) {
            let tokens = words.iter().zip(&anchors).map(|(word, time)| {
                Token { time: *time, ..token(format!(" {word}").as_bytes()) }
            });
            let part = Part { start, end: start + length, tokens: tokens.collect() };
            let heard = words_of(&part, &Activity::new(160, activity));
            prop_assert_eq!(heard.len(), words.len());
            for pair in heard.windows(2) {
                prop_assert!(pair[0].start < pair[1].start && pair[0].end <= pair[1].start + 1e-9, "{pair:?}");
            }
            for word in &heard {
                prop_assert!(word.start >= part.start && word.end <= part.end + 1e-9 && word.start <= word.end);
            }
        }
    }
}
