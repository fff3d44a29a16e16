//! The questions that went worst, for people to read.

use desk::article::ArticleId;
use serde::Serialize;

use super::Record;

/// Misses that are listed.
const MOST: usize = 15;

/// What went wrong with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MissKind {
    /// Answered from another article than the right one.
    WrongArticle,
    /// Answered though the knowledge holds no answer.
    OutsideAnswered,
    /// Not answered though the right article was found first.
    Withheld,
    /// Not answered, and another article was found first.
    NotFound,
}

/// One question that went wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Miss {
    /// What went wrong.
    pub kind: MissKind,
    /// The question's name.
    pub id: String,
    /// The question.
    pub question: String,
    /// The article that answers it.
    pub expected: Option<ArticleId>,
    /// The article answered from, or else found first.
    pub got: Option<ArticleId>,
    /// How sure the assistant was.
    pub confidence: f64,
}

impl Miss {
    fn of(record: &Record) -> Option<Self> {
        let (expected, trial) = (&record.question.article, &record.trial);
        let found = trial.ranking.first();
        let kind = match (&trial.answered, expected) {
            (Some(answered), Some(right)) if answered == right => return None,
            (Some(_), Some(_)) => MissKind::WrongArticle,
            (Some(_), None) => MissKind::OutsideAnswered,
            (None, None) => return None,
            (None, Some(right)) if found == Some(right) => MissKind::Withheld,
            (None, Some(_)) => MissKind::NotFound,
        };
        Some(Self {
            kind,
            id: record.question.id.clone(),
            question: record.question.question.clone(),
            expected: expected.clone(),
            got: trial.answered.clone().or_else(|| found.cloned()),
            confidence: trial.confidence,
        })
    }
}

/// The worst misses: wrong answers first, the surest of them before the others; then those not answered, the least sure first.
pub(super) fn worst(records: &[Record]) -> Vec<Miss> {
    let mut misses: Vec<Miss> = records.iter().filter_map(Miss::of).collect();
    let wrong = |miss: &Miss| matches!(miss.kind, MissKind::WrongArticle | MissKind::OutsideAnswered);
    misses.sort_by(|left, right| {
        let by_confidence = left.confidence.total_cmp(&right.confidence);
        wrong(right).cmp(&wrong(left)).then(if wrong(left) { by_confidence.reverse() } else { by_confidence })
    });
    misses.truncate(MOST);
    misses
}
