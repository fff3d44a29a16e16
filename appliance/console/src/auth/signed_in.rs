//! The account behind a request, as an extractor: handlers that name it cannot be reached without it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::Method;
use axum::http::request::Parts;
use axum_extra::extract::CookieJar;
use desk::journal::Actor;
use desk::operator::{Operator, Role};
use desk::ports::PortError;

use crate::auth::session::{self, Token};
use crate::pages::problem::Problem;
use crate::parts::App;

/// Whoever is signed in, also before a one-time password was changed.
pub(crate) struct Session {
    pub(crate) operator: Operator,
    pub(crate) token: Token,
}

/// Whoever is signed in and may work.
pub(crate) struct SignedIn(pub(crate) Operator);

/// Whoever is signed in and manages accounts.
pub(crate) struct Administrator(pub(crate) Operator);

impl SignedIn {
    pub(crate) fn actor(&self) -> Actor {
        Actor::Operator(self.0.id)
    }
}

impl FromRequestParts<App> for Session {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // After signing in one comes back to the page asked for; what was to be sent is not sent again.
        let next = (parts.method == Method::GET).then(|| full_path(parts)).flatten();
        let jar = CookieJar::from_headers(&parts.headers);
        let Some(token) = session::token_of(&jar, app.config().tls) else { return Err(Problem::SignIn { next }) };
        let operator = session::resume(&*app.parts.accounts, &app.config().session, &token, app.now()).await?;
        let operator = operator.ok_or(Problem::SignIn { next })?;
        Ok(Self { operator, token })
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let session = Session::from_request_parts(parts, app).await?;
        if session.operator.must_change_password { Err(Problem::ChangePassword) } else { Ok(Self(session.operator)) }
    }
}

impl FromRequestParts<App> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let SignedIn(operator) = SignedIn::from_request_parts(parts, app).await?;
        if operator.role == Role::Administrator { Ok(Self(operator)) } else { Err(Problem::NotAllowed) }
    }
}

/// The path and query asked for, as the browser sees them.
fn full_path(parts: &Parts) -> Option<String> {
    let uri = parts.extensions.get::<axum::extract::OriginalUri>().map_or(&parts.uri, |original| &original.0);
    uri.path_and_query().map(|path| path.as_str().to_owned())
}

/// The address that the request came from, where the server tells it.
pub(crate) struct Peer(pub(crate) Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())))
    }
}

impl From<PortError> for Problem {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}
