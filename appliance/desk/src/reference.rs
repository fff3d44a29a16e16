//! Case references that one can say on a phone: nine digits in threes, the last a check digit.

use serde::{Deserialize, Serialize};

/// A case's reference, `482 719 365` to people. Digits are the same in every language and on every keypad; the check
/// digit (Luhn, ISO/IEC 7812-1 annex B) catches any one wrong digit and most swapped neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(u32);

/// Why a text is no reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Not nine digits.
    #[error("a reference has nine digits")]
    Length,
    /// The check digit does not fit: misheard or mistyped.
    #[error("this reference does not exist; check its digits")]
    CheckDigit,
}

const PAYLOADS: u32 = 90_000_000;

impl Reference {
    /// The reference drawn by a random number. References are unique by the database's word, not by chance: on a clash draw again.
    #[must_use]
    pub fn from_random(random: u64) -> Self {
        // The remainder is below PAYLOADS and so fits in 32 bits; the first digit is never 0.
        #[expect(clippy::cast_possible_truncation, reason = "a remainder of a 32-bit number")]
        let payload = (random % u64::from(PAYLOADS)) as u32 + 10_000_000;
        Self(payload * 10 + check_digit(payload))
    }
}

fn check_digit(mut payload: u32) -> u32 {
    let (mut sum, mut double) = (0, true);
    while payload > 0 {
        let digit = payload % 10 * if double { 2 } else { 1 };
        sum += digit / 10 + digit % 10;
        payload /= 10;
        double = !double;
    }
    (10 - sum % 10) % 10
}

impl std::fmt::Display for Reference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {:03} {:03}", self.0 / 1_000_000, self.0 / 1000 % 1000, self.0 % 1000)
    }
}

impl std::str::FromStr for Reference {
    type Err = ReferenceError;

    /// Accepts any grouping: spaces, dots and hyphens do not count.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '\u{a0}')).collect();
        if digits.len() != 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ReferenceError::Length);
        }
        let number: u32 = digits.parse().map_err(|_| ReferenceError::Length)?;
        if number < 100_000_000 {
            return Err(ReferenceError::Length);
        }
        if check_digit(number / 10) == number % 10 { Ok(Self(number)) } else { Err(ReferenceError::CheckDigit) }
    }
}

impl TryFrom<String> for Reference {
    type Error = ReferenceError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_said_is_read_back(random: u64) {
            let reference = Reference::from_random(random);
            prop_assert_eq!(reference.to_string().parse::<Reference>(), Ok(reference));
            prop_assert_eq!(String::from(reference).parse::<Reference>(), Ok(reference));
        }

        #[test]
        fn one_wrong_digit_is_caught(random: u64, place in 0_usize..9, add in 1_u8..10) {
            let mut digits = String::from(Reference::from_random(random)).into_bytes();
            digits[place] = b'0' + (digits[place] - b'0' + add) % 10;
            prop_assert!(String::from_utf8(digits).unwrap().parse::<Reference>().is_err());
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = text.parse::<Reference>();
        }
    }
}
