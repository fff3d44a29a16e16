//! Hungarian dates and hours, with the endings that are written behind them.

use super::cardinals::cardinal;
use super::forms::{day, ordinal, with_ending};
use crate::moments::{Date, Hour, Hours, until};
use crate::scan::{Kind, Line};
use crate::speech::Speech;

const MONTHS: [&str; 12] = [
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
];

/// The month that a word names, in full or as a short form.
pub(crate) fn month(word: &str) -> Option<&'static str> {
    let lower = word.to_lowercase();
    let full = MONTHS.iter().find(|&&month| month == lower).copied();
    full.or_else(|| {
        let at = ["jan", "febr", "márc", "ápr", "máj", "jún", "júl", "aug", "szept", "okt", "nov", "dec"]
            .iter()
            .position(|&short| short == lower || (short == "febr" && lower == "feb"))?;
        MONTHS.get(at).copied()
    })
}

/// The ending behind a hyphen at a place, with the place after it; nothing when there is none.
pub(crate) fn ending<'t>(line: &Line<'t>, at: usize) -> Option<(&'t str, usize)> {
    (line.mark(at) == '-' && line.kind(at + 1) == Kind::Lower).then(|| (line.text(at + 1), at + 2))
}

/// Says a day of the month with its ending, and passes over the point of the ordinal where the sentence goes on.
pub(crate) fn say_day(line: &Line<'_>, value: u64, next: usize, speech: &mut Speech) -> usize {
    let after_point = if line.mark(next) == '.' { next + 1 } else { next };
    if let Some((ending, after)) = ending(line, after_point) {
        speech.say(&day(value, ending));
        return after;
    }
    // `28. napján` is *huszonnyolcadik napján*.
    let of_days = line.next_word(after_point).starts_with("nap");
    speech.say(&if of_days { ordinal(value) } else { day(value, "") });
    let goes_on =
        line.kind(line.skip_space(after_point)) == Kind::Lower || matches!(line.mark(after_point), ',' | ')' | ';');
    if goes_on { after_point } else { next }
}

pub(crate) fn say_date(line: &Line<'_>, date: Date, next: usize, speech: &mut Speech) -> usize {
    say_month(date, speech);
    let after_point = if line.mark(next) == '.' { next + 1 } else { next };
    let Some((last, after)) = until(line, after_point) else {
        return say_day(line, date.day, next, speech);
    };
    speech.say(&day(
        date.day,
        if ordinal(date.day).ends_with("adik") || ordinal(date.day).ends_with("odik") { "tól" } else { "től" },
    ));
    say_month(last, speech);
    speech.say(&day(last.day, "ig"));
    ending(line, after).map_or(after, |(_, after)| after)
}

fn say_month(date: Date, speech: &mut Speech) {
    cardinal(date.year, false, speech.open());
    speech.say(month_name(date.month).unwrap_or_default());
}

pub(crate) fn month_name(month: u64) -> Option<&'static str> {
    MONTHS.get(usize::try_from(month).ok()?.checked_sub(1)?).copied()
}

/// `8.30` is an hour when its ending, the word *óra* or a second hour tells so.
pub(crate) fn point_is_hour(line: &Line<'_>, at: usize) -> bool {
    let next = at + 3;
    let second = line.skip_space(next);
    let told_by_ending = ending(line, next).is_some_and(|(ending, _)| matches!(ending, "kor" | "tól" | "től" | "ig"));
    let told_by_word = line.next_word(next).starts_with("óra");
    let pair = line.is_dash(second)
        && line.is_number(line.skip_space(second + 1))
        && line.mark(line.skip_space(second + 1) + 1) == '.'
        && line.text(line.skip_space(second + 1) + 2).len() == 2;
    told_by_ending || told_by_word || pair
}

pub(crate) fn say_hours(line: &Line<'_>, hours: Hours, next: usize, speech: &mut Speech) -> usize {
    let word = line.next_word(next);
    let Some(to) = hours.to else {
        if let Some((ending, after)) = ending(line, next) {
            say_hour(hours.from, ending, false, speech);
            return after;
        }
        // `8:30 órakor`: the word is said within the hour.
        let spoken_ending = match word {
            "óra" => "",
            "órakor" => "kor",
            "órától" => "tól",
            "óráig" => "ig",
            _ => {
                say_hour(hours.from, "", true, speech);
                return next;
            }
        };
        say_hour(hours.from, spoken_ending, spoken_ending.is_empty(), speech);
        return line.skip_space(next) + 1;
    };
    let after = if matches!(word, "óra" | "óráig") { line.skip_space(next) + 1 } else { next };
    let (_, after) = ending(line, after).filter(|(ending, _)| *ending == "ig").unwrap_or(("", after));
    if line.next_word(after) == "között" {
        say_hour(hours.from, "", true, speech);
        speech.say("és");
        say_hour(to, "", true, speech);
    } else {
        say_hour(hours.from, "tól", true, speech);
        say_hour(to, "ig", true, speech);
    }
    after
}

/// Says an hour; `perc` is said behind minutes when `full`. The ending is given in its form for *óra*.
fn say_hour(time: Hour, ending: &str, full: bool, speech: &mut Speech) {
    cardinal(time.hour, true, speech.open());
    if time.minute == 0 && time.second.is_none() {
        // The last vowel grows long before most endings: *órától*, but *órakor*, *órai*.
        let ending = match ending {
            "től" => "tól",
            other => other,
        };
        let stem = if matches!(ending, "" | "kor" | "i") { "óra" } else { "órá" };
        speech.say(stem);
        speech.join(ending);
        return;
    }
    speech.say("óra");
    if full || time.second.is_some() {
        cardinal(time.minute, true, speech.open());
        speech.say("perc");
        if let Some(second) = time.second {
            cardinal(second, true, speech.open());
            speech.say("másodperc");
        }
        speech.join(if ending == "tól" { "től" } else { ending });
    } else {
        speech.say(&with_ending(time.minute, ending));
    }
}
