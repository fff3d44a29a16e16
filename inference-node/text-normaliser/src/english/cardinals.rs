//! English numbers in words: *two thousand and two*, *twenty-first*, *nineteen oh five*.

const BELOW_TWENTY: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [(u64, &str); 5] = [
    (1_000_000_000_000_000, "quadrillion"),
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1000, "thousand"),
];

/// Writes a number.
pub(crate) fn cardinal(value: u64, text: &mut String) {
    if value == 0 {
        text.push_str("zero");
        return;
    }
    let start = text.len();
    for (scale, name) in SCALES {
        let count = value / scale % 1000;
        if count > 0 {
            space(start, text);
            below_thousand(count, text);
            text.push(' ');
            text.push_str(name);
        }
    }
    let rest = value % 1000;
    if rest > 0 {
        if (1..100).contains(&rest) && text.len() > start {
            text.push_str(" and");
        }
        space(start, text);
        below_thousand(rest, text);
    }
}

fn space(start: usize, text: &mut String) {
    if text.len() > start {
        text.push(' ');
    }
}

fn below_thousand(value: u64, text: &mut String) {
    let rest = value % 100;
    if value >= 100 {
        text.push_str(name(&BELOW_TWENTY, value / 100));
        text.push_str(" hundred");
        if rest > 0 {
            text.push_str(" and ");
        }
    }
    match rest {
        0 => {}
        1..20 => text.push_str(name(&BELOW_TWENTY, rest)),
        _ => {
            text.push_str(name(&TENS, rest / 10));
            if !rest.is_multiple_of(10) {
                text.push('-');
                text.push_str(name(&BELOW_TWENTY, rest % 10));
            }
        }
    }
}

fn name(names: &[&'static str], at: u64) -> &'static str {
    usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default()
}

/// Writes an ordinal.
pub(crate) fn ordinal(value: u64, text: &mut String) {
    cardinal(value, text);
    for (end, ordinal) in [
        ("one", "first"),
        ("two", "second"),
        ("three", "third"),
        ("five", "fifth"),
        ("eight", "eighth"),
        ("nine", "ninth"),
        ("twelve", "twelfth"),
    ] {
        if text.ends_with(end) {
            text.truncate(text.len() - end.len());
            text.push_str(ordinal);
            return;
        }
    }
    if text.ends_with('y') {
        text.pop();
        text.push_str("ie");
    }
    text.push_str("th");
}

/// Writes a year: in two halves, but for the first years of a millennium.
pub(crate) fn year(value: u64, text: &mut String) {
    let (century, rest) = (value / 100, value % 100);
    if !(1100..2100).contains(&value) || (2000..2010).contains(&value) {
        cardinal(value, text);
        return;
    }
    cardinal(century, text);
    match rest {
        0 => text.push_str(" hundred"),
        1..10 => {
            text.push_str(" oh ");
            cardinal(rest, text);
        }
        _ => {
            text.push(' ');
            cardinal(rest, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: u64, write: fn(u64, &mut String)) -> String {
        let mut text = String::new();
        write(value, &mut text);
        text
    }

    #[test]
    fn and_stands_before_the_last_two_digits() {
        assert_eq!(written(101, cardinal), "one hundred and one");
        assert_eq!(written(1250, cardinal), "one thousand two hundred and fifty");
        assert_eq!(written(2002, cardinal), "two thousand and two");
        assert_eq!(
            written(1_234_567, cardinal),
            "one million two hundred and thirty-four thousand five hundred and sixty-seven"
        );
        assert_eq!(written(1_000_000_000_000_000, cardinal), "one quadrillion");
    }

    #[test]
    fn ordinals_and_years() {
        assert_eq!(written(21, ordinal), "twenty-first");
        assert_eq!(written(12, ordinal), "twelfth");
        assert_eq!(written(20, ordinal), "twentieth");
        assert_eq!(written(100, ordinal), "one hundredth");
        assert_eq!(written(1989, year), "nineteen eighty-nine");
        assert_eq!(written(1905, year), "nineteen oh five");
        assert_eq!(written(1900, year), "nineteen hundred");
        assert_eq!(written(2000, year), "two thousand");
        assert_eq!(written(2026, year), "twenty twenty-six");
    }
}
