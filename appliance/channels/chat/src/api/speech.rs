//! Speech: what was answered, heard; what is asked, spoken. A recording is written down for the citizen to check and forgotten:
//! nothing is kept and nothing is said in the citizen's name.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use desk::ids::ConversationId;
use desk::language::Language;
use desk::ports::speech::{Recording, SpeechError};
use desk::turn::Author;
use futures::StreamExt;
use serde::Serialize;
use ui::{Problem, ProblemKind, chain};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ProblemSchema;
use crate::access::Caller;
use crate::app::App;
use crate::limits::Counted;
use crate::recordings::{self, LONGEST, MOST_BYTES, Refused};
use crate::texts::texts;

/// For how long somebody may listen to one turn; then the connection is his who does not read it.
const LISTENING: Duration = Duration::from_secs(15 * 60);

/// What was understood.
#[derive(Serialize, ToSchema)]
pub(crate) struct Transcription {
    /// The words, for the citizen to check; empty where nobody spoke.
    text: String,
    /// `ro`, `hu` or `en`.
    language: String,
}

/// Hear a turn
///
/// What the assistant or a member of staff said, read aloud in its language, with what the answer's card shows. Sent while it is made.
/// 404: nothing to be read aloud, or not here; 503: not now.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/turns/{number}/speech", tag = "conversations", security(("secret" = [])),
    params(("id" = Uuid, Path), ("number" = u64, Path)),
    responses((status = 200, description = "The sound", content_type = "audio/wav"), (status = 401, body = ProblemSchema),
        (status = 404, body = ProblemSchema), (status = 429, body = ProblemSchema), (status = 503, body = ProblemSchema)))]
pub(crate) async fn speak(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, number)): Path<(Uuid, u64)>,
) -> Result<Response, Problem> {
    let access = caller.access(&app, ConversationId(id)).await?;
    let limits = &app.parts.config.limits;
    // Nobody listens to more than can be said.
    caller.limit(&app, Counted::Spoken(caller.address), limits.turns_per_address)?;
    let connected = app.connections.open(caller.address, limits.connections_per_address);
    let connected = connected.ok_or_else(|| Problem::new(ProblemKind::TooMany, caller.language).retry_after(30))?;
    let turns = app.parts.conversations.turns(access.conversation.id, number.saturating_sub(1), 1).await;
    let turns = turns.map_err(|error| Problem::from_port(&error, caller.language))?;
    let missing = || Problem::new(ProblemKind::NotFound, caller.language);
    let said = turns.into_iter().find(|turn| turn.number == number && turn.author != Author::Citizen);
    let turn = said.ok_or_else(missing)?;
    let words = crate::speakable::text(&turn);
    if words.is_empty() {
        return Err(missing().detail(texts(caller.language).voice.silent.clone()));
    }
    let spoken = app.parts.speech.speak(&words, turn.language).await;
    let spoken = spoken.map_err(|error| problem(&error, caller.language))?;
    let mut headers = HeaderMap::new();
    let media_type = HeaderValue::from_str(&spoken.media_type).unwrap_or(HeaderValue::from_static("audio/wav"));
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    // Opened by itself it is a page that the browser makes around the sound.
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
    );
    let patience = tokio::time::sleep(LISTENING);
    let sound = spoken.sound.take_until(patience).map(move |piece| {
        // Counted as a live connection while it is heard.
        let _ = &connected;
        piece
    });
    Ok((headers, Body::from_stream(sound)).into_response())
}

/// Have a recording written down
///
/// The body is the recording: WAV, WebM or Ogg, at most 60 seconds and 4 MiB. The text is for the citizen to check; nothing is kept and
/// nothing is sent.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/transcriptions", tag = "conversations", security(("secret" = [])),
    params(("id" = Uuid, Path), ("lang" = Option<String>, Query, description = "The language that is spoken: ro, hu or en")),
    request_body(content = [u8], content_type = "audio/wav"),
    responses((status = 200, body = Transcription), (status = 401, body = ProblemSchema), (status = 404, body = ProblemSchema),
        (status = 413, body = ProblemSchema), (status = 415, body = ProblemSchema), (status = 422, body = ProblemSchema),
        (status = 429, body = ProblemSchema), (status = 503, body = ProblemSchema)))]
pub(crate) async fn hear(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    request: Request,
) -> Result<Json<Transcription>, Problem> {
    caller.access_to_change(&app, ConversationId(id)).await?;
    caller.limit(&app, Counted::Recordings(caller.address), app.parts.config.limits.uploads)?;
    transcribe(&app, caller.language, request).await
}

/// Have a recording written down before there is a conversation
///
/// As within a conversation; as many as an address may begin conversations.
#[utoipa::path(post, path = "/api/v1/transcriptions", tag = "conversations",
    params(("lang" = Option<String>, Query, description = "The language that is spoken: ro, hu or en")),
    request_body(content = [u8], content_type = "audio/wav"),
    responses((status = 200, body = Transcription), (status = 404, body = ProblemSchema), (status = 413, body = ProblemSchema),
        (status = 415, body = ProblemSchema), (status = 422, body = ProblemSchema), (status = 429, body = ProblemSchema),
        (status = 503, body = ProblemSchema)))]
pub(crate) async fn hear_first(
    State(app): State<Arc<App>>,
    caller: Caller,
    request: Request,
) -> Result<Json<Transcription>, Problem> {
    caller.limit(&app, Counted::Recordings(caller.address), app.parts.config.limits.conversations)?;
    transcribe(&app, caller.language, request).await
}

async fn transcribe(app: &App, language: Language, request: Request) -> Result<Json<Transcription>, Problem> {
    let t = &texts(language).voice;
    let too_long = ui::fill(&t.too_long, &[("n", &LONGEST.as_secs().to_string())]);
    let too_large = || Problem::new(ProblemKind::TooLarge, language).detail(too_long.clone());
    let bytes = to_bytes(request.into_body(), MOST_BYTES).await.map_err(|_| too_large())?;
    let media_type = recordings::check(&bytes).map_err(|refused| match refused {
        Refused::Kind => Problem::new(ProblemKind::UnsupportedMedia, language),
        Refused::Long => too_large(),
    })?;
    let heard = app.parts.speech.hear(Recording { bytes, media_type }, language).await;
    let heard = heard.map_err(|error| problem(&error, language))?;
    Ok(Json(Transcription { text: heard.text, language: heard.language.code().to_owned() }))
}

/// What a failure is to the client. What is ours to mend is logged, never what was said.
fn problem(error: &SpeechError, language: Language) -> Problem {
    match error {
        SpeechError::NotOffered { .. } => Problem::new(ProblemKind::NotFound, language),
        SpeechError::Unavailable { retry_after, .. } => {
            tracing::warn!(error = %chain(error), "speech is not available");
            Problem::new(ProblemKind::Unavailable, language).retry_after(retry_after.as_secs().max(1))
        }
        SpeechError::Refused { .. } => {
            tracing::info!(error = %chain(error), "a recording or a text was refused by its node");
            Problem::new(ProblemKind::Invalid, language).detail(texts(language).voice.unreadable.clone())
        }
    }
}
