//! What the line sounds like when it is not simply a person who speaks: steady noise, music, a machine's message, shouting.
//!
//! Judged second by second from voice and level alone, with what the recogniser found in it: music and noise hold no words.

use std::time::Duration;

use crate::event::SoundFrame;

/// What the line sounds like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Surroundings {
    /// Nothing in the way.
    #[default]
    Clear,
    /// Steady noise: voice alone says nothing now, words and keys do.
    Noise,
    /// Music: the caller has put us on hold, or is elsewhere.
    Music,
    /// An answering machine, or a machine that calls.
    Machine,
    /// Shouting, or a mouth too near.
    Shouting,
}

/// One second is judged at a time.
const SECOND: Duration = Duration::from_secs(1);
/// Seconds of steady sound that are noise.
const NOISE_SECONDS: u8 = 4;
/// Seconds of wordless sound without a pause that are music.
const MUSIC_SECONDS: u8 = 8;
/// Seconds that clear noise or music away.
const CLEAR_SECONDS: u8 = 2;
/// Sound that wavers less than this is steady, in decibels.
const STEADY_DB: f32 = 2.5;
/// Louder than this is shouting, in decibels.
const SHOUT_DB: f32 = -10.0;
/// Sound below this is silence, in decibels.
const QUIET_DB: f32 = -50.0;

/// Listens second by second.
#[derive(Debug, Clone, Default)]
pub struct Listener {
    now: Surroundings,
    length: Duration,
    frames: u32,
    voiced: u32,
    sounding: u32,
    sum: f32,
    squares: f32,
    shouted: u32,
    words: bool,
    steady: u8,
    sounding_on: u8,
    clear: u8,
    loud: u8,
}

impl Listener {
    /// What the line sounds like now.
    #[must_use]
    pub fn now(&self) -> Surroundings {
        self.now
    }

    /// Words were understood: whatever it is, it speaks.
    pub fn words(&mut self) {
        self.words = true;
    }

    /// The next frame; what it sounds like now where that has changed.
    pub fn hear(&mut self, frame: &SoundFrame, voice_from: f32) -> Option<Surroundings> {
        self.length += frame.length;
        self.frames += 1;
        self.voiced += u32::from(frame.speech >= voice_from);
        self.sounding += u32::from(frame.level_db > QUIET_DB);
        self.shouted += u32::from(frame.level_db > SHOUT_DB && frame.speech >= voice_from);
        self.sum += frame.level_db;
        self.squares += frame.level_db * frame.level_db;
        if self.length < SECOND {
            return None;
        }
        self.second();
        let before = self.now;
        self.now = self.judge();
        (self.now != before).then_some(self.now)
    }

    fn second(&mut self) {
        #[expect(clippy::cast_precision_loss, reason = "some fifty frames")]
        let count = self.frames.max(1) as f32;
        let mean = self.sum / count;
        let deviation = (self.squares / count - mean * mean).max(0.0).sqrt();
        let most = |part: u32| part * 10 >= self.frames * 8;
        let sounding = most(self.sounding) && !self.words;
        let steady = sounding && deviation < STEADY_DB;
        self.steady = if steady { self.steady.saturating_add(1) } else { 0 };
        self.sounding_on = if sounding && !steady { self.sounding_on.saturating_add(1) } else { 0 };
        self.clear = if sounding { 0 } else { self.clear.saturating_add(1) };
        let loud = self.shouted * 2 >= self.frames;
        self.loud = if loud { self.loud.saturating_add(1) } else { 0 };
        let (now, steady, sounding_on, clear, loud) = (self.now, self.steady, self.sounding_on, self.clear, self.loud);
        *self = Self { now, steady, sounding_on, clear, loud, ..Self::default() };
    }

    fn judge(&self) -> Surroundings {
        use Surroundings::{Clear, Machine, Music, Noise, Shouting};
        match self.now {
            Machine => Machine,
            _ if self.steady >= NOISE_SECONDS => Noise,
            _ if self.sounding_on >= MUSIC_SECONDS => Music,
            Noise | Music if self.clear < CLEAR_SECONDS => self.now,
            _ if self.loud >= 2 => Shouting,
            Shouting if self.loud > 0 => Shouting,
            _ => Clear,
        }
    }

    /// It is a machine, told from its words or its manner.
    pub fn is_machine(&mut self) {
        self.now = Surroundings::Machine;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of sound: probability, level, how far it wavers, how long; words arrive where told.
    fn listen(parts: &[(f32, f32, f32, u32, bool)]) -> Vec<Surroundings> {
        let mut listener = Listener::default();
        let mut found = Vec::new();
        for (speech, level, wavers, seconds, words) in parts {
            for frame in 0..seconds * 50 {
                if *words && frame % 50 == 0 {
                    listener.words();
                }
                let level_db = level + if frame % 10 < 5 { *wavers } else { -wavers };
                let frame = SoundFrame { speech: *speech, level_db, length: Duration::from_millis(20) };
                found.extend(listener.hear(&frame, 0.6));
            }
        }
        found
    }

    #[test]
    fn steady_noise_is_known_after_seconds_and_gone_after_silence() {
        assert_eq!(
            listen(&[(0.7, -30.0, 1.0, 6, false), (0.0, -70.0, 1.0, 3, false)]),
            [Surroundings::Noise, Surroundings::Clear]
        );
    }

    #[test]
    fn music_is_sound_without_words_and_without_a_pause() {
        assert_eq!(
            listen(&[(0.7, -25.0, 6.0, 10, false), (0.0, -70.0, 1.0, 3, false)]),
            [Surroundings::Music, Surroundings::Clear]
        );
    }

    #[test]
    fn long_speech_has_words_and_is_neither() {
        assert!(listen(&[(0.9, -25.0, 6.0, 20, true)]).is_empty());
    }

    #[test]
    fn shouting_is_loud_voice_that_lasts() {
        assert_eq!(
            listen(&[(0.9, -5.0, 3.0, 3, true), (0.9, -25.0, 6.0, 2, true)]),
            [Surroundings::Shouting, Surroundings::Clear]
        );
    }
}
