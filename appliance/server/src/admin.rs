//! The admin socket: HTTP with JSON over a Unix socket, for the sub-commands that need the running server's data.
//!
//! Only the server opens the database; whoever may administer the machine reaches it here. The kernel vouches for the
//! caller's user id, so that no secret is needed.

mod accounts;
mod backups;
mod client;
mod cluster;
mod journal;
mod knowledge;
mod listener;
mod phone;
mod placement;

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use desk::ports::PortError;
use desk::ports::accounts::Accounts;
use desk::ports::articles::Articles;
use desk::ports::attachments::Attachments;
use desk::ports::calls::Calls;
use desk::ports::conversations::Conversations;
use desk::ports::feed::Feed;
use serde::{Deserialize, Serialize};
use store::StoreError;
use ui::chain;

pub(crate) use accounts::{AccountRequest, IssuedAccount};
pub(crate) use backups::MadeBackup;
pub(crate) use client::{AdminClient, ClientError};
pub(crate) use journal::Verdict;
pub(crate) use knowledge::{Everything, ImportBatch, Imported, StateRequest};
pub(crate) use listener::listen;
pub(crate) use phone::{CallRecord, PhoneStatus};
pub(crate) use placement::{Drained, follow as follow_drained};

/// What the admin socket works with.
pub(crate) struct AdminParts {
    /// The knowledge base.
    pub articles: Arc<dyn Articles>,
    /// Accounts.
    pub accounts: Arc<dyn Accounts>,
    /// The journal.
    pub feed: Arc<dyn Feed>,
    /// The database, for the journal's chain and for backups.
    pub store: store::Store,
    /// Attachments, which a backup holds too.
    pub blobs: Arc<dyn Attachments>,
    /// The key of the backups.
    pub backup_key: camino::Utf8PathBuf,
    /// Where a backup waits to be fetched.
    pub spool: camino::Utf8PathBuf,
    /// The inference nodes.
    pub gateway: gateway::Gateway,
    /// The telephone, where there is one.
    pub phone: Option<::phone::Phone>,
    /// Calls as they are kept.
    pub calls: Arc<dyn Calls>,
    /// Conversations, for what was said in calls.
    pub conversations: Arc<dyn Conversations>,
    /// User ids that may use the socket.
    pub users: Vec<u32>,
}

type Admin = Arc<AdminParts>;

/// The socket's routes.
fn router(parts: Admin) -> axum::Router {
    axum::Router::new()
        .merge(knowledge::routes())
        .merge(accounts::routes())
        .merge(journal::routes())
        .merge(backups::routes())
        .merge(cluster::routes())
        .merge(phone::routes())
        .merge(placement::routes())
        .with_state(parts)
}

/// What went wrong, as the command line shows it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// What went wrong, with its causes.
    pub error: String,
}

/// An error at the socket's edge.
struct AdminError(StatusCode, String);

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        (self.0, Json(Failure { error: self.1 })).into_response()
    }
}

impl From<PortError> for AdminError {
    fn from(error: PortError) -> Self {
        let status = match error {
            PortError::NotFound { .. } => StatusCode::NOT_FOUND,
            PortError::Conflict { .. } => StatusCode::CONFLICT,
            PortError::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            PortError::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            PortError::Damaged { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, chain(&error))
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        PortError::from(error).into()
    }
}
