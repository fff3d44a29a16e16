//! Initials as they are said in Hungarian; letters of two signs stay together.

/// A word in capitals as it is said.
pub(crate) fn acronym(word: &str) -> Option<&'static str> {
    Some(match word {
        "CNP" => "C N P",
        "CI" => "C I",
        "CEI" => "C E I",
        "MAI" => "M A I",
        "EU" => "E U",
        "USA" => "U S A",
        "ENSZ" => "ensz",
        "RMDSZ" => "R M D Sz",
        "SZJA" => "Sz J A",
        "GYIK" => "Gy I K",
        "GYES" => "gyes",
        "KSH" => "K S H",
        "BM" => "B M",
        "TB" => "T B",
        "TV" => "tévé",
        "SMS" => "esemes",
        "PDF" => "P D F",
        "OK" => "oké",
        "RON" | "LEJ" => "lej",
        "EUR" => "euró",
        "HUF" => "forint",
        "USD" => "dollár",
        "DRPCIV" => "D R P C I V",
        "SPCLEP" => "S P C L E P",
        "ID" => "I D",
        _ => return None,
    })
}
