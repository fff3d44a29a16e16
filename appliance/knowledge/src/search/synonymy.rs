//! Synonyms ready for use: phrases as stems, found in a question and in articles.

use desk::language::{Language, Localized};

use crate::analysis::counts::hash;
use crate::analysis::stemming::light_stem;
use crate::analysis::stemming::stem;
use crate::analysis::tokens::tokens;
use crate::synonyms::Synonyms;

/// One way to say it.
#[derive(Debug, Clone)]
pub(crate) struct Phrase {
    /// Its folded words.
    pub(crate) words: Vec<String>,
    /// Their stems, by which a question is compared.
    light: Vec<String>,
    /// Hashes of their stems, by which an article is compared.
    pub(crate) stems: Vec<u32>,
}

/// The groups of one language.
#[derive(Debug, Clone, Default)]
pub(crate) struct Synonymy {
    groups: Vec<Vec<Phrase>>,
}

/// A phrase of a group met in a question.
#[derive(Debug)]
pub(crate) struct Met<'a> {
    /// The first of its words in the question.
    pub(crate) start: usize,
    /// How many words it takes.
    pub(crate) length: usize,
    /// The phrase met.
    pub(crate) phrase: &'a Phrase,
    /// Its whole group, the preferred phrase first.
    pub(crate) group: &'a [Phrase],
}

impl Synonymy {
    /// The groups of every language.
    pub(crate) fn of(synonyms: &Synonyms) -> Localized<Self> {
        let of = |language| Self::new(synonyms.groups(language), language);
        Localized { ro: of(Language::Ro), hu: of(Language::Hu), en: of(Language::En) }
    }

    fn new(groups: &[Vec<String>], language: Language) -> Self {
        let phrase = |text: &String| {
            let words: Vec<String> = tokens(text).into_iter().map(|token| token.folded).collect();
            let light = words.iter().map(|word| light_stem(word, language).into_owned()).collect();
            let stems = words.iter().map(|word| hash(&stem(word, language))).collect();
            Phrase { words, light, stems }
        };
        let groups =
            groups.iter().map(|group| group.iter().map(phrase).filter(|phrase| !phrase.words.is_empty()).collect());
        Self { groups: groups.collect() }
    }

    /// The phrases met in a question's words, the longest of each group.
    pub(crate) fn met<'a>(&'a self, words: &[String], language: Language) -> Vec<Met<'a>> {
        let light: Vec<_> = words.iter().map(|word| light_stem(word, language)).collect();
        let mut met = Vec::new();
        for group in &self.groups {
            let longest = group
                .iter()
                .filter_map(|phrase| {
                    let start =
                        light.windows(phrase.light.len()).position(|window| window.iter().eq(phrase.light.iter()))?;
                    Some(Met { start, length: phrase.light.len(), phrase, group })
                })
                .max_by_key(|met| met.length);
            met.extend(longest);
        }
        met
    }
}
