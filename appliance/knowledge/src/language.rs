//! Which language a citizen writes, from a few words without diacritics.
//!
//! Naive Bayes over letter runs of folded text, taught at start by the starter pack itself and by the small words of each
//! language. Generic detectors were built for longer text with its diacritics, and do not know our subjects.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use desk::language::{Language, Localized};
use rustc_hash::FxHashMap;

use crate::analysis::counts::hash_characters;
use crate::analysis::lexicon::lexicon;
use crate::analysis::tokens::tokens;
use crate::starter::Articles;

/// Runs of one to this many letters are counted.
const LONGEST: usize = 4;
/// How often each small word is counted: they are what short questions have.
const SMALL_WORDS: u32 = 40;
/// A page's language tips the balance where the text says little.
const HINT: f64 = 1.5;

/// A guess at a text's language.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// The likeliest language.
    pub language: Language,
    /// How sure that is, from a third to 1.
    pub confidence: f32,
}

#[derive(Default)]
struct Model {
    counts: FxHashMap<u32, u32>,
    totals: [f64; LONGEST],
}

static MODELS: LazyLock<Localized<Model>> = LazyLock::new(|| {
    let mut models = Localized::<Model>::default();
    let mut words: BTreeMap<Language, FxHashMap<String, u32>> = BTreeMap::new();
    for path in Articles::iter() {
        let Some((language, text)) = teaching_text(&path) else { continue };
        let words = words.entry(language).or_default();
        for token in tokens(&text) {
            *words.entry(token.folded).or_default() += 1;
        }
    }
    for (language, words) in words {
        for (word, times) in words {
            model(&mut models, language).count(&word, times);
        }
    }
    for language in Language::ALL {
        for word in lexicon(language).stop_words() {
            model(&mut models, language).count(word, SMALL_WORDS);
        }
        for word in lexicon(language).common_words() {
            model(&mut models, language).count(word, 4);
        }
    }
    models
});

/// An article of the starter pack as raw text: without the importer, which itself guesses languages.
fn teaching_text(path: &str) -> Option<(Language, String)> {
    let language =
        path.split('/').find_map(|part| part.parse::<Language>().ok().filter(|language| language.code() == part))?;
    let file = Articles::get(path)?;
    let text = String::from_utf8_lossy(&file.data).into_owned();
    // The keys and addresses of the front matter are the same in every language: only the phrasings are taken from it.
    let (front, body) = text.split_once("\n+++\n")?;
    let phrasings = front.split_once("\nasked_as = [").and_then(|(_, list)| list.split_once("]\n"));
    Some((language, format!("{}\n{body}", phrasings.map_or("", |(list, _)| list))))
}

fn model(models: &mut Localized<Model>, language: Language) -> &mut Model {
    match language {
        Language::Ro => &mut models.ro,
        Language::Hu => &mut models.hu,
        Language::En => &mut models.en,
    }
}

/// Runs of letters of a word with its ends marked, each with its length.
fn runs(word: &str) -> Vec<(usize, u32)> {
    let marked: Vec<char> = std::iter::once('^').chain(word.chars()).chain(std::iter::once('$')).collect();
    let mut runs = Vec::new();
    for size in 1..=LONGEST {
        for run in marked.windows(size) {
            runs.push((size, hash_characters(run)));
        }
    }
    runs
}

impl Model {
    fn count(&mut self, word: &str, times: u32) {
        for (size, run) in runs(word) {
            *self.counts.entry(run).or_default() += times;
            self.totals[size - 1] += f64::from(times);
        }
    }

    fn likelihood(&self, size: usize, run: u32) -> f64 {
        let count = f64::from(self.counts.get(&run).copied().unwrap_or(0));
        ((count + 0.5) / (self.totals[size - 1] + 5_000.0)).ln()
    }
}

/// Guesses the language of `text`. `hint` is the language of the page on which it was written: it decides where the text
/// does not.
#[must_use]
pub fn detect(text: &str, hint: Option<Language>) -> Detection {
    let mut scores = [0.0_f64; 3];
    for token in tokens(text).into_iter().take(400).filter(|token| !token.number) {
        for (size, run) in runs(&token.folded) {
            for (score, language) in scores.iter_mut().zip(Language::ALL) {
                // Runs overlap, so each counts for a part only; the longer say more.
                *score += MODELS.get(language).likelihood(size, run) * 0.1 * size as f64;
            }
        }
        let small = Language::ALL.map(|language| lexicon(language).is_stop(&token.folded));
        if small.iter().filter(|known| **known).count() == 1 {
            for (score, known) in scores.iter_mut().zip(small) {
                *score += if known { 1.5 } else { 0.0 };
            }
        }
    }
    // Letters that only one of the languages has.
    for character in text.chars() {
        match character {
            'ă' | 'ș' | 'ț' | 'ş' | 'ţ' | 'Ș' | 'Ț' | 'Ă' | 'î' | 'Î' => scores[0] += 3.0,
            'ő' | 'ű' | 'Ő' | 'Ű' | 'é' | 'ó' | 'á' | 'ö' | 'ü' | 'ú' | 'í' => scores[1] += 2.0,
            _ => {}
        }
    }
    if let Some(hint) = hint {
        for (score, language) in scores.iter_mut().zip(Language::ALL) {
            *score += if language == hint { HINT } else { 0.0 };
        }
    }
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|score| (score - most).exp()).sum();
    let best = scores.iter().position(|score| *score >= most).unwrap_or(0);
    Detection { language: Language::ALL[best], confidence: (1.0 / sum) as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_questions_without_diacritics_are_told_apart() {
        let cases = [
            ("mi-a expirat buletinul ce fac", Language::Ro),
            ("cat costa pasaportul", Language::Ro),
            ("nu pot intra in cont", Language::Ro),
            ("unde platesc impozitul", Language::Ro),
            ("lejart a szemelyim mit tegyek", Language::Hu),
            ("mennyibe kerul az utlevel", Language::Hu),
            ("hol tudok adot fizetni", Language::Hu),
            ("my id card expired what now", Language::En),
            ("how much is a passport", Language::En),
            ("lost driving licence", Language::En),
        ];
        for (text, language) in cases {
            assert_eq!(detect(text, None).language, language, "{text}");
        }
    }

    #[test]
    fn the_page_decides_where_the_text_does_not() {
        assert_eq!(detect("2026", Some(Language::Hu)).language, Language::Hu);
        assert_eq!(detect("hello, my passport expired", Some(Language::Ro)).language, Language::En);
    }
}
