//! The few words that the executor itself adds: to the record, and to a person's ear.

use desk::ids::DepartmentId;
use desk::language::Language;
use dialogue::{Briefing, Why};
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

/// What a person hears before he has the caller: short, in the language of the call.
pub(crate) fn briefing(briefing: &Briefing) -> String {
    let mut words = Vec::new();
    let language = briefing.language;
    words.push(
        match language {
            Language::Ro => "Apel transferat.",
            Language::Hu => "Átirányított hívás.",
            Language::En => "Transferred call.",
        }
        .to_owned(),
    );
    if briefing.danger || briefing.why == Why::Danger {
        let danger = match language {
            Language::Ro => "Atenție: cineva poate fi în pericol.",
            Language::Hu => "Figyelem: valaki veszélyben lehet.",
            Language::En => "Attention: somebody may be in danger.",
        };
        words.push(danger.to_owned());
    }
    if let Some(asked) = briefing.asked.last() {
        words.push(match language {
            Language::Ro => format!("A întrebat: {asked}."),
            Language::Hu => format!("Ezt kérdezte: {asked}."),
            Language::En => format!("The question was: {asked}."),
        });
    }
    words.join(" ")
}

/// From when to when a call-back is promised: soon, and within office hours.
pub(crate) fn promised(
    house: &House,
    department: &DepartmentId,
    now: Timestamp,
    soon: SignedDuration,
    by: SignedDuration,
) -> (Timestamp, Timestamp) {
    let soon = now + soon;
    let hours = house.departments.get(department).and_then(|found| found.hours.as_ref());
    let from = match hours {
        Some(hours) if !hours.is_open(&house.calendar, soon) => hours
            .next_opening(&house.calendar, soon)
            .and_then(|at| at.to_zoned(desk::calendar::bucharest()).ok())
            .map_or(soon, |at| at.timestamp()),
        _ => soon,
    };
    (from, from + by)
}
