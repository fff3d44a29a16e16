//! Hungarian numbers tied to other signs: ordinals with their point, acts of a year, fractions, versions.

use super::STYLE;
use super::cardinals::cardinal;
use super::forms::{adjective, ordinal, part, with_ending};
use super::moments::{ending, month, month_name, say_day};
use crate::figures::Figure;
use crate::letters::roman;
use crate::scan::{Kind, Line};
use crate::speech::Speech;
use crate::tongue::say_digits;

/// `544/2001-es`, `3/4`, `1.2.3`: says them whole and returns the place after.
pub(crate) fn related(line: &Line<'_>, at: usize, figure: &Figure<'_>, speech: &mut Speech) -> Option<usize> {
    let next = figure.next;
    match line.mark(next) {
        '/' if line.is_number(next + 1) => Some(slashed(line, at, figure, speech)),
        '.' if line.is_number(next + 1) && !figure.grouped => {
            let mut place = at;
            say_plain(line.text(place), speech);
            while line.mark(place + 1) == '.' && line.is_number(place + 2) {
                speech.say("pont");
                say_plain(line.text(place + 2), speech);
                place += 2;
            }
            Some(place + 1)
        }
        _ => None,
    }
}

fn say_plain(digits: &str, speech: &mut Speech) {
    match digits.parse() {
        Ok(value) if digits.len() < 10 && (digits.len() == 1 || !digits.starts_with('0')) => {
            cardinal(value, false, speech.open());
        }
        _ => say_digits(&STYLE, digits, speech),
    }
}

fn slashed(line: &Line<'_>, at: usize, figure: &Figure<'_>, speech: &mut Speech) -> usize {
    if figure.next == at + 1
        && let Some(next) = fraction(line, at, speech)
    {
        return next;
    }
    match figure.whole {
        Some(value) if !figure.has_leading_zero() => cardinal(value, false, speech.open()),
        _ => say_digits(&STYLE, figure.digits, speech),
    }
    let mut place = figure.next;
    while line.mark(place) == '/' && line.is_number(place + 1) {
        speech.say("per");
        let digits = line.text(place + 1);
        let value = digits.parse::<u64>().ok().filter(|_| digits.len() < 10 && !digits.starts_with('0'));
        place += 2;
        let numbered = line.mark(place) == '.' && line.next_word(place + 1).starts_with("sz");
        match value {
            Some(value) if numbered => {
                speech.say(&adjective(value));
                return place + 1;
            }
            Some(value) if ending(line, place).is_some() => {
                let (ending, after) = ending(line, place).unwrap_or(("", place));
                speech.say(&with_ending(value, ending));
                return after;
            }
            _ => say_plain(digits, speech),
        }
    }
    // `335/2005. évi`: the point belongs to the number.
    if line.mark(place) == '.' && line.kind(line.skip_space(place + 1)) == Kind::Lower { place + 1 } else { place }
}

fn fraction(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    if line.mark(at + 3) == '/' || is_place(line.previous_word(at)) {
        return None;
    }
    let (above, below) = (line.text(at).parse::<u64>().ok()?, line.text(at + 2).parse::<u64>().ok()?);
    if above == 0 || above >= below || !(2..=10).contains(&below) {
        return None;
    }
    match (above, below) {
        (1, 2 | 4) => speech.say(&part(below)),
        _ => {
            let text = speech.open();
            cardinal(above, true, text);
            text.push_str(&part(below));
        }
    }
    Some(at + 3)
}

/// Words after which the number of a house stands.
fn is_place(word: &str) -> bool {
    matches!(
        word,
        "utca" | "út" | "tér" | "u" | "körút" | "krt" | "sétány" | "köz" | "sor" | "lakás" | "szám" | "sz" | "Utca"
    )
}

/// A number with a point behind it: an ordinal, a year, the number of a house, the item of a list.
pub(crate) fn ordinal_point(line: &Line<'_>, at: usize, value: u64, next: usize, speech: &mut Speech) -> Option<usize> {
    if line.mark(next) != '.' {
        return None;
    }
    let following = line.skip_space(next + 1);
    let word = line.text(following);
    if (1000..2200).contains(&value) && line.text(at).len() == 4 {
        // `2026. IX. 15-én`.
        let day = line.skip_space(following + 2);
        if let Some(month) = roman(word).and_then(month_name).filter(|_| line.mark(following + 1) == '.')
            && let Some(number) = line.text(day).parse().ok().filter(|number| (1..=31).contains(number))
        {
            cardinal(value, false, speech.open());
            speech.say(month);
            return Some(say_day(line, number, day + 1, speech));
        }
        let of_year = month(word).is_some() || line.kind(following) == Kind::Lower;
        return of_year.then(|| {
            cardinal(value, false, speech.open());
            next + 1
        });
    }
    if word == "sz" || word.starts_with("szám") {
        speech.say(&adjective(value));
        return Some(next + 1);
    }
    if word == "§" {
        speech.say(&ordinal(value));
        speech.say("paragrafus");
        if let Some((ending, after)) = ending(line, following + 1) {
            speech.join(ending);
            return Some(after);
        }
        return Some(following + 1);
    }
    let house = is_place(line.previous_word(at));
    if house && matches!(line.mark(next + 1), ',' | ';') {
        cardinal(value, false, speech.open());
        return Some(next + 1);
    }
    let item = at == 0 && line.is_space(next + 1) && matches!(line.kind(following), Kind::Capital | Kind::Upper);
    if item {
        speech.say(&ordinal(value));
        return Some(next);
    }
    // `3., 4. és 5. pont`, `3. oldal`, `2. (kiegészített) kiadás`.
    let listed = matches!(line.mark(next + 1), ',' | ')') && line.is_number(line.skip_space(next + 2));
    let goes_on = line.kind(following) == Kind::Lower && following > next + 1;
    if (listed || goes_on) && !house {
        speech.say(&ordinal(value));
        return Some(next + 1);
    }
    None
}
