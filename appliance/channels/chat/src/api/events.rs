//! Server-sent events: a conversation as it goes on, resumable by the number of the last turn seen.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use desk::ids::ConversationId;
use futures::{Stream, stream};
use serde::Deserialize;
use ui::{Problem, ProblemKind};
use utoipa::IntoParams;
use uuid::Uuid;

use super::ProblemSchema;
use super::conversations::Rendering;
use crate::access::Caller;
use crate::app::App;
use crate::follower::{Follower, PageEvent};

/// How often a silent stream shows that it lives.
const ALIVE: Duration = Duration::from_secs(20);

/// Where to begin.
#[derive(Deserialize, IntoParams)]
pub(crate) struct Following {
    /// Begin after this turn; `Last-Event-ID` says the same and wins.
    #[serde(default)]
    after: u64,
    /// `html`: turns and the hand-over's banner also as HTML.
    render: Option<String>,
}

/// Follow a conversation by server-sent events
///
/// Events are named after the `type` of their data (see PageEvent). A turn's event id is its number: send it back as Last-Event-ID
/// and the stream goes on where it broke.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/events", tag = "conversations", security(("secret" = [])),
    params(("id" = Uuid, Path), Following, ("Last-Event-ID" = Option<u64>, Header, description = "Number of the last turn seen")),
    responses((status = 200, body = PageEvent, content_type = "text/event-stream"), (status = 401, body = ProblemSchema),
        (status = 429, body = ProblemSchema)))]
pub(crate) async fn follow(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(following): Query<Following>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let access = caller.access(&app, ConversationId(id)).await?;
    let most = app.parts.config.limits.connections_per_address;
    let connected = app.connections.open(caller.address, most);
    let connected = connected.ok_or_else(|| Problem::new(ProblemKind::TooMany, caller.language).retry_after(30))?;
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse().ok());
    let viewer = Rendering { render: following.render }.viewer(&app, &caller);
    let after = seen.unwrap_or(following.after);
    let follower = Follower::new(viewer, access.conversation.id, access.secret, after);
    let events = stream::unfold((follower, connected), |(mut follower, connected)| async move {
        let event = follower.next().await?;
        Some((Ok(sse(&event)), (follower, connected)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)))
}

fn sse(event: &PageEvent) -> Event {
    let data = serde_json::to_string(event).unwrap_or_default();
    let sent = Event::default().event(event.name()).data(data);
    if let PageEvent::Turn { turn } = event { sent.id(turn.number.to_string()) } else { sent }
}
