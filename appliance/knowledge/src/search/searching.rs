//! One search: candidates by BM25, measured closely, ordered by the weighted sum, fused with embeddings where there are any.

use std::collections::HashMap;
use std::sync::Arc;

use super::measures::{Measured, covered_by_phrasing, measure, tell_apart};
use super::question::Question;
use super::ranking::score;
use super::views::Means;
use super::{Found, GuideHit, Hit, OutsideHit, Query, SentenceHit};
use crate::analysis::document::Analysed;
use crate::embedding::{Embedder, cosine};
use crate::index::IndexError;
use crate::index::cache::Entry;
use crate::index::snapshot::Snapshot;

/// Articles that are measured closely.
const CANDIDATES: usize = 20;
/// The best candidates, which are told apart by the words that not all of them have.
const RIVALS: usize = 8;
/// Sentences returned with a hit.
const SENTENCES: usize = 8;
/// Guides returned.
const GUIDES: usize = 3;
/// Reciprocal rank fusion's constant: how slowly a rank loses worth.
const FUSION: f32 = 60.0;
/// Share of the question's weight that a guide's title and phrasings must cover at least.
const GUIDE_COVERS: f32 = 0.3;

struct Candidate {
    entry: Arc<Entry>,
    measured: Measured,
}

impl Snapshot {
    /// Finds what may answer `query`. Blocking for some milliseconds.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn search(&self, query: &Query) -> Result<Found, IndexError> {
        let question = Question::read(&query.text, query.language, self)?;
        let candidates = self.measured(query, &question)?;
        self.found(query, &question, candidates)
    }

    /// Finds what may answer `query`, with a second opinion on the candidates from `embedder`. When it gives none the
    /// result is that of [`Snapshot::search`].
    ///
    /// # Errors
    /// When the index cannot be read.
    pub async fn search_with(&self, query: &Query, embedder: &dyn Embedder) -> Result<Found, IndexError> {
        let question = Question::read(&query.text, query.language, self)?;
        let mut candidates = self.measured(query, &question)?;
        let mut texts = vec![query.text.clone()];
        texts.extend(candidates.iter().map(|candidate| {
            let article = &candidate.entry.article;
            format!("{}\n{}", article.title, article.body)
        }));
        match embedder.embed(&texts).await {
            Ok(vectors) if vectors.len() == texts.len() => fuse(&mut candidates, &vectors),
            Ok(_) => {
                tracing::warn!("the embedder returned another number of vectors than texts; its opinion is left out");
            }
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "searching without embeddings"),
        }
        self.found(query, &question, candidates)
    }

    /// The candidates, best first.
    fn measured(&self, query: &Query, question: &Question) -> Result<Vec<Candidate>, IndexError> {
        let entries = self.candidates(&question.sought(), query.language, query.day, query.audience, CANDIDATES)?;
        let means = Means { words: self.mean_words(query.language)?, sample: self.sample(query.language) };
        let mut candidates: Vec<Candidate> = entries
            .into_iter()
            .map(|entry| Candidate { measured: measure(question, &entry.analysed, &means), entry })
            .collect();
        support_of_collections(&mut candidates);
        for candidate in &mut candidates {
            candidate.measured.evidence.score = score(&candidate.measured.evidence);
        }
        candidates.sort_by(|left, right| right.measured.evidence.score.total_cmp(&left.measured.evidence.score));
        let mut best: Vec<&mut Measured> =
            candidates.iter_mut().take(RIVALS).map(|candidate| &mut candidate.measured).collect();
        tell_apart(question, &mut best);
        Ok(candidates)
    }

    fn found(&self, query: &Query, question: &Question, mut candidates: Vec<Candidate>) -> Result<Found, IndexError> {
        let scores: Vec<f32> = candidates.iter().map(|candidate| candidate.measured.evidence.score).collect();
        for (rank, candidate) in candidates.iter_mut().enumerate() {
            let other = scores.iter().enumerate().filter(|(other, _)| *other != rank).map(|(_, score)| *score);
            candidate.measured.evidence.lead = scores[rank] - other.fold(0.0, f32::max);
        }
        let outside = self.background(query.language).nearest(question);
        for candidate in &mut candidates {
            candidate.measured.evidence.outside = outside.as_ref().map_or(0.0, |hit| hit.score);
        }
        candidates.truncate(query.limit);
        let articles = candidates.into_iter().map(|candidate| candidate.hit(question)).collect();
        let guides = self.guide_hits(query, question, outside.as_ref())?;
        Ok(Found { articles, guides, outside, reading: question.reading() })
    }

    fn guide_hits(
        &self,
        query: &Query,
        question: &Question,
        outside: Option<&OutsideHit>,
    ) -> Result<Vec<GuideHit>, IndexError> {
        let means = Means { words: self.mean_words(query.language)?, sample: self.sample(query.language) };
        let mut hits = Vec::new();
        for shelved in self.shelf() {
            let analysed: &Analysed = shelved.analysed.get(query.language);
            if covered_by_phrasing(question, analysed) < GUIDE_COVERS {
                continue;
            }
            let mut measured = measure(question, analysed, &means);
            measured.look_closer(question, analysed);
            let mut evidence = measured.evidence;
            evidence.score = score(&evidence);
            evidence.outside = outside.map_or(0.0, |hit| hit.score);
            hits.push(GuideHit { guide: Arc::clone(&shelved.guide), score: evidence.score, evidence });
        }
        hits.sort_by(|left, right| right.score.total_cmp(&left.score));
        let scores: Vec<f32> = hits.iter().map(|hit| hit.score).collect();
        for (rank, hit) in hits.iter_mut().enumerate() {
            let other = scores.iter().enumerate().filter(|(other, _)| *other != rank).map(|(_, score)| *score);
            hit.evidence.lead = hit.score - other.fold(0.0, f32::max);
        }
        hits.truncate(GUIDES);
        Ok(hits)
    }
}

impl Candidate {
    fn hit(mut self, question: &Question) -> Hit {
        self.measured.look_closer(question, &self.entry.analysed);
        let mut order: Vec<usize> = (0..self.measured.sentences.len()).collect();
        order.sort_by(|&left, &right| {
            self.measured.sentences[right].total_cmp(&self.measured.sentences[left]).then(left.cmp(&right))
        });
        let sentences = order.into_iter().take(SENTENCES).map(|at| SentenceHit {
            sentence: self.entry.analysed.body[at].clone(),
            score: self.measured.sentences[at],
        });
        Hit {
            article: Arc::clone(&self.entry.article),
            score: self.measured.evidence.score,
            sentences: sentences.collect(),
            evidence: self.measured.evidence,
        }
    }
}

/// The collection to which an article belongs: what stands before the last `/` of its id.
fn collection(entry: &Entry) -> Option<&str> {
    entry.article.id.0.rsplit_once('/').map(|(collection, _)| collection)
}

/// Lends each candidate the mean match of the other candidates of its collection: what is asked about one part of a
/// document usually has the words of the whole.
fn support_of_collections(candidates: &mut [Candidate]) {
    let mut totals: HashMap<String, (f32, f32)> = HashMap::new();
    for candidate in candidates.iter() {
        if let Some(name) = collection(&candidate.entry) {
            let total = totals.entry(name.to_owned()).or_default();
            total.0 += candidate.measured.evidence.grams;
            total.1 += 1.0;
        }
    }
    for candidate in candidates {
        let total = collection(&candidate.entry).and_then(|name| totals.get(name));
        if let Some((sum, count)) = total
            && *count > 1.0
        {
            let own = candidate.measured.evidence.grams;
            candidate.measured.evidence.collection = (sum - own) / (count - 1.0);
        }
    }
}

/// Orders the candidates by both opinions: reciprocal ranks are summed, so that neither needs a common scale.
fn fuse(candidates: &mut Vec<Candidate>, vectors: &[Vec<f32>]) {
    let Some((question, articles)) = vectors.split_first() else { return };
    let mut by_meaning: Vec<(usize, f32)> =
        articles.iter().map(|article| cosine(question, article)).enumerate().collect();
    by_meaning.sort_by(|left, right| right.1.total_cmp(&left.1));
    let mut fused: Vec<f32> = (0..candidates.len()).map(|rank| 1.0 / (FUSION + rank as f32)).collect();
    for (rank, (candidate, _)) in by_meaning.into_iter().enumerate() {
        fused[candidate] += 1.0 / (FUSION + rank as f32);
    }
    let mut both: Vec<(f32, Candidate)> = fused.into_iter().zip(std::mem::take(candidates)).collect();
    both.sort_by(|left, right| right.0.total_cmp(&left.0));
    *candidates = both.into_iter().map(|(_, candidate)| candidate).collect();
}
