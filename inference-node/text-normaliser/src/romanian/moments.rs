//! Romanian dates and hours.

use super::cardinals::{Gender, cardinal};
use crate::moments::{Date, Hour, Hours};
use crate::scan::Line;
use crate::speech::Speech;

const MONTHS: [&str; 12] = [
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
];

/// The month that a word names, in full or as a short form.
pub(crate) fn month(word: &str) -> Option<&'static str> {
    let full = MONTHS.iter().find(|&&month| month == word).copied();
    let short = || {
        let at =
            ["ian", "feb", "mar", "apr", "mai", "iun", "iul", "aug", "sept", "oct", "nov", "dec"].iter().position(
                |&short| short == word || (short == "sept" && word == "sep") || (short == "feb" && word == "febr"),
            )?;
        MONTHS.get(at).copied()
    };
    let lowered = || {
        let lower = word.to_lowercase();
        (lower != word).then(|| month(&lower)).flatten()
    };
    full.or_else(short).or_else(lowered)
}

/// Writes a day of the month: the first is *întâi*.
pub(crate) fn say_day(day: u64, speech: &mut Speech) {
    match day {
        1 => speech.say("întâi"),
        _ => cardinal(day, Gender::Masculine, speech.open()),
    }
}

pub(crate) fn month_name(month: u64) -> &'static str {
    usize::try_from(month).ok().and_then(|month| MONTHS.get(month.wrapping_sub(1))).copied().unwrap_or_default()
}

pub(crate) fn say_date(date: Date, speech: &mut Speech) {
    say_day(date.day, speech);
    speech.say(month_name(date.month));
    cardinal(date.year, Gender::Masculine, speech.open());
}

/// Tokens to look back for *ora* or *între*.
const NEAR: usize = 10;

fn near(line: &Line<'_>, at: usize, wanted: &[&str]) -> bool {
    (at.saturating_sub(NEAR)..at).any(|place| wanted.contains(&line.text(place)))
}

/// Whether *ora* stands shortly before, so that it need not be said again and `8.30` is an hour.
pub(crate) fn after_hour_word(line: &Line<'_>, at: usize) -> bool {
    near(line, at, &["ora", "orele", "orei", "orelor", "Ora", "Orele", "ORA", "ORELE"])
}

/// The word between the ends of a range: *între 8 și 16*, else *8 până la 16*.
pub(crate) fn range_word(line: &Line<'_>, at: usize) -> &'static str {
    if near(line, at, &["între", "Între"]) { "și" } else { "până la" }
}

pub(crate) fn say_hours(line: &Line<'_>, at: usize, hours: Hours, speech: &mut Speech) {
    if !after_hour_word(line, at) {
        speech.say(if hours.to.is_some() { "orele" } else { "ora" });
    }
    say_hour(hours.from, speech);
    if let Some(to) = hours.to {
        speech.say(range_word(line, at));
        say_hour(to, speech);
    }
}

fn say_hour(time: Hour, speech: &mut Speech) {
    cardinal(time.hour, Gender::Neuter, speech.open());
    match (time.minute, time.second) {
        (0, None) => return,
        (1, _) => speech.say("și un minut"),
        (minute, second) => {
            speech.say("și");
            cardinal(minute, Gender::Neuter, speech.open());
            if second.is_some() {
                speech.say(if (1..20).contains(&minute) { "minute" } else { "de minute" });
            } else if minute < 10 {
                speech.say("minute");
            }
        }
    }
    if let Some(second) = time.second {
        speech.say("și");
        cardinal(second, Gender::Feminine, speech.open());
        speech.say(if second >= 20 || second == 0 { "de secunde" } else { "secunde" });
    }
}
