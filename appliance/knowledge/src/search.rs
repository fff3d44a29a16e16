//! A question in, the articles that may answer it out, best first, each with its evidence.

pub(crate) mod background;
pub(crate) mod evidence;
pub(crate) mod expected;
mod measures;
mod question;
mod ranking;
mod searching;
pub(crate) mod synonymy;
mod views;

use std::sync::Arc;

use desk::article::{Article, Audience};
use desk::guide::Guide;
use desk::language::Language;
use jiff::civil::Date;

pub use background::OutsideHit;

use crate::text::Sentence;
use evidence::Evidence;
use expected::Expected;

/// What to look for, and for whom.
#[derive(Debug, Clone)]
pub struct Query {
    /// The citizen's words.
    pub text: String,
    /// Their language; only articles in it are found.
    pub language: Language,
    /// The day on which the answer has to hold.
    pub day: Date,
    /// Who asks: an operator also finds what only operators may read.
    pub audience: Audience,
    /// How many articles to return at most.
    pub limit: usize,
}

impl Query {
    /// A citizen's question, answered by at most five articles.
    pub fn citizen(text: impl Into<String>, language: Language, day: Date) -> Self {
        Self { text: text.into(), language, day, audience: Audience::Citizen, limit: 5 }
    }
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Articles, best first.
    pub articles: Vec<Hit>,
    /// Guides, best first.
    pub guides: Vec<GuideHit>,
    /// The subject nearest to the question that is not answered.
    pub outside: Option<OutsideHit>,
    /// How the question was read.
    pub reading: Reading,
}

/// An article that may answer.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The article.
    pub article: Arc<Article>,
    /// By what the hits are ordered; comparable only within one search.
    pub score: f32,
    /// The sentences nearest to the question, best first, at most eight.
    pub sentences: Vec<SentenceHit>,
    /// Why it may hold the answer.
    pub evidence: Evidence,
}

/// A sentence near the question.
#[derive(Debug, Clone, PartialEq)]
pub struct SentenceHit {
    /// The sentence.
    pub sentence: Sentence,
    /// How near it is to the question, from 0 to 1: the share of the question's weight that it covers together with the
    /// title, and a little more when it holds the kind of thing asked for.
    pub score: f32,
}

/// A guide that may help.
#[derive(Debug, Clone)]
pub struct GuideHit {
    /// The guide.
    pub guide: Arc<Guide>,
    /// On the scale of the articles' scores of the same search.
    pub score: f32,
    /// Why it may help.
    pub evidence: Evidence,
}

/// How a question was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// Its words that carry weight, in their order.
    pub terms: Vec<ReadTerm>,
    /// What kind of thing it asks for, where it says so.
    pub wants: Option<Expected>,
}

/// One word of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadTerm {
    /// As it was typed, folded.
    pub word: String,
    /// The known word it was taken for, where it was not known itself.
    pub corrected: Option<String>,
    /// Whether the index knows the word (or one of its forms or synonyms).
    pub known: bool,
    /// How much it tells, from 0 to 1.
    pub weight: f32,
}
