//! Accounts of the staff and their sessions, durable.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::ids::OperatorId;
use crate::journal::Actor;
use crate::operator::Operator;
use crate::ports::PortResult;

/// A signed-in browser, kept by the digest of its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the token in the browser's cookie.
    pub token_digest: [u8; 32],
    /// Whose it is.
    pub operator: OperatorId,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Accounts and sessions.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Makes or changes an account; `password_hash` (PHC string) replaces the stored one if given.
    ///
    /// # Errors
    /// `Refused` when another account has the user name.
    async fn save(&self, operator: Operator, password_hash: Option<String>, actor: Actor) -> PortResult<Operator>;

    /// The account with that user name and its password hash.
    async fn by_username(&self, username: &str) -> PortResult<(Operator, String)>;

    /// The account called `id`.
    async fn operator(&self, id: OperatorId) -> PortResult<Operator>;

    /// Every account, by user name.
    async fn all(&self) -> PortResult<Vec<Operator>>;

    /// Makes the first account if there is none; says whether it did. Safe when several servers start at once.
    async fn save_first(&self, operator: Operator, password_hash: String) -> PortResult<bool>;

    /// Keeps a session; noted in the journal as a sign-in.
    async fn open_session(&self, session: Session) -> PortResult<()>;

    /// The account behind a session that has not ended at `now`.
    async fn session(&self, token_digest: [u8; 32], now: Timestamp) -> PortResult<(Session, Operator)>;

    /// Moves the end of a session that is in use; not noted. One that has ended stays ended.
    async fn extend_session(&self, token_digest: [u8; 32], expires_at: Timestamp) -> PortResult<()>;

    /// Ends a session; noted in the journal.
    async fn close_session(&self, token_digest: [u8; 32]) -> PortResult<()>;

    /// Ends every session of an account, as a changed password or a locked account does.
    async fn close_sessions_of(&self, operator: OperatorId) -> PortResult<()>;
}
