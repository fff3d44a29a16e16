//! Conversations.

use std::sync::Arc;

use mistralrs::{
    Constraint, NormalRequest, Request, RequestLike, RequestMessage, Response, SamplingParams, TextMessageRole,
    TextMessages,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::failure;
use super::running::{Place, Running, plain_request};
use super::sampling::{Choice, Chooser, Progress, any_seed};
use super::stop_texts::{Passed, StopTexts};
use crate::model::EVENTS_AHEAD;
use crate::tasks::{ChatEvent, ChatMessage, ChatRequest, ChatRole, FinishReason, ResponseFormat, Usage};
use crate::{EngineError, Events, Stop};

/// Continues a conversation.
///
/// # Errors
/// When the request is wrong, does not fit, or fails before its first piece.
pub(crate) async fn chat(
    running: Arc<Running>,
    request: ChatRequest,
    stop: Stop,
) -> Result<Events<ChatEvent>, EngineError> {
    chat_watched(running, request, stop, Arc::default()).await
}

/// The same, with a view of how many tokens the engine computes.
async fn chat_watched(
    running: Arc<Running>,
    request: ChatRequest,
    stop: Stop,
    progress: Arc<Progress>,
) -> Result<Events<ChatEvent>, EngineError> {
    let choice = choice(&request, &running)?;
    let constraint = constraint(&request.format);
    let ends = running.told.ends.filter(|_| request.format != ResponseFormat::Text);
    let place = running.place(&stop).await?;
    let messages = conversation(&request.messages, running.told.thinking);
    let prompt_tokens = u32::try_from(running.tokens(&messages).await?.len()).unwrap_or(u32::MAX);
    let longest = longest(prompt_tokens, running.told.context, request.max_tokens)?;

    // There is room for all pieces: the engine has one thread for all requests, and one whose pieces nobody takes must not
    // hold the others back.
    let (sender, mut pieces) = mpsc::channel(longest as usize + 4);
    let params =
        SamplingParams { max_len: Some(longest as usize), temperature: Some(0.0), ..SamplingParams::neutral() };
    let normal = NormalRequest {
        is_streaming: true,
        constraint,
        logits_processors: Some(vec![Arc::new(Chooser::new(choice, ends, progress.clone()))]),
        ..plain_request(messages, params, sender)
    };
    let engine = running.send(Request::Normal(Box::new(normal))).await?;
    running.note_kept();

    let first = tokio::select! {
        biased;
        () = stop.cancelled() => return Err(EngineError::Cancelled),
        first = pieces.recv() => first,
    };
    let mut message =
        Message { stops: StopTexts::new(request.stop), progress, engine, prompt_tokens, longest, pieces: 0 };
    let first = message.take(first)?;
    let (events, receiver) = mpsc::channel(EVENTS_AHEAD);
    tokio::spawn(forward(first, message, pieces, events, stop, place));
    Ok(receiver)
}

/// Passes pieces on until the message is complete or nobody wants it. Dropping `pieces` is what makes the engine stop: it
/// notices with the next token.
async fn forward(
    first: Step,
    mut message: Message,
    mut pieces: mpsc::Receiver<Response>,
    events: mpsc::Sender<Result<ChatEvent, EngineError>>,
    stop: Stop,
    _place: Place,
) {
    let work = async {
        let mut step = first;
        loop {
            if !step.text.is_empty() && events.send(Ok(ChatEvent::Text(step.text))).await.is_err() {
                return;
            }
            if let Some((reason, usage)) = step.finished {
                // Nobody may be there any more to see it.
                let _ = events.send(Ok(ChatEvent::Finished { reason, usage })).await;
                return;
            }
            let next = tokio::select! {
                biased;
                () = events.closed() => return,
                next = pieces.recv() => next,
            };
            step = match message.take(next) {
                Ok(step) => step,
                Err(error) => {
                    let _ = events.send(Err(error)).await;
                    return;
                }
            };
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => {
            let _ = events.try_send(Err(EngineError::Cancelled));
        }
        () = work => {}
    }
}

/// A message being made.
struct Message {
    stops: StopTexts,
    progress: Arc<Progress>,
    /// Closes when the engine's thread ends.
    engine: mpsc::Sender<Request>,
    prompt_tokens: u32,
    longest: u32,
    pieces: u32,
}

/// What a piece brings.
struct Step {
    text: String,
    finished: Option<(FinishReason, Usage)>,
}

impl Message {
    /// Takes what the engine sent, or that it sends no more.
    fn take(&mut self, response: Option<Response>) -> Result<Step, EngineError> {
        if self.progress.broken() {
            return Err(EngineError::Failed(
                "the model's scores are no numbers: its weights are damaged, or the setting `dtype` is too small for it"
                    .to_owned(),
            ));
        }
        match response {
            Some(Response::Chunk(chunk)) => {
                self.pieces += 1;
                let Some(choice) = chunk.choices.into_iter().next() else {
                    return Ok(Step { text: String::new(), finished: None });
                };
                let reason = match choice.finish_reason.as_deref() {
                    None => None,
                    Some("canceled") => return Err(EngineError::Cancelled),
                    Some("length") => Some(FinishReason::Length),
                    Some(_) => Some(FinishReason::Stop),
                };
                Ok(self.pass(&choice.delta.content.unwrap_or_default(), reason))
            }
            Some(Response::ValidationError(error)) => Err(refused(&error.to_string())),
            Some(Response::InternalError(error)) => Err(failure::computing(&error.to_string())),
            Some(Response::ModelError(error, _)) => Err(failure::computing(&error)),
            Some(_) => Err(EngineError::Failed("it sent something other than a message".to_owned())),
            None if self.engine.is_closed() => Err(EngineError::Failed("its thread ended".to_owned())),
            None if self.progress.tokens() == 0 => Err(EngineError::OutOfMemory(format!(
                "the {} tokens of the messages do not fit in the engine's pages; raise the setting `paged_tokens`",
                self.prompt_tokens
            ))),
            // The engine (mistral.rs 0.8.1) sends no last piece when the message ends within a character.
            None if self.progress.tokens() >= self.longest => Ok(self.pass("", Some(FinishReason::Length))),
            None => Ok(self.pass("", Some(FinishReason::Stop))),
        }
    }

    /// Passes text on, up to a stop text.
    fn pass(&mut self, text: &str, reason: Option<FinishReason>) -> Step {
        let usage = |completion_tokens| Usage {
            prompt_tokens: self.prompt_tokens,
            completion_tokens,
            cached_tokens: self.progress.cached(self.prompt_tokens),
        };
        match self.stops.take(text) {
            // The engine is ahead by an unknown number of tokens; nearly every piece is one token.
            Passed::Stopped(text) => Step { text, finished: Some((FinishReason::Stop, usage(self.pieces))) },
            Passed::Text(text) => match reason {
                None => Step { text, finished: None },
                Some(reason) => {
                    let finished = Some((reason, usage(self.progress.tokens())));
                    Step { text: text + &self.stops.rest(), finished }
                }
            },
        }
    }
}

/// What the engine refuses although it looked right here.
fn refused(text: &str) -> EngineError {
    match text.strip_prefix("Invalid grammar. ") {
        Some(reason) => EngineError::request("response_format", format!("the JSON Schema cannot be kept to: {reason}")),
        None => EngineError::request("messages", text),
    }
}

/// How tokens are chosen: as asked, else as the model's makers set, else at temperature 1 from all tokens.
fn choice(request: &ChatRequest, running: &Running) -> Result<Choice, EngineError> {
    let within = |parameter: &str, value: Option<f64>, least: f64, most: f64| match value {
        Some(value) if !(least..=most).contains(&value) => {
            Err(EngineError::request(parameter, format!("`{parameter}` is {value}, it can be from {least} to {most}")))
        }
        _ => Ok(()),
    };
    within("temperature", request.temperature, 0.0, 100.0)?;
    within("top_p", request.top_p, 0.0, 1.0)?;
    within("frequency_penalty", request.frequency_penalty, -2.0, 2.0)?;
    within("presence_penalty", request.presence_penalty, -2.0, 2.0)?;
    let defaults = &running.told.defaults;
    let default_temperature = if defaults.do_sample == Some(false) { Some(0.0) } else { defaults.temperature };
    let number = |value: Option<f64>, otherwise: f64| value.unwrap_or(otherwise) as f32;
    Ok(Choice {
        temperature: number(request.temperature.or(default_temperature), 1.0),
        top_p: number(request.top_p.or(defaults.top_p), 1.0),
        frequency_penalty: number(request.frequency_penalty, 0.0),
        presence_penalty: number(request.presence_penalty, 0.0),
        seed: request.seed.unwrap_or_else(any_seed),
    })
}

/// The form that a message must have.
fn constraint(format: &ResponseFormat) -> Constraint {
    let mut schema = match format {
        ResponseFormat::Text => return Constraint::None,
        ResponseFormat::JsonObject => json!({"type": "object"}),
        ResponseFormat::JsonSchema(schema) => schema.clone(),
    };
    if let Value::Object(schema) = &mut schema {
        // No free white space: a model that has nothing to say fills its longest length with it.
        let compact = json!({ "whitespace_flexible": false, "item_separator": ", ", "key_separator": ": " });
        schema.insert("x-guidance".to_owned(), compact);
    }
    Constraint::JsonSchema(schema)
}

/// The conversation as the engine takes it.
fn conversation(messages: &[ChatMessage], thinking: bool) -> RequestMessage {
    let add = |conversation: TextMessages, message: &ChatMessage| {
        let role = match message.role {
            ChatRole::System => TextMessageRole::System,
            ChatRole::User => TextMessageRole::User,
            ChatRole::Assistant => TextMessageRole::Assistant,
        };
        conversation.add_message(role, &message.content)
    };
    messages.iter().fold(TextMessages::new().enable_thinking(thinking), add).take_messages()
}

/// How many tokens the message may have: as asked, and no more than the context leaves.
fn longest(prompt_tokens: u32, context: u32, asked: Option<u32>) -> Result<u32, EngineError> {
    if asked == Some(0) {
        return Err(EngineError::request("max_tokens", "`max_tokens` is 0, it can be 1 or more"));
    }
    let room = context.saturating_sub(prompt_tokens);
    if room == 0 {
        return Err(EngineError::request(
            "messages",
            format!(
                "the messages take {prompt_tokens} tokens within the chat template, and the model takes {context} for them \
                 and its answer together; leave out the oldest messages"
            ),
        ));
    }
    Ok(asked.map_or(room, |asked| asked.min(room)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_bounds_the_message() {
        assert_eq!(longest(10, 100, None).unwrap(), 90);
        assert_eq!(longest(10, 100, Some(5)).unwrap(), 5);
        assert_eq!(longest(10, 100, Some(500)).unwrap(), 90);
    }

    #[test]
    fn too_long_a_conversation_is_refused_with_the_numbers() {
        let Err(EngineError::Request { parameter, message }) = longest(100, 100, Some(5)) else { panic!() };
        assert_eq!(parameter, "messages");
        assert!(message.contains("100 tokens"), "{message}");
    }

    #[test]
    fn a_schema_keeps_its_own_keys() {
        let format = ResponseFormat::JsonSchema(json!({"type": "array", "items": {"type": "string"}}));
        let Constraint::JsonSchema(schema) = constraint(&format) else { panic!() };
        assert_eq!(schema["items"]["type"], "string");
        assert!(matches!(constraint(&ResponseFormat::Text), Constraint::None));
    }

    /// The small language model of `make models-test`.
    async fn small_model() -> Arc<Running> {
        let folder = std::env::var("SMALL_MODELS")
            .unwrap_or_else(|_| format!("{}/.cache/sfetnic/small-models", std::env::var("HOME").unwrap()));
        let spec = serde_json::from_value(json!({
            "id": "small", "task": protocol::Task::Chat, "engine": protocol::EngineKind::Mistral, "languages": [],
            "folder": format!("{folder}/tiny-llama"), "weights": "tiny-llama-q8_0.gguf", "device": "cpu", "threads": 1,
            "slots": 1, "settings": {},
        }));
        let loaded = super::super::load::load(spec.unwrap()).await;
        Arc::new(loaded.expect("the small models are made by `make models-test`, and found by SMALL_MODELS"))
    }

    fn long_request() -> ChatRequest {
        ChatRequest {
            messages: vec![ChatMessage { role: ChatRole::User, content: "Vorbește mult".to_owned() }],
            max_tokens: None,
            temperature: Some(3.0),
            top_p: None,
            seed: Some(1),
            stop: Vec::new(),
            frequency_penalty: None,
            presence_penalty: None,
            // Long before the context is full, a model could end its message; this one cannot.
            format: ResponseFormat::JsonSchema(
                json!({"type": "array", "items": {"type": "boolean"}, "minItems": 100_000}),
            ),
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_engine_stops_computing_when_nobody_wants_the_message() {
        let running = small_model().await;
        let longest = running.told.context - 100;
        for by_dropping in [false, true] {
            let progress = Arc::new(Progress::default());
            let stop = Stop::new();
            let mut events =
                chat_watched(running.clone(), long_request(), stop.clone(), progress.clone()).await.unwrap();
            events.recv().await.unwrap().unwrap();
            let before = progress.tokens();
            if by_dropping {
                drop(events);
            } else {
                stop.cancel();
            }
            // There is one slot, so the next request is computed after this one has ended.
            let next = ChatRequest { max_tokens: Some(2), format: ResponseFormat::Text, ..long_request() };
            let mut next = chat(running.clone(), next, Stop::new()).await.unwrap();
            while next.recv().await.is_some() {}
            let after = progress.tokens();
            println!("{before} tokens when it was stopped, {after} at the end, of {longest} or more");
            assert!(after < longest, "{after} of {longest} tokens");
        }
    }
}
