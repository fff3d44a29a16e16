//! The paths of one server.
//!
//! | path | what |
//! |---|---|
//! | `POST /v1/chat/completions` | OpenAI's API, streamed or not; `max_tokens` tokens are generated, 64 without it |
//! | `GET /v1/models`, `/health`, `/healthz`, `/health_generate` | what is served, and that it is |
//! | `GET /server_info`, `/get_server_info`, `/model_info`, `/get_model_info` | what smg asks an SGLang server when it joins |
//! | `GET /v1/loads`, `/loads` | the load, as SGLang tells it and smg polls it |
//! | `GET /v1/node`, `/v1/node/heartbeat` | what our gateway asks an inference node, and its heartbeat every 200 ms |
//! | `GET /stats`, `/stats/all` | this server and all of the process, as JSON |
//! | `POST /fault` | a [`Fault`] for this server, or with `"port"` for another of the process |

use std::rc::Rc;

use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::body::{Answer, Beats, EventStream, Events, document};
use super::server::Process;
use super::{Fault, Worker};
use crate::engine::Output;
use crate::prompt::{BLOCK_TOKENS, block_hashes, tokens_of};

/// Prompt and answer of a sequence together, at most; what a server of today says of itself.
const CONTEXT_TOKENS: usize = 131_072;
/// Tokens generated for who asks for no number.
const DEFAULT_TOKENS: u32 = 64;

#[derive(Deserialize)]
struct ChatRequest {
    messages: Vec<Message>,
    max_tokens: Option<u32>,
    max_completion_tokens: Option<u32>,
    #[serde(default)]
    stream: bool,
    seed: Option<u64>,
    stream_options: Option<StreamOptions>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Deserialize)]
struct FaultRequest {
    port: Option<u16>,
    #[serde(flatten)]
    fault: serde_json::Map<String, serde_json::Value>,
}

/// Answers one request.
pub(crate) async fn answer(process: &Process, worker: &Rc<Worker>, request: Request<Incoming>) -> Response<Answer> {
    let (parts, body) = request.into_parts();
    let body = match http_body_util::BodyExt::collect(body).await {
        Ok(body) => body.to_bytes(),
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    match (&parts.method, parts.uri.path()) {
        (&Method::POST, "/v1/chat/completions") => match serde_json::from_slice::<ChatRequest>(&body) {
            Ok(request) => {
                worker.asked(request.seed);
                complete(worker, request).await
            }
            Err(error) => refused(StatusCode::BAD_REQUEST, &error.to_string()),
        },
        (_, "/health" | "/healthz" | "/health_generate" | "/readyz" | "/ping") => respond(&json!({ "status": "ok" })),
        (&Method::GET, "/v1/models") => respond(&models(worker)),
        (&Method::GET, "/server_info" | "/get_server_info") => respond(&server_info(worker)),
        (&Method::GET, "/model_info" | "/get_model_info") => {
            respond(&json!({ "model_path": worker.config.model, "is_generation": true }))
        }
        (&Method::GET, "/v1/loads" | "/loads") => respond(&loads(worker)),
        (&Method::GET, "/v1/node") => respond(&node(worker)),
        (&Method::GET, "/v1/node/heartbeat") => {
            with_type("text/event-stream", Answer::Beats(Box::new(Beats::new(&heartbeat(worker)))))
        }
        (&Method::GET, "/stats") => document_of(&worker.stats()),
        (&Method::GET, "/stats/all") => document_of(&process.stats()),
        (&Method::POST, "/fault") => set_fault(process, worker, &body),
        _ => refused(StatusCode::NOT_FOUND, "no such path"),
    }
}

async fn complete(worker: &Rc<Worker>, request: ChatRequest) -> Response<Answer> {
    let text = text_of(&request.messages);
    let prompt_tokens = tokens_of(&text);
    let tokens = request.max_completion_tokens.or(request.max_tokens).unwrap_or(DEFAULT_TOKENS).max(1);
    let model = &worker.config.model;
    if worker.config.instant {
        let (requests, generated) = worker.instant.get();
        worker.instant.set((requests + 1, generated + u64::from(tokens)));
        let id = worker.take_id();
        if request.stream {
            let events = Events::new(id, model, prompt_tokens, usage_wanted(&request));
            return stream(EventStream::instant(events, tokens));
        }
        return with_type("application/json", document(id, model, prompt_tokens, tokens, 0).into());
    }
    let (ticket, mut outputs) = worker.submit(request.seed, prompt_tokens, block_hashes(&text), tokens);
    if request.stream {
        let events = Events::new(ticket.id, model, prompt_tokens, usage_wanted(&request));
        return stream(EventStream::live(events, ticket, outputs));
    }
    let mut cached = 0;
    while let Some(Output { cached_tokens, .. }) = outputs.recv().await {
        cached = cached_tokens;
    }
    with_type("application/json", document(ticket.id, model, prompt_tokens, tokens, cached).into())
}

fn usage_wanted(request: &ChatRequest) -> bool {
    request.stream_options.as_ref().is_some_and(|options| options.include_usage)
}

/// The text that is cached: the messages one after the other. Without roles and templates, so that the blocks of a trace stay
/// where they are.
fn text_of(messages: &[Message]) -> String {
    let mut text = String::new();
    for message in messages {
        match &message.content {
            Some(Content::Text(content)) => text.push_str(content),
            Some(Content::Parts(parts)) => parts.iter().for_each(|part| text.push_str(&part.text)),
            None => {}
        }
    }
    text
}

fn models(worker: &Worker) -> serde_json::Value {
    let model = &worker.config.model;
    json!({ "object": "list", "data": [{
        "id": model, "object": "model", "created": 0, "owned_by": "sglang", "root": model, "max_model_len": CONTEXT_TOKENS,
    }] })
}

/// As an inference node describes itself.
fn node(worker: &Worker) -> serde_json::Value {
    let model = &worker.config.model;
    json!({
        "name": worker.port.to_string(), "version": "0.1.0", "engines": ["remote"],
        "cpu": { "threads": 1, "memory_bytes": 1 },
        "gpus": { "source": "script", "taken_unix_ms": 0, "revision": 0, "driver": { "state": "released" }, "gpus": [] },
        "models": [{
            "id": model, "task": "chat", "engine": "remote", "languages": [], "state": "ready",
            "slots": worker.config.cost.max_running, "context": CONTEXT_TOKENS, "vram_bytes": 0,
        }],
    })
}

/// As an inference node says that it is there.
fn heartbeat(worker: &Worker) -> serde_json::Value {
    json!({
        "node": worker.port.to_string(), "incarnation": 1, "sequence": 1, "health": "ok", "gpus": [],
        "models": [{
            "id": worker.config.model, "state": "ready", "active": 0, "queued": 0, "streams": 0,
            "slots": worker.config.cost.max_running,
        }],
    })
}

fn server_info(worker: &Worker) -> serde_json::Value {
    json!({
        "model_path": worker.config.model,
        "served_model_name": worker.config.model,
        "max_running_requests": worker.config.cost.max_running,
        "max_total_num_tokens": cache_tokens(worker),
        "context_length": CONTEXT_TOKENS,
        "tp_size": 1,
        "dp_size": 1,
        "version": "0.5.0",
    })
}

fn loads(worker: &Worker) -> serde_json::Value {
    let engine = worker.engine.borrow();
    let stats = engine.stats();
    let throughput = if stats.busy_secs > 0.0 { stats.tokens as f64 / stats.busy_secs } else { 0.0 };
    let load = json!({
        "dp_rank": 0,
        "num_running_reqs": engine.running(),
        "num_waiting_reqs": engine.waiting(),
        "num_total_reqs": engine.running() + engine.waiting(),
        "num_used_tokens": engine.outstanding_prefill(),
        "max_total_num_tokens": cache_tokens(worker),
        "token_usage": 0.0,
        "gen_throughput": throughput,
        "cache_hit_rate": 0.0,
        "utilization": engine.running() as f64 / worker.config.cost.max_running as f64,
        "max_running_requests": worker.config.cost.max_running,
    });
    json!({ "version": "0.5.0", "dp_rank_count": 1, "loads": [load] })
}

fn cache_tokens(worker: &Worker) -> usize {
    worker.config.cache_blocks.unwrap_or(1 << 21) * BLOCK_TOKENS
}

fn set_fault(process: &Process, worker: &Rc<Worker>, body: &[u8]) -> Response<Answer> {
    let parsed = serde_json::from_slice::<FaultRequest>(body).and_then(|request| {
        let fault = serde_json::from_value::<Fault>(serde_json::Value::Object(request.fault))?;
        Ok((request.port.unwrap_or(worker.port), fault))
    });
    match parsed {
        Ok((port, fault)) if process.set_fault(port, fault) => respond(&json!({ "port": port, "fault": fault })),
        Ok((port, _)) => refused(StatusCode::NOT_FOUND, &format!("no server of this process has port {port}")),
        Err(error) => refused(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

fn stream(events: EventStream) -> Response<Answer> {
    let mut response = with_type("text/event-stream", Answer::Stream(Box::new(events)));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

fn document_of(value: &impl serde::Serialize) -> Response<Answer> {
    match serde_json::to_string(value) {
        Ok(text) => with_type("application/json", text.into()),
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn respond(value: &serde_json::Value) -> Response<Answer> {
    with_type("application/json", Answer::from(value.to_string()))
}

fn refused(status: StatusCode, message: &str) -> Response<Answer> {
    let mut response = respond(&json!({ "error": { "message": message, "type": "invalid_request_error" } }));
    *response.status_mut() = status;
    response
}

fn with_type(content_type: &'static str, answer: Answer) -> Response<Answer> {
    let mut response = Response::new(answer);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
