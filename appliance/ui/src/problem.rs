//! The one error type of the HTTP edges: problem details (RFC 9457), titled in the reader's language. Internals never leak.

use axum::http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use desk::language::Language;
use desk::ports::PortError;
use serde::{Deserialize, Serialize};

use crate::translations::Translations;

/// What went wrong, as far as the client can act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The request cannot be read.
    Malformed,
    /// Nobody has signed in, or the secret is missing.
    Unauthorised,
    /// Signed in or not: this is not allowed.
    Forbidden,
    /// It is not there, or not for this reader.
    NotFound,
    /// Somebody else was faster, or a key was used for something else.
    Conflict,
    /// Larger than allowed.
    TooLarge,
    /// A kind of file that is not taken.
    UnsupportedMedia,
    /// Readable, but breaks a rule.
    Invalid,
    /// Too many requests; again later.
    TooMany,
    /// Cannot be served now; the same request may succeed later.
    Unavailable,
    /// A defect of ours.
    Internal,
}

/// Titles per kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Titles {
    malformed: String,
    unauthorised: String,
    forbidden: String,
    not_found: String,
    conflict: String,
    too_large: String,
    unsupported_media: String,
    invalid: String,
    too_many: String,
    unavailable: String,
    internal: String,
}

static TITLES: Translations<Titles> = Translations::new(
    include_str!("../texts/problems.ro.toml"),
    include_str!("../texts/problems.hu.toml"),
    include_str!("../texts/problems.en.toml"),
);

impl ProblemKind {
    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Unauthorised => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Its name on the wire: `type` is `urn:sfetnic:problem:<name>`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unauthorised => "unauthorised",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::TooLarge => "too-large",
            Self::UnsupportedMedia => "unsupported-media",
            Self::Invalid => "invalid",
            Self::TooMany => "too-many",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// What a person is told.
    #[must_use]
    pub fn title(self, language: Language) -> &'static str {
        let titles = TITLES.get(language);
        match self {
            Self::Malformed => &titles.malformed,
            Self::Unauthorised => &titles.unauthorised,
            Self::Forbidden => &titles.forbidden,
            Self::NotFound => &titles.not_found,
            Self::Conflict => &titles.conflict,
            Self::TooLarge => &titles.too_large,
            Self::UnsupportedMedia => &titles.unsupported_media,
            Self::Invalid => &titles.invalid,
            Self::TooMany => &titles.too_many,
            Self::Unavailable => &titles.unavailable,
            Self::Internal => &titles.internal,
        }
    }
}

/// A problem on its way to the client.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What went wrong.
    pub kind: ProblemKind,
    /// The language of the title.
    pub language: Language,
    /// What exactly, safe to show.
    pub detail: Option<String>,
    /// After how many seconds trying again makes sense.
    pub retry_after: Option<u64>,
}

/// The body on the wire.
#[derive(Debug, Clone, Serialize)]
pub struct ProblemBody {
    /// `urn:sfetnic:problem:<name>`.
    pub r#type: String,
    /// What a person is told, in the request's language.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What exactly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Problem {
    /// A problem of that kind.
    #[must_use]
    pub fn new(kind: ProblemKind, language: Language) -> Self {
        Self { kind, language, detail: None, retry_after: None }
    }

    /// Says what exactly.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// What a port's failure is to the client. What is ours to mend is logged here, with its whole chain.
    #[must_use]
    pub fn from_port(error: &PortError, language: Language) -> Self {
        match error {
            PortError::NotFound { .. } => Self::new(ProblemKind::NotFound, language),
            PortError::Conflict { .. } => Self::new(ProblemKind::Conflict, language),
            PortError::Refused(why) => Self::new(ProblemKind::Invalid, language).detail(why.clone()),
            PortError::Unavailable { .. } => {
                tracing::warn!(error = %chain(error), "a part could not be reached");
                Self::new(ProblemKind::Unavailable, language).retry_after(2)
            }
            PortError::Damaged { .. } => {
                tracing::error!(error = %chain(error), "stored data cannot be read");
                Self::new(ProblemKind::Internal, language)
            }
        }
    }

    /// The title, in the reader's language.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.kind.title(self.language)
    }

    /// The body on the wire.
    #[must_use]
    pub fn body(&self) -> ProblemBody {
        ProblemBody {
            r#type: format!("urn:sfetnic:problem:{}", self.kind.name()),
            title: self.title().to_owned(),
            status: self.kind.status().as_u16(),
            detail: self.detail.clone(),
        }
    }
}

/// An error with all its causes, in one line, for logs and terminals.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(self.language.code()));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        let body = serde_json::to_vec(&self.body()).unwrap_or_default();
        (self.kind.status(), headers, body).into_response()
    }
}

/// The language that a request wants: the first of `Accept-Language` that is served, by its weight; Romanian otherwise.
#[must_use]
pub fn accepted_language(headers: &HeaderMap) -> Option<Language> {
    let accepted = headers.get(axum::http::header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let mut wanted: Vec<(f32, Language)> = accepted
        .split(',')
        .filter_map(|part| {
            let mut pieces = part.split(';').map(str::trim);
            let language = pieces.next()?.parse().ok()?;
            let weight = pieces.find_map(|piece| piece.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
            (weight > 0.0).then_some((weight, language))
        })
        .collect();
    // Stable: among equals the one named first.
    wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
    wanted.first().map(|(_, language)| *language)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_title_in_every_language() {
        TITLES.check().unwrap();
    }

    #[test]
    fn a_problem_says_what_and_when_to_try_again() {
        let response = Problem::new(ProblemKind::TooMany, Language::Ro).retry_after(7).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[RETRY_AFTER], "7");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    }

    #[test]
    fn a_defect_of_ours_is_not_told() {
        let error = PortError::Damaged { what: "turn", source: "secret row".into() };
        let body = serde_json::to_string(&Problem::from_port(&error, Language::En).body()).unwrap();
        assert!(!body.contains("secret"), "{body}");
    }

    #[test]
    fn the_heaviest_language_served_wins() {
        let accept = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(axum::http::header::ACCEPT_LANGUAGE, HeaderValue::from_static(value));
            accepted_language(&headers)
        };
        assert_eq!(accept("de-DE,hu;q=0.5,en;q=0.4"), Some(Language::Hu));
        assert_eq!(accept("en;q=0.2, ro-RO;q=0.9"), Some(Language::Ro));
        assert_eq!(accept("de"), None);
    }
}
