//! An English number with what it counts.

use super::STYLE;
use super::cardinals::{cardinal, ordinal, year};
use super::citations::brackets;
use super::moments::{half_of_day, month_at, range_word};
use super::relations::{fraction, related};
use super::units::{Unit, money, unit_at};
use crate::figures::{Figure, figure};
use crate::scan::{Kind, Line};
use crate::speech::Speech;
use crate::tongue::{Lead, say_digits, say_grouped};

/// Says the number at a place and returns the place after it.
pub(crate) fn number(line: &Line<'_>, at: usize, lead: Lead, speech: &mut Speech) -> usize {
    let figure = figure(line, at, &STYLE);
    if lead.negative {
        speech.say("minus");
    }
    let sign = lead.currency.and_then(|sign| money(sign.encode_utf8(&mut [0; 4])));
    let unit = match sign {
        Some(unit) => Some((unit, figure.next)),
        None => unit_at(line, line.skip_space(figure.next)),
    };
    if let Some(next) = plain_reading(line, at, &figure, unit.is_some(), speech) {
        return next;
    }
    if let Some(next) = range(line, at, &figure, sign.is_some(), speech) {
        return next;
    }
    let value = figure.whole.unwrap_or_default();
    if let Some((unit, next)) = unit {
        return say_amount(line, value, &figure, unit, next, speech);
    }
    say_bare(line, at, value, &figure, speech)
}

/// Readings that are no amounts; they come before the others.
fn plain_reading(
    line: &Line<'_>,
    at: usize,
    figure: &Figure<'_>,
    has_unit: bool,
    speech: &mut Speech,
) -> Option<usize> {
    let next = figure.next;
    if let Some(next) = related(line, at, figure, speech) {
        return Some(next);
    }
    if let Some(value) = figure.count().or(figure.whole).filter(|_| figure.fraction.is_empty()) {
        if let Some(next) = day_of_month(line, at, value, next, speech) {
            return Some(next);
        }
        match line.text(next) {
            "st" | "nd" | "rd" | "th" => return Some(say_ordinal(line, at, value, next + 1, speech)),
            "s" => {
                decade(value, speech);
                return Some(next + 1);
            }
            _ => {}
        }
        if value <= 12
            && let Some((half, after)) = half_of_day(line, next)
        {
            cardinal(value, speech.open());
            speech.say(half);
            return Some(after);
        }
    }
    if figure.whole.is_none() || (!has_unit && (figure.is_identity() || is_spelled_after(line, at, figure))) {
        (at..next).for_each(|place| {
            say_grouped(&STYLE, if line.is_number(place) { line.text(place) } else { "" }, 3, speech);
        });
        return Some(next);
    }
    if figure.digits == "112" && next == at + 1 && !has_unit && is_emergency(line, at) {
        say_digits(&STYLE, figure.digits, speech);
        return Some(next);
    }
    None
}

/// `12 March`, `March 12`.
fn day_of_month(line: &Line<'_>, at: usize, value: u64, next: usize, speech: &mut Speech) -> Option<usize> {
    if !(1..=31).contains(&value) {
        return None;
    }
    if line.is_space(next) && month_at(line, next + 1).is_some() {
        if !matches!(line.previous_word(at), "the" | "The") {
            speech.say("the");
        }
        ordinal(value, speech.open());
        speech.say("of");
        return Some(next);
    }
    let before = line.before(at)?;
    month_at(line, before)?;
    let suffixed = matches!(line.text(next), "st" | "nd" | "rd" | "th");
    let goes_on =
        matches!(line.mark(next), '-' | '–' | ':' | '%' | '/') || (line.is_space(next) && line.is_number(next + 1));
    (suffixed || !goes_on).then(|| {
        speech.say("the");
        ordinal(value, speech.open());
        if suffixed { next + 1 } else { next }
    })
}

/// `3rd`; before a month, `12th March` is *the twelfth of March*.
fn say_ordinal(line: &Line<'_>, at: usize, value: u64, next: usize, speech: &mut Speech) -> usize {
    let dated = line.is_space(next) && month_at(line, next + 1).is_some();
    if dated && !matches!(line.previous_word(at), "the" | "The") {
        speech.say("the");
    }
    ordinal(value, speech.open());
    if dated {
        speech.say("of");
    }
    next
}

/// `1990s`, `90s`.
fn decade(value: u64, speech: &mut Speech) {
    let mut name = String::new();
    year(value, &mut name);
    if name.ends_with('y') {
        name.pop();
        name.push_str("ies");
    } else {
        name.push('s');
    }
    speech.say(&name);
}

fn is_spelled_after(line: &Line<'_>, at: usize, figure: &Figure<'_>) -> bool {
    if figure.grouped || !figure.fraction.is_empty() {
        return false;
    }
    match line.previous_word(at) {
        "code" | "Code" | "PIN" | "postcode" | "Postcode" | "series" | "password" => figure.digits.len() >= 4,
        "No" | "no" | "number" | "Number" => figure.digits.len() >= 6,
        _ => false,
    }
}

/// 112 is the emergency number, unless it counts something or names a room or a law.
fn is_emergency(line: &Line<'_>, at: usize) -> bool {
    let word = line.previous_word(at).to_lowercase();
    let ordinary = matches!(
        word.as_str(),
        "article"
            | "art"
            | "no"
            | "page"
            | "room"
            | "law"
            | "section"
            | "paragraph"
            | "para"
            | "office"
            | "apartment"
            | "plus"
            | "minus"
            | "equals"
    );
    !ordinary && !is_counted(line, at + 1) && !matches!(line.mark(line.skip_space(at + 1)), '/' | '%' | '-' | '–')
}

/// Whether a noun in the plural follows.
fn is_counted(line: &Line<'_>, next: usize) -> bool {
    let word = line.next_word(next);
    line.is_space(next)
        && ((word.ends_with('s')
            && word.len() > 3
            && line.kind(next + 1) == Kind::Lower
            && !matches!(
                word,
                "this"
                    | "does"
                    | "thus"
                    | "was"
                    | "has"
                    | "always"
                    | "unless"
                    | "across"
                    | "towards"
                    | "plus"
                    | "minus"
                    | "equals"
            ))
            || matches!(word, "people" | "children" | "more" | "new"))
}

/// Whether four digits are a year: told from what stands around.
fn is_year(line: &Line<'_>, at: usize, value: u64, figure: &Figure<'_>) -> bool {
    let shaped = figure.digits.len() == 4 && !figure.grouped && figure.fraction.is_empty();
    let numbered = matches!(
        line.previous_word(at).to_lowercase().as_str(),
        "number"
            | "no"
            | "room"
            | "article"
            | "law"
            | "page"
            | "section"
            | "office"
            | "case"
            | "file"
            | "form"
            | "about"
            | "approximately"
    );
    let dated = matches!(line.previous_word(at), "in" | "since" | "of" | "year" | "until" | "In" | "Since");
    shaped
        && !numbered
        && !is_counted(line, figure.next)
        && ((1900..2100).contains(&value) || (dated && (1100..1900).contains(&value)))
}

fn say_amount(line: &Line<'_>, value: u64, figure: &Figure<'_>, unit: Unit, next: usize, speech: &mut Speech) -> usize {
    if let Some((small_one, small_many)) = unit.hundredth
        && (1..=2).contains(&figure.fraction.len())
        && scale(line, next).is_none()
    {
        let hundredths = figure.fraction.parse::<u64>().unwrap_or(0) * if figure.fraction.len() == 1 { 10 } else { 1 };
        if value > 0 || hundredths == 0 {
            cardinal(value, speech.open());
            speech.say(if value == 1 { unit.one } else { unit.many });
        }
        if hundredths > 0 {
            if value > 0 {
                speech.say("and");
            }
            cardinal(hundredths, speech.open());
            speech.say(if hundredths == 1 { small_one } else { small_many });
        }
        return next;
    }
    cardinal(value, speech.open());
    say_fraction(figure.fraction, speech);
    // `€2 million` is *two million euros*.
    if let Some((name, after)) = scale(line, next).filter(|_| unit.hundredth.is_some() && next == figure.next) {
        speech.say(name);
        speech.say(unit.many);
        return after;
    }
    speech.say(if value == 1 && figure.fraction.is_empty() { unit.one } else { unit.many });
    if line.mark(next) == '/'
        && let Some((below, after)) = unit_at(line, next + 1)
    {
        speech.say("per");
        speech.say(below.one);
        return after;
    }
    next
}

/// *thousand*, *million* or *billion* behind an amount.
fn scale(line: &Line<'_>, next: usize) -> Option<(&'static str, usize)> {
    let place = line.skip_space(next);
    let name = match line.text(place) {
        "thousand" => "thousand",
        "k" if place == next => "thousand",
        "million" => "million",
        "m" | "mn" if place == next => "million",
        "billion" => "billion",
        "bn" if place == next => "billion",
        _ => return None,
    };
    Some((name, place + 1))
}

fn say_fraction(digits: &str, speech: &mut Speech) {
    if !digits.is_empty() {
        speech.say("point");
        say_digits(&STYLE, digits, speech);
    }
}

fn say_bare(line: &Line<'_>, at: usize, value: u64, figure: &Figure<'_>, speech: &mut Speech) -> usize {
    let next = figure.next;
    if is_year(line, at, value, figure) {
        year(value, speech.open());
        return next;
    }
    cardinal(value, speech.open());
    say_fraction(figure.fraction, speech);
    if line.is_space(next)
        && figure.count().is_some()
        && let Some(after) = fraction(line, next + 1, true, speech)
    {
        return after;
    }
    let place = line.skip_space(next);
    match line.mark(place) {
        '%' => speech.say("per cent"),
        '‰' => speech.say("per mille"),
        '(' => return brackets(line, at, next, speech).unwrap_or(next),
        _ => return next,
    }
    // `0.1% - 0.3%`.
    let dash = line.skip_space(place + 1);
    let second = line.skip_space(dash + 1);
    if line.is_dash(dash) && line.is_number(second) && line.is_space(dash + 1) == (dash > place + 1) {
        speech.say(range_word(line, at));
        return number(line, second, Lead::default(), speech);
    }
    place + 1
}

/// `3-5 days`, `1-15 June`, `2020-2024`, `€10-20`.
fn range(line: &Line<'_>, at: usize, from: &Figure<'_>, is_money: bool, speech: &mut Speech) -> Option<usize> {
    let spaced = line.is_space(from.next);
    let dash = line.skip_space(from.next);
    let second = line.skip_space(dash + 1);
    if is_money || !line.is_dash(dash) || line.is_space(dash + 1) != spaced || !line.is_number(second) {
        return None;
    }
    let to = figure(line, second, &STYLE);
    let (low, high) = (from.whole?, to.whole?);
    let plain = !from.has_leading_zero() && !to.has_leading_zero() && low < high;
    if !plain || (line.is_dash(to.next) && line.is_number(to.next + 1)) {
        return None;
    }
    let dated = high <= 31 && line.is_space(to.next) && month_at(line, to.next + 1).is_some();
    if dated {
        speech.say("the");
        ordinal(low, speech.open());
    } else if is_year(line, at, low, from) && to.digits.len() == 4 {
        year(low, speech.open());
    } else {
        cardinal(low, speech.open());
        say_fraction(from.fraction, speech);
    }
    speech.say(range_word(line, at));
    Some(number(line, second, Lead::default(), speech))
}
