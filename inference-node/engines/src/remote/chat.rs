//! Conversations: `POST /v1/chat/completions` with a stream of server-sent events.

use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sse_stream::{Sse, SseByteStream};
use tokio::time::timeout;

use super::connection::{Answer, Connection, Route};
use super::pump::{Rest, Sink, hand_over, pump};
use super::refusal;
use crate::tasks::{ChatEvent, ChatRequest, FinishReason, ResponseFormat, Usage};
use crate::{EngineError, Events, Stop};

/// A token is some 300 bytes as an event, so that this is room for the longest contexts.
const ROUTE: Route = Route { path: "chat/completions", subject: "messages", limit: 128 << 20 };
/// What ends a stream of OpenAI's.
const DONE: &str = "[DONE]";
/// How long the end of the body after [`DONE`] is waited for: it saves a new connection and is worth no more.
const LAST_BYTES: Duration = Duration::from_millis(200);

/// Continues a conversation.
pub(super) async fn chat(
    connection: &Arc<Connection>,
    request: &ChatRequest,
    stop: Stop,
) -> Result<Events<ChatEvent>, EngineError> {
    let answer = connection.post_json(&ROUTE, fields(request, connection.settings.usage), &stop).await?;
    let there = Arc::clone(connection);
    if answer.media_type() == "application/json" {
        let whole: Value = answer.json(&stop).await?;
        return Ok(pump(Arc::clone(connection), stop, move |sink| async move { at_once(&there, &whole, &sink).await }));
    }
    Ok(pump(Arc::clone(connection), stop, move |sink| async move { stream(&there, answer, &sink).await }))
}

/// The request in OpenAI's JSON, without the model.
fn fields(request: &ChatRequest, usage: bool) -> Map<String, Value> {
    let messages: Vec<_> = request
        .messages
        .iter()
        .map(|message| json!({"role": message.role.name(), "content": message.content}))
        .collect();
    let format = match &request.format {
        ResponseFormat::Text => None,
        ResponseFormat::JsonObject => Some(json!({"type": "json_object"})),
        ResponseFormat::JsonSchema(schema) => Some(json!({
            "type": "json_schema",
            "json_schema": {"name": "message", "schema": schema, "strict": true},
        })),
    };
    let given = [
        ("messages", Some(Value::Array(messages))),
        ("stream", Some(json!(true))),
        ("stream_options", usage.then(|| json!({"include_usage": true}))),
        ("max_tokens", request.max_tokens.map(Value::from)),
        ("temperature", request.temperature.map(Value::from)),
        ("top_p", request.top_p.map(Value::from)),
        // Servers read a signed number; the sign bit is no loss.
        ("seed", request.seed.map(|seed| Value::from(seed & (u64::MAX >> 1)))),
        ("stop", (!request.stop.is_empty()).then(|| json!(request.stop))),
        ("frequency_penalty", request.frequency_penalty.map(Value::from)),
        ("presence_penalty", request.presence_penalty.map(Value::from)),
        ("response_format", format),
    ];
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Passes a stream on until it is complete.
async fn stream(connection: &Connection, answer: Answer, sink: &Sink<ChatEvent>) -> Result<Rest, EngineError> {
    let mut events = Box::pin(SseByteStream::new(answer.pieces()));
    let mut message = Message::default();
    while let Some(event) = events.next().await {
        let Some(data) = data(event)? else { continue };
        if data.trim() == DONE {
            message.reason.get_or_insert(FinishReason::Stop);
            break;
        }
        if let Some(text) = message.take(connection, &data)? {
            hand_over(sink, ChatEvent::Text(text)).await?;
        }
    }
    hand_over(sink, message.finished(connection)?).await?;
    Ok(async move {
        let _ = timeout(LAST_BYTES, async { while let Some(Ok(_)) = events.next().await {} }).await;
    }
    .boxed())
}

/// Passes on an answer of a server that does not stream.
async fn at_once(connection: &Connection, whole: &Value, sink: &Sink<ChatEvent>) -> Result<Rest, EngineError> {
    let mut message = Message::default();
    if let Some(text) = message.take(connection, &whole.to_string())? {
        hand_over(sink, ChatEvent::Text(text)).await?;
    }
    hand_over(sink, message.finished(connection)?).await?;
    Ok(async {}.boxed())
}

/// The data of an event; `None` when it has none.
fn data(event: Result<Sse, sse_stream::Error>) -> Result<Option<String>, EngineError> {
    match event {
        Ok(event) => Ok(event.data),
        Err(sse_stream::Error::Body(error)) => Err(match error.downcast::<EngineError>() {
            Ok(error) => *error,
            Err(error) => EngineError::Lost(error.to_string()),
        }),
        Err(error) => Err(EngineError::Failed(format!("the server's events cannot be read: {error}"))),
    }
}

/// What is known of the message so far.
#[derive(Debug, Default)]
struct Message {
    reason: Option<FinishReason>,
    usage: Usage,
}

impl Message {
    /// Takes one chunk; gives the text in it.
    fn take(&mut self, connection: &Connection, data: &str) -> Result<Option<String>, EngineError> {
        let chunk: Chunk = serde_json::from_str(data).map_err(|error| {
            EngineError::Failed(format!("`{}` sent what is no chunk of a message: {error}", connection.url))
        })?;
        if (chunk.error.is_some() || chunk.object.as_deref() == Some("error"))
            && let Some(error) = refusal::in_stream(connection, &ROUTE, data)
        {
            return Err(error);
        }
        if let Some(usage) = chunk.usage {
            self.usage = usage.into();
        }
        let Some(choice) = chunk.choices.unwrap_or_default().into_iter().find(|choice| choice.index == 0) else {
            return Ok(None);
        };
        if let Some(reason) = choice.finish_reason {
            self.reason = Some(finish_reason(connection, &reason)?);
        }
        Ok(choice.delta.and_then(|delta| delta.content).filter(|text| !text.is_empty()))
    }

    /// The last event, once the stream has ended.
    fn finished(self, connection: &Connection) -> Result<ChatEvent, EngineError> {
        let reason = self.reason.ok_or_else(|| {
            EngineError::Lost(format!("`{}` closed the stream before the message was complete", connection.url))
        })?;
        Ok(ChatEvent::Finished { reason, usage: self.usage })
    }
}

/// Servers have names of their own besides OpenAI's.
fn finish_reason(connection: &Connection, name: &str) -> Result<FinishReason, EngineError> {
    match name {
        "length" | "max_tokens" | "model_length" => Ok(FinishReason::Length),
        "content_filter" => {
            Err(EngineError::request(ROUTE.subject, "the server withheld the message: its content filter objected"))
        }
        "abort" | "error" => Err(EngineError::Failed(format!("`{}` gave the message up (`{name}`)", connection.url))),
        // `stop`, `eos`, `stop_sequence` and whatever else a model may end with.
        _ => Ok(FinishReason::Stop),
    }
}

/// One event of a stream, or, with `message` for `delta`, an answer as a whole.
#[derive(Deserialize)]
struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<Counts>,
    object: Option<String>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u32,
    #[serde(alias = "message")]
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Counts {
    #[serde(default)]
    prompt_tokens: Option<u32>,
    #[serde(default)]
    completion_tokens: Option<u32>,
    prompt_tokens_details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    cached_tokens: Option<u32>,
}

impl From<Counts> for Usage {
    fn from(counts: Counts) -> Self {
        Self {
            prompt_tokens: counts.prompt_tokens.unwrap_or_default(),
            completion_tokens: counts.completion_tokens.unwrap_or_default(),
            cached_tokens: counts.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or_default(),
        }
    }
}
