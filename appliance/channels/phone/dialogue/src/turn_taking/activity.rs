//! Voice or no voice, with hysteresis: one frame decides nothing.

use std::time::Duration;

use crate::event::SoundFrame;

/// Voice that lasts so long has begun.
const ONSET: Duration = Duration::from_millis(60);
/// Silence that lasts so long ends the voice: shorter ones are between words.
const HANGOVER: Duration = Duration::from_millis(180);
/// Below this level nothing is voice, whatever it looks like, in decibels.
const FLOOR_DB: f32 = -58.0;

/// Follows the caller's voice.
#[derive(Debug, Clone)]
pub struct Activity {
    on: f32,
    off: f32,
    rising: Duration,
    falling: Duration,
    /// Since when the caller speaks.
    since: Option<Duration>,
    /// When the voice last ended.
    ended: Option<Duration>,
    /// How much voice there was since it began.
    voiced: Duration,
}

/// How the voice changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It began.
    Began,
    /// It ended.
    Ended,
}

impl Activity {
    /// Voice begins above `on` and ends below `off`.
    #[must_use]
    pub fn new(on: f32, off: f32) -> Self {
        let (rising, falling, voiced) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        Self { on, off: off.min(on), rising, falling, since: None, ended: None, voiced }
    }

    /// The next frame, which ends at `at`.
    pub fn hear(&mut self, at: Duration, frame: &SoundFrame) -> Option<Change> {
        let heard = frame.level_db > FLOOR_DB;
        if self.since.is_some() {
            if heard && frame.speech >= self.off {
                self.voiced += frame.length + std::mem::take(&mut self.falling);
                return None;
            }
            self.falling += frame.length;
            if self.falling < HANGOVER {
                return None;
            }
            self.since = None;
            self.ended = Some(at.saturating_sub(self.falling));
            (self.rising, self.falling) = (Duration::ZERO, Duration::ZERO);
            return Some(Change::Ended);
        }
        self.rising = if heard && frame.speech >= self.on { self.rising + frame.length } else { Duration::ZERO };
        if self.rising < ONSET {
            return None;
        }
        self.since = Some(at.saturating_sub(self.rising));
        self.voiced = std::mem::take(&mut self.rising);
        self.falling = Duration::ZERO;
        Some(Change::Began)
    }

    /// Since when the caller speaks, if he does.
    #[must_use]
    pub fn since(&self) -> Option<Duration> {
        self.since
    }

    /// When the voice last ended.
    #[must_use]
    pub fn ended(&self) -> Option<Duration> {
        self.ended
    }

    /// How much voice there was since it last began.
    #[must_use]
    pub fn voiced(&self) -> Duration {
        self.voiced
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pattern: &[(f32, u32)]) -> Vec<Change> {
        let mut activity = Activity::new(0.6, 0.35);
        let mut at = Duration::ZERO;
        let length = Duration::from_millis(20);
        let frames = pattern.iter().flat_map(|(speech, count)| std::iter::repeat_n(*speech, *count as usize));
        frames
            .filter_map(|speech| {
                at += length;
                activity.hear(at, &SoundFrame { speech, level_db: -25.0, length })
            })
            .collect()
    }

    #[test]
    fn a_click_is_no_voice_and_a_short_pause_no_end() {
        assert!(run(&[(0.9, 2), (0.0, 20)]).is_empty());
        assert_eq!(run(&[(0.9, 10), (0.1, 6), (0.9, 10)]), [Change::Began]);
        assert_eq!(run(&[(0.9, 10), (0.1, 12)]), [Change::Began, Change::Ended]);
    }

    #[test]
    fn what_wavers_between_the_thresholds_stays_what_it_is() {
        assert!(run(&[(0.5, 100)]).is_empty());
        assert_eq!(run(&[(0.9, 10), (0.45, 100)]), [Change::Began]);
    }
}
