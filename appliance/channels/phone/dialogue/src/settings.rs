//! How telephone conversations are led: pauses, limits, languages, consent. Every value has a default that suits a ministry.

use std::time::Duration;

use desk::language::Language;
use serde::{Deserialize, Serialize};

/// How telephone conversations are led.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The name under which the institution answers.
    pub institution: Institution,
    /// The languages offered, the first one greets.
    pub languages: Vec<Language>,
    /// Whether calls are recorded.
    pub recording: Recording,
    /// When we take our turn and when we leave it.
    pub turns: Turns,
    /// What happens when nobody speaks.
    pub silence: Silence,
    /// Waiting for a person.
    pub waiting: Waiting,
    /// Whether messages can be sent to callers.
    pub messages: bool,
    /// Recognised words less sure than this are asked about, 0 to 1.
    pub least_confidence: f32,
    /// The longest a call may last before it goes to a person or ends, in minutes.
    pub longest_minutes: u32,
}

/// The name of the institution as it is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Institution {
    /// In Romanian, after "Ați sunat la".
    pub ro: String,
    /// In Hungarian.
    pub hu: String,
    /// In English.
    pub en: String,
}

/// Whether calls are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recording {
    /// Never.
    #[default]
    Off,
    /// After a spoken notice, unless the caller refuses by key or word.
    Notice,
    /// Only once the caller has agreed by key or word.
    Consent,
}

/// When we take our turn and when we leave it. Times in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Turns {
    /// Silence after a complete question, or a plain yes or no.
    pub complete_ms: u64,
    /// Silence after words of which one cannot say.
    pub usual_ms: u64,
    /// Silence after an unfinished sentence.
    pub unfinished_ms: u64,
    /// Silence while digits are being dictated.
    pub dictating_ms: u64,
    /// Voice over ours after which we pause.
    pub pause_after_ms: u64,
    /// A pause without words after which we go on.
    pub resume_after_ms: u64,
    /// An answer that takes longer than this is announced by "un moment".
    pub moment_ms: u64,
    /// An answer that takes longer than this is given up.
    pub answer_ms: u64,
    /// The speech probability from which a frame is voice.
    pub voice_on: f32,
    /// The speech probability below which voice ends.
    pub voice_off: f32,
}

/// What happens when nobody speaks. Times in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Silence {
    /// Until the first reminder.
    pub first_seconds: u64,
    /// Until the second, from the beginning of the silence.
    pub second_seconds: u64,
    /// Until the keypad menu, from the beginning of the silence.
    pub keypad_seconds: u64,
    /// Until goodbye, from the beginning of the silence.
    pub goodbye_seconds: u64,
    /// Until goodbye while the caller has put us on hold.
    pub on_hold_seconds: u64,
}

/// Waiting for a person. Times in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Waiting {
    /// Between two announcements of the place.
    pub announce_seconds: u64,
    /// Until a call-back is offered instead.
    pub offer_seconds: u64,
    /// Until the level above is asked as well.
    pub overflow_seconds: u64,
    /// The longest wait; then a call-back or goodbye.
    pub longest_seconds: u64,
    /// Whether call-backs are offered.
    pub call_backs: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            institution: Institution::default(),
            languages: Language::ALL.to_vec(),
            recording: Recording::default(),
            turns: Turns::default(),
            silence: Silence::default(),
            waiting: Waiting::default(),
            messages: false,
            least_confidence: 0.5,
            longest_minutes: 30,
        }
    }
}

impl Default for Institution {
    fn default() -> Self {
        Self {
            ro: "Ministerul Afacerilor Interne".to_owned(),
            hu: "Belügyminisztérium".to_owned(),
            en: "the Ministry of Internal Affairs".to_owned(),
        }
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            complete_ms: 450,
            usual_ms: 800,
            unfinished_ms: 1_800,
            dictating_ms: 2_200,
            pause_after_ms: 260,
            resume_after_ms: 1_500,
            moment_ms: 800,
            answer_ms: 20_000,
            voice_on: 0.6,
            voice_off: 0.35,
        }
    }
}

impl Default for Silence {
    fn default() -> Self {
        Self { first_seconds: 6, second_seconds: 15, keypad_seconds: 25, goodbye_seconds: 45, on_hold_seconds: 120 }
    }
}

impl Default for Waiting {
    fn default() -> Self {
        Self { announce_seconds: 45, offer_seconds: 60, overflow_seconds: 120, longest_seconds: 900, call_backs: true }
    }
}

/// Milliseconds of a setting.
pub(crate) fn millis(value: u64) -> Duration {
    Duration::from_millis(value)
}

/// Seconds of a setting.
pub(crate) fn seconds(value: u64) -> Duration {
    Duration::from_secs(value)
}
