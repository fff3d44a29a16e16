//! Turns: send one, read them.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use desk::ids::ConversationId;
use desk::turn::{Author, Pick};
use serde::{Deserialize, Serialize};
use ui::Problem;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::conversations::Rendering;
use super::{Body, ProblemSchema, idempotency_key};
use crate::access::Caller;
use crate::app::App;
use crate::intake::{self, Message};
use crate::view::{ConversationView, TurnView};

/// How long `wait=true` waits for the answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most turns in one reading.
const MOST: u32 = 200;

/// What the citizen says: words, or a choice of an earlier turn, and files uploaded before.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Say {
    /// The words, at most 8,000 characters.
    #[serde(default)]
    pub(crate) text: String,
    /// A choice, instead of words.
    pub(crate) pick: Option<Picked>,
    /// Tokens that the upload returned.
    #[serde(default)]
    pub(crate) attachments: Vec<String>,
    /// `ro`, `hu` or `en`: the language of the page; what the citizen really writes is recognised.
    pub(crate) language: Option<String>,
}

/// A choice of an earlier turn.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Picked {
    /// The number of the turn that offered it.
    pub(crate) turn: u64,
    /// Which, from 1.
    pub(crate) number: u8,
}

impl From<Say> for Message {
    fn from(say: Say) -> Self {
        Self {
            text: say.text,
            pick: say.pick.map(|pick| Pick { turn: pick.turn, number: pick.number }),
            attachments: say.attachments,
            language: say.language.and_then(|code| code.parse().ok()),
        }
    }
}

/// What became of a turn.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sent {
    /// The turn, durable.
    turn: TurnView,
    /// Whether it had been sent before: nothing new was written.
    repeated: bool,
    /// What followed it so far; with `wait=true` normally the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    followed_by: Vec<TurnView>,
    /// How the conversation stands.
    conversation: ConversationView,
}

/// How to send.
#[derive(Deserialize, IntoParams)]
pub(crate) struct Sending {
    /// Wait for the answer, at most 30 seconds; otherwise it follows as an event.
    #[serde(default)]
    wait: bool,
    /// `html`: turns and the hand-over's banner also as HTML.
    render: Option<String>,
}

/// Which turns to read.
#[derive(Deserialize, IntoParams)]
pub(crate) struct Reading {
    /// Only those after this number.
    #[serde(default)]
    after: u64,
    /// At most so many, up to 200.
    limit: Option<u32>,
    /// `html`: turns also as HTML.
    render: Option<String>,
}

/// Send a turn
///
/// When this returns, the turn is durable. 202: the answer follows as an event; 201: it was waited for.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/turns", tag = "conversations", request_body = Say,
    security(("secret" = [])),
    params(("id" = Uuid, Path), Sending,
        ("Idempotency-Key" = Option<String>, Header, description = "The same in a retry: the turn is not said twice")),
    responses((status = 201, body = Sent), (status = 202, body = Sent), (status = 401, body = ProblemSchema),
        (status = 413, body = ProblemSchema), (status = 422, body = ProblemSchema), (status = 429, body = ProblemSchema),
        (status = 503, body = ProblemSchema)))]
pub(crate) async fn send(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(sending): Query<Sending>,
    headers: HeaderMap,
    Body(say): Body<Say>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers, caller.language)?;
    let access = caller.access_to_change(&app, ConversationId(id)).await?;
    let taken = intake::take(&app, &caller, &access.conversation, say.into(), &key).await?;
    if sending.wait {
        intake::wait(taken.answer, PATIENCE).await;
    }
    let port = |error| Problem::from_port(&error, caller.language);
    let viewer = Rendering { render: sending.render }.viewer(&app, &caller);
    let turn = taken.recorded.turn;
    let mut followed_by = Vec::new();
    for next in app.parts.conversations.turns(turn.conversation, turn.number, 20).await.map_err(port)? {
        // Up to the next thing that the citizen said.
        if next.author == Author::Citizen {
            break;
        }
        followed_by.push(viewer.turn(&next, None).await);
    }
    let conversation = app.parts.conversations.conversation(turn.conversation).await.map_err(port)?;
    let conversation = viewer.conversation(&conversation, &access.secret).await.map_err(port)?;
    let turn = viewer.turn(&turn, None).await;
    let status = if sending.wait { StatusCode::CREATED } else { StatusCode::ACCEPTED };
    Ok((status, Json(Sent { turn, repeated: taken.recorded.repeated, followed_by, conversation })).into_response())
}

/// Read the turns, oldest first
#[utoipa::path(get, path = "/api/v1/conversations/{id}/turns", tag = "conversations", security(("secret" = [])),
    params(("id" = Uuid, Path), Reading),
    responses((status = 200, body = Vec<TurnView>), (status = 401, body = ProblemSchema)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(reading): Query<Reading>,
) -> Result<Json<Vec<TurnView>>, Problem> {
    let access = caller.access(&app, ConversationId(id)).await?;
    let viewer = Rendering { render: reading.render }.viewer(&app, &caller);
    let limit = reading.limit.unwrap_or(MOST).clamp(1, MOST);
    let turns = crate::transcript::turns(&viewer, access.conversation.id, reading.after, limit).await;
    turns.map(Json).map_err(|error| Problem::from_port(&error, caller.language))
}
