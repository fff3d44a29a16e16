//! Keeps out text that nobody said.
//!
//! On silence, noise and music Whisper writes sentences from its training data, or one phrase over and over. Lists of such
//! sentences would also suppress them when they are said, so what is judged is the evidence: whether anybody speaks there, how
//! sure the model was, whether it went round in circles.

use super::voice_activity::Activity;
use super::words::HeardWord;

/// How far the times of the model may be off, in seconds.
const SLACK: f64 = 0.4;
/// A part with less probable speech than this was invented.
const NO_VOICE: f32 = 0.2;
/// With less speech than this, a part is believed only if the model was sure.
const LITTLE_VOICE: f32 = 0.2;
/// The mean logarithm of probability below which the model was not sure; whisper.cpp's own threshold.
const UNSURE: f32 = -1.0;
/// The longest phrase that is looked for when it is repeated, in words.
const LONGEST_PHRASE: usize = 12;
/// So many words in a row that are one phrase repeated are no speech. Twelve equal digits in a row may be, so it is more.
const REPEATED_WORDS: usize = 14;
/// So many times a phrase must be repeated.
const REPETITIONS: usize = 4;

/// Whether the text from one time to another was invented.
pub(crate) fn invented(start: f64, end: f64, mean_log_probability: f32, activity: &Activity) -> bool {
    let (start, end) = ((start - SLACK).max(0.0), end + SLACK);
    activity.peak(start, end) < NO_VOICE || (mean_log_probability < UNSURE && activity.share(start, end) < LITTLE_VOICE)
}

/// Leaves out what is marked as no speech: all within square brackets or between asterisks, notes, and parts that stand in
/// parentheses as a whole: `[BLANK_AUDIO]`, `*oftează*`, `♪`, `(music)`.
pub(crate) fn without_tags(words: Vec<HeardWord>) -> Vec<HeardWord> {
    let all: String = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let within_parentheses =
        all.starts_with('(') && all.find(')') == Some(all.trim_end_matches(['.', '!', '?']).len() - 1);
    if within_parentheses {
        return Vec::new();
    }
    let (mut square, mut stars) = (false, false);
    // A bracket that is never closed would swallow the rest.
    let closed = words.iter().any(|word| word.text.contains(']'));
    let even = all.matches('*').count().is_multiple_of(2);
    words
        .into_iter()
        .filter_map(|mut word| {
            let mut kept = String::new();
            for letter in word.text.chars() {
                match letter {
                    '[' if closed => square = true,
                    ']' if square => square = false,
                    '*' if even => stars = !stars,
                    '♪' | '♫' | '♬' | '♩' => {}
                    _ if square || stars => {}
                    _ => kept.push(letter),
                }
            }
            let said = kept == word.text || kept.chars().any(char::is_alphanumeric);
            word.text = kept;
            said.then_some(word)
        })
        .collect()
}

/// Leaves out all but the first of a phrase that is repeated over and over.
pub(crate) fn without_loops(mut words: Vec<HeardWord>) -> Vec<HeardWord> {
    let mut at = 0;
    while at < words.len() {
        let keys: Vec<String> = words[at..].iter().map(|word| key(&word.text)).collect();
        let looped = (1..=LONGEST_PHRASE.min(keys.len() / REPETITIONS)).find_map(|length| {
            let phrase = &keys[..length];
            let times = keys.chunks(length).take_while(|chunk| *chunk == phrase).count();
            (times >= REPETITIONS && times * length >= REPEATED_WORDS).then_some((length, times))
        });
        if let Some((length, times)) = looped {
            words.drain(at + length..at + length * times);
        }
        at += 1;
    }
    words
}

/// A word as it is compared: without case and punctuation, and with the comma below in Romanian letters.
pub(crate) fn key(word: &str) -> String {
    let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
    let bare = if bare.is_empty() { word } else { bare };
    bare.to_lowercase().replace('ş', "ș").replace('ţ', "ț")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::words::text_of;
    use super::*;

    fn words(text: &str) -> Vec<HeardWord> {
        text.split_whitespace()
            .map(|word| HeardWord { text: word.to_owned(), spaced: true, ..HeardWord::default() })
            .collect()
    }

    fn kept(text: &str) -> String {
        text_of(&without_tags(words(text)))
    }

    #[test]
    fn what_is_marked_as_no_speech_is_left_out() {
        for tag in
            ["[BLANK_AUDIO]", "[Muzică de fundal]", "(music)", "(taps csattan)", "♪", "♪♪", "*oftează*", "(music)."]
        {
            assert_eq!(kept(tag), "", "{tag}");
        }
        assert_eq!(kept("Bună ziua. [MUSIC] Alo?"), "Bună ziua. Alo?");
        assert_eq!(kept("♪ Deșteaptă-te, române ♪"), "Deșteaptă-te, române");
    }

    #[test]
    fn what_is_said_stays_as_it_is() {
        for text in ["Legea 544/2001 (republicată) spune", "2 * 3", "a[1", "Da. - Nu.", "(a) și (b)", ""] {
            assert_eq!(kept(text), text);
        }
    }

    #[test]
    fn a_phrase_in_circles_is_written_once() {
        let circles = format!("Vreau {} buletin", "să știu dacă am ".repeat(9));
        assert_eq!(text_of(&without_loops(words(&circles))), "Vreau să știu dacă am buletin");
        let circles = "da ".repeat(40);
        assert_eq!(text_of(&without_loops(words(&circles))), "da");
    }

    #[test]
    fn digits_and_emphasis_are_no_circles() {
        for text in ["zero zero zero zero zero zero zero zero zero zero", "nu, nu, nu, nu!", "unu doi unu doi unu doi"]
        {
            assert_eq!(text_of(&without_loops(words(text))), text);
        }
    }

    #[test]
    fn text_where_nobody_speaks_is_invented() {
        let activity = Activity::new(160, [vec![0.0; 500], vec![0.9; 200]].concat());
        assert!(invented(0.0, 4.0, -0.1, &activity));
        assert!(!invented(4.0, 7.0, -0.1, &activity));
        assert!(!invented(5.2, 6.0, -2.0, &activity));
    }

    #[test]
    fn unsure_text_with_hardly_any_speech_is_invented() {
        let activity = Activity::new(160, [vec![0.0; 500], vec![0.9; 20], vec![0.0; 500]].concat());
        assert!(invented(0.0, 10.0, -1.5, &activity));
        assert!(!invented(0.0, 10.0, -0.3, &activity));
    }

    proptest! {
        #[test]
        fn guards_never_panic_and_never_add(text in "[\\[\\]()*♪ abș.!]{0,60}") {
            let heard = words(&text);
            let count = heard.len();
            prop_assert!(without_loops(without_tags(heard)).len() <= count);
        }
    }
}
