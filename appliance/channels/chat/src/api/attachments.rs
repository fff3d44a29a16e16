//! Files: up before the turn that brings them, down for those who hold the secret.

use std::sync::Arc;

use axum::Json;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use desk::ids::ConversationId;
use desk::turn::Attachment;
use serde::Serialize;
use ui::{Problem, ProblemKind};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ProblemSchema;
use crate::access::Caller;
use crate::app::App;
use crate::limits::Counted;
use crate::{files, view};

/// A file that was uploaded and waits for its turn.
#[derive(Serialize, ToSchema)]
pub(crate) struct Uploaded {
    /// Send it with the turn.
    token: String,
    /// Its name as it will be shown.
    name: String,
    /// Its media type, told from its content.
    media_type: String,
    /// Its size in bytes.
    bytes: u64,
    /// Its size as people say it.
    size: String,
}

/// The body of an upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form to clients; the handler reads it as a stream")]
pub(crate) struct Upload {
    /// PNG, JPEG, WebP, PDF or plain text.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
}

/// Upload a file
///
/// PNG, JPEG, WebP, PDF or plain text, told from its content. The token that comes back goes with the turn.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/attachments", tag = "conversations", security(("secret" = [])),
    params(("id" = Uuid, Path)), request_body(content = Upload, content_type = "multipart/form-data"),
    responses((status = 201, body = Uploaded), (status = 401, body = ProblemSchema), (status = 413, body = ProblemSchema),
        (status = 415, body = ProblemSchema), (status = 429, body = ProblemSchema)))]
pub(crate) async fn upload(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let malformed = || Problem::new(ProblemKind::Malformed, caller.language);
    let access = caller.access_to_change(&app, ConversationId(id)).await?;
    let mut form = form.map_err(|_| malformed())?;
    while let Some(field) = form.next_field().await.map_err(|error| multipart(&error, &caller))? {
        if field.name() == Some("file") {
            let name = field.file_name().unwrap_or_default().to_owned();
            let bytes = field.bytes().await.map_err(|error| multipart(&error, &caller))?;
            let attachment = keep(&app, &caller, &name, bytes.to_vec()).await?;
            let token = app.parts.secret_key.upload_token(access.conversation.id, &attachment);
            let Attachment { name, media_type, bytes, .. } = attachment;
            let uploaded = Uploaded { token, name, media_type, bytes, size: view::size(bytes) };
            return Ok((StatusCode::CREATED, Json(uploaded)).into_response());
        }
    }
    Err(malformed().detail("file: missing"))
}

/// What a form's defect is to the client: too large, or unreadable.
pub(crate) fn multipart(error: &axum::extract::multipart::MultipartError, caller: &Caller) -> Problem {
    let kind =
        if error.status() == StatusCode::PAYLOAD_TOO_LARGE { ProblemKind::TooLarge } else { ProblemKind::Malformed };
    Problem::new(kind, caller.language)
}

/// Checks and keeps a file; durable when it returns.
pub(crate) async fn keep(app: &App, caller: &Caller, name: &str, bytes: Vec<u8>) -> Result<Attachment, Problem> {
    let limits = &app.parts.config.limits;
    caller.limit(app, Counted::Uploads(caller.address), limits.uploads)?;
    if bytes.len() > limits.attachment_bytes {
        return Err(Problem::new(ProblemKind::TooLarge, caller.language));
    }
    let media_type =
        files::media_type(&bytes).ok_or_else(|| Problem::new(ProblemKind::UnsupportedMedia, caller.language))?;
    let size = bytes.len() as u64;
    let kept = app.parts.attachments.keep(bytes).await;
    let blob = kept.map_err(|error| Problem::from_port(&error, caller.language))?;
    Ok(Attachment { blob, name: files::clean_name(name, media_type), media_type: media_type.to_owned(), bytes: size })
}

/// Download a file that came with a turn
#[utoipa::path(get, path = "/api/v1/conversations/{id}/turns/{number}/files/{index}", tag = "conversations",
    security(("secret" = [])), params(("id" = Uuid, Path), ("number" = u64, Path), ("index" = usize, Path)),
    responses((status = 200, description = "The bytes", content_type = "application/octet-stream"),
        (status = 401, body = ProblemSchema), (status = 404, body = ProblemSchema)))]
pub(crate) async fn download(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, number, index)): Path<(Uuid, u64, usize)>,
) -> Result<Response, Problem> {
    let port = |error| Problem::from_port(&error, caller.language);
    let access = caller.access(&app, ConversationId(id)).await?;
    let turns =
        app.parts.conversations.turns(access.conversation.id, number.saturating_sub(1), 1).await.map_err(port)?;
    let turn = turns.into_iter().find(|turn| turn.number == number);
    let attachment = turn.and_then(|turn| turn.content.attachments.into_iter().nth(index));
    let attachment = attachment.ok_or_else(|| Problem::new(ProblemKind::NotFound, caller.language))?;
    let bytes = app.parts.attachments.fetch(&attachment.blob).await.map_err(port)?;
    let mut headers = HeaderMap::new();
    // Shown by the browser only where it cannot run: never as a page of ours.
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    let disposition = format!("attachment; filename*=UTF-8''{}", view::path_segment(&attachment.name));
    for (name, value) in [(CONTENT_TYPE, attachment.media_type), (CONTENT_DISPOSITION, disposition)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    Ok((headers, bytes).into_response())
}
