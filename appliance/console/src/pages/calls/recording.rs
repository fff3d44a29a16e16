//! A call's sound, to those who may hear it; whoever does is noted in the journal.

use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue, RANGE,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use desk::call::Recording;
use desk::ids::CallId;

use super::range::{Part, part};
use crate::access;
use crate::auth::signed_in::SignedIn;
use crate::calls::Sheet;
use crate::pages::problem::Problem;
use crate::parts::App;

/// Media types that a player plays; others are bytes.
const PLAYED: [&str; 3] = ["audio/wav", "audio/ogg", "audio/flac"];

pub(crate) async fn fetch(
    State(app): State<App>,
    SignedIn(operator): SignedIn,
    Path(id): Path<CallId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let call = Sheet::load(&app, &operator, id).await?.call;
    let Recording::Kept { blob, media_type, .. } = &call.recording else { return Err(Problem::NotFound) };
    if !access::may_hear(&operator, &call) {
        return Err(Problem::NotAllowed);
    }
    app.audit.heard(&*app.parts.feed, operator.id, id, call.conversation, app.now()).await?;
    let bytes = app.parts.attachments.fetch(blob).await?;
    let media_type = PLAYED.into_iter().find(|played| played == media_type).unwrap_or("application/octet-stream");
    let common = [
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    ];
    let asked = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let length = bytes.len();
    Ok(match part(asked, length) {
        Part::Whole => (common, bytes).into_response(),
        Part::Bytes(range) => {
            let told = format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1));
            let piece = bytes.get(range).unwrap_or_default().to_vec();
            (StatusCode::PARTIAL_CONTENT, common, [(CONTENT_RANGE, told)], piece).into_response()
        }
        Part::Unsatisfiable => {
            (StatusCode::RANGE_NOT_SATISFIABLE, common, [(CONTENT_RANGE, format!("bytes */{length}"))]).into_response()
        }
    })
}
