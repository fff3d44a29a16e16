//! Whether words can be acted on. A recogniser that hears a language it does not know, or noise, writes words all the same.

use std::collections::BTreeSet;

use crate::turn_taking::is_wordless;
use crate::words::words;

/// Whether `text` can be acted on, given how sure the recogniser is and how sure it must be.
pub(crate) fn is_clear(text: &str, confidence: Option<f32>, least: f32) -> bool {
    confidence.is_none_or(|confidence| confidence >= least) && !is_wordless(text) && !is_salad(text)
}

/// The same few words over and over, or letters alone.
fn is_salad(text: &str) -> bool {
    let said = words(text);
    let different: BTreeSet<&String> = said.iter().collect();
    let repeats = said.len() >= 5 && different.len() * 5 <= said.len() * 2;
    let is_figure = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
    let letters = said.len() >= 3 && said.iter().all(|word| word.chars().count() == 1 && !is_figure(word));
    // Dictated digits repeat: "zero zero zero unu".
    let dictated = desk::language::Language::ALL.iter().any(|language| {
        let (figures, others) = crate::exact::digits(text, *language);
        figures.len() >= 2 && others <= 2
    });
    (repeats || letters) && !dictated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_salad_and_unsure_words_are_not_acted_on() {
        assert!(is_clear("mi-a expirat buletinul", Some(0.9), 0.45));
        assert!(is_clear("zero zero zero zero unu unu", None, 0.45));
        assert!(!is_clear("mi-a expirat buletinul", Some(0.2), 0.45));
        assert!(!is_clear("la la la la la la", None, 0.45));
        assert!(!is_clear("ăăă", Some(0.9), 0.45));
        assert!(!is_clear("a b c d", None, 0.45));
    }
}
