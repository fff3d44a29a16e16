//! The node's side of the fence: a dispatcher that lost its lease, and has not noticed, is refused.
//!
//! The latest epoch is kept in memory alone. A node that starts anew believes whoever asks first, which does no harm: what an
//! older dispatcher had sent before ended with the node, and the present one asks within moments.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use protocol::request::EPOCH_HEADER;

use super::Api;
use super::error::ApiError;

/// The latest epoch of a dispatcher that was heard of.
#[derive(Debug, Default)]
pub(crate) struct Epoch(AtomicU64);

impl Epoch {
    /// Takes note of an epoch; gives back a later one that was heard of before.
    fn note(&self, epoch: u64) -> Result<(), u64> {
        let latest = self.0.fetch_max(epoch, Ordering::AcqRel);
        if latest > epoch { Err(latest) } else { Ok(()) }
    }
}

/// Lets a request pass unless its dispatcher has a successor. Clients that are no dispatchers send no epoch and pass.
pub(super) async fn check(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let Some(header) = request.headers().get(EPOCH_HEADER) else {
        return next.run(request).await;
    };
    match header.to_str().ok().and_then(|text| text.parse().ok()).map(|epoch| (epoch, api.epoch.note(epoch))) {
        None => ApiError::request(EPOCH_HEADER, "the epoch is no whole number").into_response(),
        Some((epoch, Err(latest))) => ApiError::stale_epoch(epoch, latest).into_response(),
        Some((_, Ok(()))) => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_epoch_is_refused_and_a_newer_one_taken() {
        let epoch = Epoch::default();
        assert_eq!(epoch.note(3), Ok(()));
        assert_eq!(epoch.note(3), Ok(()));
        assert_eq!(epoch.note(2), Err(3));
        assert_eq!(epoch.note(4), Ok(()));
        assert_eq!(epoch.note(3), Err(4));
    }
}
