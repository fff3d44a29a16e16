//! One spelling for all ways to type a word: lower case, no diacritics.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Lower case without diacritics: `Ștefan`, `Ştefan` and `stefan` become one.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkd().filter(|character| !is_combining_mark(*character)).flat_map(char::to_lowercase).collect()
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
}
