//! `POST /v1/chat/completions`.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use engines::tasks::{ChatEvent, ChatMessage, ChatRequest, ChatRole, FinishReason, ResponseFormat, Usage};
use engines::{EngineError, Events};
use futures::Stream;
use protocol::Task;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::error::{ApiError, Envelope};
use super::lease::{Lease, choose, lease};
use super::request::{Body, Urgency};
use crate::host::Work;

/// Stop texts that one request may name.
const STOPS: usize = 16;

/// What is asked. Parameters of OpenAI's that no engine here knows are refused where ignoring them would change the answer, and
/// ignored where it would not (`user`, `metadata`, `store`).
#[derive(Debug, Deserialize)]
pub(super) struct Completion {
    model: String,
    messages: Vec<Message>,
    #[serde(default)]
    stream: bool,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<u32>,
    max_completion_tokens: Option<u32>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    seed: Option<i64>,
    stop: Option<OneOrMany>,
    frequency_penalty: Option<f64>,
    presence_penalty: Option<f64>,
    response_format: Option<Format>,
    n: Option<u32>,
    tools: Option<Value>,
    logprobs: Option<bool>,
    logit_bias: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Message {
    role: ChatRole,
    content: Content,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format {
    Text,
    JsonObject,
    JsonSchema { json_schema: NamedSchema },
}

#[derive(Debug, Deserialize)]
struct NamedSchema {
    schema: Value,
}

/// Continues a conversation.
pub(super) async fn complete(
    State(api): State<Arc<Api>>,
    urgency: Urgency,
    Body(asked): Body<Completion>,
) -> Result<Response, ApiError> {
    let streamed = asked.stream;
    let with_usage = asked.stream_options.as_ref().is_some_and(|options| options.include_usage);
    let model = asked.model.clone();
    let request = asked.understood()?;
    let hosted = choose(&api, Task::Chat, &model, None)?;
    let mut lease = lease(&api, &hosted, Work::Request, urgency).await?;
    let mut events = match lease.model.chat(request, lease.stop.clone()).await {
        Ok(events) => events,
        Err(error) => return lease.finish(Err(error)),
    };
    let head =
        Head { id: format!("chatcmpl-{}", uuid::Uuid::now_v7().simple()), created: now(), model: lease.name.clone() };
    if streamed {
        // The answer begins with the first token and no earlier: until then whoever dispatches may take the request
        // elsewhere, and a failure has a status of its own.
        let first = match events.recv().await.unwrap_or_else(|| Err(broken_off())) {
            Ok(first) => Some(first),
            Err(error) => return lease.finish(Err(error)),
        };
        let streamed = Streamed { head, first, events, lease, with_usage, next: Next::Role };
        return Ok(Sse::new(streamed.into_stream()).keep_alive(KeepAlive::default()).into_response());
    }
    let whole = gather(events).await;
    let (text, reason, usage) = match whole {
        Ok(whole) => {
            lease.done();
            whole
        }
        Err(error) => return lease.finish(Err(error)),
    };
    Ok(Json(json!({
        "id": head.id, "object": "chat.completion", "created": head.created, "model": head.model,
        "choices": [{
            "index": 0, "finish_reason": reason, "logprobs": null,
            "message": { "role": "assistant", "content": text, "refusal": null },
        }],
        "usage": usage_json(usage),
    }))
    .into_response())
}

impl Completion {
    /// The request in our terms.
    fn understood(self) -> Result<ChatRequest, ApiError> {
        if self.messages.is_empty() {
            return Err(ApiError::request("messages", "there is no message to continue"));
        }
        let refused = [
            ("n", self.n.is_some_and(|n| n != 1), "only one answer is made for each request"),
            ("tools", self.tools.is_some_and(|tools| tools != json!([])), "models here do not call tools"),
            ("logprobs", self.logprobs == Some(true), "probabilities of tokens are not given"),
            (
                "logit_bias",
                self.logit_bias.is_some_and(|bias| bias != json!({})),
                "probabilities of tokens are not changed",
            ),
        ];
        if let Some((parameter, _, why)) = refused.into_iter().find(|(_, given, _)| *given) {
            return Err(ApiError::request(parameter, why));
        }
        let ranged = [
            ("temperature", self.temperature, 0.0, 2.0),
            ("top_p", self.top_p, 0.0, 1.0),
            ("frequency_penalty", self.frequency_penalty, -2.0, 2.0),
            ("presence_penalty", self.presence_penalty, -2.0, 2.0),
        ];
        for (parameter, value, lowest, highest) in ranged {
            if value.is_some_and(|value| !(lowest..=highest).contains(&value)) {
                return Err(ApiError::request(parameter, format!("must be from {lowest} to {highest}")));
            }
        }
        let max_tokens = self.max_completion_tokens.or(self.max_tokens);
        if max_tokens == Some(0) {
            return Err(ApiError::request("max_tokens", "must be at least 1"));
        }
        let stop = match self.stop {
            None => Vec::new(),
            Some(OneOrMany::One(text)) => vec![text],
            Some(OneOrMany::Many(texts)) => texts,
        };
        if stop.len() > STOPS || stop.iter().any(String::is_empty) {
            return Err(ApiError::request("stop", format!("at most {STOPS} texts, none of them empty")));
        }
        let messages = self.messages.into_iter().enumerate().map(|(index, message)| message.understood(index));
        Ok(ChatRequest {
            messages: messages.collect::<Result<_, _>>()?,
            max_tokens,
            temperature: self.temperature,
            top_p: self.top_p,
            seed: self.seed.map(i64::cast_unsigned),
            stop,
            frequency_penalty: self.frequency_penalty,
            presence_penalty: self.presence_penalty,
            format: match self.response_format {
                None | Some(Format::Text) => ResponseFormat::Text,
                Some(Format::JsonObject) => ResponseFormat::JsonObject,
                Some(Format::JsonSchema { json_schema }) => ResponseFormat::JsonSchema(json_schema.schema),
            },
        })
    }
}

impl Message {
    fn understood(self, index: usize) -> Result<ChatMessage, ApiError> {
        let content = match self.content {
            Content::Text(text) => text,
            Content::Parts(parts) => {
                let mut whole = String::new();
                for (place, part) in parts.into_iter().enumerate() {
                    let Some(text) = part.text.filter(|_| part.kind == "text") else {
                        let parameter = format!("messages[{index}].content[{place}]");
                        return Err(ApiError::request(&parameter, "models here read text only"));
                    };
                    whole.push_str(&text);
                }
                whole
            }
        };
        Ok(ChatMessage { role: self.role, content })
    }
}

/// What every piece of an answer repeats.
struct Head {
    id: String,
    created: i64,
    model: String,
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

async fn gather(mut events: Events<ChatEvent>) -> Result<(String, FinishReason, Usage), EngineError> {
    let mut text = String::new();
    while let Some(event) = events.recv().await {
        match event? {
            ChatEvent::Text(piece) => text.push_str(&piece),
            ChatEvent::Finished { reason, usage } => return Ok((text, reason, usage)),
        }
    }
    Err(broken_off())
}

fn usage_json(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": { "cached_tokens": usage.cached_tokens },
    })
}

/// An answer on its way, piece by piece.
struct Streamed {
    head: Head,
    /// What was waited for before the answer began.
    first: Option<ChatEvent>,
    events: Events<ChatEvent>,
    lease: Lease,
    with_usage: bool,
    next: Next,
}

/// What comes next.
enum Next {
    Role,
    Text,
    Usage(Usage),
    Done,
    Nothing,
}

impl Streamed {
    fn into_stream(self) -> impl Stream<Item = Result<Event, Infallible>> + Send {
        futures::stream::unfold(self, |mut streamed| async move {
            let event = streamed.event().await?;
            Some((Ok(event), streamed))
        })
    }

    /// What the model made next.
    async fn made(&mut self) -> Option<Result<ChatEvent, EngineError>> {
        match self.first.take() {
            Some(first) => Some(Ok(first)),
            None => self.events.recv().await,
        }
    }

    async fn event(&mut self) -> Option<Event> {
        let (event, next) = match self.next {
            Next::Nothing => return None,
            Next::Role => (self.delta(&json!({ "role": "assistant", "content": "" }), None), Next::Text),
            Next::Usage(usage) => (self.chunk(&json!([]), Some(usage)), Next::Done),
            Next::Done => {
                self.lease.done();
                (Event::default().data("[DONE]"), Next::Nothing)
            }
            Next::Text => match self.made().await {
                Some(Ok(ChatEvent::Text(text))) => (self.delta(&json!({ "content": text }), None), Next::Text),
                Some(Ok(ChatEvent::Finished { reason, usage })) => {
                    let next = if self.with_usage { Next::Usage(usage) } else { Next::Done };
                    (self.delta(&json!({}), Some(reason)), next)
                }
                Some(Err(error)) => (self.failure(error), Next::Nothing),
                None => (self.failure(broken_off()), Next::Nothing),
            },
        };
        self.next = next;
        Some(event)
    }

    fn delta(&self, delta: &Value, reason: Option<FinishReason>) -> Event {
        self.chunk(&json!([{ "index": 0, "delta": delta, "finish_reason": reason, "logprobs": null }]), None)
    }

    fn chunk(&self, choices: &Value, usage: Option<Usage>) -> Event {
        let Head { id, created, model } = &self.head;
        let mut body = json!({
            "id": id, "object": "chat.completion.chunk", "created": created, "model": model, "choices": choices,
        });
        if let Some(usage) = usage {
            body["usage"] = usage_json(usage);
        }
        Event::default().data(body.to_string())
    }

    /// The error object in the middle of a stream, as OpenAI sends it.
    fn failure(&mut self, error: EngineError) -> Event {
        let error = ApiError::from(error);
        self.lease.failed(&error);
        Event::default().data(json!(Envelope { error: error.body() }).to_string())
    }
}

fn broken_off() -> EngineError {
    EngineError::Lost("the answer broke off".to_owned())
}
