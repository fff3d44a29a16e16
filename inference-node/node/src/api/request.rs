//! What accompanies a request: its name in the logs, its class, its deadline, its trace.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use protocol::Class;
use protocol::request::{CLASS_HEADER, DEADLINE_HEADER, REQUEST_ID_HEADER};
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// The longest deadline that anybody needs.
const LONGEST_DEADLINE: Duration = Duration::from_secs(24 * 3600);
/// The longest name of a request that is taken over from its sender.
const LONGEST_NAME: usize = 64;

/// How urgent a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Urgency {
    /// Its class.
    pub(super) class: Class,
    /// When nobody wants the answer any more; none was given, then the node's own limit holds for the wait.
    pub(super) deadline: Option<Instant>,
}

impl<S: Send + Sync> FromRequestParts<S> for Urgency {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let class = match header(&parts.headers, CLASS_HEADER) {
            None => Class::default(),
            Some(name) => Class::from_name(name).ok_or_else(|| {
                ApiError::request(CLASS_HEADER, format!("`{name}` is no class: voice, chat, mail or batch"))
            })?,
        };
        let deadline = match header(&parts.headers, DEADLINE_HEADER) {
            None => None,
            Some(text) => {
                let milliseconds: u64 = text.parse().map_err(|_| {
                    ApiError::request(DEADLINE_HEADER, format!("`{text}` is no whole number of milliseconds"))
                })?;
                Some(Instant::now() + Duration::from_millis(milliseconds).min(LONGEST_DEADLINE))
            }
        };
        Ok(Self { class, deadline })
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A body in JSON; a wrong one names the parameter at fault.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = axum::body::Bytes::from_request(request, state)
            .await
            .map_err(|rejection| too_large_or_broken(rejection.status().as_u16(), &rejection.body_text()))?;
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        serde_path_to_error::deserialize(&mut json).map(Self).map_err(|error| {
            let path = error.path().to_string();
            let parameter = if path == "." { "" } else { &path };
            ApiError::request(parameter, format!("the request is not understood: {}", error.inner()))
        })
    }
}

/// A body that could not be read.
pub(super) fn too_large_or_broken(status: u16, why: &str) -> ApiError {
    match status {
        413 => ApiError::too_large("the request is larger than this node takes (http.largest_request_bytes)"),
        _ => ApiError::request("", format!("the request's body could not be read: {why}")),
    }
}

/// Names each request, in the span that is around it and in its answer.
pub(super) async fn name(request: Request, next: Next) -> Result<Response, Infallible> {
    let given = header(request.headers(), REQUEST_ID_HEADER).filter(|name| {
        name.len() <= LONGEST_NAME && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    let name = given.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned);
    tracing::Span::current().record("request", &name);
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(HeaderName::from_static(REQUEST_ID_HEADER), value);
    }
    Ok(response)
}
