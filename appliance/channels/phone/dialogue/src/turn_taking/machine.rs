//! An answering machine: it talks long right after the call begins, does not mind being talked to, and ends with a tone.

use std::time::Duration;

use crate::event::SoundFrame;

/// A message that a machine plays lasts longer than anybody's hello.
const LONG: Duration = Duration::from_secs(6);
/// It begins so soon after the call does.
const SOON: Duration = Duration::from_secs(4);
/// A tone lasts at least so long.
const TONE: Duration = Duration::from_millis(200);
/// And no longer than this.
const LONGEST_TONE: Duration = Duration::from_secs(3);
/// Levels within this are one tone, in decibels.
const SAME_DB: f32 = 1.5;
/// A tone is louder than this, in decibels.
const LOUD_DB: f32 = -35.0;

/// Waits for a machine to give itself away, and for its tone.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    level: f32,
    tone: Duration,
}

impl Machine {
    /// Whether voice that began at `since` and still goes on at `at` is a machine's, `at` counted from the beginning of
    /// the call.
    #[must_use]
    pub fn is_long(since: Duration, at: Duration) -> bool {
        since <= SOON && at.saturating_sub(since) >= LONG
    }

    /// Whether a tone has just ended: now a message can be left.
    pub fn tone_ended(&mut self, frame: &SoundFrame) -> bool {
        if frame.level_db > LOUD_DB && (self.tone.is_zero() || (frame.level_db - self.level).abs() <= SAME_DB) {
            if self.tone.is_zero() {
                self.level = frame.level_db;
            }
            self.tone += frame.length;
            return false;
        }
        let was = std::mem::take(&mut self.tone);
        let quiet = frame.level_db < LOUD_DB;
        if !quiet {
            (self.level, self.tone) = (frame.level_db, frame.length);
        }
        quiet && (TONE..=LONGEST_TONE).contains(&was)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_steady_loud_and_followed_by_silence() {
        let tone = |level: &dyn Fn(u32) -> f32, frames: u32| {
            let mut machine = Machine::default();
            let frame = |level_db| SoundFrame { speech: 0.2, level_db, length: Duration::from_millis(20) };
            let during = (0..frames).any(|at| machine.tone_ended(&frame(level(at))));
            during || machine.tone_ended(&frame(-70.0))
        };
        assert!(tone(&|_| -12.0, 20));
        assert!(!tone(&|_| -12.0, 5), "too short");
        assert!(!tone(&|at| if at % 2 == 0 { -12.0 } else { -20.0 }, 20), "speech wavers");
        assert!(!tone(&|_| -50.0, 20), "too quiet");
    }

    #[test]
    fn nobody_says_hello_for_six_seconds() {
        let seconds = Duration::from_secs;
        assert!(Machine::is_long(seconds(1), seconds(7)));
        assert!(!Machine::is_long(seconds(1), seconds(4)));
        assert!(!Machine::is_long(seconds(20), seconds(40)), "later it is a story");
    }
}
