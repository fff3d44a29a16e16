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

impl PhoneConfig {
    /// Whether calls would have sound, and a place to go to.
    ///
    /// # Errors
    /// What is wrong, where, and how it is mended.
    pub(crate) fn check(&self) -> Result<(), String> {
        let bound = &self.media.bind;
        for listener in &self.sip.listeners {
            let ip = listener.address.ip();
            if !ip.is_unspecified() && !bound.contains(&ip) && !bound.iter().any(std::net::IpAddr::is_unspecified) {
                return Err(format!(
                    "calls that come to {} would have no sound: add \"{ip}\" to `phone.media.bind`",
                    listener.address
                ));
            }
        }
        for ip in bound {
            if let Err(error) = std::net::UdpSocket::bind((*ip, 0)) {
                return Err(format!("`phone.media.bind` names {ip}, from where no sound can be sent: {error}"));
            }
        }
        match &self.overflow_number {
            None if self.full_house == FullHouse::Redirect => {
                Err("`phone.full_house` is \"redirect\", and no `phone.overflow_number` says where to".to_owned())
            }
            Some(number) if number.parse::<desk::phone_number::PhoneNumber>().is_err() => {
                Err(format!("`phone.overflow_number`: \"{number}\" is no telephone number"))
            }
            _ => Ok(()),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_leave_calls_without_sound_or_place_is_told_at_the_start() {
        let wrong = |change: fn(&mut PhoneConfig)| {
            let mut config = PhoneConfig::default();
            change(&mut config);
            config.check().unwrap_err()
        };
        assert_eq!(PhoneConfig::default().check(), Ok(()));
        assert!(wrong(|config| config.media.bind = vec!["::1".parse().unwrap()]).contains("phone.media.bind"));
        assert!(wrong(|config| config.media.bind.push("192.0.2.99".parse().unwrap())).contains("192.0.2.99"));
        assert!(wrong(|config| config.full_house = FullHouse::Redirect).contains("overflow_number"));
        assert!(wrong(|config| config.overflow_number = Some("zero doi".to_owned())).contains("zero doi"));
    }
}
