//! The WebSocket: the same events as the stream, and messages the other way.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message as Frame, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use desk::ids::ConversationId;
use desk::ports::presence::Typist;
use serde::Deserialize;
use ui::{Problem, ProblemKind};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::ProblemSchema;
use super::conversations::Rendering;
use super::turns::Say;
use crate::access::Caller;
use crate::app::App;
use crate::follower::{Follower, PageEvent};
use crate::intake;
use crate::limits::Connected;

/// The largest message of a client.
const MAX_MESSAGE: usize = 64 * 1024;
/// What a connection holds for reading while it is open.
const READ_BUFFER: usize = 4 * 1024;
/// How often a silent connection is tried; without a sign of life in twice the time it is closed.
const ALIVE: Duration = Duration::from_secs(25);

/// Where to begin.
#[derive(Deserialize, IntoParams)]
pub(crate) struct Following {
    /// Begin after this turn.
    #[serde(default)]
    after: u64,
    /// `html`: turns and the hand-over's banner also as HTML.
    render: Option<String>,
}

/// What a client sends over the socket.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ClientMessage {
    /// A turn; answered by `received` or `refused` with the same key.
    Turn {
        /// The idempotency key.
        key: String,
        /// What is said.
        #[serde(flatten)]
        say: Box<Say>,
    },
    /// The citizen is typing.
    Typing,
}

/// Follow a conversation and send to it by WebSocket
///
/// Sends the events of the stream as JSON text, begins after turn `after`, and takes `{"type":"turn","key":…,"text":…}` and
/// `{"type":"typing"}`. A browser passes the secret as the sub-protocol `secret.<secret>` beside `sfetnic.v1`.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/ws", tag = "conversations", security(("secret" = [])),
    params(("id" = Uuid, Path), Following),
    responses((status = 101, description = "The connection becomes a WebSocket"), (status = 401, body = ProblemSchema),
        (status = 429, body = ProblemSchema)))]
pub(crate) async fn open(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(following): Query<Following>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    // A socket may send: like any change, by cookie only from our own pages.
    let access = caller.access_to_change(&app, ConversationId(id)).await?;
    let most = app.parts.config.limits.connections_per_address;
    let connected = app.connections.open(caller.address, most);
    let connected = connected.ok_or_else(|| Problem::new(ProblemKind::TooMany, caller.language).retry_after(30))?;
    let viewer = Rendering { render: following.render }.viewer(&app, &caller);
    let follower = Follower::new(viewer, access.conversation.id, access.secret, following.after);
    Ok(upgrade
        .protocols(["sfetnic.v1"])
        .max_message_size(MAX_MESSAGE)
        // Small, for thousands of open chats: what citizens write fits in one read, and nothing is held back.
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .on_upgrade(move |socket| serve(socket, app, caller, access.conversation.id, follower, connected)))
}

async fn serve(
    mut socket: WebSocket,
    app: Arc<App>,
    caller: Caller,
    id: ConversationId,
    mut follower: Follower,
    _connected: Connected,
) {
    let mut alive = tokio::time::interval(ALIVE);
    let mut silent_for = 0_u8;
    loop {
        let sent = tokio::select! {
            event = follower.next() => match event {
                Some(event) => send(&mut socket, &event).await,
                None => break,
            },
            frame = socket.recv() => {
                silent_for = 0;
                match frame {
                    Some(Ok(Frame::Text(text))) => match Box::pin(hear(&app, &caller, id, &text)).await {
                        Some(event) => send(&mut socket, &event).await,
                        None => Ok(()),
                    },
                    Some(Ok(Frame::Close(_)) | Err(_)) | None => break,
                    Some(Ok(_)) => Ok(()),
                }
            }
            _ = alive.tick() => {
                silent_for += 1;
                if silent_for > 3 {
                    break;
                }
                socket.send(Frame::Ping(Vec::new().into())).await
            }
        };
        if sent.is_err() {
            break;
        }
    }
}

async fn send(socket: &mut WebSocket, event: &PageEvent) -> Result<(), axum::Error> {
    let text = serde_json::to_string(event).unwrap_or_default();
    socket.send(Frame::Text(Utf8Bytes::from(text))).await
}

/// Does what the client says; returns what it is told in return.
async fn hear(app: &Arc<App>, caller: &Caller, id: ConversationId, text: &str) -> Option<PageEvent> {
    match serde_json::from_str(text) {
        Ok(ClientMessage::Typing) => {
            app.parts.presence.typing(id, Typist::Citizen);
            None
        }
        Ok(ClientMessage::Turn { key, say }) => Some(match take(app, caller, id, *say, &key).await {
            Ok(number) => PageEvent::Received { key, number },
            Err(problem) => refused(key, &problem),
        }),
        Err(error) => {
            let problem = Problem::new(ProblemKind::Malformed, caller.language).detail(error.to_string());
            Some(refused(String::new(), &problem))
        }
    }
}

async fn take(app: &Arc<App>, caller: &Caller, id: ConversationId, say: Say, key: &str) -> Result<u64, Problem> {
    let conversation = app.parts.conversations.conversation(id).await;
    let conversation = conversation.map_err(|error| Problem::from_port(&error, caller.language))?;
    let taken = intake::take(app, caller, &conversation, say.into(), key).await?;
    Ok(taken.recorded.turn.number)
}

fn refused(key: String, problem: &Problem) -> PageEvent {
    let again = matches!(problem.kind, ProblemKind::Unavailable | ProblemKind::TooMany | ProblemKind::Internal);
    PageEvent::Refused { key, again, title: problem.title().to_owned(), detail: problem.detail.clone() }
}
