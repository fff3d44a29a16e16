//! Accounts of the staff, for the command line and the console's own page: made, listed, reset, switched off.
//!
//! A new account and a reset one get a one-time password that is shown once; its owner chooses another at the first sign-in.

use desk::ids::{DepartmentId, OperatorId};
use desk::journal::Actor;
use desk::language::Language;
use desk::operator::{Operator, Role};
use desk::phone_number::PhoneNumber;
use desk::ports::PortError;
use desk::ports::accounts::Accounts;
use jiff::Timestamp;

use crate::auth::one_time;
use crate::auth::password::{self, PasswordError};

/// Why an account could not be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The user name will not do.
    #[error("`{0}` is no user name: use 2 to 40 letters a-z, digits, dots or hyphens, a letter first")]
    Username(String),
    /// The name that citizens see is missing or too long.
    #[error("a name that citizens see has 2 to 80 characters")]
    DisplayName,
    /// Another account has the user name.
    #[error("there is an account `{0}` already")]
    Taken(String),
    /// Nobody could manage accounts any more.
    #[error("this is the last active administrator; make another one first")]
    LastAdministrator,
    /// No such account.
    #[error("there is no account `{0}`")]
    Unknown(String),
    /// The one-time password could not be made.
    #[error("failed to make a one-time password")]
    Password(#[from] PasswordError),
    /// The database could not do it.
    #[error("failed to write the account")]
    Store(#[source] PortError),
}

/// An account before it exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The name used to sign in; kept in lower case.
    pub username: String,
    /// The name that citizens see.
    pub display_name: String,
    /// What it may do.
    pub role: Role,
    /// Whose queues it serves; empty: every department's.
    pub departments: Vec<DepartmentId>,
    /// The console's language.
    pub language: Language,
}

/// An account with the one-time password that opens it; show it once, keep it nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The account.
    pub operator: Operator,
    /// Four groups of five letters.
    pub one_time_password: String,
}

/// Makes the first administrator if there is no account at all; `None` when there is one. Safe when several servers start
/// at once: one of them gets the password to show.
///
/// # Errors
/// When it cannot be made durable.
pub async fn first_administrator(
    accounts: &dyn Accounts,
    username: &str,
    now: Timestamp,
) -> Result<Option<Issued>, AccountError> {
    if !accounts.all().await.map_err(AccountError::Store)?.is_empty() {
        return Ok(None);
    }
    let operator = operator(
        NewAccount {
            username: username.to_owned(),
            display_name: "Administrator".to_owned(),
            role: Role::Administrator,
            departments: Vec::new(),
            language: Language::Ro,
        },
        now,
    )?;
    let (one_time_password, hash) = issue().await?;
    let made = accounts.save_first(operator.clone(), hash).await.map_err(AccountError::Store)?;
    Ok(made.then_some(Issued { operator, one_time_password }))
}

/// Makes an account.
///
/// # Errors
/// See [`AccountError`].
pub async fn create(
    accounts: &dyn Accounts,
    new: NewAccount,
    actor: Actor,
    now: Timestamp,
) -> Result<Issued, AccountError> {
    let operator = operator(new, now)?;
    let (one_time_password, hash) = issue().await?;
    match accounts.save(operator.clone(), Some(hash), actor).await {
        Ok(operator) => Ok(Issued { operator, one_time_password }),
        Err(PortError::Refused(_)) => Err(AccountError::Taken(operator.username)),
        Err(error) => Err(AccountError::Store(error)),
    }
}

/// Gives an account a new one-time password and ends its sessions. An account that was switched off stays so.
///
/// # Errors
/// See [`AccountError`].
pub async fn reset(accounts: &dyn Accounts, username: &str, actor: Actor) -> Result<Issued, AccountError> {
    let operator = find(accounts, username).await?;
    let (one_time_password, hash) = issue().await?;
    let changed = Operator { must_change_password: true, ..operator };
    let operator = accounts.save(changed, Some(hash), actor).await.map_err(AccountError::Store)?;
    accounts.close_sessions_of(operator.id).await.map_err(AccountError::Store)?;
    Ok(Issued { operator, one_time_password })
}

/// Switches an account off, and ends its sessions, or on again.
///
/// # Errors
/// `LastAdministrator` when nobody could manage accounts any more; else see [`AccountError`].
pub async fn set_active(
    accounts: &dyn Accounts,
    username: &str,
    active: bool,
    actor: Actor,
) -> Result<Operator, AccountError> {
    let operator = find(accounts, username).await?;
    if !active && operator.role == Role::Administrator {
        let all = accounts.all().await.map_err(AccountError::Store)?;
        let others = all.iter().any(|one| one.id != operator.id && one.active && one.role == Role::Administrator);
        if !others {
            return Err(AccountError::LastAdministrator);
        }
    }
    let operator = accounts.save(Operator { active, ..operator }, None, actor).await.map_err(AccountError::Store)?;
    if !active {
        accounts.close_sessions_of(operator.id).await.map_err(AccountError::Store)?;
    }
    Ok(operator)
}

/// Says at which telephone calls reach an account; `None`: at none.
///
/// # Errors
/// See [`AccountError`].
pub async fn set_extension(
    accounts: &dyn Accounts,
    username: &str,
    extension: Option<PhoneNumber>,
    actor: Actor,
) -> Result<Operator, AccountError> {
    let operator = find(accounts, username).await?;
    accounts.save(Operator { extension, ..operator }, None, actor).await.map_err(AccountError::Store)
}

/// Every account, by user name.
///
/// # Errors
/// When they cannot be read.
pub async fn list(accounts: &dyn Accounts) -> Result<Vec<Operator>, AccountError> {
    accounts.all().await.map_err(AccountError::Store)
}

async fn find(accounts: &dyn Accounts, username: &str) -> Result<Operator, AccountError> {
    match accounts.by_username(&username.to_lowercase()).await {
        Ok((operator, _)) => Ok(operator),
        Err(PortError::NotFound { .. }) => Err(AccountError::Unknown(username.to_owned())),
        Err(error) => Err(AccountError::Store(error)),
    }
}

/// A fresh one-time password and its hash.
async fn issue() -> Result<(String, String), AccountError> {
    let text = one_time::generate();
    let hashed = text.clone();
    let hash = tokio::task::spawn_blocking(move || password::hash_now(&hashed))
        .await
        .map_err(|_| PasswordError::Stopped)??;
    Ok((text, hash))
}

fn operator(new: NewAccount, now: Timestamp) -> Result<Operator, AccountError> {
    let username = new.username.trim().to_lowercase();
    let display_name = new.display_name.trim().to_owned();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    if !(2..=40).contains(&username.len())
        || !username.chars().all(fits)
        || !username.starts_with(|c: char| c.is_ascii_lowercase())
    {
        return Err(AccountError::Username(new.username));
    }
    if !(2..=80).contains(&display_name.chars().count()) || display_name.chars().any(char::is_control) {
        return Err(AccountError::DisplayName);
    }
    Ok(Operator {
        id: OperatorId::new(),
        username,
        display_name,
        role: new.role,
        departments: new.departments,
        language: new.language,
        active: true,
        must_change_password: true,
        extension: None,
        created_at: now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(username: &str, display_name: &str) -> NewAccount {
        NewAccount {
            username: username.to_owned(),
            display_name: display_name.to_owned(),
            role: Role::Operator,
            departments: Vec::new(),
            language: Language::Ro,
        }
    }

    #[test]
    fn user_names_are_kept_in_lower_case_and_plain() {
        let made = operator(new(" Ana.Pop ", "Ana Pop"), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(made.username, "ana.pop");
        assert!(made.must_change_password && made.active);
        for bad in ["a", "1ana", "ana pop", "ană", "../ana", ""] {
            assert!(
                matches!(operator(new(bad, "Ana"), Timestamp::UNIX_EPOCH), Err(AccountError::Username(_))),
                "{bad}"
            );
        }
        assert!(matches!(operator(new("ana", " "), Timestamp::UNIX_EPOCH), Err(AccountError::DisplayName)));
    }
}
