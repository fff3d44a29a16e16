//! Passwords: argon2id at the parameters that OWASP names first (19 MiB, two passes), a few at a time.
//!
//! A verification costs memory and a core, so that their number is bounded: a flood of sign-ins waits in line instead of
//! exhausting the machine. An unknown user costs the same as a known one.

use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use rand::RngCore;
use tokio::sync::Semaphore;

/// The fewest characters of a password that its owner chose.
pub(crate) const MIN_CHARS: usize = 12;
/// The most; longer ones are refused before they are hashed.
pub(crate) const MAX_CHARS: usize = 256;
/// How many are hashed at once.
const AT_ONCE: usize = 2;

/// Why a password could not be hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The algorithm refused.
    #[error("failed to hash a password: {0}")]
    Hash(argon2::password_hash::Error),
    /// The worker thread is gone: the program is stopping.
    #[error("the password worker stopped")]
    Stopped,
}

/// Why a chosen password will not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weakness {
    /// Fewer than [`MIN_CHARS`] characters.
    Short,
    /// More than [`MAX_CHARS`] characters.
    Long,
    /// It holds the user name.
    HoldsUsername,
    /// Hardly any different characters.
    Monotonous,
    /// The two entries differ.
    Differs,
    /// It is the old one.
    Unchanged,
}

/// Checks a chosen password: length counts, not kinds of characters.
pub(crate) fn check(password: &str, repeated: &str, username: &str) -> Result<(), Weakness> {
    let count = password.chars().count();
    let lower = password.to_lowercase();
    if count < MIN_CHARS {
        return Err(Weakness::Short);
    }
    if count > MAX_CHARS {
        return Err(Weakness::Long);
    }
    if username.len() >= 3 && lower.contains(&username.to_lowercase()) {
        return Err(Weakness::HoldsUsername);
    }
    if lower.chars().collect::<std::collections::HashSet<_>>().len() < 5 {
        return Err(Weakness::Monotonous);
    }
    if password != repeated {
        return Err(Weakness::Differs);
    }
    Ok(())
}

/// Hashes and compares passwords off the runtime's threads, a few at a time.
pub(crate) struct Passwords {
    slots: Arc<Semaphore>,
    /// A hash that nobody's password has, compared where the user is unknown.
    decoy: String,
}

fn argon2() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

/// The PHC string of `password`. Takes tens of milliseconds and 19 MiB: not for a runtime's thread.
pub(crate) fn hash_now(password: &str) -> Result<String, PasswordError> {
    let mut salt = [0_u8; 16];
    rand::rng().fill_bytes(&mut salt);
    let salt = SaltString::encode_b64(&salt).map_err(PasswordError::Hash)?;
    Ok(argon2().hash_password(password.as_bytes(), &salt).map_err(PasswordError::Hash)?.to_string())
}

fn fits(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}

impl Passwords {
    /// A verifier with its decoy ready.
    pub(crate) fn new() -> Result<Self, PasswordError> {
        let decoy = hash_now(&super::one_time::generate())?;
        Ok(Self { slots: Arc::new(Semaphore::new(AT_ONCE)), decoy })
    }

    /// The PHC string of `password`.
    pub(crate) async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.off_thread(move || hash_now(&password)).await?
    }

    /// Whether `password` has `hash`; with no hash (no such user) it takes as long and says no.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, PasswordError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.clone());
        let fits = self.off_thread(move || fits(&password, &hash)).await?;
        Ok(fits && known)
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permit = Arc::clone(&self.slots).acquire_owned().await.map_err(|_| PasswordError::Stopped)?;
        // The permit goes along: a caller that hangs up does not free a slot that is still at work.
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        })
        .await
        .map_err(|_| PasswordError::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_not_kinds_of_characters() {
        assert_eq!(check("corect cal baterie", "corect cal baterie", "ana"), Ok(()));
        assert_eq!(check("A1!scurtă", "A1!scurtă", "ana"), Err(Weakness::Short));
        assert_eq!(check("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "ana"), Err(Weakness::Monotonous));
        assert_eq!(check(&"ab cd ef ".repeat(40), "", "ana"), Err(Weakness::Long));
    }

    #[test]
    fn a_password_that_holds_the_user_name_is_refused() {
        assert_eq!(check("parola lui Popescu", "parola lui Popescu", "popescu"), Err(Weakness::HoldsUsername));
        assert_eq!(check("corect cal baterie", "corect cal bateri", "ana"), Err(Weakness::Differs));
    }

    #[tokio::test]
    async fn a_right_password_fits_and_an_unknown_user_never_does() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("corect cal baterie".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.verify("corect cal baterie".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("corect cal bateriE".to_owned(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("corect cal baterie".to_owned(), None).await.unwrap());
    }
}
