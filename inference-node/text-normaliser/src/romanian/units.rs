//! Units of measure and currencies, as they stand after numbers.

use super::cardinals::Gender::{self, Feminine, Masculine, Neuter};
use crate::scan::Line;

/// A unit in words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    pub(crate) one: &'static str,
    pub(crate) many: &'static str,
    pub(crate) gender: Gender,
    /// The hundredth of a currency, one and many.
    pub(crate) hundredth: Option<(&'static str, &'static str)>,
}

const fn unit(one: &'static str, many: &'static str, gender: Gender) -> Unit {
    Unit { one, many, gender, hundredth: None }
}

const fn currency(one: &'static str, many: &'static str, hundredth: (&'static str, &'static str)) -> Unit {
    Unit { one, many, gender: Masculine, hundredth: Some(hundredth) }
}

const CENT: (&str, &str) = ("cent", "cenți");

/// The currency of a sign or a word.
pub(crate) fn money(word: &str) -> Option<Unit> {
    Some(match word {
        "lei" | "leu" | "RON" | "Lei" | "LEI" | "ron" => currency("leu", "lei", ("ban", "bani")),
        "€" | "EUR" | "euro" | "Euro" | "EURO" | "eur" => currency("euro", "euro", CENT),
        "$" | "USD" | "dolari" | "dolar" => currency("dolar", "dolari", CENT),
        "£" | "GBP" => Unit { gender: Feminine, ..currency("liră sterlină", "lire sterline", ("penny", "pence")) },
        "Ft" | "HUF" => currency("forint", "forinți", ("fillér", "filléri")),
        "MDL" => currency("leu moldovenesc", "lei moldovenești", ("ban", "bani")),
        "CHF" => currency("franc elvețian", "franci elvețieni", ("centimă", "centime")),
        _ => return None,
    })
}

/// The unit of measure of a short form.
pub(crate) fn measure(word: &str) -> Option<Unit> {
    Some(match word {
        "km" => unit("kilometru", "kilometri", Masculine),
        "m" => unit("metru", "metri", Masculine),
        "dm" => unit("decimetru", "decimetri", Masculine),
        "cm" => unit("centimetru", "centimetri", Masculine),
        "mm" => unit("milimetru", "milimetri", Masculine),
        "mp" => unit("metru pătrat", "metri pătrați", Masculine),
        "mc" => unit("metru cub", "metri cubi", Masculine),
        "ha" => unit("hectar", "hectare", Neuter),
        "kg" | "Kg" | "KG" => unit("kilogram", "kilograme", Neuter),
        "g" | "gr" => unit("gram", "grame", Neuter),
        "mg" => unit("miligram", "miligrame", Neuter),
        "t" => unit("tonă", "tone", Feminine),
        "l" | "L" => unit("litru", "litri", Masculine),
        "ml" => unit("mililitru", "mililitri", Masculine),
        "KB" | "kB" => unit("kilobait", "kilobaiți", Masculine),
        "MB" | "Mb" => unit("megabait", "megabaiți", Masculine),
        "GB" | "Gb" => unit("gigabait", "gigabaiți", Masculine),
        "TB" => unit("terabait", "terabaiți", Masculine),
        "Mbps" => unit("megabit pe secundă", "megabiți pe secundă", Masculine),
        "W" => unit("watt", "wați", Masculine),
        "kW" | "KW" => unit("kilowatt", "kilowați", Masculine),
        "MW" => unit("megawatt", "megawați", Masculine),
        "kWh" | "KWh" => unit("kilowatt-oră", "kilowați-oră", Masculine),
        "MWh" => unit("megawatt-oră", "megawați-oră", Masculine),
        "V" => unit("volt", "volți", Masculine),
        "CP" => unit("cal-putere", "cai-putere", Masculine),
        "s" | "sec" => unit("secundă", "secunde", Feminine),
        "ms" => unit("milisecundă", "milisecunde", Feminine),
        "min" => unit("minut", "minute", Neuter),
        "h" => unit("oră", "ore", Feminine),
        "px" => unit("pixel", "pixeli", Masculine),
        "dpi" => unit("punct pe țol", "puncte pe țol", Neuter),
        "buc" => unit("bucată", "bucăți", Feminine),
        "pag" => unit("pagină", "pagini", Feminine),
        "ex" => unit("exemplar", "exemplare", Neuter),
        "pers" => unit("persoană", "persoane", Feminine),
        "mil" => unit("milion", "milioane", Neuter),
        "mld" => unit("miliard", "miliarde", Neuter),
        _ => return None,
    })
}

/// The unit at a place, with the place after it: also `m²`, `m2`, `°C`, `min.`.
pub(crate) fn unit_at(line: &Line<'_>, at: usize) -> Option<(Unit, usize)> {
    if line.mark(at) == '°' {
        return Some(match line.text(at + 1) {
            "C" => (unit("grad Celsius", "grade Celsius", Neuter), at + 2),
            "F" => (unit("grad Fahrenheit", "grade Fahrenheit", Neuter), at + 2),
            _ => (unit("grad", "grade", Neuter), at + 1),
        });
    }
    let word = line.text(at);
    if let Some(known) = money(word) {
        return Some((known, at + 1));
    }
    let power = match (line.mark(at + 1), line.text(at + 1)) {
        ('²', _) | (_, "2") => 2,
        ('³', _) | (_, "3") => 3,
        _ => 1,
    };
    let powered = match (word, power) {
        ("m", 2) => Some(unit("metru pătrat", "metri pătrați", Masculine)),
        ("m", 3) => Some(unit("metru cub", "metri cubi", Masculine)),
        ("km", 2) => Some(unit("kilometru pătrat", "kilometri pătrați", Masculine)),
        ("cm", 2) => Some(unit("centimetru pătrat", "centimetri pătrați", Masculine)),
        ("cm", 3) => Some(unit("centimetru cub", "centimetri cubi", Masculine)),
        _ => None,
    };
    if let Some(powered) = powered {
        return Some((powered, at + 2));
    }
    // `m-am`, `s-a`, `l-a` are no units.
    if word.len() == 1 && matches!(line.mark(at + 1), '-' | '\'' | '’') {
        return None;
    }
    let known = measure(word)?;
    // `mil.` and its like bring a point of their own; at the end of a sentence it serves for both.
    let pointed = matches!(word, "mil" | "mld" | "min" | "sec" | "buc" | "pag" | "ex" | "pers");
    let next = if pointed && line.mark(at + 1) == '.' && !line.ends_at(at + 1) { at + 2 } else { at + 1 };
    Some((known, next))
}
