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
use service::trace;
use tokio::sync::mpsc;
use tracing::Instrument;
use tracing::field::Empty;

use super::Api;
use super::error::ApiError;
use super::lease::{Lease, choose, lease};
use super::request::Urgency;
use crate::host::{Hosted, Work};
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
    /// The connection is kept for when another fails: it takes no place among the live streams before its first sound.
    #[serde(default)]
    standby: bool,
}

/// A conversation's hold on a model: a place among its live streams, from the beginning or from the first sound on.
struct Hold {
    api: Arc<Api>,
    hosted: Arc<Hosted>,
    urgency: Urgency,
    lease: Option<Lease>,
}

impl Hold {
    /// Its place; takes one where it has none.
    async fn lease(&mut self) -> Result<&mut Lease, ApiError> {
        Ok(match &mut self.lease {
            Some(lease) => lease,
            none => {
                let lease = lease(&self.api, &self.hosted, Work::Stream, self.urgency).await?;
                if !lease.model.facts().listens {
                    return lease.finish(Err(EngineError::Unsupported("transcribe live audio".to_owned())));
                }
                none.insert(lease)
            }
        })
    }
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
    let mut hold = Hold { api, hosted, urgency, lease: None };
    if !asked.standby {
        hold.lease().await?;
    }
    let settings = ListenRequest { language, prompt: None, end_of_turn: EndOfTurn::default() };
    let upgrade = upgrade.max_message_size(LARGEST_MESSAGE);
    // It outlives the request that it began with.
    let span = tracing::error_span!(parent: None, "listen", trace = Empty, model = hold.hosted.id());
    trace::join(&span, trace::current());
    Ok(upgrade.on_upgrade(move |socket| converse(socket, hold, sound, settings).instrument(span)))
}

fn known(tag: Option<&str>) -> Result<Option<Language>, ApiError> {
    let Some(tag) = tag.filter(|tag| !tag.is_empty()) else { return Ok(None) };
    let unknown = || ApiError::request("language", format!("`{tag}` is not known here; there are: ro, hu, en"));
    Language::from_tag(tag).map(Some).ok_or_else(unknown)
}

/// One conversation: until the client leaves, its sound ends, or the engine fails.
async fn converse(socket: WebSocket, mut hold: Hold, mut sound: Sound, mut settings: ListenRequest) {
    let (mut to_client, mut from_client) = socket.split();
    let session = uuid::Uuid::now_v7().simple().to_string();
    let name = hold.hosted.id().to_owned();
    if send(&mut to_client, &ToClient::created(&session, &name, &settings)).await.is_err() {
        return;
    }
    // The engine starts with the first sound, so that settings can still be made before.
    let mut feeding: Option<mpsc::Sender<Vec<f32>>> = None;
    let mut hearing: Option<Events<ListenEvent>> = None;
    loop {
        let message = tokio::select! {
            event = next(&mut hearing) => {
                match told(event, &session, &mut hold) {
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
                    match begin(&mut hold, &settings, receiver).await {
                        Ok(events) => (feeding, hearing) = (Some(sender), Some(events)),
                        Err(error) => {
                            drop(send(&mut to_client, &ToClient::error(&error)).await);
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
                Ok(()) => send(&mut to_client, &ToClient::updated(&session, &name, &settings)).await,
                Err(error) => send(&mut to_client, &ToClient::error(&error)).await,
            },
            Err(error) => send(&mut to_client, &ToClient::error(&error)).await,
        };
        if done.is_err() {
            return;
        }
    }
}

/// Has the model listen.
async fn begin(
    hold: &mut Hold,
    settings: &ListenRequest,
    sound: mpsc::Receiver<Vec<f32>>,
) -> Result<Events<ListenEvent>, ApiError> {
    let lease = hold.lease().await?;
    let events = lease.model.listen(settings.clone(), sound, lease.stop.clone()).await;
    events.map_err(|error| fail(lease, error))
}

/// What is to be done about what an engine said.
enum Told {
    Tell(ToClient),
    End(Option<ToClient>),
}

fn told(event: Option<Result<ListenEvent, EngineError>>, session: &str, hold: &mut Hold) -> Told {
    match (event, &mut hold.lease) {
        (Some(Ok(event)), _) => Told::Tell(ToClient::heard(session, event)),
        (Some(Err(error)), Some(lease)) => Told::End(Some(ToClient::error(&fail(lease, error)))),
        (None, Some(lease)) => {
            lease.done();
            Told::End(None)
        }
        // Who has no place was never listened to.
        (_, None) => Told::End(None),
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
