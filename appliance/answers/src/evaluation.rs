//! How well questions are answered: what `appliance eval` reports.
//!
//! Pure: the caller says what became of each question, and these functions count.

mod misses;
mod questions;
mod report;

use std::time::{Duration, Instant};

use desk::article::ArticleId;

pub use misses::{Miss, MissKind};
pub use questions::{Question, QuestionsError, read_questions};
pub use report::{Latency, Report};

/// What the assistant did with one question.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The article it answered from; `None` when it asked back, handed off or only took part in the conversation (a
    /// greeting is no answer).
    pub answered: Option<ArticleId>,
    /// What retrieval found, best first, whatever the threshold.
    pub ranking: Vec<ArticleId>,
    /// The probability of the best.
    pub confidence: f64,
}

/// One question with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The question.
    pub question: Question,
    /// What the assistant did.
    pub trial: Trial,
    /// How long it took.
    pub latency: Duration,
}

/// Puts every question to `assistant` and reports.
///
/// # Errors
/// The first error of the assistant.
pub fn evaluate<E>(
    questions: &[Question],
    mut assistant: impl FnMut(&Question) -> Result<Trial, E>,
) -> Result<Report, E> {
    let mut records = Vec::with_capacity(questions.len());
    for question in questions {
        let started = Instant::now();
        let trial = assistant(question)?;
        records.push(Record { question: question.clone(), trial, latency: started.elapsed() });
    }
    Ok(Report::of(&records))
}
