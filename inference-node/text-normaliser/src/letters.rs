//! Words in capitals: spelled, or said as words; Roman numerals.

use crate::scan::{Kind, Line};
use crate::speech::Speech;
use crate::tongue::Tongue;

fn is_vowel(letter: char) -> bool {
    matches!(letter.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
        || matches!(letter, 'Ă' | 'Â' | 'Î' | 'Á' | 'É' | 'Í' | 'Ó' | 'Ö' | 'Ő' | 'Ú' | 'Ü' | 'Ű')
        || matches!(letter, 'ă' | 'â' | 'î' | 'á' | 'é' | 'í' | 'ó' | 'ö' | 'ő' | 'ú' | 'ü' | 'ű')
}

/// Whether an unknown word in capitals is said as a word (`ANAF`, `RAR`) and not letter by letter (`TVA`, `DRPCIV`).
/// Other alphabets are left to the synthesiser as words.
pub(crate) fn pronounceable(word: &str) -> bool {
    let letters: Vec<char> = word.chars().collect();
    if letters.iter().any(|&letter| u32::from(letter) >= 0x250) {
        return true;
    }
    let vowels: Vec<bool> = letters.iter().map(|&letter| is_vowel(letter)).collect();
    match *vowels.as_slice() {
        [] | [_] | [_, _] => false,
        [a, b, c] => matches!((a, b, c), (false, true, _) | (true, false, true)),
        _ => {
            let longest = |kind: bool| vowels.split(|&vowel| vowel != kind).map(<[bool]>::len).max().unwrap_or(0);
            let lower = |at: usize| letters.get(at).map_or(' ', char::to_ascii_lowercase);
            let longest_cluster = if letters.len() > 5 { 3 } else { 2 };
            let last = letters.len() - 1;
            let clear_end =
                !vowels.ends_with(&[false, false]) || matches!(lower(last - 1), 'l' | 'r' | 'n' | 's' | 'm' | 'c');
            // Long words are words, whatever their clusters: `ÎNTÂMPLARE`, `TRANSPORT`.
            letters.len() > 7 && vowels.contains(&true)
                || (longest(false) <= longest_cluster
                    && (1..=2).contains(&longest(true))
                    && has_clear_start(word)
                    && clear_end)
        }
    }
}

/// Whether the consonants at the beginning of a word can be said together.
fn has_clear_start(word: &str) -> bool {
    let mut cluster = word.chars().map(|letter| letter.to_ascii_lowercase()).take_while(|&letter| !is_vowel(letter));
    match (cluster.next(), cluster.next(), cluster.next(), cluster.next()) {
        (_, None, ..) => true,
        (Some(first), Some(second), None, _) => first == 's' || matches!(second, 'l' | 'r'),
        (Some(first), _, Some(third), None) => first == 's' && matches!(third, 'l' | 'r'),
        _ => false,
    }
}

/// Whether a part of an address is spelled: it has no vowel, or begins or goes on as no word does.
pub(crate) fn is_spelled_in_address(label: &str) -> bool {
    let run = label.split(is_vowel).map(str::len).max().unwrap_or(0);
    match label.len() {
        0 | 1 => false,
        2 | 3 => !pronounceable(label),
        length => run == length || run > 4 || (run > 3 && length > 5) || (length < 6 && !has_clear_start(label)),
    }
}

/// Says letters one by one.
pub(crate) fn say_letters(word: &str, speech: &mut Speech) {
    for letter in word.chars() {
        let text = speech.open();
        text.extend(letter.to_uppercase());
    }
}

/// Says a word that stands in capitals.
pub(crate) fn say_capitals(line: &Line<'_>, at: usize, tongue: &dyn Tongue, speech: &mut Speech) {
    let word = line.text(at);
    if word.chars().nth(1).is_none() {
        // A heading's `A` and `O` are words.
        if word.starts_with(is_vowel) && among_capitals(line, at) {
            speech.copy(&word.to_lowercase());
        } else {
            speech.copy(word);
        }
    } else if let Some(known) = tongue.acronym(word) {
        speech.say(known);
    } else if pronounceable(word) || among_capitals(line, at) {
        speech.copy(&word.to_lowercase());
    } else {
        say_letters(word, speech);
    }
}

/// Whether a neighbour is a long word in capitals: then this is a heading, whose small words are words too.
fn among_capitals(line: &Line<'_>, at: usize) -> bool {
    let long = |place: usize| {
        line.kind(place) == Kind::Upper && line.text(place).chars().count() > 3 && pronounceable(line.text(place))
    };
    let apart = |place: usize| line.is_space(place) || line.is_dash(place);
    (apart(at + 1) && long(at + 2)) || (at > 1 && apart(at - 1) && long(at - 2))
}

/// The value of a Roman numeral in its one right form, up to 3999.
pub(crate) fn roman(word: &str) -> Option<u64> {
    let worth = |letter: u8| match letter {
        b'I' => 1,
        b'V' => 5,
        b'X' => 10,
        b'L' => 50,
        b'C' => 100,
        b'D' => 500,
        b'M' => 1000,
        _ => 0,
    };
    let bytes = word.as_bytes();
    if bytes.is_empty() || bytes.len() > 15 || bytes.iter().any(|&letter| worth(letter) == 0) {
        return None;
    }
    let mut value = 0_u64;
    let mut greatest = 0;
    for worth in bytes.iter().rev().map(|&letter| worth(letter)) {
        if worth < greatest {
            value = value.checked_sub(worth)?;
        } else {
            (value, greatest) = (value + worth, worth);
        }
    }
    is_canonical(word, value).then_some(value)
}

fn is_canonical(word: &str, value: u64) -> bool {
    const DIGITS: [[&str; 10]; 4] = [
        ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"],
        ["", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC"],
        ["", "C", "CC", "CCC", "CD", "D", "DC", "DCC", "DCCC", "CM"],
        ["", "M", "MM", "MMM", "", "", "", "", "", ""],
    ];
    let mut written = String::new();
    for (names, place) in DIGITS.iter().zip([1, 10, 100, 1000]).rev() {
        written.push_str(names.get((value / place % 10) as usize).copied().unwrap_or_default());
    }
    written == word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_form_of_a_roman_numeral_counts() {
        assert_eq!(roman("XXI"), Some(21));
        assert_eq!(roman("MCMLXXXIX"), Some(1989));
        assert_eq!(roman("CXII"), Some(112));
        for wrong in ["IIII", "VX", "IXI", "", "XM", "CMD", "MIX X"] {
            assert_eq!(roman(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn words_in_capitals_are_told_from_initials() {
        for word in ["ANAF", "RAR", "ISU", "APIA", "CASS", "CERERE", "NATO", "ATENȚIE", "ÎNCHIS", "STRADA"] {
            assert!(pronounceable(word), "{word}");
        }
        for word in ["TVA", "DRPCIV", "SPCLEP", "CNP", "DGEP", "PNRR", "ONG", "UE", "CNAS"] {
            assert!(!pronounceable(word), "{word}");
        }
    }
}
