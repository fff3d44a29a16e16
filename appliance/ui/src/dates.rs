//! Dates and durations as people say them, in Romanian, Hungarian and English, on Bucharest's clock.

use desk::calendar::{Calendar, bucharest, day_of};
use desk::clock::DayUnit;
use desk::language::Language;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

const MONTHS: [[&str; 12]; 3] = [
    [
        "ianuarie",
        "februarie",
        "martie",
        "aprilie",
        "mai",
        "iunie",
        "iulie",
        "august",
        "septembrie",
        "octombrie",
        "noiembrie",
        "decembrie",
    ],
    [
        "január",
        "február",
        "március",
        "április",
        "május",
        "június",
        "július",
        "augusztus",
        "szeptember",
        "október",
        "november",
        "december",
    ],
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
];

const WEEKDAYS: [[&str; 7]; 3] = [
    ["luni", "marți", "miercuri", "joi", "vineri", "sâmbătă", "duminică"],
    ["hétfő", "kedd", "szerda", "csütörtök", "péntek", "szombat", "vasárnap"],
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
];

/// Hungarian weekdays with the suffix `-ig` (until).
const UNTIL: [&str; 7] = ["hétfőig", "keddig", "szerdáig", "csütörtökig", "péntekig", "szombatig", "vasárnapig"];

fn row(language: Language) -> usize {
    match language {
        Language::Ro => 0,
        Language::Hu => 1,
        Language::En => 2,
    }
}

fn month(day: Date, language: Language) -> &'static str {
    MONTHS[row(language)][usize::from(day.month().unsigned_abs()).saturating_sub(1).min(11)]
}

fn weekday_index(day: Date) -> usize {
    usize::from(day.weekday().to_monday_zero_offset().unsigned_abs()).min(6)
}

/// `12 decembrie 2026`, `2026. december 12.`, `12 December 2026`.
#[must_use]
pub fn date(day: Date, language: Language) -> String {
    let (number, month, year) = (day.day(), month(day, language), day.year());
    match language {
        Language::Ro | Language::En => format!("{number} {month} {year}"),
        Language::Hu => format!("{year}. {month} {number}."),
    }
}

/// Without the year: `12 decembrie`, `december 12.`, `12 December`.
fn day_and_month(day: Date, language: Language) -> String {
    match language {
        Language::Ro | Language::En => format!("{} {}", day.day(), month(day, language)),
        Language::Hu => format!("{} {}.", month(day, language), day.day()),
    }
}

/// With the weekday, and with the year only where it is not that of `today`: `vineri, 12 decembrie`.
#[must_use]
pub fn weekday_date(day: Date, today: Date, language: Language) -> String {
    let weekday = WEEKDAYS[row(language)][weekday_index(day)];
    let rest = if day.year() == today.year() { day_and_month(day, language) } else { date(day, language) };
    match language {
        Language::Ro | Language::En => format!("{weekday}, {rest}"),
        Language::Hu => format!("{rest}, {weekday}"),
    }
}

/// `14:05` on Bucharest's clock.
#[must_use]
pub fn time(at: Timestamp) -> String {
    let local = at.to_zoned(bucharest());
    format!("{:02}:{:02}", local.hour(), local.minute())
}

/// A moment seen from `now`: `14:05` today, `ieri, 14:05`, `12 decembrie, 14:05`.
#[must_use]
pub fn moment(at: Timestamp, now: Timestamp, language: Language) -> String {
    let (day, today, time) = (day_of(at), day_of(now), time(at));
    if day == today {
        return time;
    }
    if today.yesterday().is_ok_and(|yesterday| yesterday == day) {
        let yesterday = ["ieri", "tegnap", "yesterday"][row(language)];
        return format!("{yesterday}, {time}");
    }
    let day = if day.year() == today.year() { day_and_month(day, language) } else { date(day, language) };
    format!("{day}, {time}")
}

/// A moment in full: `12 decembrie 2026, 14:05`.
#[must_use]
pub fn full(at: Timestamp, language: Language) -> String {
    format!("{}, {}", date(day_of(at), language), time(at))
}

/// A count of days as people say it: `3 zile lucrătoare`, `20 de zile`, `o zi`.
#[must_use]
pub fn days(count: u32, unit: DayUnit, language: Language) -> String {
    let working = unit == DayUnit::Working;
    match language {
        Language::Ro => {
            let suffix = if working { " lucrătoare" } else { "" };
            match count {
                1 => format!("o zi{suffix}"),
                // From twenty on, except where the last two digits are 1 to 19, the noun takes "de".
                n if n % 100 == 0 || n % 100 >= 20 => format!("{n} de zile{suffix}"),
                n => format!("{n} zile{suffix}"),
            }
        }
        Language::Hu => format!("{count} {}", if working { "munkanap" } else { "nap" }),
        Language::En => {
            let noun = if count == 1 { "day" } else { "days" };
            if working { format!("{count} working {noun}") } else { format!("{count} {noun}") }
        }
    }
}

/// By when something is owed: `în 3 zile lucrătoare (până vineri, 12 decembrie)`; when it is late, says so.
#[must_use]
pub fn deadline(due: Timestamp, now: Timestamp, unit: DayUnit, calendar: &Calendar, language: Language) -> String {
    let (last, today) = (day_of(due), day_of(now));
    let count = |from, to| match unit {
        DayUnit::Working => calendar.working_days_between(from, to),
        DayUnit::Calendar => days_between(from, to),
    };
    let said = weekday_date(last, today, language);
    if due < now {
        // A term that ran out over a weekend is late by days that people count, not by working days.
        let late = days(days_between(last, today).max(1), DayUnit::Calendar, language);
        return match language {
            Language::Ro => format!("termen depășit cu {late} ({said})"),
            Language::Hu => format!("a határidő {late}pal lejárt ({said})"),
            Language::En => format!("overdue by {late} ({said})"),
        };
    }
    let until = match language {
        Language::Ro => format!("până {said}"),
        Language::Hu => {
            let day = if last.year() == today.year() {
                format!("{} {}", month(last, language), last.day())
            } else {
                format!("{}. {} {}", last.year(), month(last, language), last.day())
            };
            format!("{day}., {}", UNTIL[weekday_index(last)])
        }
        Language::En => format!("by {said}"),
    };
    if last == today {
        return match language {
            Language::Ro => format!("astăzi ({said})"),
            Language::Hu => format!("ma ({said})"),
            Language::En => format!("today ({said})"),
        };
    }
    // A day off that ends the term leaves no working day in between: say the date alone.
    match (count(today, last), language) {
        (0, _) => until,
        (n, Language::Ro) => {
            let within = if n == 1 { "într-" } else { "în " };
            format!("{within}{} ({until})", days(n, unit, language))
        }
        (n, Language::Hu) => format!("{}on belül ({until})", days(n, unit, language)),
        (n, Language::En) => format!("within {} ({until})", days(n, unit, language)),
    }
}

fn days_between(from: Date, to: Date) -> u32 {
    u32::try_from(from.until(to).map_or(0, |span| i64::from(span.get_days())).max(0)).unwrap_or(0)
}

/// How long something has lasted, short: `acum`, `5 min`, `2 h 10 min`, `3 zile`.
#[must_use]
pub fn short_duration(duration: SignedDuration, language: Language) -> String {
    let minutes = u64::try_from(duration.as_mins()).unwrap_or(0);
    match minutes {
        0 => ["mai puțin de un minut", "kevesebb mint egy perce", "under a minute"][row(language)].to_owned(),
        1..60 => {
            let unit = ["min", "perc", "min"][row(language)];
            format!("{minutes} {unit}")
        }
        60..1440 => {
            let (hours, rest) = (minutes / 60, minutes % 60);
            let (hour, minute) = [("h", "min"), ("óra", "perc"), ("h", "min")][row(language)];
            if rest == 0 { format!("{hours} {hour}") } else { format!("{hours} {hour} {rest} {minute}") }
        }
        _ => days(u32::try_from(minutes / 1440).unwrap_or(u32::MAX), DayUnit::Calendar, language),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date as civil;

    use super::*;

    fn at(year: i16, month: i8, day: i8, hour: i8) -> Timestamp {
        civil(year, month, day).at(hour, 5, 0, 0).to_zoned(bucharest()).unwrap().timestamp()
    }

    fn said(due: Date, now: Timestamp, unit: DayUnit, language: Language) -> String {
        deadline(desk::calendar::end_of(due), now, unit, &Calendar::default(), language)
    }

    #[test]
    fn a_term_is_said_as_people_say_it() {
        let now = at(2025, 12, 9, 10);
        let due = civil(2025, 12, 12);
        assert_eq!(said(due, now, DayUnit::Working, Language::Ro), "în 3 zile lucrătoare (până vineri, 12 decembrie)");
        assert_eq!(said(due, now, DayUnit::Working, Language::Hu), "3 munkanapon belül (december 12., péntekig)");
        assert_eq!(said(due, now, DayUnit::Working, Language::En), "within 3 working days (by Friday, 12 December)");
    }

    #[test]
    fn romanian_puts_de_after_twenty_and_one_day_is_a_word() {
        let now = at(2026, 11, 2, 10);
        assert_eq!(
            said(civil(2026, 12, 2), now, DayUnit::Calendar, Language::Ro),
            "în 30 de zile (până miercuri, 2 decembrie)"
        );
        assert_eq!(
            said(civil(2026, 11, 3), now, DayUnit::Working, Language::Ro),
            "într-o zi lucrătoare (până marți, 3 noiembrie)"
        );
        assert_eq!(days(119, DayUnit::Calendar, Language::Ro), "119 zile");
        assert_eq!(days(120, DayUnit::Calendar, Language::Ro), "120 de zile");
    }

    #[test]
    fn today_the_next_year_and_a_late_term_are_said() {
        let now = at(2026, 12, 30, 10);
        assert_eq!(said(civil(2026, 12, 30), now, DayUnit::Working, Language::Ro), "astăzi (miercuri, 30 decembrie)");
        assert_eq!(
            said(civil(2027, 1, 5), now, DayUnit::Calendar, Language::En),
            "within 6 days (by Tuesday, 5 January 2027)"
        );
        assert_eq!(
            said(civil(2026, 12, 28), now, DayUnit::Working, Language::Ro),
            "termen depășit cu 2 zile (luni, 28 decembrie)"
        );
    }

    #[test]
    fn a_moment_is_told_from_today() {
        let now = at(2026, 11, 21, 18);
        assert_eq!(moment(at(2026, 11, 21, 9), now, Language::Ro), "09:05");
        assert_eq!(moment(at(2026, 11, 20, 9), now, Language::Hu), "tegnap, 09:05");
        assert_eq!(moment(at(2026, 11, 2, 9), now, Language::En), "2 November, 09:05");
        assert_eq!(full(at(2026, 11, 2, 9), Language::Hu), "2026. november 2., 09:05");
    }

    #[test]
    fn a_wait_is_short() {
        assert_eq!(short_duration(SignedDuration::from_secs(20), Language::Ro), "mai puțin de un minut");
        assert_eq!(short_duration(SignedDuration::from_mins(130), Language::Ro), "2 h 10 min");
        assert_eq!(short_duration(SignedDuration::from_hours(72), Language::Ro), "3 zile");
    }
}
