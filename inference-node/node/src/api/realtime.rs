//! `GET /v1/realtime`: live transcription over a WebSocket, in the terms of OpenAI's realtime transcription events.
//!
//! The client sends sound, as binary frames or in `input_audio_buffer.append`; the node sends what it hears. The sound's form
//! is that of the query (`format`, `rate`) until a `session.update` changes it.

mod events;
mod sound;

use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Query, State};
use axum::response::Response;
use engines::tasks::{EndOfTurn, ListenEvent, ListenRequest};
use engines::{EngineError, Events};
use futures::stream::SplitSink;
use futures::{SinkExt, StreamExt};
use protocol::{Language, Task};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::Api;
use super::error::ApiError;
use super::lease::{Lease, choose, lease};
use super::request::Urgency;
use crate::host::Work;
use events::{FromClient, ToClient};
use sound::{Form, Sound};

/// Pieces of sound that wait for an engine that is behind; some seconds of it. Then the client is held back.
const AHEAD: usize = 256;
/// The largest message: a second of sound in base64, with room to spare.
const LARGEST_MESSAGE: usize = 1 << 20;
/// How long a client may be silent on the wire.
const SILENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// What a client may say in the address.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    model: String,
    language: Option<String>,
    /// `pcm16`, `g711_alaw` or `g711_ulaw`.
    #[serde(default)]
    format: Form,
    /// Samples per second of `pcm16`.
    rate: Option<u32>,
}

/// Listens for as long as the client speaks.
pub(super) async fn listen(
    State(api): State<Arc<Api>>,
    urgency: Urgency,
    Query(asked): Query<Asked>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let language = known(asked.language.as_deref())?;
    let hosted = choose(&api, Task::Transcription, &asked.model, language)?;
    let sound = Sound::new(asked.format, asked.rate).map_err(|message| ApiError::request("rate", message))?;
    let lease = lease(&api, &hosted, Work::Stream, urgency).await?;
    if !lease.model.facts().listens {
        return lease.finish(Err(EngineError::Unsupported("transcribe live audio".to_owned())));
    }
    let settings = ListenRequest { language, prompt: None, end_of_turn: EndOfTurn::default() };
    Ok(upgrade.max_message_size(LARGEST_MESSAGE).on_upgrade(move |socket| converse(socket, lease, sound, settings)))
}

fn known(tag: Option<&str>) -> Result<Option<Language>, ApiError> {
    let Some(tag) = tag.filter(|tag| !tag.is_empty()) else { return Ok(None) };
    let unknown = || ApiError::request("language", format!("`{tag}` is not known here; there are: ro, hu, en"));
    Language::from_tag(tag).map(Some).ok_or_else(unknown)
}

/// One conversation: until the client leaves, its sound ends, or the engine fails.
async fn converse(socket: WebSocket, mut lease: Lease, mut sound: Sound, mut settings: ListenRequest) {
    let (mut to_client, mut from_client) = socket.split();
    let session = uuid::Uuid::now_v7().simple().to_string();
    if send(&mut to_client, &ToClient::created(&session, &lease.name, &settings)).await.is_err() {
        return;
    }
    // The engine starts with the first sound, so that settings can still be made before.
    let mut feeding: Option<mpsc::Sender<Vec<f32>>> = None;
    let mut hearing: Option<Events<ListenEvent>> = None;
    loop {
        let message = tokio::select! {
            event = next(&mut hearing) => {
                match told(event, &session, &mut lease) {
                    Told::Tell(event) => {
                        if send(&mut to_client, &event).await.is_err() {
                            return;
                        }
                        continue;
                    }
                    Told::End(last) => {
                        if let Some(last) = last {
                            drop(send(&mut to_client, &last).await);
                        }
                        drop(to_client.send(close(close_code::NORMAL, "")).await);
                        return;
                    }
                }
            }
            message = tokio::time::timeout(SILENCE, from_client.next()) => message,
        };
        let message = match message {
            Ok(Some(Ok(message))) => message,
            // The client has left, or its network has.
            Ok(Some(Err(_)) | None) => return,
            Err(_) => {
                drop(to_client.send(close(close_code::AWAY, "no sound came for a minute")).await);
                return;
            }
        };
        let said = match message {
            Message::Binary(bytes) => Ok(FromClient::Sound(bytes.to_vec())),
            Message::Text(text) => events::read(&text),
            Message::Close(_) => return,
            Message::Ping(_) | Message::Pong(_) => continue,
        };
        let done = match said {
            Ok(FromClient::Sound(bytes)) => {
                let samples = sound.take(&bytes);
                if feeding.is_none() && hearing.is_none() {
                    let (sender, receiver) = mpsc::channel(AHEAD);
                    match lease.model.listen(settings.clone(), receiver, lease.stop.clone()).await {
                        Ok(events) => (feeding, hearing) = (Some(sender), Some(events)),
                        Err(error) => {
                            let last = ToClient::error(&fail(&mut lease, error));
                            drop(send(&mut to_client, &last).await);
                            return;
                        }
                    }
                }
                feed(feeding.as_ref(), samples).await
            }
            // All was sent: what is still in the pipe is written down, then the connection ends.
            Ok(FromClient::End) => {
                let rest = sound.rest();
                let fed = feed(feeding.take().as_ref(), rest).await;
                if hearing.is_none() {
                    drop(to_client.send(close(close_code::NORMAL, "")).await);
                    return;
                }
                fed
            }
            Ok(FromClient::Update(update)) => match update.apply(&mut settings, &mut sound, hearing.is_some()) {
                Ok(()) => send(&mut to_client, &ToClient::updated(&session, &lease.name, &settings)).await,
                Err(error) => send(&mut to_client, &ToClient::error(&error)).await,
            },
            Err(error) => send(&mut to_client, &ToClient::error(&error)).await,
        };
        if done.is_err() {
            return;
        }
    }
}

/// What is to be done about what an engine said.
enum Told {
    Tell(ToClient),
    End(Option<ToClient>),
}

fn told(event: Option<Result<ListenEvent, EngineError>>, session: &str, lease: &mut Lease) -> Told {
    match event {
        Some(Ok(event)) => Told::Tell(ToClient::heard(session, event)),
        Some(Err(error)) => Told::End(Some(ToClient::error(&fail(lease, error)))),
        None => {
            lease.done();
            Told::End(None)
        }
    }
}

fn fail(lease: &mut Lease, error: EngineError) -> ApiError {
    let error = ApiError::from(error);
    lease.failed(&error);
    error
}

async fn next(hearing: &mut Option<Events<ListenEvent>>) -> Option<Result<ListenEvent, EngineError>> {
    match hearing {
        Some(events) => events.recv().await,
        None => std::future::pending().await,
    }
}

/// Gives samples to the engine; what an engine that has ended is given is lost, its last event says why it ended.
async fn feed(feeding: Option<&mpsc::Sender<Vec<f32>>>, samples: Vec<f32>) -> Result<(), axum::Error> {
    if let Some(feeding) = feeding
        && !samples.is_empty()
    {
        drop(feeding.send(samples).await);
    }
    Ok(())
}

async fn send(to: &mut SplitSink<WebSocket, Message>, event: &ToClient) -> Result<(), axum::Error> {
    to.send(Message::Text(event.to_string().into())).await
}

fn close(code: u16, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code, reason: reason.into() }))
}
