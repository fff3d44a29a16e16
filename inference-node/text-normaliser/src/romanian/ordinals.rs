//! Romanian ordinals: *al doilea*, *a treia*, *întâi*.

use super::cardinals::{Gender, cardinal};

/// Writes the ordinal without its article: `doilea`, `treia`. One is said *întâi*, without article, by the caller.
pub(crate) fn ordinal(value: u64, feminine: bool, text: &mut String) {
    let start = text.len();
    let gender = if feminine { Gender::Feminine } else { Gender::Masculine };
    cardinal(value, gender, text);
    let number = text.split_off(start);
    let (head, last) = number.rsplit_once(' ').map_or(("", number.as_str()), |(head, last)| (head, last));
    if !head.is_empty() {
        text.push_str(head);
        text.push(' ');
    }
    if feminine {
        feminine_end(last, text);
    } else {
        masculine_end(last, text);
    }
}

fn masculine_end(last: &str, text: &mut String) {
    text.push_str(last);
    text.push_str(if matches!(last, "opt" | "milion" | "miliard") { "ulea" } else { "lea" });
}

fn feminine_end(last: &str, text: &mut String) {
    let (stem, end) = match last {
        "una" => ("una", ""),
        "două" => ("doua", ""),
        "trei" => ("treia", ""),
        "patru" => ("patra", ""),
        "cinci" => ("cincea", ""),
        "opt" => ("opta", ""),
        "nouă" => ("noua", ""),
        "sută" | "sute" => ("suta", ""),
        "mie" | "mii" => ("mia", ""),
        "milion" | "milioane" => ("milioana", ""),
        "miliard" | "miliarde" => ("miliarda", ""),
        tens if tens.ends_with("zeci") => (tens.trim_end_matches('i'), "ea"),
        other => (other, "a"),
    };
    text.push_str(stem);
    text.push_str(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinals_of_both_genders() {
        let said = |value, feminine| {
            let mut text = String::new();
            ordinal(value, feminine, &mut text);
            text
        };
        for (value, masculine, feminine) in [
            (2, "doilea", "doua"),
            (3, "treilea", "treia"),
            (4, "patrulea", "patra"),
            (5, "cincilea", "cincea"),
            (6, "șaselea", "șasea"),
            (8, "optulea", "opta"),
            (9, "nouălea", "noua"),
            (10, "zecelea", "zecea"),
            (12, "doisprezecelea", "douăsprezecea"),
            (20, "douăzecilea", "douăzecea"),
            (21, "douăzeci și unulea", "douăzeci și una"),
            (100, "o sutălea", "o suta"),
        ] {
            assert_eq!((said(value, false).as_str(), said(value, true).as_str()), (masculine, feminine));
        }
    }
}
