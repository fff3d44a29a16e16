//! Silence of the caller: reminded twice, led to the keys, and in the end let go.

use std::time::Duration;

use crate::settings::{Silence, seconds};

/// What silence calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Nudge {
    /// A first reminder.
    First,
    /// A second one.
    Second,
    /// The keypad menu.
    Keypad,
    /// Goodbye.
    Goodbye,
}

const STEPS: [Nudge; 4] = [Nudge::First, Nudge::Second, Nudge::Keypad, Nudge::Goodbye];

/// Counts silence while it is the caller's turn. Our own reminders take time, which does not count as his silence.
#[derive(Debug, Clone)]
pub struct Patience {
    settings: Silence,
    /// Since when it is silent, while it is the caller's turn.
    since: Option<Duration>,
    /// Silence counted before our own last words.
    counted: Duration,
    given: usize,
    factor: u32,
}

impl Patience {
    /// With these limits.
    #[must_use]
    pub fn new(settings: &Silence) -> Self {
        Self { settings: settings.clone(), since: None, counted: Duration::ZERO, given: 0, factor: 1 }
    }

    /// The caller did something: all is forgotten.
    pub fn reset(&mut self) {
        (self.since, self.counted, self.given, self.factor) = (None, Duration::ZERO, 0, 1);
    }

    /// The caller asked for time: everything takes so many times as long.
    pub fn stretch(&mut self, factor: u32) {
        self.reset();
        self.factor = factor.max(1);
    }

    /// It is silent, and the caller's turn.
    pub fn begin(&mut self, at: Duration) {
        self.since.get_or_insert(at);
    }

    /// It is no longer silent, or not the caller's turn.
    pub fn pause(&mut self, at: Duration) {
        if let Some(since) = self.since.take() {
            self.counted += at.saturating_sub(since);
        }
    }

    /// When the next nudge is due.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        let step = STEPS.get(self.given)?;
        Some(self.since? + self.after(*step).saturating_sub(self.counted))
    }

    /// What is due at `at`.
    pub fn tick(&mut self, at: Duration) -> Option<Nudge> {
        let step = *STEPS.get(self.given)?;
        (self.due()? <= at).then(|| {
            self.given += 1;
            step
        })
    }

    fn after(&self, step: Nudge) -> Duration {
        let limit = match step {
            Nudge::First => self.settings.first_seconds,
            Nudge::Second => self.settings.second_seconds,
            Nudge::Keypad => self.settings.keypad_seconds,
            Nudge::Goodbye => self.settings.goodbye_seconds,
        };
        seconds(limit) * self.factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_nudged_in_steps_and_our_own_words_do_not_count() {
        let mut patience = Patience::new(&Silence::default());
        patience.begin(seconds(10));
        assert_eq!(patience.tick(seconds(15)), None);
        assert_eq!(patience.tick(seconds(16)), Some(Nudge::First));
        patience.pause(seconds(16));
        assert_eq!(patience.due(), None);
        patience.begin(seconds(20));
        assert_eq!(patience.due(), Some(seconds(29)));
        assert_eq!(patience.tick(seconds(29)), Some(Nudge::Second));
        patience.reset();
        patience.begin(seconds(40));
        assert_eq!(patience.due(), Some(seconds(46)));
    }

    #[test]
    fn who_asked_for_time_gets_it() {
        let mut patience = Patience::new(&Silence::default());
        patience.stretch(4);
        patience.begin(Duration::ZERO);
        assert_eq!(patience.due(), Some(seconds(24)));
    }
}
