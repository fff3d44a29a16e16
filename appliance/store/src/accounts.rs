//! Accounts of the staff and their sessions: the desk's [`Accounts`] in the database.

use async_trait::async_trait;
use desk::ids::OperatorId;
use desk::journal::{Actor, Event, NewEntry};
use desk::operator::Operator;
use desk::ports::accounts::{Accounts, Session};
use desk::ports::{PortError, PortResult};
use jiff::Timestamp;

use crate::columns::{self, Columns};
use crate::error::{StoreError, StoreResult};
use crate::store::Store;
use crate::write::Write;

/// Accounts in the database.
#[derive(Debug, Clone)]
pub struct AccountRepository {
    store: Store,
}

impl Store {
    /// Accounts in the database.
    #[must_use]
    pub fn accounts(&self) -> AccountRepository {
        AccountRepository { store: self.clone() }
    }
}

macro_rules! select_operators {
    ($rest:literal) => {
        concat!(
            "SELECT o.id, o.username, o.password_hash, o.display_name, o.role, o.departments, o.language, o.active,
             o.must_change_password, o.extension, o.created_at ",
            $rest
        )
    };
}

fn operator(row: &mut Columns<'_, '_>) -> StoreResult<Operator> {
    Ok(Operator {
        id: OperatorId(row.uuid("id")?),
        username: row.text("username")?,
        display_name: row.text("display_name")?,
        role: row.name("role")?,
        departments: row.json("departments")?,
        language: row.parsed("language")?,
        active: row.flag("active")?,
        must_change_password: row.flag("must_change_password")?,
        extension: row.parsed_if_any("extension")?,
        created_at: row.time("created_at")?,
    })
}

fn put(write: &mut Write, operator: &Operator, password_hash: Option<String>) -> StoreResult<()> {
    write.run(
        "INSERT INTO operators (id, username, password_hash, display_name, role, departments, language, active,
         must_change_password, created_at, extension)
         VALUES (?1, ?2, COALESCE(?3, ''), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (id) DO UPDATE SET username = ?2, password_hash = COALESCE(?3, password_hash), display_name = ?4,
         role = ?5, departments = ?6, language = ?7, active = ?8, must_change_password = ?9,
         extension = ?11",
        vec![
            operator.id.0.into(),
            operator.username.clone().into(),
            password_hash.into(),
            operator.display_name.clone().into(),
            columns::name("a role", &operator.role)?.into(),
            columns::json("departments", &operator.departments)?.into(),
            operator.language.code().into(),
            i64::from(operator.active).into(),
            i64::from(operator.must_change_password).into(),
            columns::time(operator.created_at),
            operator.extension.clone().map(String::from).into(),
        ],
    );
    Ok(())
}

fn changed(operator: &Operator, actor: Actor, password: bool) -> StoreResult<NewEntry> {
    let detail = format!(
        "role={} active={} password={}",
        columns::name("a role", &operator.role)?,
        operator.active,
        if password { "changed" } else { "kept" }
    );
    Ok(NewEntry::new(actor, Event::AccountChanged).subject(operator.id.to_string()).detail(detail))
}

impl AccountRepository {
    async fn signed_out(&self, write: Write) -> PortResult<()> {
        match self.store.apply(write).await {
            // Nobody was signed in: nothing to end, nothing to note.
            Ok(()) | Err(StoreError::Lost(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

#[async_trait]
impl Accounts for AccountRepository {
    async fn save(&self, operator: Operator, password_hash: Option<String>, actor: Actor) -> PortResult<Operator> {
        let mut write = Write::new();
        let entry = changed(&operator, actor, password_hash.is_some())?;
        put(&mut write, &operator, password_hash)?;
        write.journal(entry, self.store.now())?;
        match self.store.apply(write).await {
            Ok(()) => Ok(operator),
            Err(StoreError::Clash(_)) => {
                Err(PortError::Refused(format!("another account has the user name `{}`", operator.username)))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn by_username(&self, username: &str) -> PortResult<(Operator, String)> {
        let sql = select_operators!("FROM operators o WHERE o.username = ?1");
        let map = |row: &mut Columns<'_, '_>| Ok((operator(row)?, row.text("password_hash")?));
        let found = self.store.read_latest(sql, vec![username.into()], map).await?.pop();
        found.ok_or(PortError::NotFound { what: "the account" })
    }

    async fn operator(&self, id: OperatorId) -> PortResult<Operator> {
        let sql = select_operators!("FROM operators o WHERE o.id = ?1");
        let mut found = self.store.read(sql, vec![id.0.into()], operator).await?;
        if found.is_empty() {
            found = self.store.read_latest(sql, vec![id.0.into()], operator).await?;
        }
        found.pop().ok_or(PortError::NotFound { what: "the account" })
    }

    async fn all(&self) -> PortResult<Vec<Operator>> {
        Ok(self.store.read(select_operators!("FROM operators o ORDER BY o.username"), vec![], operator).await?)
    }

    async fn save_first(&self, operator: Operator, password_hash: String) -> PortResult<bool> {
        let mut write = Write::new();
        write.require("the accounts", "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM operators)", vec![]);
        put(&mut write, &operator, Some(password_hash))?;
        write.journal(changed(&operator, Actor::System, true)?, self.store.now())?;
        match self.store.apply(write).await {
            Ok(()) => Ok(true),
            Err(StoreError::Lost(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn open_session(&self, session: Session) -> PortResult<()> {
        let now = self.store.now();
        let mut write = Write::new();
        write.run("DELETE FROM sessions WHERE expires_at <= ?1", vec![columns::time(now)]);
        write.run(
            "INSERT INTO sessions (token_digest, operator, expires_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            vec![session.token_digest.as_slice().into(), session.operator.0.into(), columns::time(session.expires_at)],
        );
        let entry =
            NewEntry::new(Actor::Operator(session.operator), Event::SignedIn).subject(session.operator.to_string());
        write.journal(entry, now)?;
        Ok(self.store.apply(write).await?)
    }

    async fn session(&self, token_digest: [u8; 32], now: Timestamp) -> PortResult<(Session, Operator)> {
        let sql = select_operators!(
            ", s.expires_at FROM sessions s JOIN operators o ON o.id = s.operator
             WHERE s.token_digest = ?1 AND s.expires_at > ?2"
        );
        let map = |row: &mut Columns<'_, '_>| {
            let operator = operator(row)?;
            let session = Session { token_digest, operator: operator.id, expires_at: row.time("expires_at")? };
            Ok((session, operator))
        };
        let params = || vec![token_digest.as_slice().into(), columns::time(now)];
        let mut found = self.store.read(sql, params(), map).await?;
        if found.is_empty() {
            // Signed in on another server a moment ago.
            found = self.store.read_latest(sql, params(), map).await?;
        }
        found.pop().ok_or(PortError::NotFound { what: "the session" })
    }

    async fn extend_session(&self, token_digest: [u8; 32], expires_at: Timestamp) -> PortResult<()> {
        let mut write = Write::new();
        write.run(
            "UPDATE sessions SET expires_at = ?2 WHERE token_digest = ?1 AND expires_at > ?3",
            vec![token_digest.as_slice().into(), columns::time(expires_at), columns::time(self.store.now())],
        );
        Ok(self.store.apply(write).await?)
    }

    async fn close_session(&self, token_digest: [u8; 32]) -> PortResult<()> {
        let sql = "SELECT operator FROM sessions WHERE token_digest = ?1";
        let digest = || vec![token_digest.as_slice().into()];
        let Some(id) = self.store.read_latest(sql, digest(), |row| row.uuid("operator")).await?.pop() else {
            return Ok(());
        };
        let id = OperatorId(id);
        let mut write = Write::new();
        write.require("the session", "DELETE FROM sessions WHERE token_digest = ?1 RETURNING operator", digest());
        let entry = NewEntry::new(Actor::Operator(id), Event::SignedOut).subject(id.to_string());
        write.journal(entry, self.store.now())?;
        self.signed_out(write).await
    }

    async fn close_sessions_of(&self, operator: OperatorId) -> PortResult<()> {
        let mut write = Write::new();
        write.require(
            "the session",
            "DELETE FROM sessions WHERE operator = ?1 RETURNING operator",
            vec![operator.0.into()],
        );
        let entry = NewEntry::new(Actor::System, Event::SignedOut).subject(operator.to_string()).detail("all sessions");
        write.journal(entry, self.store.now())?;
        self.signed_out(write).await
    }
}
