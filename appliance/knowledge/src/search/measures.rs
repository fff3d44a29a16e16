//! One article measured against one question.

use crate::analysis::document::{Analysed, Word};
use crate::analysis::similar::{letters_shared, most_letters_shared};

use super::evidence::Evidence;
use super::expected::Expected;
use super::question::Question;
use super::views::{B, K1, Means, views};

/// A match in the title counts a little less than one in the sentence itself.
const TITLE: f32 = 0.9;
/// So does one in the sentence beside it.
const NEIGHBOUR: f32 = 0.9;

/// What it adds to a sentence's nearness that it holds the kind of thing asked for.
const HELD: f32 = 0.05;
/// A word that the others have at most so well, on average, is one that they lack.
const HARDLY_ANY: f32 = 0.05;
/// What was measured, and where the question is best met.
pub(crate) struct Measured {
    pub(crate) evidence: Evidence,
    /// How near each sentence of the body is to the question, from 0 to 1.
    pub(crate) sentences: Vec<f32>,
    /// How well each term is matched anywhere.
    best: Vec<f32>,
}

/// Where terms stand and how well they match.
struct Matches {
    /// By sentence, then by term.
    sentences: Vec<Vec<f32>>,
    /// By term, then places with their strengths.
    places: Vec<Vec<(usize, f32)>>,
}

/// Measures `analysed`; the lead, the score, the collection and what costs time are filled in later.
pub(crate) fn measure(question: &Question, analysed: &Analysed, means: &Means<'_>) -> Measured {
    let mut evidence = Evidence::default();
    for wording in &question.wordings {
        views(&mut evidence, wording, analysed, means);
    }
    let terms = question.terms.len();
    let title = best(&matches(question, std::slice::from_ref(&analysed.title)).sentences, terms);
    let body = matches(question, &analysed.sentences);
    let asked = matches(question, &analysed.asked);
    let mut head = best(&asked.sentences, terms);
    raise(&mut head, &title, 1.0);
    let mut all = best(&body.sentences, terms);
    raise(&mut all, &head, 1.0);
    evidence.curated = if analysed.curated { 1.0 } else { 0.0 };
    if terms > 0 {
        coverage(&mut evidence, question, &body, &title, &all);
        asked_as(&mut evidence, question, analysed, &asked, &title);
        evidence.covered_head = question.share(&head);
        evidence.adjacent = adjacent(question, &[&body, &asked]).unwrap_or(evidence.covered_sentence);
        evidence.weighed = weighed(question, &[&body, &asked], &title, analysed.stems.total as f32 / means.words);
        evidence.expected = expected(question, analysed, &body, &title);
        let found: f32 = question.terms.iter().zip(&all).map(|(term, strength)| term.weight * strength).sum();
        evidence.amount = found / question.greatest.max(f32::EPSILON);
    }
    let own = body.sentences.iter().zip(&analysed.sentences).take(analysed.body.len());
    let own = own.map(|(row, words)| nearness(question, row, &title, words)).collect();
    Measured { evidence, sentences: own, best: all }
}

/// Share of the question's weight that the title or one everyday phrasing covers; much quicker than [`measure`].
pub(crate) fn covered_by_phrasing(question: &Question, analysed: &Analysed) -> f32 {
    let asked = matches(question, &analysed.asked);
    let title = matches(question, std::slice::from_ref(&analysed.title));
    asked.sentences.iter().chain(&title.sentences).map(|row| question.share(row)).fold(0.0, f32::max)
}

/// Measures each of the `best` candidates against the others: what it has that they lack.
pub(crate) fn tell_apart(question: &Question, best: &mut [&mut Measured]) {
    let others = best.len().saturating_sub(1).max(1) as f32;
    for (index, term) in question.terms.iter().enumerate() {
        let sum: f32 = best.iter().map(|measured| measured.best[index]).sum();
        for measured in best.iter_mut() {
            let own = measured.best[index];
            if (sum - own) / others < HARDLY_ANY {
                measured.evidence.alone += term.weight * own / question.greatest.max(f32::EPSILON);
            }
        }
    }
}

impl Measured {
    /// Measures what takes longer, for the few articles that are returned.
    pub(crate) fn look_closer(&mut self, question: &Question, analysed: &Analysed) {
        let mut alike = 0.0;
        let mut missing = 0.0;
        let mut unknown = 0.0;
        for (term, &found) in question.terms.iter().zip(&self.best) {
            let spelled = if found >= 0.9 {
                found
            } else {
                let nearest = analysed.spellings.iter().fold(0.0, |nearest: f32, word| {
                    if most_letters_shared(&term.spelling, word) > nearest {
                        nearest.max(letters_shared(&term.spelling, word))
                    } else {
                        nearest
                    }
                });
                found.max(nearest.powf(1.5))
            };
            alike += term.weight * spelled;
            missing -= (1.0 - 0.9 * (term.weight / 6.0).min(1.0) * (1.0 - spelled)).ln();
            if !term.known {
                unknown += term.weight;
            }
        }
        let weight = question.weight.max(f32::EPSILON);
        self.evidence.alike = alike / weight;
        self.evidence.missing = missing;
        self.evidence.unknown = unknown / weight;
    }
}

impl Question {
    /// Share of the question's weight that `row` covers, a strength for each term.
    fn share(&self, row: &[f32]) -> f32 {
        let covered: f32 = self.terms.iter().zip(row).map(|(term, strength)| term.weight * strength).sum();
        covered / self.weight.max(f32::EPSILON)
    }
}

fn matches(question: &Question, sentences: &[Vec<Word>]) -> Matches {
    let terms = question.terms.len();
    let mut found = Matches { sentences: Vec::with_capacity(sentences.len()), places: vec![Vec::new(); terms] };
    let mut offset = 0;
    for words in sentences {
        let mut row = vec![0.0_f32; terms];
        for (at, word) in words.iter().enumerate() {
            let stems = question.by_stem.get(&word.stem).into_iter().flatten();
            let surfaces = question.by_surface.get(&word.surface).into_iter().flatten();
            for &(term, strength) in stems.chain(surfaces) {
                found.note(&mut row, term, offset + at, strength);
            }
            for (phrase, term, strength) in question.by_phrase.get(&word.stem).into_iter().flatten() {
                let follows = words.get(at..at + phrase.len());
                if follows.is_some_and(|words| words.iter().map(|word| &word.stem).eq(phrase)) {
                    found.note(&mut row, *term, offset + at, *strength);
                }
            }
        }
        offset += words.len() + 2;
        found.sentences.push(row);
    }
    found
}

impl Matches {
    fn note(&mut self, row: &mut [f32], term: usize, place: usize, strength: f32) {
        row[term] = row[term].max(strength);
        match self.places[term].last_mut() {
            Some((last, known)) if *last == place => *known = known.max(strength),
            _ => self.places[term].push((place, strength)),
        }
    }
}

fn best(rows: &[Vec<f32>], terms: usize) -> Vec<f32> {
    let mut best = vec![0.0; terms];
    for row in rows {
        raise(&mut best, row, 1.0);
    }
    best
}

fn raise(row: &mut [f32], other: &[f32], factor: f32) {
    for (value, other) in row.iter_mut().zip(other) {
        *value = value.max(other * factor);
    }
}

fn coverage(evidence: &mut Evidence, question: &Question, body: &Matches, title: &[f32], all: &[f32]) {
    let with = |rows: &[(&Vec<f32>, f32)]| {
        let mut row = vec![0.0; all.len()];
        raise(&mut row, title, TITLE);
        for (other, factor) in rows {
            raise(&mut row, other, *factor);
        }
        question.share(&row)
    };
    evidence.covered = question.share(all);
    evidence.title = question.share(title);
    evidence.covered_sentence = body.sentences.iter().map(|row| with(&[(row, 1.0)])).fold(with(&[]), f32::max);
    evidence.covered_window = body
        .sentences
        .windows(2)
        .flat_map(|pair| {
            [with(&[(&pair[0], 1.0), (&pair[1], NEIGHBOUR)]), with(&[(&pair[0], NEIGHBOUR), (&pair[1], 1.0)])]
        })
        .fold(evidence.covered_sentence, f32::max);
    let weight = question.weight.max(f32::EPSILON);
    for (term, strength) in question.terms.iter().zip(all) {
        if term.name {
            evidence.names += term.weight * strength / weight;
            evidence.missing_names += term.weight * (1.0 - strength) / weight;
        }
        evidence.worst_missing = evidence.worst_missing.max(term.weight * (1.0 - strength) / question.greatest);
    }
}

/// How well one everyday phrasing, or the title, says the same: coverage of the question and of the phrasing.
fn asked_as(evidence: &mut Evidence, question: &Question, analysed: &Analysed, asked: &Matches, title: &[f32]) {
    let rows = asked.sentences.iter().zip(&analysed.asked).map(|(row, words)| (row.as_slice(), words));
    for (row, words) in rows.chain(std::iter::once((title, &analysed.title))) {
        let covered = question.share(row);
        let matched = words
            .iter()
            .filter(|word| question.by_stem.contains_key(&word.stem) || question.by_surface.contains_key(&word.surface))
            .count();
        let back = matched as f32 / words.len().max(1) as f32;
        evidence.covered_asked = evidence.covered_asked.max(covered);
        evidence.asked = evidence.asked.max((covered * back.min(1.0)).sqrt());
    }
}

/// Share of the question's neighbouring terms that are neighbours here; `None` for a question of one term.
fn adjacent(question: &Question, parts: &[&Matches]) -> Option<f32> {
    let mut total = 0.0;
    let mut met = 0.0;
    for index in 1..question.terms.len() {
        let (left, right) = (&question.terms[index - 1], &question.terms[index]);
        let weight = left.weight.min(right.weight);
        let gap = right.position - left.position;
        let mut nearest = 0.0_f32;
        for part in parts {
            for &(here, one) in &part.places[index - 1] {
                for &(there, other) in &part.places[index] {
                    let distance = here.abs_diff(there);
                    if distance > 0 {
                        let beyond = distance.saturating_sub(gap.max(1)) as f32;
                        nearest = nearest.max(one * other / (1.0 + 0.25 * beyond));
                    }
                }
            }
        }
        total += weight;
        met += weight * nearest;
    }
    (total > 0.0).then(|| met / total)
}

/// BM25 over the weighty terms with all their forms.
fn weighed(question: &Question, parts: &[&Matches], title: &[f32], length: f32) -> f32 {
    let mut sum = 0.0;
    for (index, term) in question.terms.iter().enumerate() {
        let places = parts.iter().flat_map(|part| &part.places[index]);
        let (count, strongest) = places
            .fold((title[index], title[index]), |(count, most), (_, strength)| (count + strength, most.max(*strength)));
        if count > 0.0 {
            sum += term.weight * strongest * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length));
        }
    }
    sum / ((K1 + 1.0) * question.weight.max(f32::EPSILON))
}

/// How near a sentence is to the question: what it covers beyond the title, which stands over all of them, and whether
/// it holds the kind of thing asked for.
fn nearness(question: &Question, row: &[f32], title: &[f32], words: &[Word]) -> f32 {
    let mut row = row.to_vec();
    raise(&mut row, title, TITLE);
    let held = question.expected.is_some_and(|kind| holds(question, kind, words));
    (question.share(&row) + if held { HELD } else { 0.0 }).min(1.0)
}

/// Whether a sentence holds the kind of thing asked for, beyond the question's own words.
fn holds(question: &Question, kind: Expected, words: &[Word]) -> bool {
    words.iter().enumerate().any(|(place, word)| {
        let new = !question.by_stem.contains_key(&word.stem) && !question.by_surface.contains_key(&word.surface);
        new && match kind {
            Expected::Person | Expected::Place => word.capital && place > 0,
            Expected::Time => word.date,
            Expected::Number => word.number,
        }
    })
}

/// Whether the best sentence holds the kind of thing asked for, beyond the question's own words.
fn expected(question: &Question, analysed: &Analysed, body: &Matches, title: &[f32]) -> f32 {
    let Some(kind) = question.expected else { return 0.5 };
    let share = |row: &Vec<f32>| {
        let mut row = row.clone();
        raise(&mut row, title, TITLE);
        question.share(&row)
    };
    let mut best: Option<(usize, f32)> = None;
    for (at, row) in body.sentences.iter().enumerate() {
        let covered = share(row);
        if best.is_none_or(|(_, most)| covered > most) {
            best = Some((at, covered));
        }
    }
    let Some((at, _)) = best else { return 0.0 };
    if holds(question, kind, &analysed.sentences[at]) { 1.0 } else { 0.0 }
}
