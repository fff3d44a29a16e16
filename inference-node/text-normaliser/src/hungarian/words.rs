//! Hungarian words that are not said as they are written.

use super::acronyms::acronym;
use super::cardinals::cardinal;
use super::forms::{has_back_vowels, ordinal, with_ending};
use super::moments::{ending, month};
use super::short_forms::{Need, dotted, short, unpointed};
use super::units::money;
use crate::letters::{roman, say_letters};
use crate::scan::{Kind, Line};
use crate::speech::Speech;

/// Says the word at a place in its own way, if it has one, and returns the place after what belongs to it.
pub(crate) fn word(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    if line.text(at) == "x" && line.is_number(line.skip_space(at + 1)) {
        return times(line, at, speech);
    }
    lettered_point(line, at, speech)
        .or_else(|| days(line, at, speech))
        .or_else(|| numeral(line, at, speech))
        .or_else(|| pointed(line, at, speech))
        .or_else(|| {
            let text = line.text(at);
            let words = if text.len() > 5 { None } else { unpointed(text) }?;
            say_like(text, words, speech);
            Some(joined_ending(line, at + 1, speech))
        })
}

/// Words in small letters that [`word`] may change though a space follows.
pub(crate) fn is_special(word: &str) -> bool {
    match word.len() {
        1 => word == "x",
        2..=4 => word == "kedd" || unpointed(word).is_some(),
        5..=9 => matches!(word, "hétfő" | "szerda" | "péntek" | "szombat" | "vasárnap"),
        _ => word == "csütörtök",
    }
}

fn say_like(source: &str, words: &str, speech: &mut Speech) {
    let mut letters = words.chars();
    match letters.next() {
        Some(first)
            if source.starts_with(char::is_uppercase)
                && !matches!(words, "forint" | "káefté" | "zéerté" | "bété" | "megabájt") =>
        {
            let text = speech.open();
            text.extend(first.to_uppercase());
            text.push_str(letters.as_str());
        }
        _ => speech.say(words),
    }
}

/// `3 x 4` is *háromszor négy*.
fn times(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let before = at.checked_sub(1)?;
    let number = if line.is_space(before) { before.checked_sub(1)? } else { before };
    let digits = line.text(number);
    let value = digits.parse::<u64>().ok()?;
    let is_fraction = number > 1 && line.mark(number - 1) == ',' && line.is_number(number - 2);
    speech.join(match (is_fraction, digits.len()) {
        (true, 2) => "szor",
        (true, _) => "szer",
        _ if value % 10 == 5 => "ször",
        _ if has_back_vowels(value) => "szor",
        _ => "szer",
    });
    Some(at + 1)
}

/// `hétfő–péntek` and `H-P` are *hétfőtől péntekig*.
fn days(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let from = day(line.text(at))?;
    let dash = line.skip_space(at + 1);
    let last = line.skip_space(dash + 1);
    let to = day(line.text(last)).filter(|_| line.is_dash(dash))?;
    let names = [from, to];
    for (name, (back, front)) in names.into_iter().zip([("tól", "től"), ("ig", "ig")]) {
        speech.say(match name {
            "szerda" => "szerdá",
            name => name,
        });
        speech.join(if matches!(name, "szerda" | "szombat" | "vasárnap") { back } else { front });
    }
    Some(last + 1)
}

fn day(word: &str) -> Option<&'static str> {
    Some(match word {
        "H" | "hétfő" | "Hétfő" => "hétfő",
        "K" | "kedd" | "Kedd" => "kedd",
        "Sze" | "szerda" | "Szerda" => "szerda",
        "Cs" | "csütörtök" | "Csütörtök" => "csütörtök",
        "P" | "péntek" | "Péntek" => "péntek",
        "Szo" | "szombat" | "Szombat" => "szombat",
        "V" | "vasárnap" | "Vasárnap" => "vasárnap",
        _ => return None,
    })
}

/// Joins an ending behind a hyphen to the words just said.
fn joined_ending(line: &Line<'_>, next: usize, speech: &mut Speech) -> usize {
    match ending(line, next) {
        Some((ending, after)) => {
            speech.join(ending);
            after
        }
        None => next,
    }
}

/// `b) pont`: a letter that names a point of a law.
fn lettered_point(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let named = line.text(at).len() == 1 && line.mark(at + 1) == ')' && {
        let word = line.next_word(at + 2);
        word.starts_with("pont") || word.starts_with("alpont") || word.starts_with("betű")
    };
    named.then(|| {
        part_of_law(line, at, speech);
        speech.copy(line.text(at));
        at + 2
    })
}

/// A pause before a further part of a place in a law.
fn part_of_law(line: &Line<'_>, at: usize, speech: &mut Speech) {
    let before = at.checked_sub(1).map_or(Kind::End, |place| {
        if line.is_space(place) { line.kind(place.wrapping_sub(1)) } else { line.kind(place) }
    });
    let word = line.previous_word(at);
    if matches!(before, Kind::Lower | Kind::Mark)
        && (word.is_empty() || ["cikk", "bek", "parag", "pont"].iter().any(|start| word.starts_with(start)))
    {
        speech.pause(',');
    }
}

/// `(2) bekezdés` is *második bekezdés*.
pub(crate) fn bracketed_paragraph(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let shaped = line.mark(at) == '('
        && line.is_number(at + 1)
        && line.mark(at + 2) == ')'
        && line.next_word(at + 3).starts_with("bek");
    let value = line.text(at + 1).parse().ok().filter(|_| shaped)?;
    // *paragrafus, második bekezdés*, but *paragrafus második bekezdése*.
    if at > 0 && matches!(line.next_word(at + 3), "bek" | "bekezdés") {
        part_of_law(line, at, speech);
    }
    speech.say(&ordinal(value));
    Some(at + 3)
}

/// Roman numerals: `XXI. század`, `II. Rákóczi Ferenc`, `V. kerület`, `III-as`.
fn numeral(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let text = line.text(at);
    if line.kind(at) != Kind::Upper || line.is_number(at + 1) || money(text).is_some() {
        return None;
    }
    let value = roman(text)?;
    let evident = text.bytes().all(|letter| b"IVX".contains(&letter));
    if line.mark(at + 1) == '.' {
        let following = line.skip_space(at + 2);
        let lower = line.kind(following) == Kind::Lower && following > at + 2;
        let name = evident && matches!(line.kind(following), Kind::Capital);
        if lower || name {
            speech.say(&ordinal(value));
            return Some(at + 2);
        }
    }
    if !evident || text.len() == 1 {
        return None;
    }
    if let Some((ending, after)) = ending(line, at + 1) {
        speech.say(&with_ending(value, ending));
        return Some(after);
    }
    cardinal(value, false, speech.open());
    Some(at + 1)
}

/// Letters with a point each, also with spaces between: `i. e.`, `C.N.P.`; joined, with the place after the last point.
fn initials(line: &Line<'_>, at: usize, spaced: bool) -> Option<(String, usize)> {
    if !(spaced || line.has_two_points(at)) {
        return None;
    }
    let mut joined = String::new();
    let mut place = at;
    let mut end = at;
    while line.is_word(place)
        && line.text(place).chars().count() <= 2
        && line.mark(place + 1) == '.'
        && joined.len() < 24
    {
        joined.push_str(line.text(place));
        end = place + 2;
        place = if spaced { line.skip_space(end) } else { end };
    }
    (end > at + 2).then_some((joined, end))
}

fn pointed(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    if line.mark(at + 1) != '.' {
        return None;
    }
    if let Some((words, next)) = initials(line, at, true).and_then(|(joined, next)| Some((dotted(&joined)?, next))) {
        speech.say(words);
        end_of_sentence(line, next, speech);
        return Some(next);
    }
    if let Some((joined, next)) = initials(line, at, false)
        && joined.chars().all(char::is_uppercase)
    {
        match acronym(&joined) {
            Some(words) => speech.say(words),
            None => say_letters(&joined, speech),
        }
        end_of_sentence(line, next, speech);
        return Some(next);
    }
    let text = line.text(at);
    let after = line.skip_space(at + 2);
    if line.kind(at) == Kind::Upper && text.chars().nth(1).is_none() {
        // `D. Nagy Anna`: the initial of a name.
        return matches!(line.kind(after), Kind::Capital | Kind::Upper).then(|| {
            speech.copy(text);
            speech.space();
            at + 2
        });
    }
    let lower = line.lowered(at);
    if let Some(month) = month(&lower).filter(|&name| name != lower && line.is_number(after)) {
        speech.say(month);
        return Some(at + 2);
    }
    let (words, need) = short(&lower)?;
    let before = (0..at).rev().find(|&place| !line.is_space(place) && line.mark(place) != '.');
    let fits = match need {
        Need::Nothing => true,
        Need::AfterNumber => before.is_some_and(|place| line.is_number(place) || roman(line.text(place)).is_some()),
        Need::Name => matches!(line.kind(after), Kind::Capital | Kind::Upper | Kind::Number),
        Need::More => !line.ends_at(at + 2),
    };
    if !fits {
        return None;
    }
    // `27/2002. sz. rendelet` is *számú*, `Fő u. 12. sz.` is *szám*.
    let words = if lower == "sz"
        && line.kind(after) == Kind::Lower
        && line.text(after) != "alatt"
        && line.text(after) != "alatti"
    {
        "számú"
    } else {
        words
    };
    say_like(text, words, speech);
    end_of_sentence(line, at + 2, speech);
    Some(joined_ending(line, at + 2, speech))
}

/// The point of an abbreviation that ends a line ends the sentence, too.
fn end_of_sentence(line: &Line<'_>, next: usize, speech: &mut Speech) {
    if line.ends_at(next) && line.mark(next.wrapping_sub(1)) == '.' {
        speech.pause('.');
    }
}
