//! The few words that the executor itself adds to the record, and what it promises.

use desk::ids::DepartmentId;
use desk::language::Language;
use jiff::{SignedDuration, Timestamp};

use crate::house::House;

/// What the record says when a person is looked for.
pub(crate) fn connecting(language: Language) -> &'static str {
    match language {
        Language::Ro => "Vă fac legătura cu un coleg.",
        Language::Hu => "Kapcsolom egy munkatársunkat.",
        Language::En => "I am connecting you to a colleague.",
    }
}

/// What the record says when a call-back is promised.
pub(crate) fn call_back(language: Language) -> &'static str {
    match language {
        Language::Ro => "Vă sunăm noi înapoi.",
        Language::Hu => "Visszahívjuk Önt.",
        Language::En => "We will call you back.",
    }
}

/// From when to when a call-back is promised: soon, and within office hours.
pub(crate) fn promised(house: &House, department: &DepartmentId, now: Timestamp) -> (Timestamp, Timestamp) {
    let config = &house.parts.config.call_backs;
    let soon = now + SignedDuration::from_mins(i64::from(config.soon_minutes));
    let hours = house.departments.get(department).and_then(|found| found.hours.as_ref());
    let from = match hours {
        Some(hours) if !hours.is_open(&house.calendar, soon) => hours
            .next_opening(&house.calendar, soon)
            .and_then(|at| at.to_zoned(desk::calendar::bucharest()).ok())
            .map_or(soon, |at| at.timestamp()),
        _ => soon,
    };
    (from, from + SignedDuration::from_mins(i64::from(config.within_minutes)))
}
