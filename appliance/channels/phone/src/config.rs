//! What an installation decides about its telephone.

use desk::call_back::CallBackPolicy;
use dialogue::Settings;
use media::MediaConfig;
use serde::{Deserialize, Serialize};
use signalling::SipConfig;

/// The telephone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhoneConfig {
    /// Whether there is one.
    pub enabled: bool,
    /// Where it listens, its exchanges and its own extensions.
    pub sip: SipConfig,
    /// How sound travels.
    pub media: MediaConfig,
    /// How conversations are led.
    pub dialogue: Settings,
    /// What happens to a call beyond `sip.max_calls`.
    pub full_house: FullHouse,
    /// A number that gets what is more than [`FullHouse::Speak`] can bear, or every call while the house is full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overflow_number: Option<String>,
    /// How people are reached.
    pub people: PeopleConfig,
    /// How promises to ring back are kept.
    pub call_backs: CallBacksConfig,
    /// For how many days a recording is kept.
    pub keep_recordings_days: u32,
    /// Whether the staff may listen to calls, whisper and join.
    pub supervision: bool,
    /// Whether the staff may hand calls on to any number.
    pub transfer_to_numbers: bool,
}

/// What happens to a call for which there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FullHouse {
    /// It is answered: all lines are busy, we call you back.
    #[default]
    Speak,
    /// It is refused with 503 and the time after which to try again.
    Refuse,
    /// It is sent on to `overflow_number` (302).
    Redirect,
}

/// How people are reached.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeopleConfig {
    /// How long somebody's telephone rings before another is tried, in seconds.
    pub ring_seconds: u32,
    /// How many telephones ring at once for one caller.
    pub ring_at_once: usize,
    /// Whether whoever answers is told what it is about before he has the caller.
    pub spoken_briefing: bool,
    /// Whether a call to a number outside is handed to the exchange (REFER) first; where it refuses, and for `false`, the
    /// appliance stays between the two.
    pub refer: bool,
}

impl Default for PeopleConfig {
    fn default() -> Self {
        Self { ring_seconds: 20, ring_at_once: 3, spoken_briefing: true, refer: true }
    }
}

/// How promises to ring back are made and kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallBacksConfig {
    /// How often the citizen is dialled at most.
    pub attempts: u32,
    /// How long after an attempt the next one follows, in seconds; each further one waits twice as long.
    pub retry_seconds: u64,
    /// How soon a citizen is rung back, within office hours, in minutes.
    pub soon_minutes: u32,
    /// By when after that it is promised, in minutes.
    pub within_minutes: u32,
}

impl Default for CallBacksConfig {
    fn default() -> Self {
        let CallBackPolicy { attempts, retry_seconds } = CallBackPolicy::default();
        Self { attempts, retry_seconds, soon_minutes: 15, within_minutes: 240 }
    }
}

impl CallBacksConfig {
    pub(crate) fn policy(&self) -> CallBackPolicy {
        CallBackPolicy { attempts: self.attempts, retry_seconds: self.retry_seconds }
    }
}

impl Default for PhoneConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            sip: SipConfig::default(),
            media: MediaConfig::default(),
            dialogue: Settings::default(),
            full_house: FullHouse::default(),
            overflow_number: None,
            people: PeopleConfig::default(),
            call_backs: CallBacksConfig::default(),
            keep_recordings_days: 90,
            supervision: false,
            transfer_to_numbers: false,
        }
    }
}
