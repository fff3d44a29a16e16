//! When an office is open: hours for each day of the week, none on days that the calendar takes off.

use jiff::civil::{DateTime, Time, Weekday};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use crate::calendar::{Calendar, bucharest};

/// A stretch of one day, written `08:30-16:30`; its end does not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    /// When the office opens.
    pub from: Time,
    /// When it closes; later than `from`.
    pub until: Time,
}

/// The text is no stretch of a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no stretch of a day; write `08:30-16:30`")]
pub struct SpanError(pub String);

impl TryFrom<String> for Span {
    type Error = SpanError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let time = |part: &str| {
            let (hour, minute) = part.trim().split_once(':')?;
            Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
        };
        let parts = text.split_once('-').and_then(|(from, until)| Some((time(from)?, time(until)?)));
        match parts {
            Some((from, until)) if from < until => Ok(Self { from, until }),
            _ => Err(SpanError(text)),
        }
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        let text = |time: Time| format!("{:02}:{:02}", time.hour(), time.minute());
        format!("{}-{}", text(span.from), text(span.until))
    }
}

/// The hours of a week, in the time of Bucharest. A day without stretches is closed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpeningHours {
    /// On Mondays, in order.
    pub monday: Vec<Span>,
    /// On Tuesdays.
    pub tuesday: Vec<Span>,
    /// On Wednesdays.
    pub wednesday: Vec<Span>,
    /// On Thursdays.
    pub thursday: Vec<Span>,
    /// On Fridays.
    pub friday: Vec<Span>,
    /// On Saturdays.
    pub saturday: Vec<Span>,
    /// On Sundays.
    pub sunday: Vec<Span>,
}

/// How far ahead an opening is looked for: longer than any row of holidays.
const DAYS_AHEAD: i32 = 30;

impl OpeningHours {
    /// The stretches of a day of the week.
    #[must_use]
    pub fn on(&self, day: Weekday) -> &[Span] {
        match day {
            Weekday::Monday => &self.monday,
            Weekday::Tuesday => &self.tuesday,
            Weekday::Wednesday => &self.wednesday,
            Weekday::Thursday => &self.thursday,
            Weekday::Friday => &self.friday,
            Weekday::Saturday => &self.saturday,
            Weekday::Sunday => &self.sunday,
        }
    }

    /// Whether the office is open at `now`: within its hours, and the day no holiday.
    #[must_use]
    pub fn is_open(&self, calendar: &Calendar, now: Timestamp) -> bool {
        let local = now.to_zoned(bucharest()).datetime();
        self.spans(calendar, local).any(|span| span.from <= local.time() && local.time() < span.until)
    }

    /// When it next opens after `now`, in the time of Bucharest; `None` where it does not within a month.
    #[must_use]
    pub fn next_opening(&self, calendar: &Calendar, now: Timestamp) -> Option<DateTime> {
        let local = now.to_zoned(bucharest()).datetime();
        (0..=DAYS_AHEAD).find_map(|ahead| {
            let day = local.date().checked_add(ahead.days()).ok()?;
            let opening = self.spans(calendar, day.at(0, 0, 0, 0)).map(|span| day.to_datetime(span.from));
            opening.filter(|at| *at > local).min()
        })
    }

    /// The stretches of the day of `at`. A holiday has none, unless it is worked.
    fn spans(&self, calendar: &Calendar, at: DateTime) -> impl Iterator<Item = Span> {
        let day = at.date();
        let off = calendar.is_holiday(day) && !calendar.worked.contains(&day);
        self.on(day.weekday()).iter().copied().filter(move |_| !off)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;
    use proptest::prelude::*;

    use super::*;

    fn hours() -> OpeningHours {
        toml::from_str(
            r#"
            monday = ["08:00-16:30"]
            tuesday = ["08:00-16:30"]
            wednesday = ["08:00-12:00", "13:00-18:30"]
            thursday = ["08:00-16:30"]
            friday = ["08:00-14:00"]
            "#,
        )
        .unwrap()
    }

    fn at(year: i16, month: i8, day: i8, hour: i8, minute: i8) -> Timestamp {
        datetime(year, month, day, hour, minute, 0, 0).to_zoned(bucharest()).unwrap().timestamp()
    }

    #[test]
    fn an_office_is_open_within_its_hours_and_not_at_lunch() {
        let (hours, calendar) = (hours(), Calendar::default());
        assert!(hours.is_open(&calendar, at(2026, 11, 25, 8, 0)));
        assert!(!hours.is_open(&calendar, at(2026, 11, 25, 12, 0)));
        assert!(hours.is_open(&calendar, at(2026, 11, 25, 18, 29)));
        assert!(!hours.is_open(&calendar, at(2026, 11, 25, 18, 30)));
        assert!(!hours.is_open(&calendar, at(2026, 11, 22, 10, 0)), "a Sunday");
    }

    #[test]
    fn the_next_opening_leaps_over_weekends_and_holidays() {
        let (hours, calendar) = (hours(), Calendar::default());
        let next = |now| hours.next_opening(&calendar, now);
        assert_eq!(next(at(2026, 11, 20, 15, 0)), Some(datetime(2026, 11, 23, 8, 0, 0, 0)), "Friday to Monday");
        assert_eq!(
            next(at(2026, 11, 27, 15, 0)),
            Some(datetime(2026, 12, 2, 8, 0, 0, 0)),
            "over 30 November and 1 December"
        );
        assert_eq!(next(at(2026, 11, 25, 12, 30)), Some(datetime(2026, 11, 25, 13, 0, 0, 0)), "after lunch");
        assert_eq!(OpeningHours::default().next_opening(&calendar, at(2026, 11, 25, 12, 30)), None);
    }

    #[test]
    fn a_worked_holiday_is_open() {
        let day = jiff::civil::date(2026, 11, 30);
        let calendar = Calendar { worked: [day].into(), ..Calendar::default() };
        assert!(hours().is_open(&calendar, at(2026, 11, 30, 9, 0)));
        assert!(!hours().is_open(&Calendar::default(), at(2026, 11, 30, 9, 0)));
    }

    #[test]
    fn what_is_no_stretch_is_refused() {
        for text in ["", "8-16", "16:00-08:00", "08:00-25:00", "08:00"] {
            assert!(Span::try_from(text.to_owned()).is_err(), "{text}");
        }
        let span = Span::try_from("08:30-16:30".to_owned()).unwrap();
        assert_eq!(String::from(span), "08:30-16:30");
    }

    proptest! {
        #[test]
        fn no_text_breaks_a_stretch(text in ".{0,20}") {
            let _ = Span::try_from(text);
        }
    }
}
