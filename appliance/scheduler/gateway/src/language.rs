//! Language models for the appliance itself: the same dispatch as for other systems, typed in and typed out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use policy::{BlockHash, SessionKey};
use protocol::Class;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde_json::json;
use sse_stream::SseByteStream;

use crate::answer::{Answer, Body};
use crate::error::chain;
use crate::gateway::Nodes;
use crate::openai::{BLOCK_BYTES, tokens};
use crate::work::{Work, WorkError};

/// What a model is asked to write.
#[derive(Debug, Clone)]
pub struct Writing {
    /// The model.
    pub model: String,
    /// What it has to observe.
    pub instructions: String,
    /// What it is told.
    pub text: String,
    /// How much it may write, in tokens.
    pub max_tokens: u32,
    /// Who waits.
    pub class: Class,
    /// When nobody wants the first word any more.
    pub deadline: Duration,
    /// The conversation, so that what a node has read of it is used again.
    pub session: Option<u64>,
}

/// Why a model does not write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WritingError {
    /// No node can, or none can in time.
    #[error("no language model is available: {0}")]
    Unavailable(String),
    /// It broke off, or wrote what cannot be read.
    #[error("the language model broke off: {0}")]
    BrokeOff(String),
}

/// Language models on the nodes.
#[derive(Clone)]
pub struct LanguageModels {
    pub(crate) nodes: Arc<Nodes>,
}

#[derive(Deserialize)]
struct Piece {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    error: Option<Told>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Delta,
}

#[derive(Default, Deserialize)]
struct Delta {
    #[serde(default)]
    content: Option<String>,
}

#[derive(Deserialize)]
struct Told {
    message: String,
}

impl LanguageModels {
    /// Has a model write; returns with the first piece. Dropping the stream stops it.
    ///
    /// # Errors
    /// [`WritingError`] when no node begins in time.
    pub async fn write(
        &self,
        writing: Writing,
    ) -> Result<BoxStream<'static, Result<String, WritingError>>, WritingError> {
        let unavailable = |reason: String| WritingError::Unavailable(reason);
        let messages = json!([
            { "role": "system", "content": writing.instructions }, { "role": "user", "content": writing.text },
        ]);
        let text = messages.to_string();
        let body = json!({
            "model": writing.model, "messages": messages, "max_tokens": writing.max_tokens, "temperature": 0,
            "stream": true,
        });
        let work = Work {
            path: "/v1/chat/completions",
            body: Bytes::from(body.to_string()),
            media_type: HeaderValue::from_static("application/json"),
            class: writing.class,
            deadline: Some(writing.deadline),
            life: None,
            streamed: true,
            prompt_tokens: tokens(text.len()),
            output_tokens: writing.max_tokens,
            prefix: BlockHash::chain(self.nodes.prefix_seed, text.as_bytes(), BLOCK_BYTES),
            session: writing.session.map(SessionKey),
            trace: None,
            epoch: None,
            passed_on: false,
        };
        let answer =
            self.nodes.carry_out(&writing.model, work).await.map_err(|error: WorkError| unavailable(chain(&error)))?;
        pieces(answer)
    }
}

/// The words of an answer.
fn pieces(answer: Answer) -> Result<BoxStream<'static, Result<String, WritingError>>, WritingError> {
    let Body::Streamed(bytes) = answer.body else {
        return Err(WritingError::BrokeOff(format!("it answered with status {}", answer.status)));
    };
    let events = SseByteStream::new(bytes);
    let words = events.filter_map(|event| async {
        let data = match event {
            Ok(event) => event.data?,
            Err(error) => return Some(Err(WritingError::BrokeOff(error.to_string()))),
        };
        if data == "[DONE]" {
            return None;
        }
        match serde_json::from_str::<Piece>(&data) {
            Ok(Piece { error: Some(told), .. }) => Some(Err(WritingError::BrokeOff(told.message))),
            Ok(piece) => piece.choices.into_iter().next()?.delta.content.filter(|text| !text.is_empty()).map(Ok),
            Err(error) => Some(Err(WritingError::BrokeOff(error.to_string()))),
        }
    });
    Ok(words.boxed())
}
