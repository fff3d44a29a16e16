//! An article as the terms that a question is compared with.

use std::collections::HashMap;

use desk::article::Article;
use desk::guide::Guide;
use desk::language::Language;

use super::counts::{Counts, add_word_grams, hash, prefix, running_grams_of};
use super::folding::fold_into;
use super::lexicon::{is_month, is_numeral};
use super::stemming::stem;
use super::tokens::{each, tokens};
use super::windows::Windows;
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
    /// Stems of the windows over the text.
    pub(crate) window_stems: Windows,
    /// Their letter triples.
    pub(crate) window_grams: Windows,
    /// Letter triples of every different word, for words that are only alike.
    pub(crate) spellings: Spellings,
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

    /// Every text once: title, phrasings, sentences, facts.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let body = self.body.iter().map(|sentence| sentence.text.as_str());
        let title = std::iter::once(self.title.as_str());
        title.chain(self.asked.iter().map(String::as_str)).chain(body).chain(self.facts.iter().map(String::as_str))
    }

    /// All folded words, in order.
    pub(crate) fn words(&self) -> Vec<String> {
        self.texts().flat_map(tokens).map(|token| token.folded).collect()
    }

    /// The terms of these parts.
    pub(crate) fn analyse(self) -> Analysed {
        let mut reader = Reader::new(self.language);
        let mut texts: Vec<Text> = self.texts().map(|text| reader.read(text)).collect();
        let head = 1 + self.asked.len();
        let all = |from: usize, to: usize| texts[from..to].iter();
        let stems =
            |from, to| Counts::new(all(from, to).flat_map(|text| text.words.iter().map(|word| word.stem)).collect());
        let grams = |from, to| {
            let text: String = all(from, to).map(|text| text.folded.as_str()).collect();
            Counts::new(running_grams_of(&format!(" {text}"), 5))
        };
        let end = texts.len();
        // Two sentences with the title, then each phrasing by itself.
        let pairs = (head..end.max(head + 2) - 1).map(|first| (true, first, (first + 2).min(end)));
        let windows: Vec<_> = pairs.chain((1..head).map(|phrasing| (false, phrasing, phrasing + 1))).collect();
        let within = |(titled, first, last): (bool, usize, usize)| {
            texts.iter().take(usize::from(titled)).chain(texts[first.min(last)..last].iter())
        };
        let window_stems = windows
            .iter()
            .map(|&window| within(window).flat_map(|text| text.words.iter().map(|word| word.stem)).collect());
        let window_grams =
            windows.iter().map(|&window| within(window).flat_map(|text| text.triples.iter().copied()).collect());
        Analysed {
            curated: self.curated,
            stems: stems(0, end),
            head_stems: stems(0, head),
            prefixes: Counts::new(texts.iter().flat_map(|text| text.prefixes.iter().copied()).collect()),
            grams: grams(0, end),
            head_grams: grams(0, head),
            window_stems: Windows::new(window_stems),
            window_grams: Windows::new(window_grams),
            sentences: texts.split_off(head).into_iter().map(|text| text.words).collect(),
            asked: texts.split_off(1).into_iter().map(|text| text.words).collect(),
            title: texts.pop().map(|text| text.words).unwrap_or_default(),
            spellings: reader.spellings,
            body: self.body,
        }
    }
}

/// One text, read once.
struct Text {
    /// Folded words, each with a space behind it.
    folded: String,
    words: Vec<Word>,
    prefixes: Vec<u32>,
    triples: Vec<u32>,
}

/// What is known of a word that came before.
#[derive(Clone, Copy)]
struct Known {
    word: Word,
    prefix: u32,
    spelling: usize,
}

/// Reads texts of one article; a word that comes again is stemmed and spelled once.
struct Reader {
    language: Language,
    known: HashMap<u32, Known>,
    spellings: Spellings,
    room: Vec<char>,
}

impl Reader {
    fn new(language: Language) -> Self {
        Self { language, known: HashMap::new(), spellings: Spellings::default(), room: Vec::new() }
    }

    fn read(&mut self, text: &str) -> Text {
        let mut read = Text {
            folded: String::with_capacity(text.len() + 8),
            words: Vec::with_capacity(text.len() / 5),
            prefixes: Vec::with_capacity(text.len() / 5),
            triples: Vec::with_capacity(text.len()),
        };
        each(text, |word, capital, number| {
            let start = read.folded.len();
            fold_into(word, &mut read.folded);
            let known = self.know(&read.folded[start..], number);
            read.folded.push(' ');
            read.prefixes.push(known.prefix);
            read.triples.extend_from_slice(self.spellings.get(known.spelling));
            read.words.push(Word { capital, ..known.word });
        });
        read
    }

    fn know(&mut self, folded: &str, number: bool) -> Known {
        let surface = hash(folded);
        if let Some(known) = self.known.get(&surface) {
            return *known;
        }
        let word = Word {
            surface,
            stem: hash(&stem(folded, self.language)),
            capital: false,
            number: number || is_numeral(folded),
            date: is_month(folded) || number && matches!(folded.len(), 3 | 4),
        };
        let known = Known { word, prefix: prefix(folded), spelling: self.spellings.add(folded, &mut self.room) };
        self.known.insert(surface, known);
        known
    }
}

/// Letter triples of different words, one behind the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spellings {
    triples: Vec<u32>,
    ends: Vec<usize>,
}

impl Spellings {
    fn add(&mut self, folded: &str, room: &mut Vec<char>) -> usize {
        add_word_grams(folded, 3, room, &mut self.triples);
        self.ends.push(self.triples.len());
        self.ends.len() - 1
    }

    fn get(&self, index: usize) -> &[u32] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.triples[start..self.ends[index]]
    }

    /// The triples of every word.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.ends.len()).map(|index| self.get(index))
    }
}
