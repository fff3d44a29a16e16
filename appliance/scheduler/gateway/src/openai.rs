//! The gateway for other systems of the customer: OpenAI's API over all nodes, with a key for each system.
//!
//! A request is read just as far as sending it to the right place needs ([`request`]) and passed on as it came; what comes back
//! passes through untouched. Keys are known by their sums, and carry the most urgent class and the quota of their system.

mod access;
mod error;
mod realtime;
mod request;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use futures::StreamExt;
use protocol::Class;
use protocol::request::{CLASS_HEADER, DEADLINE_HEADER, FIRST_TOKEN_HEADER, TRACE_HEADER};
use serde_json::{Value, json};

use crate::ability::Wanted;
use crate::answer::{Answer, Body as AnswerBody};
use crate::client::PASSED_ON_HEADER;
use crate::gateway::Nodes;
use crate::work::Work;
pub(crate) use access::Customers;
use access::Pass;
use error::ApiError;
use request::Kind;
pub(crate) use request::{BLOCK_BYTES, session, tokens};

/// The largest request that is passed on; recordings are the largest.
const LARGEST: usize = 64 << 20;

/// What the API works with.
struct Api {
    nodes: Arc<Nodes>,
    customers: Customers,
}

/// Every path of the API.
pub(crate) fn router(nodes: Arc<Nodes>, customers: Customers) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/embeddings", post(embeddings))
        .route("/v1/audio/speech", post(speech))
        .route("/v1/audio/transcriptions", post(transcriptions))
        .route("/v1/realtime", get(realtime::listen))
        .route("/v1/models", get(models))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(Arc::new(Api { nodes, customers }))
}

async fn chat(State(api): State<Arc<Api>>, request: Request) -> Response {
    serve(&api, Kind::Chat, request).await
}

async fn embeddings(State(api): State<Arc<Api>>, request: Request) -> Response {
    serve(&api, Kind::Embeddings, request).await
}

async fn speech(State(api): State<Arc<Api>>, request: Request) -> Response {
    serve(&api, Kind::Speech, request).await
}

async fn transcriptions(State(api): State<Arc<Api>>, request: Request) -> Response {
    serve(&api, Kind::Transcription, request).await
}

async fn models(State(api): State<Arc<Api>>, request: Request) -> Response {
    if let Err(error) = api.customers.admit(request.headers()) {
        return error.into_response();
    }
    let entry = |id: String| json!({ "id": id, "object": "model", "created": 0, "owned_by": "sfetnic" });
    let served = api.nodes.dispatchers.all().into_iter().filter(|model| model.served());
    let data: Vec<Value> = served.map(|model| entry(model.model.clone())).collect();
    Json(json!({ "object": "list", "data": data })).into_response()
}

async fn serve(api: &Api, kind: Kind, request: Request) -> Response {
    match ask(api, kind, request).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn ask(api: &Api, kind: Kind, request: Request) -> Result<Response, ApiError> {
    let pass = api.customers.admit(request.headers())?;
    let (parts, body) = request.into_parts();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let class = class(header(CLASS_HEADER), &pass)?;
    let life = millis(DEADLINE_HEADER, header(DEADLINE_HEADER))?;
    let deadline = millis(FIRST_TOKEN_HEADER, header(FIRST_TOKEN_HEADER))?.or(life);
    let media_type = parts.headers.get(CONTENT_TYPE).cloned();
    let body = axum::body::to_bytes(body, LARGEST).await.map_err(|_| ApiError::too_large(LARGEST))?;
    let read = request::read(kind, media_type.as_ref(), &body, api.nodes.prefix_seed)?;
    let name = if read.model == "auto" {
        api.nodes.first_model(Wanted::request(kind.task(), None))
    } else {
        Some(read.model.clone())
    };
    let model = name.ok_or_else(|| ApiError::no_model(&read.model))?;
    let work = Work {
        path: kind.path(),
        body,
        media_type: media_type.unwrap_or_else(|| axum::http::HeaderValue::from_static("application/json")),
        class,
        deadline,
        life,
        streamed: read.streamed,
        prompt_tokens: read.prompt_tokens,
        output_tokens: read.output_tokens,
        prefix: read.prefix,
        session: read.session,
        trace: parts.headers.get(TRACE_HEADER).cloned(),
        epoch: None,
        passed_on: parts.headers.contains_key(PASSED_ON_HEADER),
    };
    let answer = api.nodes.carry_out(&model, work).await.map_err(|error| ApiError::of(&error, &model))?;
    Ok(respond(answer, pass))
}

/// The class asked for, no more urgent than the system may be; without one, the most urgent that it may.
fn class(asked: Option<&str>, pass: &Pass) -> Result<Class, ApiError> {
    let Some(name) = asked else { return Ok(pass.class) };
    let class = Class::from_name(name)
        .ok_or_else(|| ApiError::request(CLASS_HEADER, format!("`{name}` is no class: voice, chat, mail or batch")))?;
    if class < pass.class {
        return Err(ApiError::request(
            CLASS_HEADER,
            format!("this key is for the class `{}` and those after it, not for `{name}`", pass.class.name()),
        ));
    }
    Ok(class)
}

fn millis(name: &str, asked: Option<&str>) -> Result<Option<Duration>, ApiError> {
    let parse = |text: &str| {
        text.parse()
            .map(Duration::from_millis)
            .map_err(|_| ApiError::request(name, format!("`{text}` is no whole number of milliseconds")))
    };
    asked.map(parse).transpose()
}

/// The answer as it came. The pass is held to its end: what is being answered counts in the quota.
fn respond(answer: Answer, pass: Pass) -> Response {
    let body = match answer.body {
        AnswerBody::Whole(bytes) => Body::from(bytes),
        AnswerBody::Streamed(pieces) => {
            let events = answer.media_type.as_bytes().starts_with(b"text/event-stream");
            Body::from_stream(pieces.map(move |piece| {
                let _held = &pass;
                match piece {
                    // The head has been sent: in a stream of events the error is the last of them.
                    Err(_) if events => Ok(Bytes::from_static(error::BROKE_OFF)),
                    piece => piece,
                }
            }))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    response.headers_mut().insert(CONTENT_TYPE, answer.media_type);
    response
}
