//! English words that are not said as they are written.

use super::acronyms::acronym;
use super::cardinals::{cardinal, ordinal};
use super::citations::citation;
use super::moments::month_at;
use super::short_forms::{Need, dotted, short, unpointed};
use crate::letters::{roman, say_letters};
use crate::scan::{Kind, Line};
use crate::speech::Speech;

/// Says the word at a place in its own way, if it has one, and returns the place after what belongs to it.
pub(crate) fn word(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    if matches!(line.text(at), "x" | "X") && line.is_number(line.skip_space(at + 1)) && preceded_by_number(line, at) {
        speech.say("by");
        return Some(at + 1);
    }
    citation(line, at, speech)
        .or_else(|| act(line, at, speech))
        .or_else(|| days(line, at, speech))
        .or_else(|| pointed(line, at, speech))
        .or_else(|| {
            let text = line.text(at);
            let numbered = line.is_space(at + 1) && line.is_number(at + 2);
            speech.say(if text.len() > 4 { None } else { unpointed(text, numbered) }?);
            Some(at + 1)
        })
        .or_else(|| numeral(line, at, speech))
}

/// Words in small letters that [`word`] may change though a space follows.
pub(crate) fn is_special(word: &str) -> bool {
    match word.len() {
        1 => word == "x",
        2..=4 => matches!(word, "art" | "para" | "par" | "lit" | "pt") || unpointed(word, true).is_some(),
        5.. => matches!(word, "article" | "articles" | "paragraph" | "letter" | "point" | "subparagraph"),
        _ => false,
    }
}

fn preceded_by_number(line: &Line<'_>, at: usize) -> bool {
    let before = at.wrapping_sub(1);
    line.is_number(if line.is_space(before) { before.wrapping_sub(1) } else { before })
}

/// `GEO No. 97/2005`: the kind of a Romanian act, when its number follows.
fn act(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let name = match line.text(at) {
        "GO" | "OG" => "Government Ordinance",
        "GEO" | "OUG" => "Government Emergency Ordinance",
        "GD" | "HG" => "Government Decision",
        _ => return None,
    };
    let following = line.skip_space(at + 1);
    (following > at + 1 && (line.is_number(following) || matches!(line.text(following), "No" | "no" | "nr"))).then(
        || {
            speech.say(name);
            at + 1
        },
    )
}

/// `Mon-Fri`.
fn days(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let first = day(line.text(at))?;
    let dash = line.skip_space(at + 1);
    let second = line.skip_space(dash + 1);
    let last = if line.is_dash(dash) { day(line.text(second)) } else { None };
    match last {
        Some(last) => {
            speech.say(first);
            speech.say("to");
            speech.say(last);
            Some(second + 1)
        }
        None if line.text(at).len() == 3
            && line.is_space(at + 1)
            && line.is_number(at + 2)
            && line.mark(at + 3) == ':' =>
        {
            speech.say(first);
            Some(at + 1)
        }
        None => None,
    }
}

fn day(word: &str) -> Option<&'static str> {
    Some(match word {
        "Mon" | "Monday" => "Monday",
        "Tue" | "Tuesday" => "Tuesday",
        "Wed" | "Wednesday" => "Wednesday",
        "Thu" | "Thursday" => "Thursday",
        "Fri" | "Friday" => "Friday",
        "Sat" | "Saturday" => "Saturday",
        "Sun" | "Sunday" => "Sunday",
        _ => return None,
    })
}

fn say_like(source: &str, words: &str, speech: &mut Speech) {
    let mut letters = words.chars();
    match letters.next() {
        Some(first) if source.starts_with(char::is_uppercase) => {
            let text = speech.open();
            text.extend(first.to_uppercase());
            text.push_str(letters.as_str());
        }
        _ => speech.say(words),
    }
}

/// Letters with a point each: `e.g.`, `U.S.A.`; joined, with the place after the last point.
fn initials(line: &Line<'_>, at: usize) -> Option<(String, usize)> {
    if !line.has_two_points(at) {
        return None;
    }
    let mut joined = String::new();
    let mut place = at;
    while line.is_word(place)
        && line.text(place).chars().count() <= 2
        && line.mark(place + 1) == '.'
        && joined.len() < 24
    {
        joined.push_str(line.text(place));
        place += 2;
    }
    (place > at + 2).then_some((joined, place))
}

fn pointed(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    if line.mark(at + 1) != '.' {
        return None;
    }
    if let Some((joined, next)) = initials(line, at) {
        let known = dotted(&joined);
        if known.is_some() || joined.chars().all(char::is_uppercase) {
            match known.or_else(|| acronym(&joined)) {
                Some(words) => say_like(line.text(at), words, speech),
                None => say_letters(&joined, speech),
            }
            end_of_sentence(line, next, speech);
            return Some(next);
        }
    }
    let text = line.text(at);
    let after = line.skip_space(at + 2);
    let name_follows = matches!(line.kind(after), Kind::Capital | Kind::Upper);
    if line.kind(at) == Kind::Upper && text.chars().nth(1).is_none() {
        return (name_follows && text != "I").then(|| {
            speech.copy(text);
            speech.space();
            at + 2
        });
    }
    if let Some((month, next)) = month_at(line, at).filter(|&(_, next)| next == at + 2) {
        let dated = line.is_number(after) || line.is_number(at.wrapping_sub(2));
        if dated && month != text {
            speech.say(month);
            return Some(next);
        }
        return None;
    }
    let name_precedes = line.is_space(at.wrapping_sub(1)) && line.kind(at.wrapping_sub(2)) == Kind::Capital;
    if text == "St" {
        speech.say(if name_precedes { "Street" } else { "Saint" });
        end_of_sentence(line, at + 2, speech);
        return Some(at + 2);
    }
    let (words, need) = short(&line.lowered(at))?;
    let fits = match need {
        Need::Nothing => true,
        Need::Number => line.is_number(after) || (line.kind(after) == Kind::Upper && roman(line.text(after)).is_some()),
        Need::Name => name_follows,
        Need::AfterName => name_precedes,
    };
    if !fits {
        return None;
    }
    if words == "number" {
        speech.say(words);
    } else {
        say_like(text, words, speech);
    }
    end_of_sentence(line, at + 2, speech);
    Some(at + 2)
}

/// The point of an abbreviation that ends a line ends the sentence, too.
fn end_of_sentence(line: &Line<'_>, next: usize, speech: &mut Speech) {
    if line.ends_at(next) && line.mark(next.wrapping_sub(1)) == '.' {
        speech.pause('.');
    }
}

/// Roman numerals: *Chapter four*, *Carol the First*, *the twenty-first*.
fn numeral(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let text = line.text(at);
    if line.kind(at) != Kind::Upper || line.is_number(at + 1) || line.mark(at + 1) == '\'' || line.mark(at + 1) == '’'
    {
        return None;
    }
    let value = roman(text)?;
    let evident = text.bytes().all(|letter| b"IVX".contains(&letter));
    let previous = line.previous_word(at);
    let monarch = matches!(
        previous,
        "Carol"
            | "Charles"
            | "Elizabeth"
            | "George"
            | "Henry"
            | "Louis"
            | "Ferdinand"
            | "Michael"
            | "Mihai"
            | "Paul"
            | "Pius"
            | "Francis"
            | "Philip"
            | "William"
            | "Edward"
            | "Peter"
            | "Catherine"
            | "Joseph"
    );
    if monarch && evident && !(text == "I" && line.kind(line.skip_space(at + 1)) == Kind::Lower) {
        speech.say("the");
        ordinal(value, speech.open());
        return Some(at + 1);
    }
    let called = matches!(
        previous.to_lowercase().as_str(),
        "chapter"
            | "part"
            | "title"
            | "annex"
            | "section"
            | "volume"
            | "vol"
            | "ch"
            | "phase"
            | "stage"
            | "grade"
            | "type"
            | "war"
            | "appendix"
            | "book"
    );
    if !called && (!evident || text.len() == 1) {
        return None;
    }
    cardinal(value, speech.open());
    Some(at + 1)
}
