//! Backups over the admin socket: made in the data folder, fetched by the caller, who writes them where the server may not,
//! then deleted here.

use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use store::{BackupError, BackupKey, Summary};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use super::listener::Peer;
use super::{Admin, AdminError, AdminParts};

use ui::chain;

/// A backup that waits to be fetched.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MadeBackup {
    /// What to fetch it by.
    pub id: Uuid,
    /// What is in it.
    pub summary: Summary,
}

impl From<BackupError> for AdminError {
    fn from(error: BackupError) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, chain(&error))
    }
}

pub(super) fn routes() -> Router<Admin> {
    Router::new().route("/backups", post(make)).route("/backups/{id}", get(fetch).delete(discard))
}

fn spool(parts: &AdminParts, id: Uuid) -> Utf8PathBuf {
    parts.spool.join(format!("backup-{id}.sfb"))
}

async fn make(
    State(parts): State<Admin>,
    ConnectInfo(peer): ConnectInfo<Peer>,
) -> Result<Json<MadeBackup>, AdminError> {
    let key = match parts.backup_key.exists() {
        true => BackupKey::read(&parts.backup_key)?,
        false => {
            tracing::warn!(key = %parts.backup_key, "made a key for backups; keep a copy of it elsewhere");
            BackupKey::make(&parts.backup_key)?
        }
    };
    let id = Uuid::now_v7();
    let target = spool(&parts, id);
    let summary = parts.store.back_up(&*parts.blobs, &target, &key, peer.actor(), &|_| {}).await?;
    Ok(Json(MadeBackup { id, summary }))
}

async fn fetch(State(parts): State<Admin>, Path(id): Path<Uuid>) -> Result<Response, AdminError> {
    let path = spool(&parts, id);
    let fail = |error: std::io::Error| AdminError(StatusCode::NOT_FOUND, format!("failed to read `{path}`: {error}"));
    let file = tokio::fs::File::open(&path).await.map_err(fail)?;
    let bytes = file.metadata().await.map_err(fail)?.len();
    Ok(([(CONTENT_LENGTH, bytes.to_string())], Body::from_stream(ReaderStream::new(file))).into_response())
}

async fn discard(State(parts): State<Admin>, Path(id): Path<Uuid>) -> Result<Json<()>, AdminError> {
    let path = spool(&parts, id);
    tokio::fs::remove_file(&path)
        .await
        .map_err(|error| AdminError(StatusCode::NOT_FOUND, format!("failed to delete `{path}`: {error}")))?;
    Ok(Json(()))
}
