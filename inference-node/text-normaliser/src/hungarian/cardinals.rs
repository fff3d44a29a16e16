//! Hungarian numbers in words: one word up to two thousand, groups of three digits joined by hyphens above.

const UNITS: [&str; 10] = ["", "egy", "kettő", "három", "négy", "öt", "hat", "hét", "nyolc", "kilenc"];
const TENS: [&str; 10] =
    ["", "tíz", "húsz", "harminc", "negyven", "ötven", "hatvan", "hetven", "nyolcvan", "kilencven"];

/// Writes a number; two is `két` before a noun and `kettő` by itself.
pub(crate) fn cardinal(value: u64, before_noun: bool, text: &mut String) {
    if value == 0 {
        text.push_str("nulla");
        return;
    }
    let start = text.len();
    let groups = [
        (value / 1_000_000_000_000, "billió"),
        (value / 1_000_000_000 % 1000, "milliárd"),
        (value / 1_000_000 % 1000, "millió"),
    ];
    for (count, name) in groups {
        if count > 0 {
            hyphen(start, text);
            // A thousand billions is the largest number there is.
            if count >= 1000 {
                cardinal(count, true, text);
            } else {
                below_thousand(count, true, text);
            }
            text.push_str(name);
        }
    }
    match value / 1000 % 1000 {
        0 => {}
        1 if text.len() == start => text.push_str("ezer"),
        thousands => {
            hyphen(start, text);
            below_thousand(thousands, true, text);
            text.push_str("ezer");
        }
    }
    let rest = value % 1000;
    if rest > 0 {
        if value > 2000 {
            hyphen(start, text);
        }
        below_thousand(rest, before_noun, text);
    }
}

fn hyphen(start: usize, text: &mut String) {
    if text.len() > start {
        text.push('-');
    }
}

fn below_thousand(value: u64, before_noun: bool, text: &mut String) {
    match value / 100 {
        0 => {}
        1 => text.push_str("száz"),
        hundreds => {
            text.push_str(unit(hundreds, true));
            text.push_str("száz");
        }
    }
    let (tens, units) = (value / 10 % 10, value % 10);
    match (tens, units) {
        (1, 1..) => text.push_str("tizen"),
        (2, 1..) => text.push_str("huszon"),
        _ => text.push_str(TENS.get(tens as usize).copied().unwrap_or_default()),
    }
    text.push_str(unit(units, before_noun));
}

fn unit(value: u64, before_noun: bool) -> &'static str {
    match value {
        2 if before_noun => "két",
        _ => usize::try_from(value).ok().and_then(|value| UNITS.get(value)).copied().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_joined_by_hyphens_above_two_thousand() {
        for (value, before_noun, said) in [
            (2, true, "két"),
            (12, false, "tizenkettő"),
            (112, false, "száztizenkettő"),
            (200, false, "kétszáz"),
            (1000, false, "ezer"),
            (1989, false, "ezerkilencszáznyolcvankilenc"),
            (2000, false, "kétezer"),
            (2002, false, "kétezer-kettő"),
            (2026, false, "kétezer-huszonhat"),
            (21_000, false, "huszonegyezer"),
            (1_234_567, false, "egymillió-kétszázharmincnégyezer-ötszázhatvanhét"),
            (2_001_000, false, "kétmillió-egyezer"),
            (1_000_000_000_000_000, false, "ezerbillió"),
        ] {
            let mut text = String::new();
            cardinal(value, before_noun, &mut text);
            assert_eq!(text, said);
        }
    }
}
