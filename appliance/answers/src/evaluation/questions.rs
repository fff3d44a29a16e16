//! Questions for an evaluation, one JSON object a line.

use desk::article::ArticleId;
use desk::language::Language;
use serde::{Deserialize, Serialize};

/// One question and the article that answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its name.
    pub id: String,
    /// The citizen's words.
    pub question: String,
    /// Their language.
    pub lang: Language,
    /// The article that answers; `None` when none does.
    pub article: Option<ArticleId>,
}

/// A line that is no question.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is not a question: expected {{\"id\",\"question\",\"lang\",\"article\"}}")]
pub struct QuestionsError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub source: serde_json::Error,
}

/// Reads questions; empty lines are passed over.
///
/// # Errors
/// At the first line that is no question.
pub fn read_questions(text: &str) -> Result<Vec<Question>, QuestionsError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| serde_json::from_str(line).map_err(|source| QuestionsError { line: index + 1, source }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_line_is_named() {
        let good = r#"{"id":"1","question":"cat costa","lang":"ro","article":null}"#;
        assert_eq!(read_questions(&format!("{good}\n\n{good}\n")).unwrap().len(), 2);
        assert_eq!(read_questions(&format!("{good}\n\n{{}}\n")).unwrap_err().line, 3);
    }
}
