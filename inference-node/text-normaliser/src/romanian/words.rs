//! Romanian words that are not said as they are written.

use super::acronyms::acronym;
use super::cardinals::{Gender, cardinal};
use super::citations::citation;
use super::days::days;
use super::moments::month;
use super::nouns;
use super::numbers::gender_counted;
use super::ordinals::ordinal;
use super::short_forms::{Need, dotted, hyphenated, short, unpointed};
use super::units::money;
use crate::letters::{pronounceable, roman, say_letters};
use crate::scan::{Kind, Line};
use crate::speech::Speech;

/// Says the word at a place in its own way, if it has one, and returns the place after what belongs to it.
pub(crate) fn word(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    match line.text(at) {
        "x" | "X" if between_numbers(line, at) => {
            speech.say("pe");
            return Some(at + 1);
        }
        "mii" | "milioane" | "miliarde" if line.is_space(at + 1) && counts(line.next_word(at + 1)) => {
            speech.copy(line.text(at));
            speech.say("de");
            return Some(at + 1);
        }
        "în" | "În" | "din" | "Din" | "prin" | "Prin" if line.text(at + 2) == "1" => {
            return within_one(line, at, speech);
        }
        _ => {}
    }
    citation(line, at, speech)
        .or_else(|| days(line, at, speech))
        .or_else(|| act(line, at, speech))
        .or_else(|| first(line, at, speech))
        .or_else(|| pointed(line, at, speech))
        .or_else(|| shortened(line, at, speech))
        .or_else(|| numeral(line, at, speech))
}

/// Words in small letters that [`word`] may change though a space follows.
pub(crate) fn is_special(word: &str) -> bool {
    match word.len() {
        0 => false,
        1 => matches!(word, "a" | "x"),
        2..=4 => {
            matches!(word, "al" | "în" | "din" | "prin" | "luni" | "joi" | "mii" | "art" | "alin" | "lit" | "teza")
                || unpointed(word, true).is_some()
        }
        _ => matches!(
            word,
            "milioane"
                | "miliarde"
                | "articolul"
                | "articolului"
                | "articolele"
                | "articolelor"
                | "alineatul"
                | "alineatului"
                | "alineatele"
                | "litera"
                | "literei"
                | "literele"
                | "punctul"
                | "punctului"
                | "punctele"
                | "paragraful"
                | "marți"
                | "miercuri"
                | "vineri"
                | "sâmbătă"
                | "duminică"
        ),
    }
}

pub(crate) fn say_capitalised(words: &str, speech: &mut Speech) {
    let mut letters = words.chars();
    if let Some(first) = letters.next() {
        let text = speech.open();
        text.extend(first.to_uppercase());
        text.push_str(letters.as_str());
    }
}

pub(crate) fn say_like(source: &str, words: &str, speech: &mut Speech) {
    if source.starts_with(char::is_uppercase) { say_capitalised(words, speech) } else { speech.say(words) }
}

/// Whether a word is a noun that takes `de` after thousands and millions.
fn counts(word: &str) -> bool {
    money(word).is_some() || nouns::known(word).is_some()
}

/// `3,5 x 4,5`.
fn between_numbers(line: &Line<'_>, at: usize) -> bool {
    let before = at.wrapping_sub(1);
    let before = if line.is_space(before) { before.wrapping_sub(1) } else { before };
    line.is_number(before) && line.is_number(line.skip_space(at + 1))
}

/// `în 1 zi` is *într-o zi*.
fn within_one(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let gender = gender_counted(line, at + 3).filter(|_| line.is_space(at + 1) && line.is_space(at + 3))?;
    speech.copy(match line.text(at) {
        "În" => "Într-",
        "în" => "într-",
        "Din" => "Dintr-",
        "din" => "dintr-",
        "Prin" => "Printr-",
        _ => "printr-",
    });
    speech.join(if gender == Gender::Feminine { "o" } else { "un" });
    Some(at + 3)
}

/// `OUG nr. 97/2005`: the kind of an act, when its number follows.
fn act(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let (short, next) = match line.text(at) {
        short @ ("OG" | "OUG" | "HG" | "HCL" | "OMAI") => (short.to_owned(), at + 1),
        "O" | "H" | "L" => initials(line, at).unwrap_or(("L".to_owned(), at + 2)),
        _ => return None,
    };
    let (name, genitive) = match short.as_str() {
        "OG" => ("Ordonanța Guvernului", "Ordonanței Guvernului"),
        "OUG" => ("Ordonanța de urgență a Guvernului", "Ordonanței de urgență a Guvernului"),
        "HG" => ("Hotărârea Guvernului", "Hotărârii Guvernului"),
        "HCL" => ("Hotărârea Consiliului Local", "Hotărârii Consiliului Local"),
        "OMAI" => ("Ordinul ministrului afacerilor interne", "Ordinului ministrului afacerilor interne"),
        "L" if line.text(at) == "L" && line.mark(at + 1) == '.' => ("Legea", "Legii"),
        _ => return None,
    };
    let following = line.skip_space(next);
    let numbered = line.is_number(following) || matches!(line.text(following), "nr" | "Nr");
    (numbered && following > next).then(|| {
        speech.say(if calls_for_genitive(line.previous_word(at)) { genitive } else { name });
        next
    })
}

/// Words after which the name of an act or of its part stands in the genitive or dative: *conform articolului 7*.
pub(crate) fn calls_for_genitive(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "conform"
            | "potrivit"
            | "contrar"
            | "prevederile"
            | "prevederilor"
            | "dispozițiile"
            | "dispozițiilor"
            | "baza"
            | "temeiul"
            | "sensul"
            | "condițiile"
            | "condițiilor"
            | "împotriva"
            | "asupra"
            | "textul"
            | "aplicarea"
            | "modificarea"
            | "completarea"
            | "respectarea"
            | "încălcarea"
            | "al"
            | "ale"
            | "ai"
            | "efectul"
            | "cuprinsul"
            | "intermediul"
            | "publicarea"
            | "abrogarea"
    )
}

/// `a 1-a`, `a I-a` are *întâi*, without the article; other ordinals are said where their number stands.
fn first(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let number = at + 2;
    let shaped = matches!(line.text(at), "a" | "al")
        && line.is_space(at + 1)
        && matches!(line.text(number), "1" | "I")
        && line.mark(number + 1) == '-'
        && matches!(line.text(number + 2), "a" | "lea");
    shaped.then(|| {
        speech.say("întâi");
        number + 3
    })
}

/// Letters with a point each: `S.R.L.`, `C.N.P.`; joined, with the place after the last point.
fn initials(line: &Line<'_>, at: usize) -> Option<(String, usize)> {
    if !line.has_two_points(at) {
        return None;
    }
    let mut joined = String::new();
    let mut place = at;
    while line.is_word(place)
        && line.text(place).chars().count() <= 3
        && line.mark(place + 1) == '.'
        && joined.len() < 24
    {
        joined.push_str(line.text(place));
        place += 2;
    }
    if place == at + 2 && line.kind(place) == Kind::Upper && line.text(place).chars().nth(1).is_none() {
        // `O.G` without its last point.
        joined.push_str(line.text(place));
        place += 1;
    }
    (place > at + 2).then_some((joined, place))
}

/// A word with a point behind it that makes it an abbreviation.
fn pointed(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    if line.mark(at + 1) != '.' {
        return None;
    }
    if let Some((joined, next)) = initials(line, at) {
        let known = dotted(&joined);
        let all_single = (at..next).step_by(2).all(|place| line.text(place).chars().nth(1).is_none());
        if known.is_some() || (all_single && joined.chars().all(char::is_uppercase)) {
            match known.or_else(|| acronym(&joined)) {
                Some(words) => speech.say(words),
                None if joined.len() > 3 && pronounceable(&joined) => speech.say(&joined.to_lowercase()),
                None => say_letters(&joined, speech),
            }
            end_of_sentence(line, next, speech);
            return Some(next);
        }
    }
    let text = line.text(at);
    // `I. L. Caragiale`: initials of a name.
    if line.kind(at) == Kind::Upper && text.chars().nth(1).is_none() {
        let after = line.skip_space(at + 2);
        let named = matches!(line.kind(after), Kind::Capital | Kind::Upper);
        return named.then(|| {
            speech.copy(text);
            speech.space();
            at + 2
        });
    }
    let lower = line.lowered(at);
    let numbered = line.is_number(at.wrapping_sub(2)) || line.is_number(at.wrapping_sub(1));
    if let Some(month) = month(&lower).filter(|&name| numbered && name != lower) {
        speech.say(month);
        return Some(at + 2);
    }
    let (words, need) = short(&lower)?;
    let after = line.skip_space(at + 2);
    let fits = match need {
        Need::Nothing => true,
        Need::Number => {
            line.is_number(after) || (line.kind(after) == Kind::Upper && line.text(after).chars().count() < 5)
        }
        Need::Name => matches!(line.kind(after), Kind::Capital | Kind::Upper) || line.is_number(after),
        Need::More => !line.ends_at(at + 2),
    };
    if !fits {
        return None;
    }
    let words = if lower == "nr" && line.previous_word(at) == "un" { "număr" } else { words };
    say_like(text, words, speech);
    end_of_sentence(line, at + 2, speech);
    Some(at + 2)
}

/// The point of an abbreviation that ends a line ends the sentence, too.
fn end_of_sentence(line: &Line<'_>, next: usize, speech: &mut Speech) {
    if line.ends_at(next) && line.mark(next.wrapping_sub(1)) == '.' {
        speech.pause('.');
    }
}

/// A short form without a point: `nr 5`, `d-na`, `cca`.
fn shortened(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let text = line.text(at);
    if line.mark(at + 1) == '-' && line.is_word(at + 2) {
        let words = hyphenated(&text.to_lowercase(), line.text(at + 2))?;
        say_like(text, words, speech);
        return Some(if line.mark(at + 3) == '.' && !line.ends_at(at + 3) { at + 4 } else { at + 3 });
    }
    if text.len() > 5 {
        return None;
    }
    let numbered = line.is_space(at + 1) && line.is_number(at + 2);
    let words = unpointed(text, numbered)?;
    say_like(text, words, speech);
    Some(at + 1)
}

/// Words after which a Roman numeral stands, also one of a single letter.
fn calls_for_numeral(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "secolul"
            | "secolului"
            | "sec"
            | "capitolul"
            | "cap"
            | "titlul"
            | "partea"
            | "părții"
            | "anexa"
            | "clasa"
            | "gradul"
            | "trimestrul"
            | "trim"
            | "semestrul"
            | "sem"
            | "etapa"
            | "faza"
            | "secțiunea"
            | "cartea"
            | "volumul"
            | "vol"
            | "tomul"
            | "punctul"
            | "articolul"
            | "categoria"
            | "nivelul"
            | "lotul"
            | "tura"
            | "turul"
            | "carol"
            | "ferdinand"
            | "mihai"
            | "ștefan"
            | "regele"
            | "ludovic"
            | "francisc"
            | "petru"
            | "ecaterina"
            | "elisabeta"
            | "iosif"
            | "mircea"
            | "rangul"
            | "mileniul"
            | "districtul"
            | "zona"
    )
}

fn numeral(line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
    let text = line.text(at);
    if line.kind(at) != Kind::Upper || line.is_number(at + 1) || money(text).is_some() {
        return None;
    }
    let value = roman(text)?;
    let previous = line.previous_word(at);
    let ending = if line.mark(at + 1) == '-' { line.text(at + 2) } else { "" };
    let ordinal_follows = matches!(ending, "lea" | "a") && matches!(previous, "al" | "a");
    if ordinal_follows {
        ordinal(value, ending == "a", speech.open());
        return Some(at + 3);
    }
    let called = calls_for_numeral(previous);
    let evident = text.len() > 1 && text.bytes().all(|letter| b"IVX".contains(&letter)) && line.mark(at + 1) != '-';
    let by_itself = evident && line.mark(at.wrapping_sub(1)) != '-';
    if !(called || by_itself) {
        return None;
    }
    match value {
        1 => speech.say("întâi"),
        _ => cardinal(value, Gender::Masculine, speech.open()),
    }
    if line.is_dash(at + 1)
        && let Some(to) = roman(line.text(at + 2))
    {
        speech.say("până la");
        cardinal(to, Gender::Masculine, speech.open());
        return Some(at + 3);
    }
    Some(at + 1)
}
