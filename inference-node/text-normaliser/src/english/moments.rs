//! English dates and hours.

use super::cardinals::{cardinal, ordinal, year};
use crate::moments::{Date, Hour, Hours};
use crate::scan::{Kind, Line};
use crate::speech::Speech;

const MONTHS: [&str; 12] = [
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
];

/// The month at a place, in full or as a short form, with the place after it. Months begin with a capital: `may` is a verb.
pub(crate) fn month_at(line: &Line<'_>, at: usize) -> Option<(&'static str, usize)> {
    if line.kind(at) != Kind::Capital {
        return None;
    }
    let word = line.text(at);
    if let Some(month) = MONTHS.iter().find(|&&month| month == word) {
        return Some((month, at + 1));
    }
    let short = if word == "Sept" { "Sep" } else { word };
    let month = MONTHS.iter().find(|month| short.len() == 3 && month.starts_with(short))?;
    Some((month, if line.mark(at + 1) == '.' { at + 2 } else { at + 1 }))
}

pub(crate) fn say_date(date: Date, speech: &mut Speech) {
    speech.say("the");
    ordinal(date.day, speech.open());
    speech.say("of");
    let month = usize::try_from(date.month).ok().and_then(|month| MONTHS.get(month.wrapping_sub(1)));
    speech.say(month.copied().unwrap_or_default());
    year(date.year, speech.open());
}

/// `am` or `pm`, in any writing, with the place after it.
pub(crate) fn half_of_day(line: &Line<'_>, at: usize) -> Option<(&'static str, usize)> {
    let place = line.skip_space(at);
    match line.text(place) {
        "am" | "AM" => Some(("A M", place + 1)),
        "pm" | "PM" => Some(("P M", place + 1)),
        half @ ("a" | "p" | "A" | "P") if line.mark(place + 1) == '.' && matches!(line.text(place + 2), "m" | "M") => {
            let next = place + 3;
            let pointed = line.mark(next) == '.' && !line.ends_at(next);
            let name = if matches!(half, "a" | "A") { "A M" } else { "P M" };
            Some((name, if pointed { next + 1 } else { next }))
        }
        _ => None,
    }
}

pub(crate) fn say_hours(line: &Line<'_>, at: usize, hours: Hours, next: usize, speech: &mut Speech) -> usize {
    let marked = half_of_day(line, next);
    let whole_day = |hour: Hour| hour.hour > 12 || hour.hour == 0 || hour.leading_zero;
    let on_24_hours = marked.is_none() && (whole_day(hours.from) || hours.to.is_some_and(whole_day));
    say_hour(hours.from, on_24_hours, marked.is_none() && hours.to.is_none(), speech);
    if let Some(to) = hours.to {
        speech.say(range_word(line, at));
        say_hour(to, on_24_hours, false, speech);
    }
    match marked {
        Some((half, after)) => {
            speech.say(half);
            after
        }
        None => next,
    }
}

/// The word between the ends of a range: *between 8 and 16*, else *8 to 16*.
pub(crate) fn range_word(line: &Line<'_>, at: usize) -> &'static str {
    if matches!(line.previous_word(at), "between" | "Between") { "and" } else { "to" }
}

fn say_hour(time: Hour, on_24_hours: bool, alone: bool, speech: &mut Speech) {
    let whole = time.minute == 0 && time.second.is_none();
    match (time.hour, whole) {
        (0 | 24, true) => return speech.say("midnight"),
        (12, true) if on_24_hours || alone => return speech.say("twelve noon"),
        _ => {}
    }
    let hour = match time.hour {
        0 | 24 => 12,
        13.. if on_24_hours => time.hour - 12,
        hour => hour,
    };
    cardinal(hour, speech.open());
    match (time.minute, time.second) {
        (0, None) if alone && !on_24_hours => speech.say("o'clock"),
        (0, None) => {}
        (minute, _) => {
            if minute < 10 {
                speech.say("oh");
            }
            cardinal(minute, speech.open());
        }
    }
    if let Some(second) = time.second {
        speech.say("and");
        cardinal(second, speech.open());
        speech.say(if second == 1 { "second" } else { "seconds" });
    }
    if on_24_hours {
        speech.say(if (12..24).contains(&time.hour) { "P M" } else { "A M" });
    }
}
