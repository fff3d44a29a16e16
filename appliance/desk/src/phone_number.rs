//! Telephone numbers in one spelling, so that the same line is the same citizen whoever wrote it down.

use serde::{Deserialize, Serialize};

/// Romania's country code, in which a national number is understood.
const COUNTRY: &str = "40";
/// The longest number of ITU-T E.164, in digits.
const E164_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Short numbers: of the institution's own exchange, of emergency and information services.
const SHORT_DIGITS: std::ops::RangeInclusive<usize> = 2..=6;

/// A number that can be dialled: `+40721000000` (E.164), or a short one (`112`, `204`) as it stands.
///
/// It is a citizen's personal data: [`std::fmt::Debug`] hides it, so that no log shows it by accident.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// The text is no telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a telephone number has 2 to 15 digits, with + or 00 before a country's code")]
pub struct NotANumber;

impl PhoneNumber {
    /// The canonical spelling: `+40721000000`, `112`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is reached from everywhere, rather than a short number of an exchange or a service.
    #[must_use]
    pub fn is_international(&self) -> bool {
        self.0.starts_with('+')
    }

    /// In groups as people read it: `+40 721 000 000`.
    #[must_use]
    pub fn grouped(&self) -> String {
        let Some(national) = self.0.strip_prefix("+40") else { return self.0.clone() };
        let mut grouped = String::from("+40");
        for (place, digit) in national.chars().enumerate() {
            if place % 3 == 0 {
                grouped.push('\u{a0}');
            }
            grouped.push(digit);
        }
        grouped
    }
}

impl std::fmt::Debug for PhoneNumber {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "PhoneNumber({} digits)", self.0.trim_start_matches('+').len())
    }
}

impl std::fmt::Display for PhoneNumber {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::str::FromStr for PhoneNumber {
    type Err = NotANumber;

    /// Accepts what people and exchanges write: `0721 000 000`, `0040721000000`, `+40 (721) 000-000`, `112`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut digits = String::with_capacity(16);
        let mut plus = false;
        for character in text.trim().chars() {
            match character {
                '+' if digits.is_empty() && !plus => plus = true,
                '0'..='9' => digits.push(character),
                ' ' | '\u{a0}' | '-' | '.' | '(' | ')' | '/' => {}
                _ => return Err(NotANumber),
            }
            if digits.len() > 20 {
                return Err(NotANumber);
            }
        }
        let international = if plus {
            Some(digits.clone())
        } else if let Some(rest) = digits.strip_prefix("00") {
            Some(rest.to_owned())
        } else if digits.len() > *SHORT_DIGITS.end() {
            // A trunk prefix of 0 makes it national; without it the country's code is there already.
            Some(digits.strip_prefix('0').map_or_else(|| digits.clone(), |rest| format!("{COUNTRY}{rest}")))
        } else {
            None
        };
        match international {
            Some(number) if E164_DIGITS.contains(&number.len()) && !number.starts_with('0') => {
                Ok(Self(format!("+{number}")))
            }
            None if SHORT_DIGITS.contains(&digits.len()) => Ok(Self(digits)),
            _ => Err(NotANumber),
        }
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = NotANumber;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<String> {
        text.parse::<PhoneNumber>().ok().map(String::from)
    }

    #[test]
    fn one_line_has_one_spelling() {
        for spelling in
            ["+40721000000", "0721000000", "0721 000 000", "0040721000000", "+40 (721) 000-000", "40721000000"]
        {
            assert_eq!(read(spelling).as_deref(), Some("+40721000000"), "{spelling}");
        }
        assert_eq!(read("112").as_deref(), Some("112"));
        assert_eq!(read("+36 1 234 5678").as_deref(), Some("+3612345678"));
    }

    #[test]
    fn what_cannot_be_dialled_is_refused() {
        for text in
            ["", "1", "anonymous", "+", "00", "+4072", "0721x00000", "+0721000000", "+40721000000000000", "07+21000000"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_is_not_seen_in_logs() {
        let number: PhoneNumber = "0721000000".parse().unwrap();
        assert!(!format!("{number:?}").contains("721"));
        assert_eq!(number.grouped(), "+40\u{a0}721\u{a0}000\u{a0}000");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_reads_the_same_again(text in ".{0,40}|[+0-9 ()-]{0,24}") {
            if let Some(number) = read(&text) {
                prop_assert_eq!(read(&number), Some(number));
            }
        }
    }
}
