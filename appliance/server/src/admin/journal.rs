//! The journal over the admin socket.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use desk::journal::JournalEntry;
use serde::{Deserialize, Serialize};
use store::Verification;

use super::{Admin, AdminError};

use ui::chain;

/// The most rows that one request returns.
const MAX_ROWS: u32 = 10_000;

/// What was found of the chain.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// The rows, seals and the first broken place.
    #[serde(flatten)]
    pub verification: Verification,
}

#[derive(Debug, Deserialize)]
struct Tail {
    lines: u32,
}

pub(super) fn routes() -> Router<Admin> {
    Router::new().route("/journal", get(tail)).route("/journal/verify", get(verify))
}

async fn verify(State(parts): State<Admin>) -> Result<Json<Verdict>, AdminError> {
    let verification = parts
        .store
        .verify_journal()
        .await
        .map_err(|error| AdminError(StatusCode::INTERNAL_SERVER_ERROR, chain(&error)))?;
    Ok(Json(Verdict { verification }))
}

async fn tail(State(parts): State<Admin>, Query(tail): Query<Tail>) -> Result<Json<Vec<JournalEntry>>, AdminError> {
    let lines = tail.lines.min(MAX_ROWS);
    let after = parts.feed.position().await?.saturating_sub(u64::from(lines));
    Ok(Json(parts.feed.entries_after(after, lines).await?))
}
