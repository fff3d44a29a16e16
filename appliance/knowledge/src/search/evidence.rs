//! The evidence that an article holds the answer to a question.

use serde::{Deserialize, Serialize};

/// Measured likeness of one article and one question, every value in a fixed and documented range.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// Share of the question's weight found anywhere in the article.
    pub covered: f32,
}
