//! Conversations: begin one, read one, take its transcript along.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use desk::ids::ConversationId;
use serde::{Deserialize, Serialize};
use ui::{Problem, ProblemKind};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Body, ProblemSchema, idempotency_key};
use crate::access::{Caller, cookie_for};
use crate::app::App;
use crate::view::{ConversationView, Viewer};

/// How a conversation begins.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    /// `ro`, `hu` or `en`; by default that of the request.
    language: Option<String>,
    /// The name by which the citizen wants to be called.
    name: Option<String>,
    /// Keep the secret in a cookie instead of returning it: for our own pages only.
    #[serde(default)]
    cookie: bool,
}

/// A conversation that has begun.
#[derive(Serialize, ToSchema)]
pub(crate) struct Begun {
    /// How it stands.
    conversation: ConversationView,
    /// What opens it again; keep it. Absent when a cookie holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// How parts are rendered.
#[derive(Deserialize, IntoParams)]
pub(crate) struct Rendering {
    /// `html`: turns and the hand-over's banner also as HTML.
    pub(crate) render: Option<String>,
}

impl Rendering {
    pub(crate) fn viewer(&self, app: &Arc<App>, caller: &Caller) -> Viewer {
        let html = self.render.as_deref() == Some("html");
        Viewer { app: app.clone(), language: caller.language, base: caller.base.clone(), html }
    }
}

/// Begin a conversation
///
/// The secret opens the conversation and the case that it may become. A repeated request with the same Idempotency-Key gives the
/// same conversation and secret: choose a key that nobody can guess.
#[utoipa::path(post, path = "/api/v1/conversations", tag = "conversations", request_body = Begin,
    params(("Idempotency-Key" = Option<String>, Header, description = "Unguessable; the same in a retry")),
    responses((status = 201, body = Begun), (status = 400, body = ProblemSchema), (status = 429, body = ProblemSchema),
        (status = 503, body = ProblemSchema)))]
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Body(begin): Body<Begin>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers, caller.language)?;
    if begin.cookie && !caller.same_origin {
        return Err(Problem::new(ProblemKind::Forbidden, caller.language).detail("cookie: for our own pages only"));
    }
    let language = match begin.language {
        Some(code) => code
            .parse()
            .map_err(|_| Problem::new(ProblemKind::Invalid, caller.language).detail("language: ro, hu or en"))?,
        None => caller.language,
    };
    let access = crate::intake::begin(&app, &caller, language, begin.name, &key).await?;
    let viewer = Rendering { render: None }.viewer(&app, &caller);
    let view = viewer.conversation(&access.conversation, &access.secret).await;
    let conversation = view.map_err(|error| Problem::from_port(&error, caller.language))?;
    let mut headers = HeaderMap::new();
    let secret = if begin.cookie {
        let cookie = cookie_for(access.conversation.id, &access.secret, app.parts.config.secure_cookies);
        if let Ok(cookie) = cookie.parse() {
            headers.insert(SET_COOKIE, cookie);
        }
        None
    } else {
        Some(access.secret)
    };
    Ok((StatusCode::CREATED, headers, Json(Begun { conversation, secret })).into_response())
}

/// Read a conversation
#[utoipa::path(get, path = "/api/v1/conversations/{id}", tag = "conversations", security(("secret" = [])),
    params(("id" = Uuid, Path), Rendering),
    responses((status = 200, body = ConversationView), (status = 401, body = ProblemSchema)))]
pub(crate) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(rendering): Query<Rendering>,
) -> Result<Json<ConversationView>, Problem> {
    let access = caller.access(&app, ConversationId(id)).await?;
    let view = rendering.viewer(&app, &caller).conversation(&access.conversation, &access.secret).await;
    view.map(Json).map_err(|error| Problem::from_port(&error, caller.language))
}

/// Download the transcript, as plain text
#[utoipa::path(get, path = "/api/v1/conversations/{id}/transcript", tag = "conversations", security(("secret" = [])),
    params(("id" = Uuid, Path)),
    responses((status = 200, body = String, content_type = "text/plain"), (status = 401, body = ProblemSchema)))]
pub(crate) async fn transcript(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let access = caller.access(&app, ConversationId(id)).await?;
    let viewer = Rendering { render: None }.viewer(&app, &caller);
    let text = crate::transcript::render(&viewer, &access).await;
    let text = text.map_err(|error| Problem::from_port(&error, caller.language))?;
    let day = desk::calendar::day_of(app.parts.time.now());
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"sfetnic-{day}.txt\"")),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, text).into_response())
}
