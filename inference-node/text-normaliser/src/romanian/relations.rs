//! Romanian numbers tied to other numbers: acts of a year, fractions, versions, ordinals.

use super::STYLE;
use super::cardinals::{Gender, cardinal};
use super::moments::{month_name, say_date, say_day};
use super::numbers::{counts_something, is_small_word};
use super::ordinals::ordinal;
use crate::figures::Figure;
use crate::moments::date;
use crate::scan::Line;
use crate::speech::Speech;
use crate::tongue::say_digits;

/// `544/2001`, `1/2`, `3.5`, `2-lea`: says them whole and returns the place after.
pub(crate) fn related(line: &Line<'_>, at: usize, figure: &Figure<'_>, speech: &mut Speech) -> Option<usize> {
    let next = figure.next;
    match line.mark(next) {
        '/' if line.is_number(next + 1) => Some(slashed(line, at, figure, speech)),
        '.' if line.is_number(next + 1) && !figure.grouped => {
            day_of_month(line, at, speech).or_else(|| Some(dotted(line, at, speech)))
        }
        '-' => ending(line, figure, speech),
        _ => None,
    }
}

fn say_plain(digits: &str, speech: &mut Speech) {
    match digits.parse() {
        Ok(value) if digits.len() < 10 && (digits.len() == 1 || !digits.starts_with('0')) => {
            cardinal(value, Gender::Masculine, speech.open());
        }
        _ => say_digits(&STYLE, digits, speech),
    }
}

fn is_year(digits: &str) -> bool {
    digits.len() == 4 && digits.parse::<u64>().is_ok_and(|year| (1800..2100).contains(&year))
}

fn slashed(line: &Line<'_>, at: usize, figure: &Figure<'_>, speech: &mut Speech) -> usize {
    let second = figure.next + 1;
    if figure.next == at + 1
        && let Some(next) = fraction(line, at, false, speech)
    {
        return next;
    }
    match figure.whole {
        Some(value) if !figure.has_leading_zero() => cardinal(value, Gender::Masculine, speech.open()),
        _ => say_digits(&STYLE, figure.digits, speech),
    }
    if let Some((date, next)) = date(line, second) {
        speech.say("din");
        say_date(date, speech);
        return next;
    }
    let (first, last) = (figure.digits, line.text(second));
    let several = line.mark(second + 1) == '/' && line.is_number(second + 2);
    if is_year(first) && is_year(last) {
        speech.pause(',');
    } else if is_year(last) && !several {
        speech.say("din");
    } else if is_year(first) || (!several && matches!(line.previous_word(at), "nr" | "Nr" | "numărul" | "ap" | "bl")) {
        speech.say("bară");
    } else {
        speech.say("pe");
    }
    say_plain(last, speech);
    let mut place = second + 1;
    while line.mark(place) == '/' && line.is_number(place + 1) {
        speech.say("pe");
        say_plain(line.text(place + 1), speech);
        place += 2;
    }
    place
}

/// A proper fraction with a small denominator; after a whole number, `1/2` is *și jumătate*.
pub(crate) fn fraction(line: &Line<'_>, at: usize, after_whole: bool, speech: &mut Speech) -> Option<usize> {
    const PARTS: [(&str, &str); 9] = [
        ("jumătate", "jumătăți"),
        ("treime", "treimi"),
        ("pătrime", "pătrimi"),
        ("cincime", "cincimi"),
        ("șesime", "șesimi"),
        ("șeptime", "șeptimi"),
        ("optime", "optimi"),
        ("noime", "noimi"),
        ("zecime", "zecimi"),
    ];
    if !(line.is_number(at) && line.mark(at + 1) == '/' && line.is_number(at + 2)) || line.mark(at + 3) == '/' {
        return None;
    }
    if !after_whole
        && matches!(line.previous_word(at), "nr" | "Nr" | "numărul" | "ap" | "bl" | "art" | "Legea" | "strada")
    {
        return None;
    }
    let (above, below) = (line.text(at).parse::<u64>().ok()?, line.text(at + 2).parse::<usize>().ok()?);
    let &(one, many) = PARTS.get(below.checked_sub(2)?)?;
    if above == 0 || above >= below as u64 {
        return None;
    }
    if after_whole {
        speech.say("și");
    }
    match (above, below) {
        (1, 2) if after_whole => speech.say(one),
        (1, 4) => speech.say("un sfert"),
        (3, 4) => speech.say("trei sferturi"),
        (1, _) => {
            speech.say("o");
            speech.say(one);
        }
        _ => {
            cardinal(above, Gender::Feminine, speech.open());
            speech.say(many);
        }
    }
    let following = line.next_word(at + 3);
    if !after_whole
        && line.is_space(at + 3)
        && following.starts_with(char::is_lowercase)
        && !is_small_word(following)
        && following != "de"
    {
        speech.say("de");
    }
    Some(at + 3)
}

/// `15.07` after *data de* and its like.
fn day_of_month(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let (day, month) = (line.text(at).parse().ok()?, line.text(at + 2).parse().ok()?);
    let shaped = line.text(at + 2).len() == 2 && (1..=31).contains(&day) && (1..=12).contains(&month);
    let called = matches!(line.previous_word(at), "data" | "de" | "din" | "pe");
    let goes_on = matches!(line.mark(at + 3), '.' | ',' | '%') && !line.is_space(at + 4) && !line.ends_at(at + 3);
    if !shaped || !called || goes_on || counts_something(line, at + 3) {
        return None;
    }
    say_day(day, speech);
    speech.say(month_name(month));
    Some(at + 3)
}

/// A version or the number of a section: `3.5`, `1.2.3`.
fn dotted(line: &Line<'_>, at: usize, speech: &mut Speech) -> usize {
    say_plain(line.text(at), speech);
    let mut place = at + 1;
    while line.mark(place) == '.' && line.is_number(place + 1) {
        speech.say("punct");
        say_plain(line.text(place + 1), speech);
        place += 2;
    }
    place
}

/// `2-lea`, `3-a`, `1-ul`.
fn ending(line: &Line<'_>, figure: &Figure<'_>, speech: &mut Speech) -> Option<usize> {
    let value = figure.count()?;
    match (line.text(figure.next + 1), value) {
        ("lea" | "a", 1) => speech.say("întâi"),
        ("lea", _) => ordinal(value, false, speech.open()),
        ("a", _) => ordinal(value, true, speech.open()),
        ("ul", 1) => speech.say("primul"),
        ("ul" | "le" | "a-a", _) => cardinal(value, Gender::Masculine, speech.open()),
        _ => return None,
    }
    Some(figure.next + 2)
}
