//! An article as the terms that a question is compared with.

use std::collections::HashMap;

use desk::article::Article;
use desk::guide::Guide;
use desk::language::Language;

use super::counts::{Counts, hash, prefixes, running_grams, word_grams};
use super::lexicon::{is_month, is_numeral};
use super::stemming::stem;
use super::tokens::tokens;
use crate::text::{Sentence, sentences};

/// One word of an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word {
    /// Hash of its folded form.
    pub(crate) surface: u32,
    /// Hash of its stem.
    pub(crate) stem: u32,
    /// Begins with a capital letter.
    pub(crate) capital: bool,
    /// Is a number or a numeral.
    pub(crate) number: bool,
    /// Could be part of a date: a month or a year.
    pub(crate) date: bool,
}

/// Two neighbouring sentences with the title, or one everyday phrasing: what a question usually resembles.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    /// Stems.
    pub(crate) stems: Counts,
    /// Letter triples.
    pub(crate) grams: Counts,
}

/// An article's terms, in the forms in which the search compares them.
#[derive(Debug, Clone)]
pub(crate) struct Analysed {
    /// Has everyday phrasings.
    pub(crate) curated: bool,
    /// Words of the title.
    pub(crate) title: Vec<Word>,
    /// Sentences of the body and the facts; as many as the body's come first, in its order.
    pub(crate) sentences: Vec<Vec<Word>>,
    /// Everyday phrasings and headings.
    pub(crate) asked: Vec<Vec<Word>>,
    /// All stems.
    pub(crate) stems: Counts,
    /// All beginnings of words.
    pub(crate) prefixes: Counts,
    /// All runs of five characters.
    pub(crate) grams: Counts,
    /// Stems of the title and the everyday phrasings.
    pub(crate) head_stems: Counts,
    /// Runs of five characters of the title and the everyday phrasings.
    pub(crate) head_grams: Counts,
    /// Windows over the text.
    pub(crate) windows: Vec<Window>,
    /// Letter triples of every different word, for words that are only alike.
    pub(crate) spellings: Vec<Vec<u32>>,
    /// The body's sentences as text.
    pub(crate) body: Vec<Sentence>,
}

/// The parts of an article or guide that are searched.
pub(crate) struct Parts {
    language: Language,
    title: String,
    curated: bool,
    asked: Vec<String>,
    body: Vec<Sentence>,
    facts: Vec<String>,
}

impl Parts {
    /// What of `article` is searched.
    pub(crate) fn of_article(article: &Article) -> Self {
        let facts = &article.facts;
        let body = sentences(article);
        let mut asked = article.asked_as.clone();
        for sentence in &body {
            if let Some(heading) = &sentence.heading
                && !asked.contains(heading)
            {
                asked.push(heading.clone());
            }
        }
        Self {
            language: article.language,
            title: article.title.replace('_', " "),
            curated: !article.asked_as.is_empty(),
            asked,
            body,
            facts: facts.bring.iter().chain(&facts.cost).chain(&facts.time).chain(&facts.r#where).cloned().collect(),
        }
    }

    /// What of `guide` is searched in `language`.
    pub(crate) fn of_guide(guide: &Guide, language: Language) -> Self {
        let says = guide.steps.iter().map(|step| step.say.get(language).clone());
        let labels = guide.steps.iter().flat_map(|step| &step.choices).map(|choice| choice.label.get(language).clone());
        Self {
            language,
            title: guide.title.get(language).clone(),
            curated: true,
            asked: guide.asked_as.get(language).clone(),
            body: Vec::new(),
            facts: says.chain(labels).collect(),
        }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let body = self.body.iter().map(|sentence| sentence.text.as_str());
        std::iter::once(self.title.as_str())
            .chain(self.asked.iter().map(String::as_str))
            .chain(body)
            .chain(self.facts.iter().map(String::as_str))
    }

    /// All folded words, in order.
    pub(crate) fn words(&self) -> Vec<String> {
        self.texts().flat_map(tokens).map(|token| token.folded).collect()
    }

    /// The terms of these parts.
    pub(crate) fn analyse(self) -> Analysed {
        let mut stems = Stems { language: self.language, known: HashMap::new() };
        let title = stems.words(&self.title);
        let asked: Vec<_> = self.asked.iter().map(|text| stems.words(text)).collect();
        let texts: Vec<&str> = self
            .body
            .iter()
            .map(|sentence| sentence.text.as_str())
            .chain(self.facts.iter().map(String::as_str))
            .collect();
        let sentences: Vec<_> = texts.iter().map(|text| stems.words(text)).collect();
        let words = self.words();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut different = words.clone();
        different.sort_unstable();
        different.dedup();
        let mut windows: Vec<Window> = Vec::new();
        for index in 0..texts.len().max(1) {
            if index + 1 == texts.len() && index > 0 {
                break;
            }
            let pair = texts.get(index..(index + 2).min(texts.len())).unwrap_or_default();
            windows.push(stems.window(std::iter::once(self.title.as_str()).chain(pair.iter().copied())));
        }
        windows.extend(self.asked.iter().map(|text| stems.window(std::iter::once(text.as_str()))));
        let head: Vec<String> = std::iter::once(&self.title)
            .chain(&self.asked)
            .flat_map(|text| tokens(text))
            .map(|token| token.folded)
            .collect();
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        Analysed {
            curated: self.curated,
            head_stems: Counts::new(head.iter().map(|word| stems.stem(word)).collect()),
            head_grams: Counts::new(running_grams(&head, 5)),
            stems: Counts::new(words.iter().map(|word| stems.stem(word)).collect()),
            prefixes: Counts::new(prefixes(&words)),
            grams: Counts::new(running_grams(&words, 5)),
            windows,
            spellings: different.iter().map(|word| word_grams(&[word], 3)).collect(),
            title,
            sentences,
            asked,
            body: self.body,
        }
    }
}

/// Stems each different word once.
struct Stems {
    language: Language,
    known: HashMap<String, u32>,
}

impl Stems {
    fn stem(&mut self, folded: &str) -> u32 {
        if let Some(&known) = self.known.get(folded) {
            return known;
        }
        let hashed = hash(&stem(folded, self.language));
        self.known.insert(folded.to_owned(), hashed);
        hashed
    }

    fn words(&mut self, text: &str) -> Vec<Word> {
        tokens(text)
            .into_iter()
            .map(|token| Word {
                surface: hash(&token.folded),
                stem: self.stem(&token.folded),
                capital: token.capital,
                number: token.number || is_numeral(&token.folded),
                date: is_month(&token.folded) || token.number && matches!(token.folded.len(), 3 | 4),
            })
            .collect()
    }

    fn window<'a>(&mut self, texts: impl Iterator<Item = &'a str>) -> Window {
        let words: Vec<String> = texts.flat_map(tokens).map(|token| token.folded).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Window {
            stems: Counts::new(words.iter().map(|word| self.stem(word)).collect()),
            grams: Counts::new(word_grams(&words, 3)),
        }
    }
}
