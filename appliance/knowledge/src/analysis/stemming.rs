//! Word forms to stems. Stemming follows folding, so that a word has one stem with and without diacritics.

use std::borrow::Cow;

use desk::language::Language;
use frostem::{Algorithm, Stemmer};

/// Romanian endings of nouns and adjectives, folded; the longest first.
const ROMANIAN_ENDINGS: [&str; 25] = [
    "urilor", "iilor", "urile", "ilor", "elor", "ului", "iile", "iului", "lor", "uri", "ule", "ile", "ele", "iei",
    "iai", "ul", "le", "ii", "ei", "ea", "ia", "ai", "oi", "ui", "i",
];

/// The Snowball stem of a folded word.
pub(crate) fn stem(folded: &str, language: Language) -> Cow<'_, str> {
    let algorithm = match language {
        Language::Ro => Algorithm::Romanian,
        Language::Hu => Algorithm::Hungarian,
        Language::En => Algorithm::English,
    };
    let stem = Stemmer::new(algorithm).stem(folded);
    match language {
        // The last vowel marks number and gender; Snowball leaves it on what it takes for a short word.
        Language::Ro if stem.len() > 4 && stem.ends_with(['a', 'e', 'i', 'o', 'u']) => {
            alternated(Cow::Owned(stem[..stem.len() - 1].to_owned()))
        }
        Language::Ro => alternated(stem),
        Language::Hu | Language::En => stem,
    }
}

/// One form for sounds that alternate within a Romanian word: `școală`, `școli`; `piatră`, `pietre`; `coadă`, `cozi`.
fn alternated(stem: Cow<'_, str>) -> Cow<'_, str> {
    let inside = ["ea", "oa", "ia"].iter().any(|pair| stem.find(pair).is_some_and(|at| at + 2 < stem.len()));
    if stem.len() < 3 || !stem.is_ascii() || !(inside || stem.ends_with('z')) {
        return stem;
    }
    let last = stem.len() - 1;
    let one = stem[..last].replace("ea", "e").replace("oa", "o").replace("ia", "ie");
    let end = if stem.ends_with('z') { "d" } else { &stem[last..] };
    Cow::Owned(one + end)
}

/// A second, shallower opinion for short Romanian words, which Snowball leaves alone (`alb`, `albă`, `albi`).
pub(crate) fn light_stem(folded: &str, language: Language) -> Cow<'_, str> {
    if language != Language::Ro || folded.starts_with(|first: char| first.is_numeric()) {
        return stem(folded, language);
    }
    let ending = ROMANIAN_ENDINGS
        .iter()
        .copied()
        .chain(["a", "e", "o", "u"])
        .find(|ending| folded.len() >= ending.len() + 3 && folded.ends_with(ending));
    let mut rest = ending.map_or(folded, |ending| &folded[..folded.len() - ending.len()]);
    if rest.len() > 3 && rest.ends_with(['a', 'e', 'i', 'o', 'u']) {
        rest = &rest[..rest.len() - 1];
    }
    Cow::Borrowed(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_share_a_stem() {
        for forms in [["buletinul", "buletine", "buletinului"], ["plata", "plate", "platei"]] {
            let stems: Vec<_> = forms.iter().map(|form| light_stem(form, Language::Ro)).collect();
            assert!(stems.windows(2).all(|pair| pair[0] == pair[1]), "{stems:?}");
        }
        for forms in [["scoala", "scoli"], ["coada", "cozi"], ["brad", "brazi"], ["piatra", "pietre"]] {
            assert_eq!(stem(forms[0], Language::Ro), stem(forms[1], Language::Ro), "{forms:?}");
        }
        assert_eq!(stem("identity", Language::En), stem("identities", Language::En));
    }
}
