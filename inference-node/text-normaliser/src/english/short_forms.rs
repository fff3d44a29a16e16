//! English abbreviations.

/// What must stand around an abbreviation that could also be a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Nothing,
    /// A number or Roman numeral behind it.
    Number,
    /// A name behind it.
    Name,
    /// A name before it.
    AfterName,
}

/// An abbreviation that ends in a point, given without it and in small letters.
pub(crate) fn short(word: &str) -> Option<(&'static str, Need)> {
    use Need::{AfterName, Name, Nothing, Number};
    Some(match word {
        "mr" => ("mister", Nothing),
        "mrs" => ("missus", Nothing),
        "ms" => ("ms", Nothing),
        "dr" => ("doctor", Nothing),
        "prof" => ("professor", Nothing),
        "no" => ("number", Number),
        "nos" => ("numbers", Number),
        "nr" => ("number", Number),
        "p" => ("page", Number),
        "pp" => ("pages", Number),
        "ch" => ("chapter", Number),
        "vol" => ("volume", Number),
        "fig" => ("figure", Number),
        "sec" | "sect" => ("section", Number),
        "apt" => ("apartment", Number),
        "ext" => ("extension", Number),
        "fl" => ("floor", Number),
        "ave" => ("avenue", AfterName),
        "rd" => ("road", AfterName),
        "blvd" => ("boulevard", Nothing),
        "etc" => ("et cetera", Nothing),
        "vs" => ("versus", Nothing),
        "approx" => ("approximately", Nothing),
        "incl" => ("including", Nothing),
        "excl" => ("excluding", Nothing),
        "max" => ("maximum", Nothing),
        "min" => ("minimum", Nothing),
        "tel" => ("telephone", Nothing),
        "dept" => ("department", Nothing),
        "govt" => ("government", Nothing),
        "gov" => ("governor", Name),
        "jr" => ("junior", Nothing),
        "sr" => ("senior", AfterName),
        "ltd" => ("limited", Nothing),
        "inc" => ("incorporated", AfterName),
        "co" => ("company", AfterName),
        "reg" => ("regulation", Number),
        "ref" => ("reference", Nothing),
        "cf" => ("compare", Nothing),
        "est" => ("established", Number),
        "mon" => ("Monday", Nothing),
        "tue" | "tues" => ("Tuesday", Nothing),
        "wed" => ("Wednesday", Number),
        "thu" | "thur" | "thurs" => ("Thursday", Nothing),
        "fri" => ("Friday", Nothing),
        _ => return None,
    })
}

/// Several letters with points, joined.
pub(crate) fn dotted(joined: &str) -> Option<&'static str> {
    Some(match joined {
        "eg" => "for example",
        "ie" => "that is",
        "am" => "A M",
        "pm" => "P M",
        "phd" | "PhD" => "P H D",
        "nb" | "NB" => "note",
        "BC" => "B C",
        "AD" => "A D",
        _ => return None,
    })
}

/// Short forms without a point; some only before a number.
pub(crate) fn unpointed(word: &str, before_number: bool) -> Option<&'static str> {
    Some(match word {
        "Mr" => "Mister",
        "Mrs" => "Missus",
        "Dr" => "Doctor",
        "Prof" => "Professor",
        "eg" => "for example",
        "etc" => "et cetera",
        "No" | "no" if before_number => "number",
        "Tel" | "tel" if before_number => "telephone",
        "km" => "kilometres",
        "kg" => "kilograms",
        "cm" => "centimetres",
        "kWh" => "kilowatt-hours",
        "MB" => "megabytes",
        "GB" => "gigabytes",
        _ => return None,
    })
}
