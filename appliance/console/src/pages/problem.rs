//! What went wrong, as a page that says what to do next. Internals never leak; what is ours to mend is logged once, here.

use askama::Template;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use desk::ports::PortError;
use ui::{Page, chain};

use crate::auth::password::PasswordError;
use crate::pages::language;
use crate::texts::{Texts, texts};

/// Why a page or an act is not to be had.
#[derive(Debug)]
pub(crate) enum Problem {
    /// Nobody is signed in.
    SignIn { next: Option<String> },
    /// A one-time password must be changed first.
    ChangePassword,
    /// Not with this account.
    NotAllowed,
    /// Not there.
    NotFound,
    /// Sent by another site.
    ForeignOrigin,
    /// The form does not fit.
    BadRequest,
    /// A port failed.
    Port(PortError),
    /// A password could not be worked on.
    Password(PasswordError),
}

/// What the page says; carried by the response to [`render`], which knows the reader's language.
#[derive(Debug, Clone, Copy)]
enum Saying {
    NotFound,
    NotAllowed,
    Origin,
    Unavailable,
    Conflict,
    Refused,
    Internal,
    Bad,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, saying) = match self {
            Self::SignIn { next } => return Redirect::to(&sign_in_address(next.as_deref())).into_response(),
            Self::ChangePassword => return Redirect::to("/console/password").into_response(),
            Self::NotAllowed => (StatusCode::FORBIDDEN, Saying::NotAllowed),
            Self::NotFound | Self::Port(PortError::NotFound { .. }) => (StatusCode::NOT_FOUND, Saying::NotFound),
            Self::ForeignOrigin => (StatusCode::FORBIDDEN, Saying::Origin),
            Self::BadRequest => (StatusCode::BAD_REQUEST, Saying::Bad),
            Self::Port(PortError::Conflict { .. }) => (StatusCode::CONFLICT, Saying::Conflict),
            Self::Port(PortError::Refused(why)) => {
                tracing::info!(why, "an operator's act was refused");
                (StatusCode::CONFLICT, Saying::Refused)
            }
            Self::Port(error @ PortError::Unavailable { .. }) => {
                tracing::warn!(error = %chain(&error), "a part could not be reached");
                (StatusCode::SERVICE_UNAVAILABLE, Saying::Unavailable)
            }
            Self::Port(error @ PortError::Damaged { .. }) => {
                tracing::error!(error = %chain(&error), "stored data cannot be read");
                (StatusCode::INTERNAL_SERVER_ERROR, Saying::Internal)
            }
            Self::Password(error) => {
                tracing::error!(error = %chain(&error), "a password could not be worked on");
                (StatusCode::INTERNAL_SERVER_ERROR, Saying::Internal)
            }
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(saying);
        response
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        Self::Password(error)
    }
}

fn sign_in_address(next: Option<&str>) -> String {
    match next {
        Some(next) if next != "/console" && is_local(next) => {
            format!("/console/sign-in?ended=1&next={}", percent(next))
        }
        _ => "/console/sign-in".to_owned(),
    }
}

/// Whether a sign-in may lead to `path`: a page of the console, never another site.
pub(crate) fn is_local(path: &str) -> bool {
    let below = path.strip_prefix("/console").is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    below && !path.contains(['\\', '\r', '\n']) && path.is_ascii()
}

/// `text` as a part of an address.
pub(crate) fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    page: Page,
    t: &'static Texts,
    title: &'static str,
    text: &'static str,
}

/// Gives every problem its page, in the reader's language.
pub(crate) async fn render(request: Request, next: Next) -> Response {
    let language = language::of_request(request.headers());
    let reads = request.method() == Method::GET;
    let response = next.run(request).await;
    let saying = response.extensions().get::<Saying>().copied().or_else(|| rejected(&response, reads));
    let Some(saying) = saying else { return response };
    let t = texts(language);
    let (title, text): (&'static str, &'static str) = match saying {
        Saying::NotFound => (&t.problem.not_found, &t.problem.not_found_text),
        Saying::NotAllowed => (&t.problem.not_allowed, &t.problem.not_allowed_text),
        Saying::Origin => (&t.problem.origin, &t.problem.origin_text),
        Saying::Unavailable => (&t.problem.unavailable, &t.problem.unavailable_text),
        Saying::Conflict => (&t.problem.conflict, &t.problem.conflict_text),
        Saying::Refused => (&t.problem.refused, &t.problem.refused_text),
        Saying::Internal => (&t.problem.internal, &t.problem.internal_text),
        Saying::Bad => (&t.problem.bad, &t.problem.bad_text),
    };
    let page = super::shell::frame(language, title);
    ui::layout::page_with(response.status(), &ProblemPage { page, t, title, text }, language)
}

/// What the framework refused before a handler saw it: an address with no id in it, a form that does not parse.
fn rejected(response: &Response, reads: bool) -> Option<Saying> {
    let plain = response.headers().get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    match (plain && response.status().is_client_error(), reads) {
        (true, true) => Some(Saying::NotFound),
        (true, false) => Some(Saying::Bad),
        (false, _) => None,
    }
}

/// Any address that is no page.
pub(crate) async fn not_found() -> Problem {
    Problem::NotFound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_only_into_the_console() {
        for inside in ["/console", "/console/", "/console?mine=1", "/console/conversations/1"] {
            assert!(is_local(inside), "{inside}");
        }
        for outside in ["//evil.ro", "https://evil.ro", "/consoles", "/console\\@evil.ro", "/console/\r\nx", "/"] {
            assert!(!is_local(outside), "{outside}");
        }
        assert_eq!(sign_in_address(Some("/console?a=b&c")), "/console/sign-in?ended=1&next=/console%3Fa%3Db%26c");
        assert_eq!(sign_in_address(Some("//evil.ro")), "/console/sign-in");
    }
}
