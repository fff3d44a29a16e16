//! A file that came with a turn. Whoever opens it is noted; a browser never runs it.

use axum::extract::{Path, State};
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use desk::ids::ConversationId;

use crate::auth::signed_in::SignedIn;
use crate::pages::conversation::Sheet;
use crate::pages::problem::Problem;
use crate::parts::App;

/// Media types that a browser shows without running anything.
const SHOWN: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

pub(crate) async fn fetch(
    State(app): State<App>,
    SignedIn(operator): SignedIn,
    Path((id, number, index)): Path<(ConversationId, u64, usize)>,
) -> Result<Response, Problem> {
    let sheet = Sheet::load(&app, &operator, id).await?;
    let turns = app.parts.conversations.turns(id, number.saturating_sub(1), 1).await?;
    let turn = turns.into_iter().find(|turn| turn.number == number).ok_or(Problem::NotFound)?;
    let attachment = turn.content.attachments.into_iter().nth(index).ok_or(Problem::NotFound)?;
    let bytes = app.parts.attachments.fetch(&attachment.blob).await?;
    let case = sheet.conversation.case;
    app.audit.viewed(&*app.parts.feed, operator.id, id, case, Some(&attachment.blob.0), app.now()).await?;
    let shown = SHOWN.contains(&attachment.media_type.as_str());
    let media_type = if shown { attachment.media_type.as_str() } else { "application/octet-stream" };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_str(media_type).map_err(|_| Problem::BadRequest)?),
        (CONTENT_DISPOSITION, disposition(&attachment.name, shown)),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((headers, bytes).into_response())
}

/// The name that the browser saves under (RFC 6266, RFC 8187): any character, encoded.
fn disposition(name: &str, shown: bool) -> HeaderValue {
    let encoded: String = name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    let kind = if shown { "inline" } else { "attachment" };
    HeaderValue::from_str(&format!("{kind}; filename*=UTF-8''{encoded}"))
        .unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        let value = disposition("ecran \"1\"\r\nX: ș.png", true);
        assert_eq!(value.to_str().unwrap(), "inline; filename*=UTF-8''ecran%20%221%22%0D%0AX%3A%20%C8%99.png");
    }
}
