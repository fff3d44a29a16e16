//! A Romanian number with what it counts.

use super::STYLE;
use super::cardinals::{Gender, before_noun, cardinal, takes_de};
use super::moments::{after_hour_word, month, range_word, say_day};
use super::nouns;
use super::relations::{fraction, related};
use super::units::{Unit, money, unit_at};
use crate::figures::{Figure, figure};
use crate::scan::{Kind, Line};
use crate::speech::Speech;
use crate::tongue::{Lead, say_digits, say_grouped};

/// What stands behind a number.
struct Counted {
    gender: Gender,
    /// A unit that we say ourselves; a noun of the text is left where it is.
    unit: Option<Unit>,
    /// The text has its own `de`.
    has_de: bool,
    next: usize,
}

/// Says the number at a place and returns the place after it.
pub(crate) fn number(line: &Line<'_>, at: usize, lead: Lead, speech: &mut Speech) -> usize {
    let figure = figure(line, at, &STYLE);
    if lead.negative {
        speech.say("minus");
    }
    let sign = lead.currency.and_then(|sign| money(sign.encode_utf8(&mut [0; 4])));
    let counted = sign.map_or_else(
        || counted(line, figure.next),
        |unit| Some(Counted { gender: unit.gender, unit: Some(unit), has_de: false, next: figure.next }),
    );
    if let Some(next) = plain_reading(line, at, &figure, counted.is_some(), speech) {
        return next;
    }
    if sign.is_none()
        && let Some(next) = range(line, at, &figure, speech)
    {
        return next;
    }
    let value = figure.whole.unwrap_or_default();
    if let Some(next) = mixed(line, value, &figure, speech) {
        return next;
    }
    match counted {
        Some(counted) => say_amount(line, value, &figure, &counted, speech),
        None => say_bare(line, at, value, &figure, speech),
    }
}

/// Readings that are no amounts; they come before the others.
fn plain_reading(
    line: &Line<'_>,
    at: usize,
    figure: &Figure<'_>,
    is_counted: bool,
    speech: &mut Speech,
) -> Option<usize> {
    let next = figure.next;
    if let Some(next) = related(line, at, figure, speech) {
        return Some(next);
    }
    if let Some(day) =
        figure.count().or(figure.whole).filter(|day| (1..=31).contains(day) && figure.fraction.is_empty())
        && month(line.next_word(next)).is_some()
    {
        say_day(day, speech);
        return Some(next);
    }
    if figure.whole.is_none() || (!is_counted && (figure.is_identity() || is_spelled_after(line, at, figure))) {
        (at..next).for_each(|place| {
            say_grouped(&STYLE, if line.is_number(place) { line.text(place) } else { "" }, 3, speech);
        });
        return Some(next);
    }
    if figure.digits == "112" && next == at + 1 && !is_counted && is_emergency(line, at) {
        say_digits(&STYLE, figure.digits, speech);
        return Some(next);
    }
    None
}

/// After *cod poștal*, *PIN* or *seria* digits are dictated, and after *nr.* when there are six or more.
fn is_spelled_after(line: &Line<'_>, at: usize, figure: &Figure<'_>) -> bool {
    if figure.grouped || !figure.fraction.is_empty() {
        return false;
    }
    match line.previous_word(at) {
        "poștal" | "cod" | "codul" | "Codul" | "PIN" | "pin" | "seria" | "parola" | "CUI" | "CIF" | "OTP" => {
            figure.digits.len() >= 4
        }
        "nr" | "Nr" | "numărul" | "număr" => figure.digits.len() >= 6,
        _ => false,
    }
}

/// 112 is the emergency number, unless a word before makes it an ordinary one.
fn is_emergency(line: &Line<'_>, at: usize) -> bool {
    let word = line.previous_word(at).to_lowercase();
    !matches!(
        word.as_str(),
        "art"
            | "articolul"
            | "nr"
            | "alin"
            | "alineatul"
            | "pct"
            | "punctul"
            | "legea"
            | "pagina"
            | "pag"
            | "camera"
            | "sala"
            | "biroul"
            | "ap"
            | "apartamentul"
            | "strada"
            | "str"
            | "poziția"
            | "plus"
            | "minus"
            | "egal"
            | "etajul"
            | "anexa"
            | "linia"
            | "kilometrul"
    ) && !matches!(line.mark(at + 1), '/' | '%' | '-' | '–')
        && !matches!(line.mark(at.wrapping_sub(1)), '/' | '-' | '–')
        && !line.mark(line.skip_space(at + 1)).eq(&'%')
}

/// What the number counts, if it stands right behind.
fn counted(line: &Line<'_>, after: usize) -> Option<Counted> {
    let place = line.skip_space(after);
    if let Some((unit, next)) = unit_at(line, place) {
        return Some(Counted { gender: unit.gender, unit: Some(unit), has_de: false, next });
    }
    if line.text(place) == "de" {
        let noun = line.next_word(place + 1);
        // `de la 5`, `de pe`: not a noun.
        if noun.is_empty() || is_small_word(noun) {
            return None;
        }
        let gender = nouns::known(noun).unwrap_or_else(|| nouns::guess(noun));
        return Some(Counted { gender, unit: None, has_de: true, next: after });
    }
    if place == after {
        return None;
    }
    let word = line.text(place);
    // `2 ori` are times; `1 ori 2` is a choice.
    if word == "ori" {
        let choice = line.is_number(line.skip_space(place + 1));
        return (!choice).then_some(Counted { gender: Gender::Feminine, unit: None, has_de: false, next: after });
    }
    let gender = if word == "copii" && nouns::are_photocopies(line.next_word(place + 1)) {
        Gender::Feminine
    } else if line.kind(place) == Kind::Lower && line.mark(place + 1) != '-' {
        nouns::known(word)?
    } else {
        nouns::known(&word.to_lowercase()).filter(|_| line.kind(place) == Kind::Capital)?
    };
    Some(Counted { gender, unit: None, has_de: false, next: after })
}

/// The gender of what a number before this place counts.
pub(crate) fn gender_counted(line: &Line<'_>, after: usize) -> Option<Gender> {
    counted(line, after).map(|counted| counted.gender)
}

/// Whether a number before this place is an amount.
pub(crate) fn counts_something(line: &Line<'_>, after: usize) -> bool {
    counted(line, after).is_some() || line.mark(line.skip_space(after)) == '%'
}

pub(crate) fn is_small_word(word: &str) -> bool {
    matches!(
        word,
        "la" | "pe"
            | "din"
            | "către"
            | "în"
            | "a"
            | "al"
            | "ai"
            | "ale"
            | "și"
            | "sau"
            | "ori"
            | "cu"
            | "fi"
            | "sub"
            | "peste"
            | "unde"
            | "când"
    )
}

fn say_amount(line: &Line<'_>, value: u64, figure: &Figure<'_>, counted: &Counted, speech: &mut Speech) -> usize {
    let mut next = counted.next;
    if let Some((small_one, small_many)) = counted.unit.and_then(|unit| unit.hundredth)
        && (1..=2).contains(&figure.fraction.len())
    {
        let hundredths = figure.fraction.parse::<u64>().unwrap_or(0) * if figure.fraction.len() == 1 { 10 } else { 1 };
        let (one, many) = counted.unit.map_or(("", ""), |unit| (unit.one, unit.many));
        if value > 0 || hundredths == 0 {
            say_counted(value, counted.gender, one, many, speech);
        }
        if hundredths > 0 {
            if value > 0 {
                speech.say("și");
            }
            say_counted(hundredths, Gender::Masculine, small_one, small_many, speech);
        }
        return next;
    }
    let de = if figure.fraction.is_empty() {
        before_noun(value, counted.gender, speech.open());
        takes_de(value)
    } else {
        cardinal(value, counted.gender, speech.open());
        say_fraction(figure.fraction, speech)
    };
    if de && !counted.has_de {
        speech.say("de");
    }
    let Some(unit) = counted.unit else { return next };
    speech.say(if value == 1 && figure.fraction.is_empty() { unit.one } else { unit.many });
    if matches!(unit.one, "milion" | "miliard") {
        // `2 mil. lei` is said with `de`, as the millions are what is counted.
        let place = line.skip_space(next);
        if let Some(currency) = money(line.text(place)) {
            speech.say("de");
            speech.say(currency.many);
            next = place + 1;
        }
        return next;
    }
    if line.mark(next) == '/'
        && let Some((below, after)) = unit_at(line, next + 1)
    {
        speech.say("pe");
        speech.say(below.one);
        next = after;
    }
    next
}

fn say_counted(value: u64, gender: Gender, one: &str, many: &str, speech: &mut Speech) {
    before_noun(value, gender, speech.open());
    if takes_de(value) {
        speech.say("de");
    }
    speech.say(if value == 1 { one } else { many });
}

/// Says the decimals; tells whether a noun behind them takes `de`.
fn say_fraction(digits: &str, speech: &mut Speech) -> bool {
    speech.say("virgulă");
    let significant = digits.trim_start_matches('0');
    if digits.len() > 3 || significant.is_empty() {
        say_digits(&STYLE, digits, speech);
        return false;
    }
    (significant.len()..digits.len()).for_each(|_| speech.say("zero"));
    let value = significant.parse().unwrap_or_default();
    cardinal(value, Gender::Masculine, speech.open());
    takes_de(value)
}

/// The gender that a word before a number shows, where no noun follows: *cele două*.
fn gender_before(line: &Line<'_>, at: usize) -> Gender {
    match line.previous_word(at) {
        "cele" | "celelalte" | "primele" | "ultimele" | "următoarele" | "aceste" | "alte" | "Cele" | "Primele"
        | "toate" => Gender::Feminine,
        _ => Gender::Masculine,
    }
}

/// A number that counts nothing: of an article, a house, a year; or a percentage.
fn say_bare(line: &Line<'_>, at: usize, value: u64, figure: &Figure<'_>, speech: &mut Speech) -> usize {
    let next = figure.next;
    let word = line.next_word(next);
    let hour = after_hour_word(line, at) && value <= 24;
    let one_of = (value == 1 && figure.fraction.is_empty() && line.is_space(next) && !is_small_word(word))
        .then(|| nouns::guess_one(word))
        .flatten();
    match one_of {
        Some(gender) => before_noun(1, gender, speech.open()),
        None => cardinal(value, if hour { Gender::Neuter } else { gender_before(line, at) }, speech.open()),
    }
    if !figure.fraction.is_empty() {
        say_fraction(figure.fraction, speech);
    }
    let place = line.skip_space(next);
    match line.mark(place) {
        '%' => speech.say("la sută"),
        '‰' => speech.say("la mie"),
        _ => return next,
    }
    // `0,1% - 0,3%`.
    let dash = line.skip_space(place + 1);
    let second = line.skip_space(dash + 1);
    if line.is_dash(dash) && line.is_number(second) && line.is_space(dash + 1) == (dash > place + 1) {
        speech.say(range_word(line, at));
        return number(line, second, Lead::default(), speech);
    }
    place + 1
}

/// `2 1/2 ore` is *două ore și jumătate*.
fn mixed(line: &Line<'_>, value: u64, figure: &Figure<'_>, speech: &mut Speech) -> Option<usize> {
    let place = figure.next + 1;
    if figure.count().is_none() || !line.is_space(figure.next) || !line.is_number(place) || line.mark(place + 1) != '/'
    {
        return None;
    }
    let counted = counted(line, place + 3).filter(|counted| !counted.has_de);
    let mut part = Speech::with_capacity(32);
    fraction(line, place, true, &mut part)?;
    let gender = counted.as_ref().map_or(Gender::Masculine, |counted| counted.gender);
    let mut next = place + 3;
    if let Some(counted) = counted {
        let (one, many, after) = match counted.unit {
            Some(unit) => (unit.one, unit.many, counted.next),
            None => {
                let noun = line.skip_space(next);
                (line.text(noun), line.text(noun), noun + 1)
            }
        };
        say_counted(value, gender, one, many, speech);
        next = after;
    } else {
        cardinal(value, gender, speech.open());
    }
    speech.say(&part.into_text());
    Some(next)
}

/// `3-5 zile`, `10–15 martie`, `orele 8-16`.
fn range(line: &Line<'_>, at: usize, from: &Figure<'_>, speech: &mut Speech) -> Option<usize> {
    let spaced = line.is_space(from.next);
    let dash = line.skip_space(from.next);
    if !line.is_dash(dash) || line.is_space(dash + 1) != spaced || !line.is_number(line.skip_space(dash + 1)) {
        return None;
    }
    let second = line.skip_space(dash + 1);
    let to = figure(line, second, &STYLE);
    let (low, high) = (from.whole?, to.whole?);
    let plain = !from.has_leading_zero() && !to.has_leading_zero();
    if !plain || low >= high || (line.is_dash(to.next) && (line.is_number(to.next + 1) || line.is_word(to.next + 1))) {
        return None;
    }
    if month(line.next_word(to.next)).is_some() {
        say_day(low, speech);
    } else {
        let gender = match counted(line, to.next) {
            Some(counted) => counted.gender,
            None if after_hour_word(line, at) => Gender::Neuter,
            None => Gender::Masculine,
        };
        cardinal(low, gender, speech.open());
        if !from.fraction.is_empty() {
            say_fraction(from.fraction, speech);
        }
    }
    speech.say(range_word(line, at));
    Some(number(line, second, Lead::default(), speech))
}
