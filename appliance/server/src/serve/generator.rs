//! The language model that words answers, by the inference nodes.

use std::fmt::Write;
use std::time::Duration;

use answers::{GenerateError, Generator, Prompt};
use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use gateway::{LanguageModels, Writing, WritingError};
use protocol::Class;

/// Words answers by a model on the nodes.
pub(super) struct NodesGenerator {
    pub(super) models: LanguageModels,
    pub(super) model: String,
    /// When the first word must have come; later the article's own words stand.
    pub(super) first_word: Duration,
}

#[async_trait]
impl Generator for NodesGenerator {
    async fn generate(
        &self,
        prompt: Prompt,
    ) -> Result<BoxStream<'static, Result<String, GenerateError>>, GenerateError> {
        let mut text = String::new();
        for passage in &prompt.passages {
            let _ = write!(text, "[{}] {}\n{}\n\n", passage.number, passage.title, passage.text);
        }
        text.push_str(&prompt.question);
        let writing = Writing {
            model: self.model.clone(),
            instructions: prompt.instructions,
            text,
            max_tokens: prompt.max_tokens,
            class: Class::Chat,
            deadline: self.first_word,
            session: None,
        };
        let words = self.models.write(writing).await.map_err(|error| match error {
            WritingError::Unavailable(_) => GenerateError::Unavailable,
            WritingError::BrokeOff(reason) => GenerateError::Interrupted(reason),
        })?;
        Ok(words.map(|piece| piece.map_err(|error| GenerateError::Interrupted(error.to_string()))).boxed())
    }
}
