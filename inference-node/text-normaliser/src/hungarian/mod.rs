//! Hungarian, also as it is written in Romania: lei, Romanian telephone numbers and laws.

mod acronyms;
mod cardinals;
mod forms;
mod moments;
mod numbers;
mod relations;
mod short_forms;
mod units;
mod words;

use crate::moments::{Date, Hours};
use crate::scan::Line;
use crate::speech::Speech;
use crate::tongue::{Lead, Style, Tongue};

pub(crate) struct Hungarian;

const STYLE: Style = Style {
    digits: ["nulla", "egy", "kettő", "három", "négy", "öt", "hat", "hét", "nyolc", "kilenc"],
    decimal: ',',
    group: '.',
    dot: "pont",
    slash: "per",
    dash: "kötőjel",
    underscore: "alulvonás",
    at: "kukac",
    plus: "plusz",
};

impl Tongue for Hungarian {
    fn style(&self) -> &'static Style {
        &STYLE
    }

    fn cardinal(&self, value: u64, text: &mut String) {
        cardinals::cardinal(value, false, text);
    }

    fn word(&self, line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
        words::word(line, at, speech)
    }

    fn is_special(&self, word: &str) -> bool {
        words::is_special(word)
    }

    fn number(&self, line: &Line<'_>, at: usize, lead: Lead, speech: &mut Speech) -> usize {
        numbers::number(line, at, lead, speech)
    }

    fn date(&self, line: &Line<'_>, date: Date, next: usize, speech: &mut Speech) -> usize {
        moments::say_date(line, date, next, speech)
    }

    fn hours(&self, line: &Line<'_>, _at: usize, hours: Hours, next: usize, speech: &mut Speech) -> usize {
        moments::say_hours(line, hours, next, speech)
    }

    fn point_is_hour(&self, line: &Line<'_>, at: usize) -> bool {
        moments::point_is_hour(line, at)
    }

    fn acronym(&self, word: &str) -> Option<&'static str> {
        acronyms::acronym(word)
    }

    fn is_unit(&self, word: &str) -> bool {
        units::money(word).is_some() || units::measure(word).is_some()
    }

    fn mark(&self, line: &Line<'_>, at: usize, speech: &mut Speech) -> Option<usize> {
        words::bracketed_paragraph(line, at, speech)
    }

    fn sign(&self, mark: char) -> Option<&'static str> {
        Some(match mark {
            '&' => "és",
            '+' => "plusz",
            '=' => "egyenlő",
            '<' => "kisebb mint",
            '>' => "nagyobb mint",
            '≤' => "legfeljebb",
            '≥' => "legalább",
            '≠' => "nem egyenlő",
            '±' => "plusz-mínusz",
            '×' | '*' => "szorozva",
            '÷' => "osztva",
            '^' => "a hatványon",
            '~' | '≈' => "körülbelül",
            '@' => "kukac",
            '#' => "kettőskereszt",
            '№' => "szám",
            '§' => "paragrafus",
            '%' => "százalék",
            '‰' => "ezrelék",
            '°' => "fok",
            '€' => "euró",
            '$' => "dollár",
            '£' => "font",
            '²' => "négyzet",
            '³' => "köb",
            _ => return None,
        })
    }

    fn slash(&self, line: &Line<'_>, at: usize) -> &'static str {
        let before = at.checked_sub(1).map_or("", |place| line.text(place));
        if matches!(before, "és" | "És") {
            ""
        } else if self.is_unit(before) || line.is_number(at.wrapping_sub(1)) || line.is_number(at + 1) {
            "per"
        } else {
            "vagy"
        }
    }
}
