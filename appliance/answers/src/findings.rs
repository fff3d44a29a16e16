//! What the search brought up for one turn, with calibrated probabilities.

use std::sync::Arc;

use desk::article::{Article, ArticleId};
use desk::guide::Guide;
use desk::language::Language;
use knowledge::{Found, OutsideHit, SentenceHit};

use crate::confidence;

/// An article that may answer.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) article: Arc<Article>,
    pub(crate) sentences: Vec<SentenceHit>,
    pub(crate) score: f32,
    /// That the article holds the answer.
    pub(crate) probability: f64,
}

/// A guide that may help.
#[derive(Debug, Clone)]
pub(crate) struct GuideCandidate {
    pub(crate) guide: Arc<Guide>,
    pub(crate) score: f32,
    /// Share of the question's weight found in one of the guide's everyday phrasings or its title.
    pub(crate) asked: f32,
    pub(crate) probability: f64,
}

/// What one search found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Findings {
    /// Best first.
    pub(crate) articles: Vec<Candidate>,
    /// Best first.
    pub(crate) guides: Vec<GuideCandidate>,
    /// The nearest subject that is not answered.
    pub(crate) outside: Option<OutsideHit>,
    /// Whether the index knows any word of the question.
    pub(crate) understood: bool,
    /// The language searched.
    pub(crate) language: Language,
    /// Whether the earlier subject was part of the search.
    pub(crate) contextual: bool,
    /// Whether one sentence of a longer message was searched for by itself.
    pub(crate) by_sentence: bool,
}

impl Findings {
    /// Weighs what a search found.
    pub(crate) fn weigh(found: Found, language: Language, contextual: bool) -> Self {
        let understood = found.reading.terms.iter().any(|term| term.known || term.corrected.is_some());
        let articles = found.articles.into_iter().map(|hit| Candidate {
            probability: confidence::probability(&hit.evidence),
            article: hit.article,
            sentences: hit.sentences,
            score: hit.score,
        });
        let guides = found.guides.into_iter().map(|hit| GuideCandidate {
            probability: confidence::probability(&hit.evidence),
            guide: hit.guide,
            score: hit.score,
            asked: hit.evidence.covered_asked,
        });
        Self {
            articles: articles.collect(),
            guides: guides.collect(),
            outside: found.outside,
            understood,
            language,
            contextual,
            by_sentence: false,
        }
    }

    /// The probability of the best article or guide.
    pub(crate) fn best(&self) -> f64 {
        let article = self.articles.first().map_or(0.0, |candidate| candidate.probability);
        self.guides.first().map_or(article, |guide| article.max(guide.probability))
    }

    /// The ids of the articles found, best first, at most five.
    pub(crate) fn ranking(&self) -> Vec<ArticleId> {
        self.articles.iter().take(5).map(|candidate| candidate.article.id.clone()).collect()
    }
}
