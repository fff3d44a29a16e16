//! Conversations with a language model.

use serde::{Deserialize, Serialize};

/// A conversation to be continued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// What was said so far, the oldest first; never empty.
    pub messages: Vec<ChatMessage>,
    /// At most so many new tokens; `None` leaves it to the context's length.
    pub max_tokens: Option<u32>,
    /// 0 takes the likeliest token always.
    pub temperature: Option<f64>,
    /// The likeliest tokens that together have this probability are drawn from.
    pub top_p: Option<f64>,
    /// The same seed draws the same tokens.
    pub seed: Option<u64>,
    /// Texts at which the message ends; they are not part of it.
    pub stop: Vec<String>,
    /// Punishes tokens that were used before, by how often; -2 to 2.
    pub frequency_penalty: Option<f64>,
    /// Punishes tokens that were used before; -2 to 2.
    pub presence_penalty: Option<f64>,
    /// The form of the message.
    pub format: ResponseFormat,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Who speaks.
    pub role: ChatRole,
    /// What is said.
    pub content: String,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatRole {
    /// Instructions.
    #[serde(alias = "developer")]
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

impl ChatRole {
    /// The name used in chat templates.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// The form a message must have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseFormat {
    /// Any text.
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that fits a JSON Schema.
    JsonSchema(serde_json::Value),
}

/// A piece of the message being made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChatEvent {
    /// More text; never empty.
    Text(String),
    /// The message is complete; always the last event.
    Finished {
        /// Why it ended.
        reason: FinishReason,
        /// What it took.
        usage: Usage,
    },
}

/// Why a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model had said all, or a stop text came.
    Stop,
    /// It reached the longest permitted length.
    Length,
}

/// Tokens read and written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the messages, with the template around them.
    pub prompt_tokens: u32,
    /// Tokens made.
    pub completion_tokens: u32,
    /// Tokens of the messages that were still known from an earlier request.
    pub cached_tokens: u32,
}
