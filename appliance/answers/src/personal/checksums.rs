//! Check digits of the CNP and of bank accounts.

/// The check digit of a CNP's first twelve digits; `None` if they are not twelve digits.
pub(super) fn cnp_check_digit(head: &[u8]) -> Option<u8> {
    const WEIGHTS: &[u8; 12] = b"279146358279";
    if head.len() != 12 || !head.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let sum: u32 =
        head.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * u32::from(weight - b'0')).sum();
    Some(match sum % 11 {
        10 => 1,
        rest => u8::try_from(rest).unwrap_or(1),
    })
}

/// Whether `text` is a CNP with a valid check digit and a possible month and day; spaces, dots and hyphens may part it.
#[must_use]
pub fn is_valid_cnp(text: &str) -> bool {
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b' ' | b'.' | b'-')).collect();
    let two = |at: usize| u32::from(digits[at] - b'0') * 10 + u32::from(digits[at + 1] - b'0');
    digits.len() == 13
        && digits.iter().all(u8::is_ascii_digit)
        && digits[0] != b'0'
        && (1..=12).contains(&two(3))
        && (1..=31).contains(&two(5))
        && cnp_check_digit(&digits[..12]).is_some_and(|check| check == digits[12] - b'0')
}

/// Whether `text` is an account number whose remainder by 97 is one, of the length that its country prescribes where we know it.
pub(super) fn is_valid_iban(text: &str) -> bool {
    let compact: Vec<u8> =
        text.bytes().filter(|byte| !matches!(byte, b' ' | b'-')).map(|byte| byte.to_ascii_uppercase()).collect();
    let length_fits = match compact.get(..2) {
        Some(b"RO") => compact.len() == 24,
        Some(b"HU") => compact.len() == 28,
        Some(_) => (15..=34).contains(&compact.len()),
        None => false,
    };
    if !length_fits || !compact.iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let remainder = compact[4..].iter().chain(&compact[..4]).fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
    });
    remainder == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cnp_needs_its_check_digit_and_a_possible_date() {
        assert!(is_valid_cnp("1960229410015"));
        assert!(!is_valid_cnp("1960229410016"));
        assert!(!is_valid_cnp("1961329410013"));
        assert!(!is_valid_cnp("196022941001"));
    }

    #[test]
    fn an_account_needs_its_remainder_and_its_countrys_length() {
        assert!(is_valid_iban("RO49 AAAA 1B31 0075 9384 0000"));
        assert!(is_valid_iban("HU42 1177 3016 1111 1018 0000 0000"));
        assert!(!is_valid_iban("RO48AAAA1B31007593840000"));
        assert!(!is_valid_iban("RO49AAAA1B310075938400"));
    }
}
