//! Knowledge over the admin socket.

use axum::extract::{ConnectInfo, DefaultBodyLimit, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use desk::article::{Article, ArticleId, ArticleState};
use desk::guide::Guide;
use desk::language::Language;
use desk::ports::articles::KnowledgeSnapshot;
use serde::{Deserialize, Serialize};

use super::listener::Peer;
use super::{Admin, AdminError};

/// The largest batch of articles taken in one request, in bytes.
const MAX_BATCH_BYTES: usize = 32 << 20;

/// Articles and guides to take.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ImportBatch {
    /// Articles.
    pub articles: Vec<Article>,
    /// Guides.
    pub guides: Vec<Guide>,
    /// The list of synonyms (TOML), replaced if given.
    pub synonyms: Option<String>,
    /// The list of subjects that are not answered (TOML), replaced if given.
    pub outside: Option<String>,
}

/// What became of a batch.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Imported {
    /// How many articles and guides are new or changed.
    pub changed: u64,
}

/// An article to move to another state.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StateRequest {
    /// The article.
    pub id: ArticleId,
    /// Its language.
    pub language: Language,
    /// Where it goes.
    pub state: ArticleState,
}

/// Everything in the knowledge base.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Everything {
    /// Articles.
    pub articles: Vec<Article>,
    /// Guides.
    pub guides: Vec<Guide>,
    /// The institution's list of synonyms (TOML).
    pub synonyms: String,
    /// The institution's list of subjects that are not answered (TOML).
    pub outside: String,
}

pub(super) fn routes() -> Router<Admin> {
    Router::new()
        .route("/knowledge", get(everything))
        .route("/knowledge/import", post(import).layer(DefaultBodyLimit::max(MAX_BATCH_BYTES)))
        .route("/knowledge/state", post(set_state))
}

async fn everything(State(parts): State<Admin>) -> Result<Json<Everything>, AdminError> {
    let KnowledgeSnapshot { articles, guides, synonyms, outside, .. } = parts.articles.snapshot().await?;
    Ok(Json(Everything { articles, guides, synonyms, outside }))
}

async fn import(
    State(parts): State<Admin>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Json(batch): Json<ImportBatch>,
) -> Result<Json<Imported>, AdminError> {
    let changed = parts.articles.import(batch.articles, batch.guides, peer.actor()).await?;
    if let Some(synonyms) = batch.synonyms {
        parts.articles.save_synonyms(synonyms, peer.actor()).await?;
    }
    if let Some(outside) = batch.outside {
        parts.articles.save_outside(outside, peer.actor()).await?;
    }
    Ok(Json(Imported { changed }))
}

async fn set_state(
    State(parts): State<Admin>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Json(request): Json<StateRequest>,
) -> Result<Json<Article>, AdminError> {
    let article = parts.articles.article(&request.id, request.language).await?;
    let moved = parts.articles.save(Article { state: request.state, ..article }, peer.actor()).await?;
    Ok(Json(moved))
}
