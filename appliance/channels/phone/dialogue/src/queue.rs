//! Waiting for a person: what the caller is told and offered, and when.

use std::time::Duration;

use desk::ids::DepartmentId;

use crate::prompts::Fixed;
use crate::settings::{Waiting, seconds};

/// What the wait calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// Tell the place and how long it may take.
    Announce,
    /// Offer to ring back.
    Offer,
    /// Ask one level up as well.
    Overflow,
    /// It takes too long.
    GiveUp,
}

/// One wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wait {
    /// Where.
    pub(crate) department: Option<DepartmentId>,
    /// The caller's place, once known.
    pub(crate) position: Option<u32>,
    /// How long it may take.
    pub(crate) estimate: Option<Duration>,
    since: Duration,
    announced: Duration,
    offered: bool,
    overflowed: bool,
}

impl Wait {
    /// A wait that begins at `since`.
    pub(crate) fn new(department: Option<DepartmentId>, since: Duration) -> Self {
        Self { department, position: None, estimate: None, since, announced: since, offered: false, overflowed: false }
    }

    /// The caller's place; whether it is worth telling at once: the first time, or much better than before.
    pub(crate) fn moved(&mut self, at: Duration, position: u32, estimate: Option<Duration>) -> bool {
        let tell = self.position.is_none();
        (self.position, self.estimate) = (Some(position), estimate);
        if tell {
            self.announced = at;
        }
        tell
    }

    /// Whether a call-back was offered: key 1 takes it.
    pub(crate) fn is_offered(&self) -> bool {
        self.offered
    }

    fn steps(&self, settings: &Waiting) -> [Option<(Duration, Step)>; 4] {
        let offer = settings.call_backs && !self.offered;
        [
            Some((self.since + seconds(settings.longest_seconds), Step::GiveUp)),
            (!self.overflowed).then_some((self.since + seconds(settings.overflow_seconds), Step::Overflow)),
            offer.then_some((self.since + seconds(settings.offer_seconds), Step::Offer)),
            self.position.map(|_| (self.announced + seconds(settings.announce_seconds), Step::Announce)),
        ]
    }

    /// When the next step is due.
    pub(crate) fn due(&self, settings: &Waiting) -> Option<Duration> {
        self.steps(settings).into_iter().flatten().map(|(at, _)| at).min()
    }

    /// The step that is due at `at`, the weightiest first; each comes once, but announcements.
    pub(crate) fn tick(&mut self, at: Duration, settings: &Waiting) -> Option<Step> {
        let (_, step) = self.steps(settings).into_iter().flatten().find(|(due, _)| at >= *due)?;
        match step {
            Step::Announce => self.announced = at,
            // What was offered needs no announcement right after.
            Step::Offer => (self.offered, self.announced) = (true, at),
            Step::Overflow => self.overflowed = true,
            Step::GiveUp => {}
        }
        Some(step)
    }
}

/// How an estimate is said: nobody believes in seconds.
pub(crate) fn estimate(wait: Duration) -> Fixed {
    match wait.as_secs() {
        0..60 => Fixed::WaitMinute,
        60..360 => Fixed::WaitFew,
        360..720 => Fixed::WaitTen,
        720..1_200 => Fixed::WaitQuarter,
        _ => Fixed::WaitLong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_announced_offered_widened_and_given_up() {
        let settings = Waiting::default();
        let mut wait = Wait::new(None, Duration::ZERO);
        assert!(wait.moved(seconds(1), 3, Some(seconds(200))));
        assert!(!wait.moved(seconds(5), 2, None), "told at the next announcement");
        let mut told = Vec::new();
        while let Some(at) = wait.due(&settings).filter(|_| told.len() < 40) {
            let step = wait.tick(at, &settings).unwrap();
            told.push((at.as_secs(), step));
            if step == Step::GiveUp {
                break;
            }
        }
        assert_eq!(told[..3], [(46, Step::Announce), (60, Step::Offer), (105, Step::Announce)]);
        assert!(told.contains(&(120, Step::Overflow)));
        assert_eq!(told.last(), Some(&(900, Step::GiveUp)));
    }

    #[test]
    fn estimates_are_said_roughly() {
        assert_eq!(estimate(seconds(20)), Fixed::WaitMinute);
        assert_eq!(estimate(seconds(300)), Fixed::WaitFew);
        assert_eq!(estimate(seconds(4_000)), Fixed::WaitLong);
    }
}
