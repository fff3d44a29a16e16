//! What each stage of each answer took, from the end of the caller's speech to the first sound.

use std::collections::BTreeMap;
use std::time::Duration;

use desk::call::{MAX_TIMINGS, TurnTiming};

/// The timings of a call. Moments are since the call was answered.
#[derive(Debug, Default)]
pub(super) struct Timings {
    /// By submission.
    answers: BTreeMap<u64, Answer>,
    /// When the caller began and stopped speaking, before a submission has come of it.
    began: Option<Duration>,
    stopped: Option<Duration>,
    decided: Option<Duration>,
    words: Option<Duration>,
}

#[derive(Debug, Default, Clone)]
struct Answer {
    turn: Option<u64>,
    began: Duration,
    stopped: Duration,
    decided: Option<Duration>,
    words: Option<Duration>,
    answer: Option<Duration>,
    sound: Option<Duration>,
    silenced: Option<Duration>,
}

impl Timings {
    /// The caller's voice was heard.
    pub(super) fn voice(&mut self, at: Duration) {
        self.began.get_or_insert(at);
        (self.stopped, self.words) = (None, None);
    }

    /// Words of the caller came.
    pub(super) fn words(&mut self, at: Duration) {
        self.began.get_or_insert(at);
        self.words = Some(at);
    }

    /// It was decided that the caller has finished, so long after his voice ended.
    pub(super) fn decided(&mut self, at: Duration, after: Duration) {
        self.stopped = Some(at.saturating_sub(after));
        self.decided = Some(at);
        metrics::histogram!("sfetnic_phone_end_of_turn_seconds").record(after.as_secs_f64());
    }

    /// What the caller said or pressed goes to the desk.
    pub(super) fn submitted(&mut self, at: Duration, submission: u64) {
        if self.answers.len() >= MAX_TIMINGS {
            return;
        }
        let stopped = self.stopped.unwrap_or(at);
        let answer = Answer {
            began: self.began.unwrap_or(stopped).min(stopped),
            stopped,
            decided: self.decided,
            words: self.words,
            ..Answer::default()
        };
        self.answers.insert(submission, answer);
        (self.began, self.stopped, self.decided, self.words) = (None, None, None, None);
    }

    /// The first words of an answer came, or all of it as this turn.
    pub(super) fn answered(&mut self, at: Duration, submission: u64, turn: Option<u64>) {
        if let Some(answer) = self.answers.get_mut(&submission) {
            answer.answer.get_or_insert(at);
            // The citizen's turn is the one before the answer's.
            answer.turn = turn.map(|turn| turn.saturating_sub(1)).or(answer.turn);
        }
    }

    /// The first sound of an answer left. Says how long that took since the answer was there.
    pub(super) fn sounded(&mut self, at: Duration, submission: u64) {
        let Some(answer) = self.answers.get_mut(&submission).filter(|answer| answer.sound.is_none()) else { return };
        answer.sound = Some(at);
        let waited = at.saturating_sub(answer.stopped);
        metrics::histogram!("sfetnic_phone_first_sound_seconds").record(waited.as_secs_f64());
    }

    /// The caller interrupted an answer; its last packet left so long after the decision.
    pub(super) fn silenced(&mut self, submission: u64, after: Duration) {
        if let Some(answer) = self.answers.get_mut(&submission) {
            answer.silenced = Some(after);
        }
    }

    /// One answer's timings.
    pub(super) fn of(&self, submission: u64) -> Option<TurnTiming> {
        self.answers.get(&submission).map(Answer::timing)
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<TurnTiming> {
        self.answers.values().map(Answer::timing).collect()
    }
}

impl Answer {
    fn timing(&self) -> TurnTiming {
        let since = |moment: Option<Duration>| moment.map(|at| millis_u32(at.saturating_sub(self.stopped)));
        TurnTiming {
            turn: self.turn,
            began_ms: millis(self.began),
            stopped_ms: millis(self.stopped),
            decided_ms: since(self.decided),
            words_ms: since(self.words),
            answer_ms: since(self.answer),
            sound_ms: since(self.sound),
            silenced_ms: self.silenced.map(millis_u32),
        }
    }
}

/// Whole milliseconds.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn millis_u32(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answers_stages_are_counted_from_the_end_of_speech() {
        let at = Duration::from_millis;
        let mut timings = Timings::default();
        timings.voice(at(1_000));
        timings.words(at(2_900));
        timings.decided(at(3_000), at(500));
        timings.submitted(at(3_001), 1);
        timings.answered(at(3_020), 1, None);
        timings.answered(at(3_040), 1, Some(4));
        timings.sounded(at(3_060), 1);
        timings.sounded(at(9_000), 1);
        timings.silenced(1, at(20));
        let expected = TurnTiming {
            turn: Some(3),
            began_ms: 1_000,
            stopped_ms: 2_500,
            decided_ms: Some(500),
            words_ms: Some(400),
            answer_ms: Some(520),
            sound_ms: Some(560),
            silenced_ms: Some(20),
        };
        assert_eq!(timings.all(), [expected]);
    }

    #[test]
    fn a_key_has_no_end_of_speech_but_its_own_moment() {
        let mut timings = Timings::default();
        timings.submitted(Duration::from_secs(5), 1);
        assert_eq!(timings.all()[0].stopped_ms, 5_000);
    }

    #[test]
    fn an_endless_call_keeps_its_first_timings() {
        let mut timings = Timings::default();
        (0..500).for_each(|number| timings.submitted(Duration::from_secs(number), number));
        assert_eq!(timings.all().len(), MAX_TIMINGS);
    }
}
