//! Places in Romanian laws: `art. 5 alin. (2) lit. b) din OG nr. 27/2002`.

use super::STYLE;
use super::cardinals::{Gender, cardinal};
use super::words::calls_for_genitive;
use crate::figures::figure;
use crate::letters::roman;
use crate::scan::{Kind, Line};
use crate::speech::Speech;
use crate::tongue::say_digits;

/// Singular and plural of an element of a law. Words written out keep their form: they may stand in the genitive.
fn element(word: &str) -> Option<(&str, &str)> {
    Some(match word {
        "art" | "Art" | "ART" => ("articolul", "articolele"),
        "alin" | "Alin" => ("alineatul", "alineatele"),
        "lit" | "Lit" => ("litera", "literele"),
        "pct" | "Pct" => ("punctul", "punctele"),
        "par" | "Par" => ("paragraful", "paragrafele"),
        "articolul" | "articolului" | "articolele" | "articolelor" | "alineatul" | "alineatului" | "alineatele"
        | "litera" | "literei" | "literele" | "punctul" | "punctului" | "punctele" | "paragraful" | "teza"
        | "Articolul" | "Articolele" | "Alineatul" | "Litera" => (word, word),
        _ => return None,
    })
}

fn genitive(element: &str, plural: bool) -> &'static str {
    match (element, plural) {
        ("articolul", false) => "articolului",
        ("articolul", true) => "articolelor",
        ("alineatul", false) => "alineatului",
        ("alineatul", true) => "alineatelor",
        ("litera", false) => "literei",
        ("litera", true) => "literelor",
        ("punctul", false) => "punctului",
        ("punctul", true) => "punctelor",
        (_, false) => "paragrafului",
        (_, true) => "paragrafelor",
    }
}

/// One number or letter, with what joins it to the one before.
struct Item {
    /// `None` for the first.
    joint: Option<&'static str>,
    at: usize,
    /// A small number behind: `5^1`.
    index: Option<usize>,
}

/// Says the citation at a place, with all its elements, and returns the place after it.
pub(crate) fn citation(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let mut place = at;
    let mut elements = 0;
    while let Some(next) = say_element(line, place, elements > 0, speech) {
        elements += 1;
        place = next;
        // `art. 5 (2)`: a number in brackets is a paragraph.
        let bracket = line.skip_space(place);
        if line.mark(bracket) == '(' && line.is_number(bracket + 1) && line.mark(bracket + 2) == ')' {
            speech.pause(',');
            speech.say("alineatul");
            place = say_items(line, bracket, speech)?;
        }
        let comma = if line.mark(place) == ',' { place + 1 } else { place };
        let following = line.skip_space(comma);
        if element(line.text(following)).is_none() {
            break;
        }
        if items(line, line.skip_space(after_name(line, following))).0.is_empty() {
            break;
        }
        place = following;
    }
    if elements == 0 {
        return None;
    }
    if elements > 1 && matches!(line.next_word(place), "din" | "al" | "a") {
        speech.pause(',');
    }
    Some(place)
}

fn after_name(line: &Line<'_>, at: usize) -> usize {
    if line.mark(at + 1) == '.' { at + 2 } else { at + 1 }
}

fn say_element(line: &Line<'_>, at: usize, further: bool, speech: &mut Speech) -> Option<usize> {
    let word = line.text(at);
    let (one, many) = element(word)?;
    let name_is_short = one != word;
    let first = line.skip_space(after_name(line, at));
    let (found, _) = items(line, first);
    if found.is_empty() {
        return None;
    }
    if further {
        speech.pause(',');
    }
    let plural = found.len() > 1;
    let name = if name_is_short && !further && calls_for_genitive(line.previous_word(at)) {
        genitive(one, plural)
    } else if plural {
        many
    } else {
        one
    };
    if word.starts_with(char::is_uppercase) && name != word {
        super::words::say_capitalised(name, speech);
    } else {
        speech.say(name);
    }
    say_items(line, first, speech)
}

/// The numbers or letters from a place on, joined by commas, dashes and `și`, and the place after them.
fn items(line: &Line<'_>, at: usize) -> (Vec<Item>, usize) {
    let mut found: Vec<Item> = Vec::new();
    let (mut place, mut next, mut joint) = (at, at, None);
    while let Some((item, after)) = item(line, place, joint, found.first().map(|first| line.kind(first.at))) {
        found.push(item);
        next = after;
        let spaced = line.skip_space(after);
        let (following, said) = match line.mark(spaced) {
            ',' if spaced == after => (line.skip_space(after + 1), ","),
            '-' | '–' => (line.skip_space(spaced + 1), "până la"),
            _ if matches!(line.text(spaced), "și" | "sau" | "ori") && spaced > after => {
                (line.skip_space(spaced + 1), if line.text(spaced) == "și" { "și" } else { "sau" })
            }
            _ => break,
        };
        (place, joint) = (following, Some(said));
    }
    (found, next)
}

fn item(line: &Line<'_>, at: usize, joint: Option<&'static str>, first: Option<Kind>) -> Option<(Item, usize)> {
    let bracketed = line.mark(at) == '(';
    let value = if bracketed { at + 1 } else { at };
    let index_of = |after: usize| match line.mark(after) {
        '^' if line.is_number(after + 1) => (Some(after + 1), after + 2),
        '¹' | '²' | '³' => (Some(after), after + 1),
        _ => (None, after),
    };
    // `art. 1.349` of the Civil Code.
    let grouped = line.mark(value + 1) == '.' && figure(line, value, &STYLE).grouped;
    let (index, mut next) = index_of(if grouped { figure(line, value, &STYLE).next } else { value + 1 });
    let fits = match line.kind(value) {
        Kind::Number => {
            line.text(value).len() <= 6
                && !(matches!(line.mark(next), '/' | '.') && line.is_number(next + 1))
                && first.is_none_or(|kind| kind == Kind::Number)
        }
        // A letter among several must be marked as one by its bracket: `a` and `o` are words, too.
        Kind::Lower | Kind::Upper if line.text(value).chars().nth(1).is_none() && roman(line.text(value)).is_none() => {
            line.mark(next) == ')' || (first.is_none() && line.mark(next) != '-' && line.kind(next) != Kind::Number)
        }
        Kind::Upper => first.is_none() && roman(line.text(value)).is_some(),
        _ => false,
    };
    if !fits {
        return None;
    }
    if line.mark(next) == ')' {
        next += 1;
    } else if bracketed {
        return None;
    }
    let (outer, next) = if index.is_none() { index_of(next) } else { (index, next) };
    Some((Item { joint, at: value, index: outer }, next))
}

fn say_items(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let (found, next) = items(line, at);
    if found.is_empty() {
        return None;
    }
    for item in found {
        match item.joint {
            Some(",") => speech.pause(','),
            Some(joint) => speech.say(joint),
            None => {}
        }
        say_value(line, item.at, speech);
        if let Some(index) = item.index {
            speech.say("indice");
            match line.mark(index) {
                '¹' => speech.say("unu"),
                '²' => speech.say("doi"),
                '³' => speech.say("trei"),
                _ => say_value(line, index, speech),
            }
        }
    }
    Some(next)
}

fn say_value(line: &Line<'_>, at: usize, speech: &mut Speech) {
    let text = line.text(at);
    if line.mark(at + 1) == '.'
        && let Some(value) = figure(line, at, &STYLE).whole.filter(|_| figure(line, at, &STYLE).grouped)
    {
        return cardinal(value, Gender::Masculine, speech.open());
    }
    match (line.kind(at), text.parse::<u64>()) {
        (Kind::Number, Ok(value)) if !text.starts_with('0') => cardinal(value, Gender::Masculine, speech.open()),
        (Kind::Number, _) => say_digits(&STYLE, text, speech),
        _ => match roman(text) {
            Some(1) => speech.say("întâi"),
            Some(value) => cardinal(value, Gender::Masculine, speech.open()),
            None => speech.say(text),
        },
    }
}
