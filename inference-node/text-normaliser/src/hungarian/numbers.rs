//! A Hungarian number with its ending and what it counts.

use super::STYLE;
use super::cardinals::cardinal;
use super::forms::{day, has_back_vowels, is_of_day, with_ending};
use super::moments::{ending, month, say_day};
use super::relations::{ordinal_point, related};
use super::units::{money, unit_at};
use crate::figures::{Figure, figure};
use crate::scan::{Kind, Line};
use crate::speech::Speech;
use crate::tongue::{Lead, say_digits, say_grouped};

/// Says the number at a place and returns the place after it.
pub(crate) fn number(line: &Line<'_>, at: usize, lead: Lead, speech: &mut Speech) -> usize {
    let figure = figure(line, at, &STYLE);
    if lead.negative {
        speech.say("mínusz");
    }
    let sign = lead.currency.and_then(|sign| money(sign.encode_utf8(&mut [0; 4])));
    let unit = match sign {
        Some(money) => Some((money.name, Some(money.hundredth), figure.next)),
        None => unit_at(line, line.skip_space(figure.next)),
    };
    if let Some(next) = plain_reading(line, at, &figure, unit.is_some(), speech) {
        return next;
    }
    if sign.is_none()
        && let Some(next) = range(line, at, &figure, speech)
    {
        return next;
    }
    let value = figure.whole.unwrap_or_default();
    let Some((name, hundredth, next)) = unit else {
        say_counting(line, value, &figure, speech);
        // `2,5-szeres`; endings of whole numbers have been read before.
        return after_unit(line, figure.next, speech);
    };
    match hundredth {
        Some(hundredth) if (1..=2).contains(&figure.fraction.len()) => {
            say_money(value, figure.fraction, name, hundredth, speech);
        }
        _ => {
            say_value(value, figure.fraction, true, speech);
            speech.say(name);
        }
    }
    after_unit(line, next, speech)
}

/// Joins an ending to a unit, or reads `/h` behind it.
fn after_unit(line: &Line<'_>, next: usize, speech: &mut Speech) -> usize {
    if let Some((ending, after)) = ending(line, next) {
        speech.join(ending);
        return after;
    }
    if line.mark(next) == '/'
        && let Some((below, _, after)) = unit_at(line, next + 1)
    {
        speech.say("per");
        speech.say(below);
        return after;
    }
    next
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
    let whole = figure.whole.filter(|_| figure.fraction.is_empty());
    let in_month = month(line.previous_word(at)).is_some() && whole.is_some_and(|day| (1..=31).contains(&day));
    if in_month && (ending(line, next).is_some() || !line.is_dash(line.skip_space(next))) {
        return Some(say_day(line, whole?, next, speech));
    }
    if figure.whole.is_none() || (!has_unit && (figure.is_identity() || is_spelled_after(line, at, figure))) {
        (at..next).for_each(|place| {
            say_grouped(&STYLE, if line.is_number(place) { line.text(place) } else { "" }, 3, speech);
        });
        return Some(next);
    }
    let value = whole?;
    if let Some(next) = ordinal_point(line, at, value, next, speech) {
        return Some(next);
    }
    let (ending, after) = ending(line, next)?;
    if is_of_day(ending) && (1..=31).contains(&value) {
        speech.say(&day(value, ending));
    } else {
        speech.say(&with_ending(value, ending));
    }
    Some(after)
}

fn is_spelled_after(line: &Line<'_>, at: usize, figure: &Figure<'_>) -> bool {
    if figure.grouped || !figure.fraction.is_empty() {
        return false;
    }
    match line.previous_word(at) {
        "irányítószám" | "Irányítószám" | "kód" | "PIN" | "sorozat" | "CUI" => figure.digits.len() >= 4,
        "száma" | "szám" | "sorszám" => figure.digits.len() >= 6,
        _ => false,
    }
}

/// Words that may follow a number without being counted by it.
fn is_counted(word: &str) -> bool {
    !matches!(
        word,
        "" | "és"
            | "vagy"
            | "a"
            | "az"
            | "meg"
            | "is"
            | "de"
            | "hogy"
            | "sem"
            | "illetve"
            | "valamint"
            | "plusz"
            | "mínusz"
            | "per"
            | "egész"
            | "pont"
            | "alatt"
            | "alatti"
            | "között"
            | "után"
            | "előtt"
            | "felett"
            | "feletti"
            | "közül"
            | "körül"
            | "óta"
            | "szerint"
            | "alapján"
            | "miatt"
            | "helyett"
            | "felé"
            | "nélkül"
            | "volt"
            | "van"
            | "lesz"
            | "lett"
            | "egyenlő"
            | "nem"
            | "szorozva"
            | "osztva"
            | "ingyenes"
            | "hívható"
            | "ha"
            | "mert"
            | "ből"
            | "ig"
    )
}

fn say_counting(line: &Line<'_>, value: u64, figure: &Figure<'_>, speech: &mut Speech) {
    let multiplied = line.text(figure.next) == "x" && line.is_number(figure.next + 1);
    let counted = line.is_space(figure.next)
        && line.kind(figure.next + 1) == Kind::Lower
        && is_counted(line.text(figure.next + 1))
        && figure.digits != "112";
    say_value(value, figure.fraction, counted || multiplied, speech);
}

fn say_value(value: u64, fraction: &str, counted: bool, speech: &mut Speech) {
    if fraction.is_empty() {
        cardinal(value, counted, speech.open());
        return;
    }
    cardinal(value, true, speech.open());
    speech.say("egész");
    let part = match fraction.len() {
        1 => "tized",
        2 => "század",
        3 => "ezred",
        _ => {
            say_digits(&STYLE, fraction, speech);
            return;
        }
    };
    cardinal(fraction.parse().unwrap_or_default(), true, speech.open());
    speech.say(part);
}

fn say_money(value: u64, fraction: &str, name: &str, hundredth: &str, speech: &mut Speech) {
    let hundredths = fraction.parse::<u64>().unwrap_or(0) * if fraction.len() == 1 { 10 } else { 1 };
    if value > 0 || hundredths == 0 {
        cardinal(value, true, speech.open());
        speech.say(name);
    }
    if hundredths > 0 {
        cardinal(hundredths, true, speech.open());
        speech.say(hundredth);
    }
}

/// `2-3 nap` is *két-három nap*; years and days of a month are said with *-tól* and *-ig*.
fn range(line: &Line<'_>, at: usize, from: &Figure<'_>, speech: &mut Speech) -> Option<usize> {
    let spaced = line.is_space(from.next);
    let dash = line.skip_space(from.next);
    let second = line.skip_space(dash + 1);
    if !line.is_dash(dash) || line.is_space(dash + 1) != spaced || !line.is_number(second) {
        return None;
    }
    let to = figure(line, second, &STYLE);
    let (low, high) = (from.count()?, to.count()?);
    if low >= high || (line.is_dash(to.next) && line.is_number(to.next + 1)) {
        return None;
    }
    if month(line.previous_word(at)).is_some() && high <= 31 {
        return Some(day_range(line, low, high, to.next, speech));
    }
    if line.mark(to.next) == '.' && line.kind(line.skip_space(to.next + 1)) == Kind::Lower && high < 1000 {
        speech.say(&super::forms::ordinal(low));
        speech.join("-");
        speech.join(&super::forms::ordinal(high));
        return Some(to.next + 1);
    }
    let unit = unit_at(line, line.skip_space(to.next));
    let after_noun = unit.map_or_else(|| line.skip_space(to.next) + 1, |(_, _, next)| next);
    if line.next_word(after_noun) == "között" || line.next_word(to.next) == "között" {
        cardinal(low, false, speech.open());
        speech.say("és");
        return Some(number(line, second, Lead::default(), speech));
    }
    let years = low >= 1000 && high < 2200 && unit.is_none();
    if years {
        cardinal(low, false, speech.open());
        speech.join(if has_back_vowels(low) { "tól" } else { "től" });
        cardinal(high, false, speech.open());
        speech.join("ig");
        let bare = ending(line, to.next).filter(|(ending, _)| *ending == "ig").map_or(to.next, |(_, after)| after);
        return Some(bare);
    }
    let mut rest = Speech::with_capacity(32);
    let next = number(line, second, Lead::default(), &mut rest);
    cardinal(low, true, speech.open());
    speech.join("-");
    speech.join(&rest.into_text());
    speech.space();
    Some(next)
}

fn day_range(line: &Line<'_>, low: u64, high: u64, next: usize, speech: &mut Speech) -> usize {
    let point = if line.mark(next) == '.' { next + 1 } else { next };
    let after = ending(line, point).map_or(point, |(_, after)| after);
    if line.next_word(after) == "között" {
        speech.say(&day(low, ""));
        speech.say("és");
        speech.say(&day(high, ""));
        return after;
    }
    speech.say(&day(low, if has_back_vowels(low) { "tól" } else { "től" }));
    speech.say(&day(high, "ig"));
    if line.ends_at(point) && after == point { next } else { after }
}
