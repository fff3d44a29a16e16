//! English numbers tied to other numbers: acts of a year, fractions, versions.

use super::STYLE;
use super::cardinals::{cardinal, year};
use super::moments::say_date;
use crate::figures::Figure;
use crate::moments::date;
use crate::scan::Line;
use crate::speech::Speech;
use crate::tongue::say_digits;

/// `544/2001`, `1/2`, `1.2.3`: says them whole and returns the place after.
pub(crate) fn related(line: &Line<'_>, at: usize, figure: &Figure<'_>, speech: &mut Speech) -> Option<usize> {
    let next = figure.next;
    match line.mark(next) {
        '/' if line.is_number(next + 1) => Some(slashed(line, at, figure, speech)),
        '.' if line.is_number(next + 1) && !figure.grouped => {
            say_plain(line.text(at), speech);
            let mut place = at + 1;
            while line.mark(place) == '.' && line.is_number(place + 1) {
                speech.say("point");
                say_plain(line.text(place + 1), speech);
                place += 2;
            }
            Some(place)
        }
        _ => None,
    }
}

fn say_plain(digits: &str, speech: &mut Speech) {
    match digits.parse() {
        Ok(value) if digits.len() < 10 && (digits.len() == 1 || !digits.starts_with('0')) => {
            cardinal(value, speech.open());
        }
        _ => say_digits(&STYLE, digits, speech),
    }
}

fn as_year(digits: &str) -> Option<u64> {
    digits.parse().ok().filter(|year| digits.len() == 4 && (1800..2100).contains(year))
}

fn slashed(line: &Line<'_>, at: usize, figure: &Figure<'_>, speech: &mut Speech) -> usize {
    let second = figure.next + 1;
    if (figure.digits, line.text(second)) == ("24", "7") {
        speech.say("twenty-four seven");
        return second + 1;
    }
    if figure.next == at + 1
        && let Some(next) = fraction(line, at, false, speech)
    {
        return next;
    }
    let last = line.text(second);
    let several = line.mark(second + 1) == '/' && line.is_number(second + 2);
    match (as_year(figure.digits), figure.whole) {
        (Some(value), _) => year(value, speech.open()),
        (None, Some(value)) if !figure.has_leading_zero() => cardinal(value, speech.open()),
        _ => say_digits(&STYLE, figure.digits, speech),
    }
    if let Some((date, next)) = date(line, second) {
        speech.say("of");
        say_date(date, speech);
        return next;
    }
    match as_year(last) {
        Some(value) if !several && as_year(figure.digits).is_none() => {
            speech.say("of");
            // *of two thousand and one*, but *of twenty twenty-six*.
            year(value, speech.open());
            return second + 1;
        }
        Some(value) if !several => {
            speech.pause(',');
            year(value, speech.open());
            return second + 1;
        }
        _ => {}
    }
    let mut place = figure.next;
    while line.mark(place) == '/' && line.is_number(place + 1) {
        speech.say("slash");
        match as_year(line.text(place + 1)) {
            Some(value) => year(value, speech.open()),
            None => say_plain(line.text(place + 1), speech),
        }
        place += 2;
    }
    place
}

/// A proper fraction with a small denominator; after a whole number, `1/2` is *and a half*.
pub(crate) fn fraction(line: &Line<'_>, at: usize, after_whole: bool, speech: &mut Speech) -> Option<usize> {
    const PARTS: [(&str, &str); 9] = [
        ("half", "halves"),
        ("third", "thirds"),
        ("quarter", "quarters"),
        ("fifth", "fifths"),
        ("sixth", "sixths"),
        ("seventh", "sevenths"),
        ("eighth", "eighths"),
        ("ninth", "ninths"),
        ("tenth", "tenths"),
    ];
    if !(line.is_number(at) && line.mark(at + 1) == '/' && line.is_number(at + 2)) || line.mark(at + 3) == '/' {
        return None;
    }
    if !after_whole && matches!(line.previous_word(at), "No" | "no" | "number" | "Law" | "room" | "apartment") {
        return None;
    }
    let (above, below) = (line.text(at).parse::<u64>().ok()?, line.text(at + 2).parse::<usize>().ok()?);
    let &(one, many) = PARTS.get(below.checked_sub(2)?)?;
    if above == 0 || above >= below as u64 {
        return None;
    }
    if after_whole {
        speech.say("and");
    }
    match (above, after_whole) {
        (1, true) => speech.say("a"),
        _ => cardinal(above, speech.open()),
    }
    speech.say(if above == 1 { one } else { many });
    Some(at + 3)
}
