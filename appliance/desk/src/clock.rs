//! By when something is owed: terms as configuration with their legal citation, and the clocks that run under them.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::calendar::{Calendar, day_of, end_of};
use crate::case::CaseKind;

/// What stands as the citation of a term that no law sets; pages say it in the reader's language.
pub const SERVICE_TARGET: &str = "service target, set by the institution";

/// How days are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayUnit {
    /// Every day counts.
    Calendar,
    /// Only working days count.
    Working,
}

/// What happens when the last day is not a working day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtRest {
    /// It stays: the stricter reading.
    #[default]
    Keep,
    /// The term runs to the next working day.
    NextWorkingDay,
}

/// By how much a term may be extended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// Days added.
    pub days: u32,
    /// The extension must be given within so many days of the start; `None` while the term runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_days: Option<u32>,
    /// The rule.
    pub citation: String,
}

/// Within what time a misdirected matter is sent on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forwarding {
    /// Days from the start.
    pub days: u32,
    /// How they are counted.
    pub unit: DayUnit,
    /// The rule.
    pub citation: String,
}

/// A rule that says by when something is owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// Its name in configuration and journal.
    pub id: String,
    /// The kinds of case under it.
    pub kinds: Vec<CaseKind>,
    /// How many days.
    pub days: u32,
    /// How they are counted.
    pub unit: DayUnit,
    /// The rule it follows.
    pub citation: String,
    /// What happens when the last day is not a working day.
    #[serde(default)]
    pub at_rest: AtRest,
    /// Whether it stands still while the citizen owes us something.
    #[serde(default)]
    pub pauses: bool,
    /// How it may be extended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Extension>,
    /// How a misdirected matter is sent on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<Forwarding>,
}

/// Every term, and the calendar in which they are counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The rules.
    pub terms: Vec<Term>,
    /// Working days.
    #[serde(default)]
    pub calendar: Calendar,
}

/// How a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", content = "at", rename_all = "snake_case")]
pub enum ClockState {
    /// Time passes.
    Running,
    /// Stands still since then: the citizen owes us something.
    Paused(Timestamp),
    /// What was owed was done then.
    Met(Timestamp),
    /// No longer owed since then: forwarded, or of another kind after all.
    Lifted(Timestamp),
}

/// One term at work on one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The term's id.
    pub term: String,
    /// The rule, as the citizen is told it.
    pub citation: String,
    /// When it started.
    pub started: Timestamp,
    /// When it runs out.
    pub due: Timestamp,
    /// How it stands.
    pub state: ClockState,
    /// Days by which it was extended.
    #[serde(default)]
    pub extended_days: u32,
    /// Whether it may pause.
    #[serde(default)]
    pub pauses: bool,
}

/// Why a clock cannot be moved so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// No such rule is configured.
    #[error("term `{0}` is not configured")]
    UnknownTerm(String),
    /// The rule knows no extension.
    #[error("term `{0}` cannot be extended")]
    NotExtensible(String),
    /// It was extended before.
    #[error("term `{0}` was extended already")]
    ExtendedBefore(String),
    /// Too late for it.
    #[error("term `{term}` could be extended only until {until}")]
    TooLate {
        /// The term.
        term: String,
        /// The last day.
        until: Date,
    },
    /// It no longer runs.
    #[error("the clock of term `{0}` no longer runs")]
    NotRunning(String),
}

impl Default for Terms {
    /// The law as it stands, and service targets for the rest.
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "the embedded file is parsed by a test")]
        toml::from_str(include_str!("terms.toml")).expect("the embedded terms parse")
    }
}

impl Terms {
    /// The clocks that start for a case of `kind` opened at `start`.
    #[must_use]
    pub fn start(&self, kind: CaseKind, start: Timestamp) -> Vec<Clock> {
        self.terms
            .iter()
            .filter(|term| term.kinds.contains(&kind))
            .map(|term| Clock {
                term: term.id.clone(),
                citation: term.citation.clone(),
                started: start,
                due: end_of(self.last_day(term, day_of(start), term.days)),
                state: ClockState::Running,
                extended_days: 0,
                pauses: term.pauses,
            })
            .collect()
    }

    /// The rule called `id`.
    #[must_use]
    pub fn term(&self, id: &str) -> Option<&Term> {
        self.terms.iter().find(|term| term.id == id)
    }

    fn last_day(&self, term: &Term, start: Date, days: u32) -> Date {
        let last = match term.unit {
            DayUnit::Working => self.calendar.add_working_days(start, days),
            DayUnit::Calendar => start.checked_add(i64::from(days).days()).unwrap_or(Date::MAX),
        };
        match term.at_rest {
            AtRest::NextWorkingDay if !self.calendar.is_working_day(last) => self.calendar.add_working_days(last, 1),
            _ => last,
        }
    }

    /// Extends `clock` as its rule allows, once.
    ///
    /// # Errors
    /// See [`ClockError`].
    pub fn extend(&self, clock: &mut Clock, now: Timestamp) -> Result<(), ClockError> {
        let term = self.term(&clock.term).ok_or_else(|| ClockError::UnknownTerm(clock.term.clone()))?;
        let extension = term.extension.as_ref().ok_or_else(|| ClockError::NotExtensible(term.id.clone()))?;
        if !clock.is_running() {
            return Err(ClockError::NotRunning(term.id.clone()));
        }
        if clock.extended_days > 0 {
            return Err(ClockError::ExtendedBefore(term.id.clone()));
        }
        let start = day_of(clock.started);
        let until = extension.within_days.map_or_else(|| day_of(clock.due), |days| self.last_day(term, start, days));
        if day_of(now) > until {
            return Err(ClockError::TooLate { term: term.id.clone(), until });
        }
        clock.extended_days = extension.days;
        clock.due = end_of(self.last_day(term, day_of(clock.due), extension.days));
        clock.citation = format!("{}; {}", term.citation, extension.citation);
        Ok(())
    }

    /// By when a misdirected case must have been sent on, where its rule says so.
    #[must_use]
    pub fn forward_by(&self, clock: &Clock) -> Option<(Timestamp, &str)> {
        let forward = self.term(&clock.term)?.forward.as_ref()?;
        let start = day_of(clock.started);
        let last = match forward.unit {
            DayUnit::Working => self.calendar.add_working_days(start, forward.days),
            DayUnit::Calendar => start.checked_add(i64::from(forward.days).days()).unwrap_or(Date::MAX),
        };
        Some((end_of(last), &forward.citation))
    }
}

impl Clock {
    /// Whether time passes.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state == ClockState::Running
    }

    /// Stands still, if its rule lets it: the citizen owes us something.
    pub fn pause(&mut self, now: Timestamp) {
        if self.pauses && self.is_running() {
            self.state = ClockState::Paused(now);
        }
    }

    /// Runs again; what it stood still is added.
    pub fn resume(&mut self, now: Timestamp) {
        if let ClockState::Paused(since) = self.state {
            let stood = now.duration_since(since);
            self.due = self.due.checked_add(stood).unwrap_or(Timestamp::MAX);
            self.state = ClockState::Running;
        }
    }

    /// What was owed is done.
    pub fn meet(&mut self, now: Timestamp) {
        if matches!(self.state, ClockState::Running | ClockState::Paused(_)) {
            self.state = ClockState::Met(now);
        }
    }

    /// It is no longer owed by us.
    pub fn lift(&mut self, now: Timestamp) {
        if matches!(self.state, ClockState::Running | ClockState::Paused(_)) {
            self.state = ClockState::Lifted(now);
        }
    }

    /// The part of the term that has passed at `now`, 0 at the start and 1 when due.
    #[must_use]
    pub fn elapsed(&self, now: Timestamp) -> f64 {
        let whole = self.due.duration_since(self.started).as_secs_f64();
        let at = if let ClockState::Paused(since) = self.state { since } else { now };
        if whole <= 0.0 { 1.0 } else { (at.duration_since(self.started).as_secs_f64() / whole).max(0.0) }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn at(year: i16, month: i8, day: i8) -> Timestamp {
        date(year, month, day).at(10, 0, 0, 0).to_zoned(crate::calendar::bucharest()).unwrap().timestamp()
    }

    fn clock(kind: CaseKind, start: Timestamp) -> Clock {
        Terms::default().start(kind, start).remove(0)
    }

    #[test]
    fn a_petition_is_answered_within_thirty_days_of_registration() {
        let clock = clock(CaseKind::Petition, at(2026, 11, 2));
        assert_eq!(day_of(clock.due), date(2026, 12, 2));
        assert!(clock.citation.contains("OG 27/2002"));
    }

    #[test]
    fn the_head_extends_a_petition_once_by_fifteen_days() {
        let terms = Terms::default();
        let mut clock = clock(CaseKind::Petition, at(2026, 11, 2));
        terms.extend(&mut clock, at(2026, 11, 20)).unwrap();
        assert_eq!(day_of(clock.due), date(2026, 12, 17));
        assert!(matches!(terms.extend(&mut clock, at(2026, 11, 21)), Err(ClockError::ExtendedBefore(_))));
    }

    #[test]
    fn public_information_is_extended_only_within_the_first_ten_days() {
        let terms = Terms::default();
        let mut late = clock(CaseKind::PublicInformation, at(2026, 11, 2));
        assert_eq!(day_of(late.due), date(2026, 11, 12));
        assert!(matches!(terms.extend(&mut late, at(2026, 11, 13)), Err(ClockError::TooLate { .. })));
        terms.extend(&mut late, at(2026, 11, 11)).unwrap();
        assert_eq!(day_of(late.due), date(2026, 12, 2));
    }

    #[test]
    fn a_question_waits_over_the_holidays_not_against_the_citizen() {
        // Two working days after Friday 27 November 2026: Monday is St Andrew's, Tuesday the National Day.
        assert_eq!(day_of(clock(CaseKind::Question, at(2026, 11, 27)).due), date(2026, 12, 3));
        assert_eq!(clock(CaseKind::Question, at(2026, 11, 27)).citation, SERVICE_TARGET);
    }

    #[test]
    fn a_pause_moves_the_term_by_what_it_lasted() {
        let mut clock = clock(CaseKind::Question, at(2026, 11, 2));
        let due = clock.due;
        clock.pause(at(2026, 11, 3));
        assert!(!clock.is_running());
        clock.resume(at(2026, 11, 5));
        assert_eq!(clock.due.duration_since(due).as_hours(), 48);
    }

    #[test]
    fn a_petition_does_not_pause_and_a_met_clock_stays_met() {
        let mut clock = clock(CaseKind::Petition, at(2026, 11, 2));
        clock.pause(at(2026, 11, 3));
        assert!(clock.is_running());
        clock.meet(at(2026, 11, 4));
        clock.lift(at(2026, 11, 5));
        assert_eq!(clock.state, ClockState::Met(at(2026, 11, 4)));
    }

    #[test]
    fn a_misdirected_petition_is_sent_on_within_five_days() {
        let terms = Terms::default();
        let (by, citation) = terms.forward_by(&clock(CaseKind::Petition, at(2026, 11, 2))).unwrap();
        assert_eq!(day_of(by), date(2026, 11, 7));
        assert!(citation.contains("6^1"));
    }
}
