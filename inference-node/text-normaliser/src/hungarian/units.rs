//! Units of measure and currencies in Hungarian; they have no plural after numbers.

use crate::scan::Line;

/// A currency and its hundredth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Money {
    pub(crate) name: &'static str,
    pub(crate) hundredth: &'static str,
}

/// The currency of a sign or a word.
pub(crate) fn money(word: &str) -> Option<Money> {
    let (name, hundredth) = match word {
        "lej" | "RON" | "lei" | "ron" | "LEJ" => ("lej", "bani"),
        "€" | "EUR" | "euró" | "eur" => ("euró", "cent"),
        "$" | "USD" | "dollár" => ("dollár", "cent"),
        "£" | "GBP" | "font" => ("font", "penny"),
        "Ft" | "HUF" | "forint" | "FT" => ("forint", "fillér"),
        "CHF" => ("svájci frank", "centime"),
        _ => return None,
    };
    Some(Money { name, hundredth })
}

/// The unit of measure of a short form.
pub(crate) fn measure(word: &str) -> Option<&'static str> {
    Some(match word {
        "km" => "kilométer",
        "m" => "méter",
        "dm" => "deciméter",
        "cm" => "centiméter",
        "mm" => "milliméter",
        "ha" => "hektár",
        "kg" => "kilogramm",
        "dkg" => "dekagramm",
        "g" => "gramm",
        "mg" => "milligramm",
        "t" => "tonna",
        "l" => "liter",
        "dl" => "deciliter",
        "ml" => "milliliter",
        "KB" | "kB" => "kilobájt",
        "MB" => "megabájt",
        "GB" => "gigabájt",
        "TB" => "terabájt",
        "W" => "watt",
        "kW" => "kilowatt",
        "MW" => "megawatt",
        "kWh" => "kilowattóra",
        "MWh" => "megawattóra",
        "V" => "volt",
        "LE" => "lóerő",
        "h" => "óra",
        "min" => "perc",
        "mp" => "másodperc",
        "db" => "darab",
        "px" => "pixel",
        "nm" => "négyzetméter",
        _ => return None,
    })
}

/// A unit with its currency's hundredth, if it is one, and the place after it.
pub(crate) fn unit_at(line: &Line<'_>, at: usize) -> Option<(&'static str, Option<&'static str>, usize)> {
    if line.mark(at) == '°' {
        return Some(match line.text(at + 1) {
            "C" => ("Celsius-fok", None, at + 2),
            "F" => ("Fahrenheit-fok", None, at + 2),
            _ => ("fok", None, at + 1),
        });
    }
    match line.mark(at) {
        '%' => return Some(("százalék", None, at + 1)),
        '‰' => return Some(("ezrelék", None, at + 1)),
        _ => {}
    }
    let word = line.text(at);
    if let Some(money) = money(word) {
        return Some((money.name, Some(money.hundredth), at + 1));
    }
    let power = match (line.mark(at + 1), line.text(at + 1)) {
        ('²', _) | (_, "2") => 2,
        ('³', _) | (_, "3") => 3,
        _ => 1,
    };
    let powered = match (word, power) {
        ("m", 2) => "négyzetméter",
        ("m", 3) => "köbméter",
        ("km", 2) => "négyzetkilométer",
        ("cm", 2) => "négyzetcentiméter",
        ("cm", 3) => "köbcentiméter",
        _ => "",
    };
    if !powered.is_empty() {
        return Some((powered, None, at + 2));
    }
    let next = if word == "db" && line.mark(at + 1) == '.' && !line.ends_at(at + 1) { at + 2 } else { at + 1 };
    Some((measure(word)?, None, next))
}
