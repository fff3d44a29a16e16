//! The Romanian legal calendar: working days, with Orthodox Easter and Pentecost computed.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// Days that are not working days. The default is Codul muncii (Law 53/2003) art. 139 (1), with 6 and 7 January as added by
/// Law 52/2023.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calendar {
    /// Fixed holidays, as `MM-DD`.
    pub fixed: Vec<String>,
    /// Movable holidays, in days from Orthodox Easter Sunday.
    pub from_easter: Vec<i32>,
    /// Further days off, by government decision or of the institution.
    pub extra: BTreeSet<Date>,
    /// Working days among the holidays (recovered days).
    pub worked: BTreeSet<Date>,
}

impl Default for Calendar {
    fn default() -> Self {
        let fixed = [
            "01-01", "01-02", "01-06", "01-07", "01-24", "05-01", "06-01", "08-15", "11-30", "12-01", "12-25", "12-26",
        ];
        Self {
            fixed: fixed.map(str::to_owned).to_vec(),
            // Good Friday, Easter Sunday and Monday, Pentecost Sunday and Monday.
            from_easter: vec![-2, 0, 1, 49, 50],
            extra: BTreeSet::new(),
            worked: BTreeSet::new(),
        }
    }
}

/// Orthodox Easter Sunday of `year` in the Gregorian calendar (Meeus, Astronomical Algorithms, ch. 9, Julian computus; the
/// calendars lie 13 days apart from 1900 to 2099).
#[must_use]
pub fn orthodox_easter(year: i16) -> Option<Date> {
    let y = i32::from(year);
    let (a, b, c) = (y % 4, y % 7, y % 19);
    let d = (19 * c + 15) % 30;
    let e = (2 * a + 4 * b - d + 34) % 7;
    let (month, day) = ((d + e + 114) / 31, (d + e + 114) % 31 + 1);
    let apart = y / 100 - y / 400 - 2;
    let julian = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    julian.checked_add(apart.days()).ok()
}

/// The zone in which the institution counts days.
#[must_use]
pub fn bucharest() -> TimeZone {
    // The zone table is compiled in, so that the name is always known; UTC would only shift a day's border.
    TimeZone::get("Europe/Bucharest").unwrap_or(TimeZone::UTC)
}

/// The day in Bucharest at `instant`.
#[must_use]
pub fn day_of(instant: Timestamp) -> Date {
    instant.to_zoned(bucharest()).date()
}

/// The last second of `day` in Bucharest.
#[must_use]
pub fn end_of(day: Date) -> Timestamp {
    day.at(23, 59, 59, 0).to_zoned(bucharest()).map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

impl Calendar {
    /// Whether offices work on `day`.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> bool {
        if self.worked.contains(&day) {
            return true;
        }
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        !(weekend || self.is_holiday(day))
    }

    /// Whether `day` is a public holiday or a further day off.
    #[must_use]
    pub fn is_holiday(&self, day: Date) -> bool {
        let month_day = format!("{:02}-{:02}", day.month(), day.day());
        self.extra.contains(&day)
            || self.fixed.contains(&month_day)
            || orthodox_easter(day.year()).is_some_and(|easter| {
                self.from_easter.iter().any(|offset| easter.checked_add(offset.days()).is_ok_and(|moved| moved == day))
            })
    }

    /// The `count`-th working day after `day`, which itself does not count.
    #[must_use]
    pub fn add_working_days(&self, day: Date, count: u32) -> Date {
        let (mut day, mut left) = (day, count);
        while left > 0 {
            let Ok(next) = day.tomorrow() else { return Date::MAX };
            day = next;
            if self.is_working_day(day) {
                left -= 1;
            }
        }
        day
    }

    /// How many working days lie after `from`, up to and with `to`.
    #[must_use]
    pub fn working_days_between(&self, from: Date, to: Date) -> u32 {
        let (mut day, mut count) = (from, 0);
        while day < to {
            let Ok(next) = day.tomorrow() else { break };
            day = next;
            count += u32::from(self.is_working_day(day));
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn orthodox_easter_falls_where_the_church_keeps_it() {
        let known = [
            (2019, 4, 28),
            (2020, 4, 19),
            (2021, 5, 2),
            (2022, 4, 24),
            (2023, 4, 16),
            (2024, 5, 5),
            (2025, 4, 20),
            (2026, 4, 12),
            (2027, 5, 2),
            (2028, 4, 16),
            (2029, 4, 8),
            (2030, 4, 28),
        ];
        for (year, month, day) in known {
            assert_eq!(orthodox_easter(year), Some(date(year, month, day)));
        }
    }

    #[test]
    fn holidays_and_weekends_are_not_working_days() {
        let calendar = Calendar::default();
        for holiday in [date(2026, 4, 10), date(2026, 4, 13), date(2026, 6, 1), date(2026, 12, 1), date(2026, 1, 6)] {
            assert!(!calendar.is_working_day(holiday), "{holiday}");
        }
        assert!(!calendar.is_working_day(date(2026, 11, 21)), "a Saturday");
        assert!(calendar.is_working_day(date(2026, 11, 23)));
    }

    #[test]
    fn working_days_are_counted_over_easter() {
        let calendar = Calendar::default();
        // Thursday before Good Friday: Friday and Monday are holidays.
        assert_eq!(calendar.add_working_days(date(2026, 4, 9), 1), date(2026, 4, 14));
        assert_eq!(calendar.working_days_between(date(2026, 4, 9), date(2026, 4, 14)), 1);
    }

    #[test]
    fn a_recovered_saturday_is_worked() {
        let calendar = Calendar { worked: BTreeSet::from([date(2026, 11, 21)]), ..Calendar::default() };
        assert!(calendar.is_working_day(date(2026, 11, 21)));
    }
}
