//! Romanian, as in the offices of Romania.

mod acronyms;
mod cardinals;
mod citations;
mod days;
mod moments;
mod nouns;
mod numbers;
mod ordinals;
mod relations;
mod short_forms;
mod units;
mod words;

use crate::moments::{Date, Hours, until};
use crate::scan::Line;
use crate::speech::Speech;
use crate::tongue::{Lead, Style, Tongue};

pub(crate) struct Romanian;

pub(crate) const STYLE: Style = Style {
    digits: ["zero", "unu", "doi", "trei", "patru", "cinci", "șase", "șapte", "opt", "nouă"],
    decimal: ',',
    group: '.',
    dot: "punct",
    slash: "slash",
    dash: "liniuță",
    underscore: "linie jos",
    at: "arond",
    plus: "plus",
};

impl Tongue for Romanian {
    fn style(&self) -> &'static Style {
        &STYLE
    }

    fn cardinal(&self, value: u64, text: &mut String) {
        cardinals::cardinal(value, cardinals::Gender::Masculine, text);
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
        speech.say("până la");
        moments::say_date(last, speech);
        next
    }

    fn hours(&self, line: &Line<'_>, at: usize, hours: Hours, next: usize, speech: &mut Speech) -> usize {
        moments::say_hours(line, at, hours, speech);
        next
    }

    fn point_is_hour(&self, line: &Line<'_>, at: usize) -> bool {
        moments::after_hour_word(line, at)
    }

    fn acronym(&self, word: &str) -> Option<&'static str> {
        acronyms::acronym(word)
    }

    fn is_unit(&self, word: &str) -> bool {
        units::money(word).is_some() || units::measure(word).is_some()
    }

    fn sign(&self, mark: char) -> Option<&'static str> {
        Some(match mark {
            '&' => "și",
            '+' => "plus",
            '=' => "egal",
            '<' => "mai mic decât",
            '>' => "mai mare decât",
            '≤' => "cel mult",
            '≥' => "cel puțin",
            '≠' => "diferit de",
            '±' => "plus minus",
            '×' | '*' => "ori",
            '÷' => "împărțit la",
            '^' => "la puterea",
            '~' | '≈' => "aproximativ",
            '@' => "arond",
            '#' => "diez",
            '№' => "numărul",
            '§' => "paragraful",
            '%' => "la sută",
            '‰' => "la mie",
            '°' => "grade",
            '€' => "euro",
            '$' => "dolari",
            '£' => "lire sterline",
            '²' => "la pătrat",
            '³' => "la cub",
            _ => return None,
        })
    }

    fn slash(&self, line: &Line<'_>, at: usize) -> &'static str {
        let before = at.checked_sub(1).map_or("", |place| line.text(place));
        let after = line.text(at + 1);
        if matches!(before, "și" | "Și") {
            return "";
        }
        let measured = self.is_unit(before) && before.len() > 1;
        if measured || matches!(after, "lună" | "oră" | "zi" | "an" | "persoană" | "bucată" | "km" | "kg" | "mp" | "h")
        {
            "pe"
        } else if line.is_number(at.wrapping_sub(1)) || line.is_number(at + 1) {
            "bară"
        } else {
            "sau"
        }
    }
}
