//! Marks of identity: case references, accounts, personal numbers, identity cards, number plates.

use crate::letters::{pronounceable, say_letters};
use crate::scan::{Kind, Line};
use crate::speech::Speech;
use crate::tongue::{Tongue, say_digits, say_grouped};

/// Says the code at a place, if one begins there, and returns the place after it.
pub(crate) fn code(line: &Line<'_>, at: usize, tongue: &dyn Tongue, speech: &mut Speech) -> Option<usize> {
    match line.kind(at) {
        Kind::Upper => account(line, at, tongue, speech)
            .or_else(|| plate(line, at, tongue, speech))
            .or_else(|| card(line, at, tongue, speech))
            .or_else(|| reference(line, at, tongue, speech)),
        Kind::Number if line.text(at).len() == 13 => personal_number(line, at, tongue, speech),
        Kind::Number if line.kind(at + 1) == Kind::Upper && tongue.is_unit(line.text(at + 1)) => None,
        Kind::Number => reference(line, at, tongue, speech),
        _ => None,
    }
}

/// Tokens of a code without a break; a longer run is read in pieces.
const LONGEST_CODE: usize = 40;

fn is_part(line: &Line<'_>, at: usize) -> bool {
    match line.kind(at) {
        Kind::Number => true,
        Kind::Upper => line.text(at).is_ascii(),
        _ => false,
    }
}

/// The place after a run of capitals and digits without a break.
fn run_end(line: &Line<'_>, at: usize) -> usize {
    (at..at + LONGEST_CODE).find(|&place| !is_part(line, place)).unwrap_or(at + LONGEST_CODE)
}

fn run_length(line: &Line<'_>, at: usize, end: usize) -> usize {
    (at..end).map(|place| line.text(place).len()).sum()
}

/// An IBAN, in one piece or in groups of four.
fn account(line: &Line<'_>, at: usize, tongue: &dyn Tongue, speech: &mut Speech) -> Option<usize> {
    if line.text(at).len() != 2 || !line.is_number(at + 1) || line.text(at + 1).len() < 2 || !is_part(line, at) {
        return None;
    }
    let mut end = run_end(line, at);
    let mut length = run_length(line, at, end);
    while length.is_multiple_of(4) && length < 34 && line.is_space(end) {
        let group_end = run_end(line, end + 1);
        let size = run_length(line, end + 1, group_end);
        if !(1..=4).contains(&size) {
            break;
        }
        (length, end) = (length + size, group_end);
    }
    if !(15..=34).contains(&length) {
        return None;
    }
    let characters: Vec<char> =
        (at..end).flat_map(|place| line.text(place).chars()).filter(|sign| !sign.is_whitespace()).collect();
    for (number, group) in characters.chunks(4).enumerate() {
        if number > 0 {
            speech.pause(',');
        }
        for &sign in group {
            say_sign(sign, tongue, speech);
        }
    }
    Some(end)
}

fn say_sign(sign: char, tongue: &dyn Tongue, speech: &mut Speech) {
    let mut buffer = [0; 4];
    let sign = sign.encode_utf8(&mut buffer);
    if sign.starts_with(|sign: char| sign.is_ascii_digit()) {
        say_digits(tongue.style(), sign, speech);
    } else {
        speech.say(sign);
    }
}

/// A Romanian number plate: county, two or three digits, three letters.
fn plate(line: &Line<'_>, at: usize, tongue: &dyn Tongue, speech: &mut Speech) -> Option<usize> {
    const COUNTIES: &str = " AB AR AG BC BH BN BT BR BV BZ CL CS CJ CT CV DB DJ GL GR GJ HR HD IL IS IF MM MH MS NT OT PH SM SJ SB SV TR TM TL VL VS VN B ";
    let county = line.text(at);
    let apart = |place: usize| if line.is_space(place) || line.mark(place) == '-' { place + 1 } else { place };
    let number = apart(at + 1);
    let letters = apart(number + 1);
    let shaped = (1..=2).contains(&county.len())
        && line.is_number(number)
        && (2..=3).contains(&line.text(number).len())
        && line.kind(letters) == Kind::Upper
        && line.text(letters).len() == 3
        && line.text(letters).is_ascii()
        && !line.is_number(letters + 1)
        && COUNTIES.split(' ').any(|known| known == county)
        && !(letters > number + 1 && tongue.is_unit(line.text(letters)));
    if !shaped {
        return None;
    }
    say_letters(county, speech);
    speech.pause(',');
    say_short_number(line.text(number), tongue, speech);
    speech.pause(',');
    say_letters(line.text(letters), speech);
    Some(letters + 1)
}

fn say_short_number(digits: &str, tongue: &dyn Tongue, speech: &mut Speech) {
    match digits.parse() {
        Ok(value) if !digits.starts_with('0') || digits.len() == 1 => tongue.cardinal(value, speech.open()),
        _ => say_digits(tongue.style(), digits, speech),
    }
}

/// Series and number of an identity card: `RX 123456`.
fn card(line: &Line<'_>, at: usize, tongue: &dyn Tongue, speech: &mut Speech) -> Option<usize> {
    let number = line.skip_space(at + 1);
    let shaped = line.text(at).len() == 2
        && line.text(at).is_ascii()
        && line.is_number(number)
        && line.text(number).len() == 6
        && !is_part(line, number + 1)
        && tongue.acronym(line.text(at)).is_none();
    if !shaped {
        return None;
    }
    say_letters(line.text(at), speech);
    speech.pause(',');
    say_grouped(tongue.style(), line.text(number), 3, speech);
    Some(number + 1)
}

/// A personal number of 13 digits, in its parts: sex and century, year, month, day, county, serial number, check digit.
fn personal_number(line: &Line<'_>, at: usize, tongue: &dyn Tongue, speech: &mut Speech) -> Option<usize> {
    let mut rest = line.text(at);
    if rest.starts_with('0') || rest.ends_with("000000") || is_part(line, at + 1) {
        return None;
    }
    for size in [1, 2, 2, 2, 2, 3, 1] {
        let (part, more) = rest.split_at_checked(size)?;
        say_digits(tongue.style(), part, speech);
        if !more.is_empty() {
            speech.pause(',');
        }
        rest = more;
    }
    Some(at + 1)
}

/// Capitals and digits in one word, in groups between hyphens: `SF-7K3-9QM`, `A4`, `COVID-19`.
fn reference(line: &Line<'_>, at: usize, tongue: &dyn Tongue, speech: &mut Speech) -> Option<usize> {
    let mut end = run_end(line, at);
    while line.mark(end) == '-' && is_part(line, end + 1) && end - at < LONGEST_CODE {
        end = run_end(line, end + 1);
    }
    let places = at..end;
    let letters = places.clone().filter(|&place| line.kind(place) == Kind::Upper).count();
    let numbers = places.clone().filter(|&place| line.is_number(place)).count();
    if letters == 0 || numbers == 0 || line.is_word(end) {
        return None;
    }
    // `5-DN` is a number with something after it; `2-A` still is a code.
    let simple = letters == 1 && numbers == 1;
    for place in places {
        let part = line.text(place);
        match line.kind(place) {
            Kind::Number if simple && part.len() <= 3 => say_short_number(part, tongue, speech),
            Kind::Number => say_grouped(tongue.style(), part, 3, speech),
            Kind::Upper if simple && part.len() > 1 => match tongue.acronym(part) {
                Some(known) => speech.say(known),
                None if part.len() > 3 && pronounceable(part) => speech.say(&part.to_lowercase()),
                None => say_letters(part, speech),
            },
            Kind::Upper => say_letters(part, speech),
            _ if simple => {}
            _ => speech.pause(','),
        }
    }
    Some(end)
}
