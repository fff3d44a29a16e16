//! Initials that look like words but are spelled, and a few words.

/// A word in capitals as it is said.
pub(crate) fn acronym(word: &str) -> Option<&'static str> {
    Some(match word {
        "CNP" => "C N P",
        "CI" => "C I",
        "CEI" => "C E I",
        "MAI" => "M A I",
        "EU" => "E U",
        "UK" => "U K",
        "US" => "U S",
        "USA" => "U S A",
        "UN" => "U N",
        "VAT" => "V A T",
        "ID" => "I D",
        "IT" => "I T",
        "CV" => "C V",
        "FAQ" => "F A Q",
        "DOB" => "date of birth",
        "PDF" => "P D F",
        "SMS" => "S M S",
        "OK" => "okay",
        "AM" => "A M",
        "PM" => "P M",
        "TV" => "T V",
        "SPCLEP" => "S P C L E P",
        "DRPCIV" => "D R P C I V",
        "GO" => "G O",
        "GEO" => "G E O",
        "GD" => "G D",
        "RON" => "lei",
        "EUR" => "euros",
        "USD" => "dollars",
        "GBP" => "pounds",
        "HUF" => "forints",
        _ => return None,
    })
}
