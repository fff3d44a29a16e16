//! English, read as in Britain, with the day before the month.

mod acronyms;
mod cardinals;
mod citations;
mod moments;
mod numbers;
mod relations;
mod short_forms;
mod units;
mod words;

use crate::moments::{Date, Hours, until};
use crate::scan::Line;
use crate::speech::Speech;
use crate::tongue::{Lead, Style, Tongue};

pub(crate) struct English;

const STYLE: Style = Style {
    digits: ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    decimal: '.',
    group: ',',
    dot: "dot",
    slash: "slash",
    dash: "dash",
    underscore: "underscore",
    at: "at",
    plus: "plus",
};

impl Tongue for English {
    fn style(&self) -> &'static Style {
        &STYLE
    }

    fn cardinal(&self, value: u64, text: &mut String) {
        cardinals::cardinal(value, text);
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
        moments::say_date(date, speech);
        let Some((last, next)) = until(line, next) else { return next };
        speech.say("to");
        moments::say_date(last, speech);
        next
    }

    fn hours(&self, line: &Line<'_>, at: usize, hours: Hours, next: usize, speech: &mut Speech) -> usize {
        moments::say_hours(line, at, hours, next, speech)
    }

    fn point_is_hour(&self, line: &Line<'_>, at: usize) -> bool {
        moments::half_of_day(line, at + 3).is_some()
    }

    fn acronym(&self, word: &str) -> Option<&'static str> {
        acronyms::acronym(word)
    }

    fn is_unit(&self, word: &str) -> bool {
        units::money(word).is_some() || units::measure(word).is_some() || matches!(word, "AM" | "PM")
    }

    fn sign(&self, mark: char) -> Option<&'static str> {
        Some(match mark {
            '&' => "and",
            '+' => "plus",
            '=' => "equals",
            '<' => "less than",
            '>' => "more than",
            '≤' => "at most",
            '≥' => "at least",
            '≠' => "is not equal to",
            '±' => "plus or minus",
            '×' | '*' => "times",
            '÷' => "divided by",
            '^' => "to the power of",
            '~' | '≈' => "about",
            '@' => "at",
            '#' => "number",
            '№' => "number",
            '§' => "section",
            '%' => "per cent",
            '‰' => "per mille",
            '°' => "degrees",
            '€' => "euros",
            '$' => "dollars",
            '£' => "pounds",
            '²' => "squared",
            '³' => "cubed",
            _ => return None,
        })
    }

    fn slash(&self, line: &Line<'_>, at: usize) -> &'static str {
        let before = at.checked_sub(1).map_or("", |place| line.text(place));
        let after = line.text(at + 1);
        if matches!(before, "and" | "And") {
            ""
        } else if (before.len() > 1 && self.is_unit(before))
            || matches!(after, "month" | "hour" | "day" | "year" | "person" | "week")
        {
            "per"
        } else if line.is_number(at.wrapping_sub(1)) || line.is_number(at + 1) {
            "slash"
        } else {
            "or"
        }
    }
}
