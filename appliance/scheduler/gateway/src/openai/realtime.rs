//! `GET /v1/realtime`: live transcription over a WebSocket, in the terms of OpenAI's realtime transcription. What a node says
//! and takes is passed on; which node it is may change in between.

use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use policy::SessionKey;
use protocol::request::{CLASS_HEADER, TRACE_HEADER};
use protocol::{Language, Task};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::access::Pass;
use super::error::ApiError;
use super::{Api, class};
use crate::ability::Wanted;
use crate::client::{Call, PASSED_ON_HEADER};
use crate::listening::{Form, Listening, Said, Wish, last_event};

/// The largest message: a second of sound in base64, with room to spare.
const LARGEST_MESSAGE: usize = 1 << 20;
/// Messages that wait for the node, and for the client.
const WAITING: usize = 256;

/// What a client may say in the address.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    model: String,
    #[serde(default)]
    language: Option<String>,
    /// `pcm16`, `g711_alaw` or `g711_ulaw`.
    #[serde(default)]
    format: Option<String>,
    /// Samples per second of `pcm16`.
    #[serde(default)]
    rate: Option<u32>,
    /// What keeps a call's sessions together.
    #[serde(default)]
    session: Option<String>,
}

/// An event of the client's that is not merely passed on.
#[derive(Deserialize)]
#[serde(tag = "type")]
enum Wire {
    #[serde(rename = "input_audio_buffer.append")]
    Append { audio: String },
    #[serde(rename = "input_audio_buffer.commit")]
    Commit,
}

/// Listens for as long as the client speaks.
pub(super) async fn listen(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    upgrade: WebSocketUpgrade,
) -> Response {
    match open(&api, &headers, asked).await {
        Ok((listening, pass)) => upgrade
            .max_message_size(LARGEST_MESSAGE)
            .on_upgrade(move |socket| converse(socket, listening, pass))
            .into_response(),
        Err(error) => error.into_response(),
    }
}

async fn open(api: &Api, headers: &HeaderMap, asked: Asked) -> Result<(Listening, Pass), ApiError> {
    let pass = api.customers.admit(headers)?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let class = class(header(CLASS_HEADER), &pass)?;
    let language = match asked.language.as_deref().filter(|tag| !tag.is_empty()) {
        Some(tag) => Some(Language::from_tag(tag).ok_or_else(|| {
            ApiError::request("language", format!("`{tag}` is not known here; there are: ro, hu, en"))
        })?),
        None => None,
    };
    let form = match asked.format.as_deref() {
        Some(name) => serde_json::from_value(name.into()).map_err(|_| {
            ApiError::request("format", format!("`{name}` is no form of sound: pcm16, g711_alaw or g711_ulaw"))
        })?,
        None => Form::default(),
    };
    let wanted = Wanted { task: Task::Transcription, language, live: true };
    let named = if asked.model == "auto" { api.nodes.first_model(wanted) } else { Some(asked.model.clone()) };
    let model = named.ok_or_else(|| ApiError::no_model(&asked.model))?;
    let mut query = vec![("model", model.clone())];
    query.extend(language.map(|language| ("language", language.code().to_owned())));
    query.extend(asked.format.map(|format| ("format", format)));
    query.extend(asked.rate.map(|rate| ("rate", rate.to_string())));
    let passed_on = headers.contains_key(PASSED_ON_HEADER);
    query.extend(asked.session.clone().map(|session| ("session", session)));
    let session = asked.session.map_or_else(|| SessionKey(rand::random()), |key| super::request::session(&key));
    let call = Call {
        query,
        class,
        trace: service::trace::header().or_else(|| headers.get(TRACE_HEADER).cloned()),
        epoch: None,
    };
    let wish = Wish { model: model.clone(), call, form, rate: asked.rate, session, passed_on };
    let listening = Listening::open(Arc::clone(&api.nodes), wish).await;
    Ok((listening.map_err(|error| ApiError::of_listening(&error, &model))?, pass))
}

/// One conversation. The pass is held to its end: a session counts in the quota.
async fn converse(socket: WebSocket, listening: Listening, _pass: Pass) {
    let (mut to_client, mut from_client) = socket.split();
    let (say, said) = mpsc::channel(WAITING);
    let (tell, mut told) = mpsc::channel::<String>(WAITING);
    let reading = async {
        while let Some(Ok(message)) = from_client.next().await {
            let said = match message {
                Message::Binary(sound) => Said::Sound(sound),
                Message::Text(text) => event(&text),
                Message::Ping(_) | Message::Pong(_) => continue,
                Message::Close(_) => break,
            };
            if say.send(said).await.is_err() {
                break;
            }
        }
        // Dropped when the client has left, so that the session hears of it.
        drop(say);
        std::future::pending::<()>().await;
    };
    let writing = async {
        while let Some(event) = told.recv().await {
            if to_client.send(Message::Text(event.into())).await.is_err() {
                return;
            }
        }
    };
    let session = async {
        let last = listening.run(said, tell.clone()).await;
        if let Err(error) = last {
            drop(tell.send(last_event(&error)).await);
        }
        drop(tell);
    };
    tokio::select! {
        // What was told is written before it ends: the writer goes on until the session has dropped its end.
        ((), ()) = async { tokio::join!(session, writing) } => {}
        () = reading => {}
    }
    let frame = CloseFrame { code: close_code::NORMAL, reason: "".into() };
    drop(to_client.send(Message::Close(Some(frame))).await);
}

/// What an event means; one that is not understood is the node's to answer.
fn event(text: &str) -> Said {
    match serde_json::from_str(text) {
        Ok(Wire::Commit) => Said::End,
        Ok(Wire::Append { audio }) => match STANDARD.decode(audio) {
            Ok(sound) => Said::Sound(Bytes::from(sound)),
            Err(_) => Said::Event(text.to_owned()),
        },
        Err(_) => Said::Event(text.to_owned()),
    }
}
