//! What a row of digits must be to be taken for a value: the rule of each kind.

use desk::language::Language;
use desk::reference::{Reference, ReferenceError};
use jiff::civil::Date;

/// What kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The personal number (CNP, Law 105/1996 and HG 1375/2006): thirteen digits, the last a check digit.
    Cnp,
    /// A case reference.
    Reference,
    /// A telephone number.
    Phone,
    /// A date.
    Date,
    /// Digits of any meaning, one to twenty.
    Digits,
}

/// A value that holds by its own rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A personal number.
    Cnp(String),
    /// A case reference.
    Reference(Reference),
    /// A telephone number, E.164 with its plus.
    Phone(String),
    /// A date.
    Date(Date),
    /// Digits.
    Digits(String),
}

/// Why digits are no value of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Problem {
    /// Too few or too many.
    #[error("the number of digits does not fit")]
    Length,
    /// The check digit does not fit: misheard or mistyped.
    #[error("the check digit does not fit")]
    CheckDigit,
    /// There is no such date, or it cannot be meant.
    #[error("there is no such date")]
    NoDate,
    /// There is no such telephone number.
    #[error("there is no such telephone number")]
    NoNumber,
    /// There was nothing to understand.
    #[error("nothing was understood")]
    Nothing,
    /// It was read back, and the caller said no.
    #[error("the caller said no")]
    Denied,
}

impl Kind {
    /// How many digits a value has, where that is fixed: the last one ends the entry.
    #[must_use]
    pub fn length(self) -> Option<usize> {
        match self {
            Self::Cnp => Some(13),
            Self::Reference => Some(9),
            Self::Date => Some(8),
            Self::Phone | Self::Digits => None,
        }
    }

    /// Whether `digits` are certainly all: no closing key is needed.
    #[must_use]
    pub fn is_whole(self, digits: &str) -> bool {
        match self {
            Self::Phone => digits.len() == 10 && digits.starts_with('0') && !digits.starts_with("00"),
            _ => self.length() == Some(digits.len()),
        }
    }
}

/// The value of `kind` that `digits` stand for. A date is keyed as day, month and year.
///
/// # Errors
/// The [`Problem`] to tell the caller.
pub fn value(kind: Kind, digits: &str) -> Result<Value, Problem> {
    if digits.is_empty() {
        return Err(Problem::Nothing);
    }
    match kind {
        Kind::Cnp => cnp(digits).map(|()| Value::Cnp(digits.to_owned())),
        Kind::Reference => digits.parse().map(Value::Reference).map_err(|error| match error {
            ReferenceError::Length => Problem::Length,
            ReferenceError::CheckDigit => Problem::CheckDigit,
        }),
        Kind::Phone => phone(digits).map(Value::Phone),
        Kind::Date => keyed_date(digits).map(Value::Date),
        Kind::Digits if digits.len() <= 20 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(Value::Digits(digits.to_owned()))
        }
        Kind::Digits => Err(Problem::Length),
    }
}

/// Sex and century, date of birth, county, serial, and the check digit: the first twelve weighed by 279146358279, modulo 11,
/// ten becoming one.
fn cnp(digits: &str) -> Result<(), Problem> {
    const WEIGHTS: [u32; 12] = [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9];
    let figures: Vec<u32> = digits.chars().filter_map(|digit| digit.to_digit(10)).collect();
    if figures.len() != 13 || digits.len() != 13 {
        return Err(Problem::Length);
    }
    let check = match figures.iter().zip(WEIGHTS).map(|(figure, weight)| figure * weight).sum::<u32>() % 11 {
        10 => 1,
        rest => rest,
    };
    let (month, day) = (figures[3] * 10 + figures[4], figures[5] * 10 + figures[6]);
    let possible = figures[0] != 0 && (1..=12).contains(&month) && (1..=31).contains(&day);
    if possible && check == figures[12] { Ok(()) } else { Err(Problem::CheckDigit) }
}

/// Romanian numbers have ten digits after a zero (ANCOM: 02, 03 fixed, 07 mobile); abroad, `00` or `+` and up to fifteen
/// digits (E.164).
fn phone(digits: &str) -> Result<String, Problem> {
    let (bare, abroad) = match (digits.strip_prefix('+'), digits.strip_prefix("00")) {
        (Some(bare), _) | (None, Some(bare)) => (bare, true),
        (None, None) => (digits, false),
    };
    if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::NoNumber);
    }
    let national = if abroad { bare.strip_prefix("40") } else { bare.strip_prefix('0') };
    match (national, abroad) {
        (Some(national), _) if national.len() == 9 && national.starts_with(['2', '3', '7']) => {
            Ok(format!("+40{national}"))
        }
        (Some(national), _) if national.len() != 9 => Err(Problem::Length),
        (Some(_), _) => Err(Problem::NoNumber),
        (None, true) if (8..=15).contains(&bare.len()) && !bare.starts_with('0') => Ok(format!("+{bare}")),
        (None, true) => Err(Problem::Length),
        (None, false) if bare.len() == 9 && bare.starts_with('7') => Ok(format!("+40{bare}")),
        (None, false) => Err(Problem::NoNumber),
    }
}

fn keyed_date(digits: &str) -> Result<Date, Problem> {
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::Length);
    }
    let part = |range: std::ops::Range<usize>| digits[range].parse::<i16>().map_err(|_| Problem::NoDate);
    let small = |number: i16| i8::try_from(number).map_err(|_| Problem::NoDate);
    date(part(4..8)?, small(part(2..4)?)?, small(part(0..2)?)?)
}

/// A date that a person may mean.
pub(super) fn date(year: i16, month: i8, day: i8) -> Result<Date, Problem> {
    if !(1900..=2200).contains(&year) {
        return Err(Problem::NoDate);
    }
    Date::new(year, month, day).map_err(|_| Problem::NoDate)
}

impl Value {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Cnp(_) => Kind::Cnp,
            Self::Reference(_) => Kind::Reference,
            Self::Phone(_) => Kind::Phone,
            Self::Date(_) => Kind::Date,
            Self::Digits(_) => Kind::Digits,
        }
    }

    /// The digits as they are read back, in groups that the ear can hold. A Romanian number is read as it is dialled at
    /// home.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        let (digits, sizes): (String, &[usize]) = match self {
            Self::Cnp(digits) => (digits.clone(), &[1, 2, 2, 2, 3, 3]),
            Self::Reference(reference) => (String::from(*reference), &[3, 3, 3]),
            Self::Phone(number) => match number.strip_prefix("+40") {
                Some(national) => (format!("0{national}"), &[4, 3, 3]),
                None => (format!("00{}", number.trim_start_matches('+')), &[4, 3, 3, 3, 3]),
            },
            Self::Date(date) => (format!("{:02}{:02}{:04}", date.day(), date.month(), date.year()), &[2, 2, 4]),
            Self::Digits(digits) => (digits.clone(), &[3, 3, 3, 3, 3, 3, 3]),
        };
        let mut rest = digits.as_str();
        let mut groups = Vec::new();
        for size in sizes {
            let (group, after) = rest.split_at((*size).min(rest.len()));
            groups.extend((!group.is_empty()).then(|| group.to_owned()));
            rest = after;
        }
        groups.extend((!rest.is_empty()).then(|| rest.to_owned()));
        groups
    }
}

/// The value that was said: digits, or a date in words.
pub(super) fn spoken(kind: Kind, text: &str, language: Language, today: Date) -> Result<Value, Problem> {
    if kind == Kind::Date
        && let Some(date) = super::dates::spoken(text, language, today)
    {
        return Ok(Value::Date(date));
    }
    let (digits, _) = super::numerals::digits(text, language);
    value(kind, &digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cnp_needs_its_check_digit_and_a_possible_birthday() {
        assert!(value(Kind::Cnp, "1960229410015").is_ok());
        assert_eq!(value(Kind::Cnp, "1960229410016"), Err(Problem::CheckDigit));
        assert_eq!(value(Kind::Cnp, "196022941001"), Err(Problem::Length));
        assert_eq!(value(Kind::Cnp, "1961329410013"), Err(Problem::CheckDigit));
    }

    #[test]
    fn telephone_numbers_come_out_alike_however_they_are_given() {
        for given in ["0722123456", "+40722123456", "0040722123456", "722123456"] {
            assert_eq!(value(Kind::Phone, given), Ok(Value::Phone("+40722123456".to_owned())), "{given}");
        }
        assert_eq!(value(Kind::Phone, "003612345678"), Ok(Value::Phone("+3612345678".to_owned())));
        assert_eq!(value(Kind::Phone, "072212345"), Err(Problem::Length));
        assert_eq!(value(Kind::Phone, "0922123456"), Err(Problem::NoNumber));
        assert_eq!(value(Kind::Phone, "112"), Err(Problem::NoNumber));
    }

    #[test]
    fn a_keyed_date_is_day_month_year() {
        assert_eq!(value(Kind::Date, "29021996"), Ok(Value::Date(jiff::civil::date(1996, 2, 29))));
        assert_eq!(value(Kind::Date, "29021997"), Err(Problem::NoDate));
        assert_eq!(value(Kind::Date, "01011899"), Err(Problem::NoDate));
    }

    #[test]
    fn digits_are_read_back_in_groups() {
        let groups = |kind, digits: &str| value(kind, digits).unwrap().groups().join(" ");
        assert_eq!(groups(Kind::Cnp, "1960229410015"), "1 96 02 29 410 015");
        assert_eq!(groups(Kind::Phone, "0722123456"), "0722 123 456");
        let reference = Reference::from_random(7);
        assert_eq!(groups(Kind::Reference, &String::from(reference)), reference.to_string());
    }

    proptest! {
        #[test]
        fn no_digits_break_it(digits in "[+0-9a-zé]{0,24}") {
            for kind in [Kind::Cnp, Kind::Reference, Kind::Phone, Kind::Date, Kind::Digits] {
                if let Ok(value) = value(kind, &digits) {
                    prop_assert!(!value.groups().is_empty());
                }
            }
        }
    }
}
