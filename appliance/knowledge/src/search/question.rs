//! A question as the terms to look for.

use std::collections::HashMap;

use desk::language::Language;
use rustc_hash::FxHashMap;

use super::expected::Expected;
use super::{ReadTerm, Reading};
use crate::analysis::counts::{hash, prefix, running_grams, word_grams};
use crate::analysis::lexicon::{Lexicon, lexicon};
use crate::analysis::similar::{common_prefix, one_error_apart};
use crate::analysis::stemming::{light_stem, stem};
use crate::analysis::tokens::{Token, tokens};
use crate::index::IndexError;
use crate::index::sample::{Sample, View, rarity};
use crate::index::snapshot::{Snapshot, Sought};

/// Words of a question that are read; what is longer is cut.
const MOST_WORDS: usize = 64;
/// Forms of one word that are looked for.
const MOST_FORMS: usize = 24;

/// What is left of the weight of a word that any subject may use.
const COMMON: f32 = 0.6;
/// How much more a name or a number tells.
const NAME: f32 = 1.2;

/// How much a match counts that is not of the same stem.
mod strength {
    pub(super) const LIGHT: f32 = 0.95;
    pub(super) const SYNONYM: f32 = 0.95;
    pub(super) const CORRECTED: f32 = 0.85;
    /// A word of the same family, from the least to the most alike.
    pub(super) const FAMILY: (f32, f32) = (0.5, 0.9);
    /// Share of letters that words of a family have in common at least.
    pub(super) const FAMILY_PREFIX: f32 = 0.6;
}

/// One word that carries weight.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    pub(crate) folded: String,
    /// Letter triples.
    pub(crate) spelling: Vec<u32>,
    pub(crate) corrected: Option<String>,
    pub(crate) known: bool,
    /// A name or a number.
    pub(crate) name: bool,
    /// How much it tells.
    pub(crate) weight: f32,
    /// Its place among all words of the question.
    pub(crate) position: usize,
}

/// Hashed terms with what each tells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weighted {
    pub(crate) terms: Vec<(u32, f32)>,
    pub(crate) total: f32,
}

impl Weighted {
    fn new(mut hashes: Vec<u32>, rarity: impl Fn(u32) -> f32) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        let terms: Vec<_> = hashes.into_iter().map(|term| (term, rarity(term))).collect();
        let total = terms.iter().map(|(_, weight)| weight).sum();
        Self { terms, total }
    }
}

/// One wording of the question, in every view.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wording {
    pub(crate) stems: Weighted,
    pub(crate) prefixes: Weighted,
    pub(crate) grams: Weighted,
    pub(crate) window_grams: Weighted,
}

/// A question ready to be compared.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question {
    pub(crate) terms: Vec<Term>,
    /// Sum of the terms' weights.
    pub(crate) weight: f32,
    /// Terms that a stem or a written word matches, and how well.
    pub(crate) by_stem: FxHashMap<u32, Vec<(usize, f32)>>,
    pub(crate) by_surface: FxHashMap<u32, Vec<(usize, f32)>>,
    /// Phrases of several words that match a term, by their first stem.
    pub(crate) by_phrase: FxHashMap<u32, Vec<(Vec<u32>, usize, f32)>>,
    pub(crate) wordings: Vec<Wording>,
    pub(crate) expected: Option<Expected>,
    /// What a word that no article has would tell.
    pub(crate) greatest: f32,
    pub(crate) sought: HashMap<String, f32>,
}

struct Reader<'a> {
    snapshot: &'a Snapshot,
    language: Language,
    documents: u32,
    lexicon: &'static Lexicon,
    question: Question,
}

impl Question {
    /// Reads `text` against what `snapshot` knows.
    pub(crate) fn read(text: &str, language: Language, snapshot: &Snapshot) -> Result<Self, IndexError> {
        let mut tokens = tokens(text);
        tokens.truncate(MOST_WORDS);
        let words: Vec<String> = tokens.iter().map(|token| token.folded.clone()).collect();
        let documents = snapshot.documents(language)?;
        let mut reader =
            Reader { snapshot, language, documents, lexicon: lexicon(language), question: Self::default() };
        reader.question.greatest = rarity(documents, 0);
        reader.question.expected = Expected::read(&words, language);
        for (position, token) in tokens.iter().enumerate() {
            let letter = token.folded.chars().count() == 1 && !token.number;
            if !letter && !reader.lexicon.is_stop(&token.folded) {
                reader.term(token, position)?;
            }
        }
        if reader.question.terms.is_empty() {
            // Nothing but small words ("cum fac asta"): then these are all there is to look for.
            for word in &words {
                let stem = stem(word, language).into_owned();
                reader.question.sought.insert(stem, 1.0);
            }
        }
        reader.synonyms(&words);
        reader.wordings(&words)?;
        reader.question.weight = reader.question.terms.iter().map(|term| term.weight).sum();
        Ok(reader.question)
    }

    /// The stems to look for.
    pub(crate) fn sought(&self) -> Vec<Sought> {
        self.sought.iter().map(|(stem, &strength)| Sought { stem: stem.clone(), strength }).collect()
    }

    /// How the question was read, for people.
    pub(crate) fn reading(&self) -> Reading {
        let term = |term: &Term| ReadTerm {
            word: term.folded.clone(),
            corrected: term.corrected.clone(),
            known: term.known,
            weight: term.weight / self.weight.max(f32::EPSILON),
        };
        Reading { terms: self.terms.iter().map(term).collect(), wants: self.expected }
    }
}

fn raise(map: &mut FxHashMap<u32, Vec<(usize, f32)>>, hash: u32, term: usize, strength: f32) {
    let matches = map.entry(hash).or_default();
    match matches.iter_mut().find(|(other, _)| *other == term) {
        Some((_, known)) => *known = known.max(strength),
        None => matches.push((term, strength)),
    }
}

impl Reader<'_> {
    fn seek(&mut self, stem: &str, strength: f32) {
        let known = self.question.sought.entry(stem.to_owned()).or_default();
        *known = known.max(strength);
    }

    fn match_stem(&mut self, term: usize, stem: &str, strength: f32) {
        raise(&mut self.question.by_stem, hash(stem), term, strength);
        self.seek(stem, strength);
    }

    fn term(&mut self, token: &Token, position: usize) -> Result<(), IndexError> {
        let index = self.question.terms.len();
        let folded = token.folded.as_str();
        let own = stem(folded, self.language).into_owned();
        let mut frequency = self.snapshot.stems(self.language).frequency(&own)?;
        if frequency > 0 {
            self.match_stem(index, &own, 1.0);
        } else {
            // No article has it; an outside subject may.
            raise(&mut self.question.by_stem, hash(&own), index, 1.0);
        }
        frequency += self.light_forms(index, folded, &own)?;
        let known = frequency > 0;
        if !token.number {
            self.family(index, &own)?;
        }
        let mut corrected = None;
        if !known
            && !token.number
            && folded.chars().count() >= 4
            && !self.snapshot.background(self.language).knows(folded)
        {
            for (word, count) in self.snapshot.words(self.language).near(folded)?.into_iter().take(4) {
                let stem = stem(&word, self.language).into_owned();
                self.match_stem(index, &stem, strength::CORRECTED);
                frequency += count;
                corrected.get_or_insert(word);
            }
        }
        let mut weight = if frequency == 0 {
            self.question.greatest.min(rarity_of_half(self.documents))
        } else {
            rarity(self.documents, frequency)
        };
        let mut common = self.lexicon.is_common(folded, &own);
        if !known {
            let length = folded.chars().count();
            if self.lexicon.stop_words().any(|stop| stop.len() >= 3 && one_error_apart(stop, folded)) {
                weight *= 0.3;
            } else if length >= 4 && self.lexicon.common_words().any(|word| one_error_apart(word, folded)) {
                common = true;
            }
        }
        if common {
            weight *= COMMON;
        }
        let name = token.number || token.capital && position > 0;
        if name {
            weight *= NAME;
        }
        let spelling = word_grams(&[folded], 3);
        self.question.terms.push(Term {
            folded: folded.to_owned(),
            spelling,
            corrected,
            known,
            name,
            weight,
            position,
        });
        Ok(())
    }

    /// Words whose ending only the shallower stemming takes off.
    fn light_forms(&mut self, index: usize, folded: &str, own: &str) -> Result<u32, IndexError> {
        let light = light_stem(folded, self.language).into_owned();
        if self.language != Language::Ro || light.len() < 3 {
            return Ok(0);
        }
        let mut frequency = 0;
        for (word, count) in self.snapshot.words(self.language).beginning_with(&light)? {
            if light_stem(&word, self.language) == light {
                raise(&mut self.question.by_surface, hash(&word), index, strength::LIGHT);
                let stem = stem(&word, self.language).into_owned();
                if stem != own {
                    frequency += count;
                    self.seek(&stem, strength::LIGHT);
                }
            }
        }
        Ok(frequency)
    }

    /// Words of the same family: `defrișat`, `defrișare`.
    fn family(&mut self, index: usize, own: &str) -> Result<(), IndexError> {
        let (least, most) = strength::FAMILY;
        let length = ((own.len() as f32 * strength::FAMILY_PREFIX).ceil() as usize).max(4);
        if own.len() < 4 || !own.is_char_boundary(length) {
            return Ok(());
        }
        let relatives = self.snapshot.stems(self.language).beginning_with(&own[..length])?;
        for (relative, _) in relatives.into_iter().filter(|(relative, _)| relative != own).take(MOST_FORMS) {
            let share = common_prefix(&relative, own) as f32 / relative.len().max(own.len()) as f32;
            if share >= strength::FAMILY_PREFIX {
                let strength =
                    least + (most - least) * (share - strength::FAMILY_PREFIX) / (1.0 - strength::FAMILY_PREFIX);
                self.match_stem(index, &relative, strength);
            }
        }
        Ok(())
    }

    /// What else an article may call what the question names.
    fn synonyms(&mut self, words: &[String]) {
        let synonymy = self.snapshot.synonymy(self.language);
        for met in synonymy.met(words, self.language) {
            let within = met.start..met.start + met.length;
            let indices: Vec<usize> = (0..self.question.terms.len())
                .filter(|&index| within.contains(&self.question.terms[index].position))
                .collect();
            for phrase in met.group.iter().filter(|phrase| phrase.words != met.phrase.words) {
                for &index in &indices {
                    if phrase.stems.len() == 1 {
                        raise(&mut self.question.by_stem, phrase.stems[0], index, strength::SYNONYM);
                    } else {
                        let phrases = self.question.by_phrase.entry(phrase.stems[0]).or_default();
                        phrases.push((phrase.stems.clone(), index, strength::SYNONYM));
                    }
                }
                for word in phrase.words.iter().filter(|word| !self.lexicon.is_stop(word)) {
                    let stem = stem(word, self.language).into_owned();
                    let known = self.question.sought.entry(stem).or_default();
                    *known = known.max(strength::SYNONYM);
                }
            }
            for index in indices {
                self.question.terms[index].known = true;
            }
        }
    }

    /// The question as typed, as corrected, and in the institution's own words.
    fn wordings(&mut self, words: &[String]) -> Result<(), IndexError> {
        let mut corrected = words.to_vec();
        for term in &self.question.terms {
            if let Some(word) = &term.corrected {
                corrected[term.position].clone_from(word);
            }
        }
        let mut proper = Vec::new();
        let met = self.snapshot.synonymy(self.language).met(&corrected, self.language);
        let mut position = 0;
        while position < corrected.len() {
            let preferred = met.iter().filter(|met| met.start == position).max_by_key(|met| met.length);
            match preferred.and_then(|met| met.group.first().map(|first| (met.length, first))) {
                Some((length, first)) => {
                    proper.extend(first.words.iter().cloned());
                    position += length;
                }
                None => {
                    proper.push(corrected[position].clone());
                    position += 1;
                }
            }
        }
        let mut wordings = vec![words.to_vec()];
        for wording in [corrected, proper] {
            if !wordings.contains(&wording) {
                wordings.push(wording);
            }
        }
        for wording in wordings {
            let wording = self.wording(&wording)?;
            self.question.wordings.push(wording);
        }
        Ok(())
    }

    fn wording(&self, words: &[String]) -> Result<Wording, IndexError> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut frequencies = HashMap::new();
        for word in &words {
            let stem = stem(word, self.language);
            let frequency = self.snapshot.stems(self.language).frequency(&stem)?;
            frequencies.insert(hash(&stem), frequency);
        }
        let sample: &Sample = self.snapshot.sample(self.language);
        let counted = |view: View, hashes: Vec<u32>| Weighted::new(hashes, |term| sample.rarity(view, term));
        Ok(Wording {
            stems: Weighted::new(frequencies.keys().copied().collect(), |term| {
                rarity(self.documents, frequencies.get(&term).copied().unwrap_or(0))
            }),
            prefixes: counted(View::Prefixes, words.iter().map(|word| prefix(word)).collect()),
            grams: counted(View::Grams, running_grams(&words, 5)),
            window_grams: counted(View::WindowGrams, word_grams(&words, 3)),
        })
    }
}

/// What a word tells that half an article has: a little less than one that none has.
fn rarity_of_half(documents: u32) -> f32 {
    (1.0 + documents.max(1) as f32).ln()
}
