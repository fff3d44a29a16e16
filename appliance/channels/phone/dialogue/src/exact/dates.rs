//! Dates in words: "pe 12 mai 2026", "május tizenkettedike", "tomorrow".

use desk::language::Language;
use jiff::ToSpan;
use jiff::civil::Date;

use super::numerals::{Token, tokens};
use super::value::date;

/// How the months begin, folded, January first.
const MONTHS: [(Language, [&str; 12]); 3] = [
    (Language::Ro, ["ian", "feb", "mart", "apr", "mai", "iun", "iul", "aug", "sept", "oct", "noi", "dec"]),
    (Language::Hu, ["jan", "feb", "marc", "apr", "maj", "jun", "jul", "aug", "szep", "okt", "nov", "dec"]),
    (Language::En, ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
];

/// The date that `text` names, seen from `today`. Without a year it is the nearest one to come.
pub(super) fn spoken(text: &str, language: Language, today: Date) -> Option<Date> {
    let tokens = tokens(text, language);
    if let Some(days) = tokens.iter().find_map(relative) {
        return today.checked_add(days.days()).ok();
    }
    let months = MONTHS.iter().find(|(of, _)| *of == language).map(|(_, months)| months)?;
    let month = tokens.iter().find_map(|token| match token {
        Token::Word(word) => months.iter().position(|name| word.starts_with(name)),
        Token::Number(_) => None,
    })?;
    let month = i8::try_from(month + 1).ok()?;
    let numbers: Vec<u32> = tokens.iter().filter_map(number).collect();
    let day = numbers.iter().find(|number| (1..=31).contains(*number)).and_then(|day| i8::try_from(*day).ok())?;
    match numbers.iter().find(|number| **number >= 1900) {
        Some(year) => date(i16::try_from(*year).ok()?, month, day).ok(),
        None => {
            let this = date(today.year(), month, day).ok()?;
            if this < today { date(today.year() + 1, month, day).ok() } else { Some(this) }
        }
    }
}

fn relative(token: &Token) -> Option<i32> {
    let Token::Word(word) = token else { return None };
    Some(match word.as_str() {
        "azi" | "astazi" | "ma" | "today" => 0,
        "maine" | "holnap" | "tomorrow" => 1,
        "poimaine" | "holnaputan" => 2,
        "ieri" | "tegnap" | "yesterday" => -1,
        _ => return None,
    })
}

fn number(token: &Token) -> Option<u32> {
    match token {
        Token::Number(figures) => figures.parse().ok(),
        Token::Word(word) => ordinal(word),
    }
}

/// "12th" in English, "tizenkettedike" or "12-én" in Hungarian: the figures or the numeral at the front.
fn ordinal(word: &str) -> Option<u32> {
    let figures: String = word.chars().take_while(char::is_ascii_digit).collect();
    if !figures.is_empty() {
        return figures.parse().ok();
    }
    let stems = ["adikan", "adika", "adik", "edikan", "ediken", "edike", "edik", "odikan", "odika", "odik"];
    let stem = stems.iter().find_map(|end| word.strip_suffix(end))?;
    // The vowel of the last numeral changes before the ending: "ötödik" from "öt", "harmadik" from "három".
    let whole = [("harm", "harom"), ("negy", "negy"), ("kett", "ketto"), ("hetv", "hetven"), ("heted", "het")]
        .iter()
        .find_map(|(short, long)| stem.strip_suffix(short).map(|front| format!("{front}{long}")))
        .unwrap_or_else(|| stem.to_owned());
    match tokens(&whole, Language::Hu).as_slice() {
        [Token::Number(number)] => number.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_understood_as_people_say_them() {
        let today = date(2026, 11, 22);
        let cases = [
            (Language::Ro, "pe doisprezece mai două mii douăzeci și șase", date(2026, 5, 12)),
            (Language::Ro, "23 decembrie", date(2026, 12, 23)),
            (Language::Ro, "întâi martie", date(2027, 3, 1)),
            (Language::Ro, "mâine", date(2026, 11, 23)),
            (Language::Ro, "născut pe trei iunie o mie nouă sute optzeci", date(1980, 6, 3)),
            (Language::Hu, "május tizenkettedike", date(2027, 5, 12)),
            (Language::Hu, "kétezer-huszonhat december harmadik", date(2026, 12, 3)),
            (Language::Hu, "holnap", date(2026, 11, 23)),
            (Language::En, "the 12th of May 2027", date(2027, 5, 12)),
            (Language::En, "December twenty-three", date(2026, 12, 23)),
        ];
        for (language, text, expected) in cases {
            assert_eq!(spoken(text, language, today), Some(expected), "{text}");
        }
        assert_eq!(spoken("treizeci și unu februarie", Language::Ro, today), None);
        assert_eq!(spoken("nu știu", Language::Ro, today), None);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in ".{0,60}") {
            for language in Language::ALL {
                let _ = spoken(&text, language, date(2026, 11, 22));
            }
        }
    }
}
