//! Letters as the rest of the crate expects them: composed, without invisible characters, digits in ASCII.

use std::borrow::Cow;

/// The zeros of decimal digits that people type or paste outside ASCII; each is followed by its one to nine.
const ZEROS: [char; 10] = ['\u{660}', '\u{6F0}', '\u{7C0}', '\u{966}', '\u{9E6}', '\u{E50}', '\u{FF10}', '𝟎', '𝟘', '𝟬'];

/// Replaces legacy Romanian letters (`ş`, `ţ` with cedilla), letters typed as base and accent, digits outside ASCII and
/// one-character fractions; drops soft hyphens, zero-width characters and what only selects the look of an emoji.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    let Some(first) = first_to_change(text) else {
        return Cow::Borrowed(text);
    };
    let mut cleaned = String::with_capacity(text.len());
    cleaned.push_str(text.get(..first).unwrap_or_default());
    for letter in text.get(first..).unwrap_or_default().chars() {
        if needs_change(letter) {
            replace(letter, &mut cleaned);
        } else {
            cleaned.push(letter);
        }
    }
    Cow::Owned(cleaned)
}

/// Where the first letter to be changed stands. Nearly all text is told by its bytes to have none.
fn first_to_change(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len()).find(|&at| match bytes.get(at) {
        // ASCII, the rest of a letter, and the first bytes of é, ă, ș and their kind.
        Some(0..=0xC1 | 0xC3 | 0xC4 | 0xC6..=0xCB) | None => false,
        Some(0xC5) => matches!(bytes.get(at + 1), Some(0x9E | 0x9F | 0xA2 | 0xA3)),
        Some(_) => text.get(at..).and_then(|rest| rest.chars().next()).is_some_and(needs_change),
    })
}

fn needs_change(letter: char) -> bool {
    letter > '\u{a0}'
        && (matches!(letter,
            '\u{AD}' | 'º' | '¼'..='¾' | 'Ş' | 'ş' | 'Ţ' | 'ţ' | 'ﬁ' | 'ﬂ'
            | '\u{300}'..='\u{36F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '−' | '\u{2010}' | '\u{2011}' | '⁄' | 'Ⅰ'..='Ⅻ' | '℃')
            || (letter >= ZEROS[0] && ascii_digit(letter).is_some()))
}

fn ascii_digit(letter: char) -> Option<char> {
    let code = u32::from(letter);
    let value = ZEROS.iter().map(|&zero| code.wrapping_sub(u32::from(zero))).find(|&value| value < 10)?;
    char::from_digit(value, 10)
}

fn replace(letter: char, cleaned: &mut String) {
    let plain = match letter {
        'Ş' => "Ș",
        'ş' => "ș",
        'Ţ' => "Ț",
        'ţ' => "ț",
        'º' => "°",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        '½' => " 1/2",
        '¼' => " 1/4",
        '¾' => " 3/4",
        '−' | '\u{2010}' | '\u{2011}' => "-",
        '⁄' => "/",
        '℃' => "°C",
        '\u{2028}' | '\u{2029}' => "\n",
        'Ⅰ'..='Ⅻ' => {
            const NUMERALS: [&str; 12] = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"];
            NUMERALS.get((u32::from(letter) - u32::from('Ⅰ')) as usize).copied().unwrap_or_default()
        }
        '\u{300}'..='\u{36F}' => {
            // An accent that composes with nothing we know stays: it belongs to another language's letter.
            match cleaned.pop() {
                Some(base) => match composed(base, letter) {
                    Some(whole) => cleaned.push(whole),
                    None => cleaned.extend([base, letter]),
                },
                None => cleaned.push(letter),
            }
            return;
        }
        _ => {
            cleaned.extend(ascii_digit(letter));
            return;
        }
    };
    cleaned.push_str(plain);
}

fn composed(base: char, accent: char) -> Option<char> {
    Some(match (base, accent) {
        ('s', '\u{326}' | '\u{327}') => 'ș',
        ('S', '\u{326}' | '\u{327}') => 'Ș',
        ('t', '\u{326}' | '\u{327}') => 'ț',
        ('T', '\u{326}' | '\u{327}') => 'Ț',
        ('a', '\u{306}') => 'ă',
        ('A', '\u{306}') => 'Ă',
        ('a', '\u{302}') => 'â',
        ('A', '\u{302}') => 'Â',
        ('i', '\u{302}') => 'î',
        ('I', '\u{302}') => 'Î',
        ('a', '\u{301}') => 'á',
        ('A', '\u{301}') => 'Á',
        ('e', '\u{301}') => 'é',
        ('E', '\u{301}') => 'É',
        ('i', '\u{301}') => 'í',
        ('I', '\u{301}') => 'Í',
        ('o', '\u{301}') => 'ó',
        ('O', '\u{301}') => 'Ó',
        ('u', '\u{301}') => 'ú',
        ('U', '\u{301}') => 'Ú',
        ('o', '\u{308}') => 'ö',
        ('O', '\u{308}') => 'Ö',
        ('u', '\u{308}') => 'ü',
        ('U', '\u{308}') => 'Ü',
        ('o', '\u{30B}') => 'ő',
        ('O', '\u{30B}') => 'Ő',
        ('u', '\u{30B}') => 'ű',
        ('U', '\u{30B}') => 'Ű',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_in_order_is_not_copied() {
        assert!(matches!(clean("Bună ziua, așteptăm părțile."), Cow::Borrowed(_)));
    }

    #[test]
    fn cedillas_and_loose_accents_become_the_letters_of_today() {
        assert_eq!(clean("Timişoara, Ţara"), "Timișoara, Țara");
        assert_eq!(clean("s\u{326}coala\u{306}"), "școală");
        assert_eq!(clean("to\u{30B}"), "tő");
    }

    #[test]
    fn digits_of_other_scripts_become_ascii() {
        assert_eq!(clean("１２ ٣"), "12 3");
    }
}
