//! Units of measure and currencies in English.

use crate::scan::Line;

/// A unit in words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    pub(crate) one: &'static str,
    pub(crate) many: &'static str,
    /// The hundredth of a currency, one and many.
    pub(crate) hundredth: Option<(&'static str, &'static str)>,
}

const fn unit(one: &'static str, many: &'static str) -> Unit {
    Unit { one, many, hundredth: None }
}

const fn currency(one: &'static str, many: &'static str, small: &'static str, small_many: &'static str) -> Unit {
    Unit { one, many, hundredth: Some((small, small_many)) }
}

/// The currency of a sign or a word.
pub(crate) fn money(word: &str) -> Option<Unit> {
    Some(match word {
        "lei" | "leu" | "RON" | "ron" | "LEI" => currency("leu", "lei", "ban", "bani"),
        "€" | "EUR" | "euro" | "euros" | "eur" => currency("euro", "euros", "cent", "cents"),
        "$" | "USD" | "dollar" | "dollars" => currency("dollar", "dollars", "cent", "cents"),
        "£" | "GBP" => currency("pound", "pounds", "penny", "pence"),
        "Ft" | "HUF" | "forints" => currency("forint", "forints", "fillér", "fillérs"),
        "CHF" => currency("Swiss franc", "Swiss francs", "centime", "centimes"),
        _ => return None,
    })
}

/// The unit of measure of a short form.
pub(crate) fn measure(word: &str) -> Option<Unit> {
    Some(match word {
        "km" => unit("kilometre", "kilometres"),
        "m" => unit("metre", "metres"),
        "cm" => unit("centimetre", "centimetres"),
        "mm" => unit("millimetre", "millimetres"),
        "sqm" => unit("square metre", "square metres"),
        "ha" => unit("hectare", "hectares"),
        "kg" => unit("kilogram", "kilograms"),
        "g" => unit("gram", "grams"),
        "mg" => unit("milligram", "milligrams"),
        "t" => unit("tonne", "tonnes"),
        "l" => unit("litre", "litres"),
        "ml" => unit("millilitre", "millilitres"),
        "lb" | "lbs" => unit("pound", "pounds"),
        "ft" => unit("foot", "feet"),
        "mi" => unit("mile", "miles"),
        "mph" => unit("mile per hour", "miles per hour"),
        "KB" | "kB" => unit("kilobyte", "kilobytes"),
        "MB" => unit("megabyte", "megabytes"),
        "GB" => unit("gigabyte", "gigabytes"),
        "TB" => unit("terabyte", "terabytes"),
        "W" => unit("watt", "watts"),
        "kW" => unit("kilowatt", "kilowatts"),
        "MW" => unit("megawatt", "megawatts"),
        "kWh" => unit("kilowatt-hour", "kilowatt-hours"),
        "MWh" => unit("megawatt-hour", "megawatt-hours"),
        "V" => unit("volt", "volts"),
        "h" | "hr" | "hrs" => unit("hour", "hours"),
        "min" | "mins" => unit("minute", "minutes"),
        "sec" | "secs" => unit("second", "seconds"),
        "px" => unit("pixel", "pixels"),
        "dpi" => unit("dot per inch", "dots per inch"),
        _ => return None,
    })
}

/// The unit at a place, with the place after it.
pub(crate) fn unit_at(line: &Line<'_>, at: usize) -> Option<(Unit, usize)> {
    if line.mark(at) == '°' {
        return Some(match line.text(at + 1) {
            "C" => (unit("degree Celsius", "degrees Celsius"), at + 2),
            "F" => (unit("degree Fahrenheit", "degrees Fahrenheit"), at + 2),
            _ => (unit("degree", "degrees"), at + 1),
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
        ("m", 2) => Some(unit("square metre", "square metres")),
        ("m", 3) => Some(unit("cubic metre", "cubic metres")),
        ("km", 2) => Some(unit("square kilometre", "square kilometres")),
        ("cm", 2) => Some(unit("square centimetre", "square centimetres")),
        _ => None,
    };
    if let Some(powered) = powered {
        return Some((powered, at + 2));
    }
    let known = measure(word)?;
    // `m'lady` and `5 l-shaped rooms` hold no units.
    if word.len() == 1 && matches!(line.mark(at + 1), '-' | '\'' | '’' | '.') && !line.ends_at(at + 1) {
        return None;
    }
    let pointed = matches!(word, "min" | "mins" | "hr" | "hrs" | "sec" | "secs");
    let next = if pointed && line.mark(at + 1) == '.' && !line.ends_at(at + 1) { at + 2 } else { at + 1 };
    Some((known, next))
}
