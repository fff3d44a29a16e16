//! Accounts over the admin socket.

use axum::extract::{ConnectInfo, Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use console::accounts::{self, AccountError, Issued, NewAccount};
use desk::ids::DepartmentId;
use desk::language::Language;
use desk::operator::{Operator, Role};
use desk::phone_number::PhoneNumber;
use desk::ports::PortError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::listener::Peer;
use super::{Admin, AdminError};

use ui::chain;

/// An account to make.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AccountRequest {
    /// The name to sign in with.
    pub username: String,
    /// The name that citizens see.
    pub display_name: String,
    /// What it may do.
    pub role: Role,
    /// Whose queues it serves; empty: every department's.
    pub departments: Vec<DepartmentId>,
}

/// An account with the password that opens it once.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct IssuedAccount {
    /// The account.
    pub operator: Operator,
    /// Shown once, kept nowhere.
    pub one_time_password: String,
}

impl From<Issued> for IssuedAccount {
    fn from(issued: Issued) -> Self {
        Self { operator: issued.operator, one_time_password: issued.one_time_password }
    }
}

impl From<AccountError> for AdminError {
    fn from(error: AccountError) -> Self {
        let status = match &error {
            AccountError::Unknown(_) => StatusCode::NOT_FOUND,
            AccountError::Password(_) => StatusCode::INTERNAL_SERVER_ERROR,
            AccountError::Store(PortError::Unavailable { .. }) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self(status, chain(&error))
    }
}

pub(super) fn routes() -> Router<Admin> {
    Router::new()
        .route("/accounts", get(list).post(create))
        .route("/accounts/{username}/reset-password", post(reset))
        .route("/accounts/{username}/enable", post(enable))
        .route("/accounts/{username}/disable", post(disable))
        .route("/accounts/{username}/extension", post(extension))
}

async fn list(State(parts): State<Admin>) -> Result<Json<Vec<Operator>>, AdminError> {
    Ok(Json(accounts::list(&*parts.accounts).await?))
}

async fn create(
    State(parts): State<Admin>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Json(request): Json<AccountRequest>,
) -> Result<Json<IssuedAccount>, AdminError> {
    let AccountRequest { username, display_name, role, departments } = request;
    let new = NewAccount { username, display_name, role, departments, language: Language::Ro };
    Ok(Json(accounts::create(&*parts.accounts, new, peer.actor(), Timestamp::now()).await?.into()))
}

async fn reset(
    State(parts): State<Admin>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(username): Path<String>,
) -> Result<Json<IssuedAccount>, AdminError> {
    Ok(Json(accounts::reset(&*parts.accounts, &username, peer.actor()).await?.into()))
}

async fn enable(
    State(parts): State<Admin>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(username): Path<String>,
) -> Result<Json<Operator>, AdminError> {
    Ok(Json(accounts::set_active(&*parts.accounts, &username, true, peer.actor()).await?))
}

async fn disable(
    State(parts): State<Admin>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(username): Path<String>,
) -> Result<Json<Operator>, AdminError> {
    Ok(Json(accounts::set_active(&*parts.accounts, &username, false, peer.actor()).await?))
}

async fn extension(
    State(parts): State<Admin>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(username): Path<String>,
    Json(extension): Json<Option<PhoneNumber>>,
) -> Result<Json<Operator>, AdminError> {
    Ok(Json(accounts::set_extension(&*parts.accounts, &username, extension, peer.actor()).await?))
}
