//! Whether an answer was of use, and why not.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use desk::ids::ConversationId;
use desk::turn::{Author, Feedback};
use serde::Deserialize;
use ui::{Problem, ProblemKind};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Body, ProblemSchema};
use crate::access::{Access, Caller};
use crate::app::App;

/// The longest reason.
const MAX_WHY_CHARS: usize = 1_000;

/// What the citizen says of an answer; the last word counts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Opinion {
    /// Of use or not.
    pub(crate) useful: bool,
    /// Why, at most 1,000 characters.
    pub(crate) why: Option<String>,
}

/// Say whether an answer was of use
#[utoipa::path(post, path = "/api/v1/conversations/{id}/turns/{number}/feedback", tag = "conversations",
    request_body = Opinion, security(("secret" = [])), params(("id" = Uuid, Path), ("number" = u64, Path)),
    responses((status = 204, description = "Kept"), (status = 401, body = ProblemSchema),
        (status = 404, body = ProblemSchema)))]
pub(crate) async fn give(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, number)): Path<(Uuid, u64)>,
    Body(opinion): Body<Opinion>,
) -> Result<StatusCode, Problem> {
    let access = caller.access_to_change(&app, ConversationId(id)).await?;
    keep(&app, &caller, &access, number, opinion).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps what the citizen says of the assistant's turn `number`.
pub(crate) async fn keep(
    app: &App,
    caller: &Caller,
    access: &Access,
    number: u64,
    opinion: Opinion,
) -> Result<(), Problem> {
    let port = |error| Problem::from_port(&error, caller.language);
    let turns =
        app.parts.conversations.turns(access.conversation.id, number.saturating_sub(1), 1).await.map_err(port)?;
    let turn = turns.first().filter(|turn| turn.number == number && turn.author != Author::Citizen);
    let turn = turn.ok_or_else(|| Problem::new(ProblemKind::NotFound, caller.language))?;
    let why =
        opinion.why.map(|why| why.trim().chars().take(MAX_WHY_CHARS).collect()).filter(|why: &String| !why.is_empty());
    app.parts.conversations.feedback(turn.id, Feedback { useful: opinion.useful, why }).await.map_err(port)
}
