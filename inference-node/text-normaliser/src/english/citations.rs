//! Places in laws: `Article 5(2)(b)`, `art. 5 para. (2) letter b)`.

use super::cardinals::cardinal;
use crate::letters::roman;
use crate::scan::{Kind, Line};
use crate::speech::Speech;

/// An element of a law; words written out keep their form.
fn element(word: &str) -> Option<&str> {
    Some(match word {
        "art" | "Art" => "article",
        "para" | "Para" | "par" => "paragraph",
        "lit" => "letter",
        "pt" => "point",
        "article" | "Article" | "paragraph" | "Paragraph" | "letter" | "Letter" | "point" | "subparagraph"
        | "articles" | "Articles" => word,
        _ => return None,
    })
}

/// Says the citation at a place, with all its elements, and returns the place after it.
pub(crate) fn citation(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let mut place = at;
    let mut elements = 0;
    while let Some((name, value, next)) = shaped(line, place) {
        if elements > 0 {
            speech.pause(',');
        }
        let capital = name.starts_with(char::is_lowercase) && line.text(place).starts_with(char::is_uppercase);
        if capital {
            let text = speech.open();
            text.extend(name.chars().take(1).flat_map(char::to_uppercase));
            text.extend(name.chars().skip(1));
        } else {
            speech.say(name);
        }
        say_value(line, value, speech);
        elements += 1;
        place = next;
        if let Some(after) = brackets(line, at, place, speech) {
            elements += 1;
            place = after;
        }
        let comma = if line.mark(place) == ',' { place + 1 } else { place };
        let following = line.skip_space(comma);
        if shaped(line, following).is_none() {
            break;
        }
        place = following;
    }
    if elements > 1 && matches!(line.next_word(place), "of") {
        speech.pause(',');
    }
    (elements > 0).then_some(place)
}

/// An element with the place of its number or letter and the place after it.
fn shaped<'t>(line: &Line<'t>, at: usize) -> Option<(&'t str, usize, usize)> {
    let name = element(line.text(at))?;
    let after_name = if line.mark(at + 1) == '.' { at + 2 } else { at + 1 };
    let first = line.skip_space(after_name);
    let bracketed = line.mark(first) == '(';
    let value = if bracketed { first + 1 } else { first };
    let mut next = value + 1;
    let closed = line.mark(next) == ')';
    let fits = match line.kind(value) {
        // Ranges, decimals and fractions are read as such.
        Kind::Number => {
            line.text(value).len() < 5
                && !(matches!(line.mark(next), '.' | '/' | '-' | '–' | ',') && line.is_number(next + 1))
        }
        Kind::Lower | Kind::Upper if line.text(value).len() == 1 => {
            closed || (line.kind(value) == Kind::Upper && line.text(value) != "I")
        }
        Kind::Upper => roman(line.text(value)).is_some(),
        _ => false,
    };
    if !fits || (bracketed && !closed) || first == at + 1 {
        return None;
    }
    if closed {
        next += 1;
    }
    Some((name, value, next))
}

fn say_value(line: &Line<'_>, at: usize, speech: &mut Speech) {
    let text = line.text(at);
    match text.parse().ok().or_else(|| roman(text).filter(|_| text.len() > 1 || matches!(text, "I" | "V" | "X"))) {
        Some(value) => cardinal(value, speech.open()),
        None => speech.say(text),
    }
}

/// `(2)(b)` right behind the number of an article: *paragraph two, letter b*.
pub(crate) fn brackets(line: &Line<'_>, at: usize, next: usize, speech: &mut Speech) -> Option<usize> {
    let of_law = element(line.text(at)).is_some()
        || matches!(
            line.previous_word(at),
            "article" | "Article" | "articles" | "Articles" | "Art" | "art" | "Section" | "section" | "to" | "and"
        );
    let mut place = next;
    while of_law && line.mark(place) == '(' && line.mark(place + 2) == ')' {
        let name = match line.kind(place + 1) {
            Kind::Number if line.text(place + 1).len() < 4 => "paragraph",
            Kind::Lower if line.text(place + 1).len() == 1 => "letter",
            _ => break,
        };
        speech.pause(',');
        speech.say(name);
        say_value(line, place + 1, speech);
        place += 3;
    }
    (place > next).then_some(place)
}
