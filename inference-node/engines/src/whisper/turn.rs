//! Where turns begin and end in live audio, from the probability of speech in each frame.
//!
//! Pure: it sees numbers and counts samples. A turn begins when most of an eighth of a second is speech, and ends when nothing
//! was speech for as long as was asked for. While somebody speaks, a lower probability suffices to go on, so that weak endings
//! of words do not tear a turn apart.

use std::collections::VecDeque;

/// Frames that are looked at for a beginning.
const BEGINNING: usize = 8;
/// How many of them must be speech.
const BEGINNING_SPEECH: usize = 6;
/// How much less probable speech may be once somebody speaks.
const HYSTERESIS: f32 = 0.15;

/// What makes a turn; all lengths in samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rules {
    /// Samples in a frame.
    pub(crate) frame: u64,
    /// Probability from which a frame counts as speech.
    pub(crate) threshold: f32,
    /// Silence after which a turn is over.
    pub(crate) silence: u64,
    /// The longest turn.
    pub(crate) longest: u64,
}

/// What changed; positions in samples since the audio began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Somebody began to speak.
    Started {
        /// Where.
        at: u64,
    },
    /// The turn is over.
    Stopped {
        /// Where the speech ended.
        at: u64,
        /// Whether it was cut because it had grown too long.
        cut: bool,
    },
}

/// Finds turns.
#[derive(Debug)]
pub(crate) struct Turns {
    rules: Rules,
    position: u64,
    /// Whether the last frames were speech, before a turn.
    recent: VecDeque<bool>,
    turn: Option<Turn>,
    /// The turn that has just stopped.
    stopped: Option<Turn>,
}

#[derive(Debug, Clone, Copy)]
struct Turn {
    began: u64,
    /// The end of the last frame with speech.
    spoken: u64,
    /// Since when it has been silent.
    silent_since: u64,
}

impl Turns {
    /// Nothing was heard yet.
    pub(crate) fn new(rules: Rules) -> Self {
        Self { rules, position: 0, recent: VecDeque::with_capacity(BEGINNING), turn: None, stopped: None }
    }

    /// How many samples were heard.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Hears a frame.
    pub(crate) fn hear(&mut self, probability: f32) -> Option<Change> {
        self.position += self.rules.frame;
        self.stopped = None;
        let Rules { frame, threshold, silence, longest } = self.rules;
        let Some(turn) = &mut self.turn else { return self.beginning(probability >= threshold, frame) };
        if probability >= (threshold - HYSTERESIS).max(threshold / 2.0) {
            turn.spoken = self.position;
            turn.silent_since = self.position;
        }
        let cut = self.position - turn.began >= longest;
        (cut || self.position - turn.silent_since >= silence).then(|| self.stop(cut))?
    }

    /// The audio ended, or there is no room for more of the turn: it stops here.
    pub(crate) fn cut(&mut self) -> Option<Change> {
        self.turn.is_some().then(|| self.stop(true))?
    }

    /// Somebody still speaks after all: takes back that the turn stopped with the last frame. The silence is counted anew.
    pub(crate) fn resume(&mut self) {
        if let Some(turn) = self.stopped.take() {
            self.turn = Some(Turn { silent_since: self.position, ..turn });
        }
    }

    fn beginning(&mut self, speech: bool, frame: u64) -> Option<Change> {
        if self.recent.len() == BEGINNING {
            self.recent.pop_front();
        }
        self.recent.push_back(speech);
        if self.recent.iter().filter(|speech| **speech).count() < BEGINNING_SPEECH {
            return None;
        }
        let first = self.recent.iter().position(|speech| *speech).unwrap_or(0);
        let began = self.position - (self.recent.len() - first) as u64 * frame;
        self.recent.clear();
        self.turn = Some(Turn { began, spoken: self.position, silent_since: self.position });
        Some(Change::Started { at: began })
    }

    fn stop(&mut self, cut: bool) -> Option<Change> {
        self.stopped = self.turn.take();
        self.stopped.map(|turn| Change::Stopped { at: turn.spoken, cut })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RULES: Rules = Rules { frame: 256, threshold: 0.5, silence: 8_000, longest: 160_000 };

    fn changes(turns: &mut Turns, probabilities: &[f32]) -> Vec<Change> {
        probabilities.iter().filter_map(|probability| turns.hear(*probability)).collect()
    }

    /// Frames of speech, silence, speech… in turn.
    fn frames(lengths: &[usize]) -> Vec<f32> {
        lengths
            .iter()
            .enumerate()
            .flat_map(|(index, length)| vec![if index % 2 == 0 { 0.9 } else { 0.02 }; *length])
            .collect()
    }

    /// Probabilities that the detector gave for „Bună ziua“ (a pause between the words, a weak ending), rounded.
    const RECORDED: [f32; 60] = [
        0.0, 0.0, 0.0, 0.1, 0.4, 0.7, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.9, 0.8, 0.6, 0.4, 0.2, 0.1, 0.1,
        0.3, 0.6, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.9, 0.9, 0.7, 0.5, 0.4, 0.4, 0.4, 0.3, 0.2, 0.1, 0.0,
        0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    ];

    #[test]
    fn a_greeting_is_one_turn_from_its_first_to_its_last_sound() {
        let mut turns = Turns::new(RULES);
        let recorded = [&RECORDED[..], &[0.0; 40]].concat();
        assert_eq!(
            changes(&mut turns, &recorded),
            [Change::Started { at: 5 * 256 }, Change::Stopped { at: 40 * 256, cut: false }]
        );
    }

    #[test]
    fn a_click_begins_no_turn() {
        let mut turns = Turns::new(RULES);
        assert!(changes(&mut turns, &frames(&[4, 3, 1, 60, 5, 100])).is_empty());
    }

    #[test]
    fn a_pause_shorter_than_asked_for_does_not_end_a_turn() {
        let mut turns = Turns::new(RULES);
        assert_eq!(changes(&mut turns, &frames(&[40, 30, 40])).len(), 1);
        assert_eq!(changes(&mut turns, &[0.0; 40]).len(), 1);
    }

    #[test]
    fn a_turn_that_never_ends_is_cut_and_the_next_begins() {
        let mut turns = Turns::new(RULES);
        let changes = changes(&mut turns, &[0.9; 1_300]);
        assert!(matches!(changes[1], Change::Stopped { cut: true, .. }), "{changes:?}");
        assert!(matches!(changes[2], Change::Started { .. }));
    }

    #[test]
    fn a_second_opinion_lets_a_turn_go_on() {
        let mut turns = Turns::new(RULES);
        assert_eq!(changes(&mut turns, &frames(&[40, 32])).len(), 2);
        turns.resume();
        assert!(changes(&mut turns, &frames(&[0, 30])).is_empty());
        let Some(Change::Stopped { at, cut: false }) = changes(&mut turns, &[0.0; 5]).first().copied() else {
            panic!("the turn did not end");
        };
        assert_eq!(at, 40 * 256);
        assert_eq!(turns.cut(), None);
    }

    #[test]
    fn the_end_of_the_audio_ends_the_turn() {
        let mut turns = Turns::new(RULES);
        changes(&mut turns, &frames(&[40]));
        assert_eq!(turns.cut(), Some(Change::Stopped { at: 40 * 256, cut: true }));
    }

    proptest! {
        #[test]
        fn turns_alternate_never_overlap_and_are_bounded(
            probabilities in prop::collection::vec(0.0..=1.0_f32, 0..3_000),
            threshold in 0.0..=1.0_f32,
        ) {
            let mut turns = Turns::new(Rules { threshold, longest: 32_000, ..RULES });
            let (mut open, mut last) = (false, 0);
            for (index, probability) in probabilities.iter().enumerate() {
                let now = (index as u64 + 1) * 256;
                match turns.hear(*probability) {
                    Some(Change::Started { at }) => {
                        prop_assert!(!open && at >= last && at < now);
                        (open, last) = (true, at);
                    }
                    Some(Change::Stopped { at, .. }) => {
                        prop_assert!(open && at > last && at <= now && now - last <= 32_000 + 256);
                        (open, last) = (false, at);
                    }
                    None => {}
                }
            }
        }
    }
}
