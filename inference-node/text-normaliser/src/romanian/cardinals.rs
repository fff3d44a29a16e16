//! Romanian numbers in words.
//!
//! *Unu* and *doi* agree with what is counted, also at the end of larger numbers; after a remainder of 20 to 99 or of 0 by a
//! hundred, `de` stands before the noun, also before *mii*, *milioane* and *miliarde*.

/// The gender of what is counted. Neuter is masculine for one and feminine for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gender {
    Masculine,
    Feminine,
    Neuter,
}

use Gender::{Feminine, Masculine, Neuter};

const BELOW_TWENTY: [&str; 20] = [
    "zero",
    "unu",
    "doi",
    "trei",
    "patru",
    "cinci",
    "șase",
    "șapte",
    "opt",
    "nouă",
    "zece",
    "unsprezece",
    "doisprezece",
    "treisprezece",
    "paisprezece",
    "cincisprezece",
    "șaisprezece",
    "șaptesprezece",
    "optsprezece",
    "nouăsprezece",
];
const TENS: [&str; 10] =
    ["", "", "douăzeci", "treizeci", "patruzeci", "cincizeci", "șaizeci", "șaptezeci", "optzeci", "nouăzeci"];

/// Whether `de` stands between this number and its noun.
pub(crate) fn takes_de(value: u64) -> bool {
    value >= 20 && (value.is_multiple_of(100) || value % 100 >= 20)
}

/// Writes a number; one is `unu` or `una`.
pub(crate) fn cardinal(value: u64, gender: Gender, text: &mut String) {
    if value == 0 {
        text.push_str("zero");
        return;
    }
    let parts = [
        (value / 1_000_000_000, Neuter, "un miliard", "miliarde"),
        (value / 1_000_000 % 1000, Neuter, "un milion", "milioane"),
        (value / 1000 % 1000, Feminine, "o mie", "mii"),
    ];
    let start = text.len();
    for (count, count_gender, one, many) in parts {
        match count {
            0 => continue,
            1 => append(one, start, text),
            _ => {
                separate(start, text);
                cardinal(count, count_gender, text);
                if takes_de(count) {
                    text.push_str(" de");
                }
                append(many, start, text);
            }
        }
    }
    below_thousand(value % 1000, gender, start, text);
}

/// Writes a number before its noun: one is `un` or `o`.
pub(crate) fn before_noun(value: u64, gender: Gender, text: &mut String) {
    match (value, gender) {
        (1, Feminine) => text.push('o'),
        (1, _) => text.push_str("un"),
        _ => cardinal(value, gender, text),
    }
}

fn below_thousand(value: u64, gender: Gender, start: usize, text: &mut String) {
    match value / 100 {
        0 => {}
        1 => append("o sută", start, text),
        2 => append("două sute", start, text),
        hundreds => {
            append(name(&BELOW_TWENTY, hundreds), start, text);
            text.push_str(" sute");
        }
    }
    let rest = value % 100;
    if rest == 0 {
        return;
    }
    if rest < 20 {
        append(small(rest, gender), start, text);
    } else {
        append(name(&TENS, rest / 10), start, text);
        if !rest.is_multiple_of(10) {
            text.push_str(" și ");
            text.push_str(small(rest % 10, gender));
        }
    }
}

fn small(value: u64, gender: Gender) -> &'static str {
    match (value, gender) {
        (1, Feminine) => "una",
        (2, Feminine | Neuter) => "două",
        (12, Feminine | Neuter) => "douăsprezece",
        (_, Masculine | Feminine | Neuter) => name(&BELOW_TWENTY, value),
    }
}

fn name(names: &[&'static str], at: u64) -> &'static str {
    usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default()
}

fn append(word: &str, start: usize, text: &mut String) {
    separate(start, text);
    text.push_str(word);
}

fn separate(start: usize, text: &mut String) {
    if text.len() > start {
        text.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(value: u64, gender: Gender) -> String {
        let mut text = String::new();
        cardinal(value, gender, &mut text);
        text
    }

    #[test]
    fn one_and_two_agree_also_within_larger_numbers() {
        assert_eq!(said(21, Feminine), "douăzeci și una");
        assert_eq!(said(102, Feminine), "o sută două");
        assert_eq!(said(12, Masculine), "doisprezece");
        assert_eq!(said(12, Neuter), "douăsprezece");
        assert_eq!(said(21, Neuter), "douăzeci și unu");
    }

    #[test]
    fn thousands_and_more_are_nouns_of_their_own() {
        assert_eq!(said(1000, Masculine), "o mie");
        assert_eq!(said(2002, Masculine), "două mii doi");
        assert_eq!(said(21_000, Masculine), "douăzeci și una de mii");
        assert_eq!(said(112_000, Masculine), "o sută douăsprezece mii");
        assert_eq!(
            said(1_234_567, Masculine),
            "un milion două sute treizeci și patru de mii cinci sute șaizeci și șapte"
        );
        assert_eq!(said(22_000_000, Masculine), "douăzeci și două de milioane");
        assert_eq!(said(1_500_000_000_000, Masculine), "o mie cinci sute de miliarde");
        assert_eq!(said(1_000_000_000_000_000, Masculine), "un milion de miliarde");
    }
}
