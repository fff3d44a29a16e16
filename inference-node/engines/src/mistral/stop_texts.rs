//! Ends a message at its stop texts, however the text is cut into pieces.
//!
//! The engine's own stop texts are not used: it looks for them one token late and has then already sent their beginning.

/// Holds text back for as long as it may be the beginning of a stop text.
#[derive(Debug)]
pub(crate) struct StopTexts {
    texts: Vec<String>,
    held: String,
}

/// What may be passed on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Passed {
    /// This text, perhaps empty; more may come.
    Text(String),
    /// This text, perhaps empty; then a stop text came.
    Stopped(String),
}

impl StopTexts {
    /// For a message that ends at any of these texts. Empty texts are ignored.
    pub(crate) fn new(texts: Vec<String>) -> Self {
        Self { texts: texts.into_iter().filter(|text| !text.is_empty()).collect(), held: String::new() }
    }

    /// Takes the next piece.
    pub(crate) fn take(&mut self, piece: &str) -> Passed {
        if self.texts.is_empty() {
            return Passed::Text(piece.to_owned());
        }
        self.held.push_str(piece);
        // The stop text that ends first wins, as if the text had come letter by letter; of two that end together the longer.
        let first = self.texts.iter().filter_map(|stop| Some((self.held.find(stop)?, stop.len())));
        if let Some((begin, _)) = first.min_by_key(|(begin, length)| (begin + length, *begin)) {
            self.held.truncate(begin);
            return Passed::Stopped(std::mem::take(&mut self.held));
        }
        let safe = self.held.len() - self.held_back();
        let rest = self.held.split_off(safe);
        Passed::Text(std::mem::replace(&mut self.held, rest))
    }

    /// What is still held back, at the end of the message.
    pub(crate) fn rest(&mut self) -> String {
        std::mem::take(&mut self.held)
    }

    /// How many bytes at the end may be the beginning of a stop text.
    fn held_back(&self) -> usize {
        let longest = |stop: &String| {
            (1..stop.len()).rev().find(|&length| stop.is_char_boundary(length) && self.held.ends_with(&stop[..length]))
        };
        self.texts.iter().filter_map(longest).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All that is passed on of these pieces, and whether a stop text came.
    fn pass(stops: &[String], pieces: &[String]) -> (String, bool) {
        let mut filter = StopTexts::new(stops.to_vec());
        let mut passed = String::new();
        for piece in pieces {
            match filter.take(piece) {
                Passed::Text(text) => passed.push_str(&text),
                Passed::Stopped(text) => return (passed + &text, true),
            }
        }
        (passed + &filter.rest(), false)
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn a_stop_text_over_two_pieces_is_not_leaked() {
        assert_eq!(pass(&texts(&["STOP"]), &texts(&["unu ST", "OP doi"])), ("unu ".to_owned(), true));
    }

    #[test]
    fn a_beginning_that_is_no_stop_text_is_passed_on_whole() {
        assert_eq!(pass(&texts(&["STOP"]), &texts(&["ST", "ART"])), ("START".to_owned(), false));
        assert_eq!(pass(&texts(&["STOP"]), &texts(&["a ST"])), ("a ST".to_owned(), false));
    }

    #[test]
    fn text_is_passed_on_at_once_when_nothing_can_begin() {
        let mut filter = StopTexts::new(texts(&["\n\n"]));
        assert_eq!(filter.take("bună ziua"), Passed::Text("bună ziua".to_owned()));
        assert_eq!(filter.take("!\n"), Passed::Text("!".to_owned()));
    }

    #[test]
    fn a_stop_text_within_another_wins_when_it_ends_first() {
        assert_eq!(pass(&texts(&["abcd", "bc"]), &texts(&["xabcd"])), ("xa".to_owned(), true));
        assert_eq!(pass(&texts(&["bc", "abc"]), &texts(&["xabc"])), ("x".to_owned(), true));
    }

    proptest! {
        /// However a text is cut, the same comes out as letter by letter.
        #[test]
        fn cuts_do_not_matter(
            pieces in prop::collection::vec("[abș😀 ]{0,5}", 0..12),
            stops in prop::collection::vec("[abș😀]{1,4}", 0..4),
        ) {
            let letters: Vec<String> = pieces.concat().chars().map(String::from).collect();
            prop_assert_eq!(pass(&stops, &pieces), pass(&stops, &letters));
        }

        /// What is passed on is a beginning of the text, holds no stop text, and is all of it when none came.
        #[test]
        fn nothing_is_leaked_or_lost(
            pieces in prop::collection::vec("[ab]{0,4}", 0..12),
            stops in prop::collection::vec("[ab]{1,4}", 1..4),
        ) {
            let whole = pieces.concat();
            let (passed, stopped) = pass(&stops, &pieces);
            prop_assert!(whole.starts_with(&passed));
            prop_assert!(stops.iter().all(|stop| !passed.contains(stop.as_str())));
            prop_assert_eq!(stopped, stops.iter().any(|stop| whole.contains(stop.as_str())));
            prop_assert!(stopped || passed == whole);
        }
    }
}
