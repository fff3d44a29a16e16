//! One spelling for all ways to type a word: lower case, no diacritics.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Lower case without diacritics: `Ștefan`, `Ştefan` and `stefan` become one.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// Appends the folded `text`.
pub(crate) fn fold_into(text: &str, folded: &mut String) {
    let start = folded.len();
    for character in text.chars() {
        if let Some(bare) = bare(character) {
            folded.push(bare);
        } else {
            // A letter of another alphabet or a mark of its own: the whole text goes the long way.
            folded.truncate(start);
            folded.extend(text.nfkd().filter(|mark| !is_combining_mark(*mark)).flat_map(char::to_lowercase));
            return;
        }
    }
}

/// The bare letter of what the three languages write, which is nearly all that is ever folded.
fn bare(character: char) -> Option<char> {
    Some(match character {
        _ if character.is_ascii() => character.to_ascii_lowercase(),
        'ă' | 'â' | 'á' | 'Ă' | 'Â' | 'Á' => 'a',
        'î' | 'í' | 'Î' | 'Í' => 'i',
        'ș' | 'ş' | 'Ș' | 'Ş' => 's',
        'ț' | 'ţ' | 'Ț' | 'Ţ' => 't',
        'é' | 'É' => 'e',
        'ó' | 'ö' | 'ő' | 'Ó' | 'Ö' | 'Ő' => 'o',
        'ú' | 'ü' | 'ű' | 'Ú' | 'Ü' | 'Ű' => 'u',
        '„' | '”' | '“' | '–' | '—' | '’' | '«' | '»' => character,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comma_cedilla_and_bare_letters_become_one() {
        for text in ["Ștefan țară", "Ştefan ţară", "stefan tara"] {
            assert_eq!(fold(text), "stefan tara");
        }
        assert_eq!(fold("Őrült ŰRLAP"), "orult urlap");
    }

    #[test]
    fn the_short_way_and_the_long_way_agree() {
        for letter in "ăâáîíșşțţéóöőúüűĂÂÁÎÍȘŞȚŢÉÓÖŐÚÜŰ„”“–—’«»AZaz09".chars()
        {
            let long: String =
                letter.nfkd().filter(|mark| !is_combining_mark(*mark)).flat_map(char::to_lowercase).collect();
            assert_eq!(bare(letter).map(String::from), Some(long), "{letter}");
        }
    }
}
