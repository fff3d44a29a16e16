//! Sessions: a random token in a cookie that no script reads, kept by its digest, with an idle and an absolute end.

use std::time::Duration;

use axum_extra::extract::cookie::{Cookie, SameSite};
use desk::ids::OperatorId;
use desk::operator::Operator;
use desk::ports::accounts::{Accounts, Session};
use desk::ports::{PortError, PortResult};
use jiff::{SignedDuration, Timestamp};
use rand::RngCore;
use sha2::{Digest, Sha256};

/// How long a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPolicy {
    /// It ends when unused for so long.
    pub idle: Duration,
    /// It ends so long after the sign-in, used or not.
    pub absolute: Duration,
}

impl Default for SessionPolicy {
    /// Half an hour unused, ten hours in all: a working day.
    fn default() -> Self {
        Self { idle: Duration::from_secs(30 * 60), absolute: Duration::from_secs(10 * 3600) }
    }
}

impl SessionPolicy {
    /// When a session signed in at `begun` ends if it is not used after `now`.
    fn end(&self, begun: Timestamp, now: Timestamp) -> Timestamp {
        let after = |from: Timestamp, by: Duration| {
            from.checked_add(SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX)).unwrap_or(Timestamp::MAX)
        };
        after(now, self.idle).min(after(begun, self.absolute))
    }
}

/// The least by which a use moves a session's end: so seldom is it written.
const STEP: SignedDuration = SignedDuration::from_mins(1);

/// The secret in the cookie: 256 random bits, and the second of the sign-in. The digest covers both, so that the moment
/// cannot be moved without becoming an unknown token.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token {
    bytes: [u8; 40],
}

impl Token {
    pub(crate) fn generate(now: Timestamp) -> Self {
        let mut bytes = [0; 40];
        bytes[..8].copy_from_slice(&now.as_second().to_be_bytes());
        rand::rng().fill_bytes(&mut bytes[8..]);
        Self { bytes }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 40];
        if text.len() != 80 || !text.is_ascii() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self { bytes })
    }

    fn text(&self) -> String {
        self.bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(crate) fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.bytes).into()
    }

    fn begun(&self) -> Timestamp {
        let mut seconds = [0; 8];
        seconds.copy_from_slice(&self.bytes[..8]);
        Timestamp::from_second(i64::from_be_bytes(seconds)).unwrap_or(Timestamp::MIN)
    }
}

/// The cookie's name: with TLS the browser itself sees to it that it is secure, of this host alone and of every path.
fn cookie_name(tls: bool) -> &'static str {
    if tls { "__Host-sfetnic" } else { "sfetnic" }
}

/// The cookie that holds `token`. It ends with the browser; the server decides when the session does.
pub(crate) fn cookie(token: &Token, tls: bool) -> Cookie<'static> {
    Cookie::build((cookie_name(tls), token.text()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(tls)
        .build()
}

/// The cookie that takes the token back.
pub(crate) fn no_cookie(tls: bool) -> Cookie<'static> {
    let mut cookie =
        Cookie::build((cookie_name(tls), "")).path("/").http_only(true).same_site(SameSite::Strict).secure(tls).build();
    cookie.make_removal();
    cookie
}

/// The token that the browser sent, if it has the form of one.
pub(crate) fn token_of(jar: &axum_extra::extract::CookieJar, tls: bool) -> Option<Token> {
    Token::parse(jar.get(cookie_name(tls))?.value())
}

/// Opens a session for `operator` and returns the token for its cookie.
pub(crate) async fn open(
    accounts: &dyn Accounts,
    policy: &SessionPolicy,
    operator: OperatorId,
    now: Timestamp,
) -> PortResult<Token> {
    let token = Token::generate(now);
    let session = Session { token_digest: token.digest(), operator, expires_at: policy.end(now, now) };
    accounts.open_session(session).await?;
    Ok(token)
}

/// The account behind `token`, if its session goes on; its use moves the session's end.
pub(crate) async fn resume(
    accounts: &dyn Accounts,
    policy: &SessionPolicy,
    token: &Token,
    now: Timestamp,
) -> PortResult<Option<Operator>> {
    let (session, operator) = match accounts.session(token.digest(), now).await {
        Ok(found) => found,
        Err(PortError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    // What decides is checked here too: a store that answers for a locked account or an ended session opens nothing.
    if !operator.active || session.expires_at <= now || policy.end(token.begun(), now) <= now {
        return Ok(None);
    }
    let end = policy.end(token.begun(), now);
    if end.duration_since(session.expires_at) >= STEP {
        accounts.extend_session(token.digest(), end).await?;
    }
    Ok(Some(operator))
}

/// Whether the session behind `token` still goes on; asking is no use of it. What cannot be known now is not held against it.
pub(crate) async fn goes_on(accounts: &dyn Accounts, token: &Token, now: Timestamp) -> bool {
    match accounts.session(token.digest(), now).await {
        Ok((session, operator)) => operator.active && session.expires_at > now,
        Err(PortError::NotFound { .. }) => false,
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_remembers_its_sign_in() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let token = Token::generate(now);
        let read = Token::parse(&token.text()).unwrap();
        assert!(read == token && read.begun() == now);
        assert!(Token::parse("00").is_none());
        assert!(Token::parse(&"zz".repeat(40)).is_none());
        assert!(Token::parse(&"é".repeat(40)).is_none());
    }

    #[test]
    fn use_moves_the_end_but_never_past_the_absolute_one() {
        let policy = SessionPolicy::default();
        let begun = Timestamp::from_second(1_800_000_000).unwrap();
        let minutes = |count: i64| begun + SignedDuration::from_mins(count);
        assert_eq!(policy.end(begun, begun), minutes(30));
        assert_eq!(policy.end(begun, minutes(590)), minutes(600));
    }

    #[test]
    fn the_cookie_is_closed_to_scripts_and_to_other_sites() {
        let token = Token::generate(Timestamp::UNIX_EPOCH);
        let secure = cookie(&token, true).to_string();
        assert!(secure.starts_with("__Host-sfetnic="), "{secure}");
        for attribute in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
            assert!(secure.contains(attribute), "{secure}");
        }
        assert!(!cookie(&token, false).to_string().contains("Secure"));
    }
}
