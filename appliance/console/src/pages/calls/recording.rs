//! A call's sound, to those who may hear it; whoever does is noted in the journal.

use std::ops::Range;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap,
    HeaderValue, RANGE,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use desk::call::Recording;
use desk::ids::{BlobId, CallId};
use desk::ports::PortResult;
use desk::ports::attachments::Attachments;
use desk::recording::{HEADER_BYTES, MEDIA_TYPE, PART_BYTES, header};
use futures::{Stream, StreamExt};

use super::range::{Part, part};
use crate::access;
use crate::auth::signed_in::SignedIn;
use crate::calls::Sheet;
use crate::pages::problem::Problem;
use crate::parts::App;

pub(crate) async fn fetch(
    State(app): State<App>,
    SignedIn(operator): SignedIn,
    Path(id): Path<CallId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let call = Sheet::load(&app, &operator, id).await?.call;
    let Recording::Kept { parts, bytes, .. } = &call.recording else { return Err(Problem::NotFound) };
    if !access::may_hear(&operator, &call) {
        return Err(Problem::NotAllowed);
    }
    app.audit.heard(&*app.parts.feed, operator.id, id, call.conversation, app.now()).await?;
    let sound = Sound { attachments: Arc::clone(&app.parts.attachments), parts: parts.clone(), bytes: *bytes };
    let common = [
        (CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE)),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
        (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    ];
    let asked = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let length = sound.length();
    Ok(match part(asked, length) {
        Part::Whole => (common, [(CONTENT_LENGTH, length)], Body::from_stream(sound.stream(0..length))).into_response(),
        Part::Bytes(range) => {
            let told = format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1));
            let size = [(CONTENT_LENGTH, range.len())];
            let piece = Body::from_stream(sound.stream(range));
            (StatusCode::PARTIAL_CONTENT, common, [(CONTENT_RANGE, told)], size, piece).into_response()
        }
        Part::Unsatisfiable => {
            (StatusCode::RANGE_NOT_SATISFIABLE, common, [(CONTENT_RANGE, format!("bytes */{length}"))]).into_response()
        }
    })
}

/// A recording as the one file that a player takes it for: a header, and parts that are fetched one after another.
struct Sound {
    attachments: Arc<dyn Attachments>,
    parts: Vec<BlobId>,
    bytes: u64,
}

impl Sound {
    fn length(&self) -> usize {
        HEADER_BYTES + usize::try_from(self.bytes).unwrap_or(usize::MAX - HEADER_BYTES)
    }

    fn stream(self, range: Range<usize>) -> impl Stream<Item = PortResult<Bytes>> + Send + 'static {
        let sound = Arc::new(self);
        futures::stream::iter(pieces(&range, sound.parts.len())).then(move |(place, range)| {
            let sound = Arc::clone(&sound);
            async move {
                let all = match place {
                    Place::Header => Bytes::copy_from_slice(&header(sound.bytes)),
                    Place::Part(number) => Bytes::from(sound.attachments.fetch(&sound.parts[number]).await?),
                };
                Ok(all.slice(range.start.min(all.len())..range.end.min(all.len())))
            }
        })
    }
}

/// Where in the file something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Header,
    Part(usize),
}

/// What of the header and of each of `parts` lies in `range` of the file.
fn pieces(range: &Range<usize>, parts: usize) -> Vec<(Place, Range<usize>)> {
    let places = std::iter::once((Place::Header, 0, HEADER_BYTES))
        .chain((0..parts).map(|number| (Place::Part(number), HEADER_BYTES + number * PART_BYTES, PART_BYTES)));
    let inside = places.map(|(place, begins, size)| {
        let of = |at: usize| at.saturating_sub(begins).min(size);
        (place, of(range.start)..of(range.end))
    });
    inside.filter(|(_, inside)| !inside.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_takes_from_each_part_what_lies_in_it() {
        let all = pieces(&(0..HEADER_BYTES + PART_BYTES + 100), 2);
        assert_eq!(all, [(Place::Header, 0..58), (Place::Part(0), 0..PART_BYTES), (Place::Part(1), 0..100)]);
        let edge = HEADER_BYTES + PART_BYTES;
        assert_eq!(
            pieces(&(edge - 2..edge + 3), 2),
            [(Place::Part(0), PART_BYTES - 2..PART_BYTES), (Place::Part(1), 0..3)]
        );
        assert_eq!(pieces(&(10..20), 2), [(Place::Header, 10..20)]);
    }
}
