//! Errors as OpenAI's clients expect them: what is wrong, with which parameter, and when to try again.

use std::any::Any;
use std::time::Duration;

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use engines::EngineError;
use protocol::ModelState;
use protocol::request::STALE_EPOCH;
use serde::Serialize;

use crate::host::{NotAdmitted, NotThere, Refusal};

/// An error on its way to a client.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: Body,
    retry_after: Option<Duration>,
}

/// OpenAI's error object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Body {
    message: String,
    #[serde(rename = "type")]
    kind: &'static str,
    param: Option<String>,
    code: Option<&'static str>,
}

/// OpenAI's envelope.
#[derive(Serialize)]
pub(crate) struct Envelope<'a> {
    pub(crate) error: &'a Body,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, code: Option<&'static str>, message: impl Into<String>) -> Self {
        Self { status, body: Body { message: message.into(), kind, param: None, code }, retry_after: None }
    }

    /// The request is wrong.
    pub(crate) fn request(parameter: &str, message: impl Into<String>) -> Self {
        let mut error = Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", Some("invalid_value"), message);
        error.body.param = (!parameter.is_empty()).then(|| parameter.to_owned());
        error
    }

    /// It is larger than what is taken.
    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request_error", Some("request_too_large"), message)
    }

    /// Nobody may come in without a key.
    pub(crate) fn access(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", Some("invalid_api_key"), message)
    }

    /// The dispatcher that asks was followed by another.
    pub(crate) fn stale_epoch(epoch: u64, latest: u64) -> Self {
        let message = format!("epoch {epoch} of the dispatcher is over, epoch {latest} has begun");
        Self::new(StatusCode::CONFLICT, "invalid_request_error", Some(STALE_EPOCH), message)
    }

    /// There is no such model here.
    pub(crate) fn no_model(name: &str, there_are: &[&str]) -> Self {
        let known = if there_are.is_empty() { "none".to_owned() } else { there_are.join(", ") };
        let message = format!("the model `{name}` is not on this node; for this task there are: {known}");
        let mut error = Self::new(StatusCode::NOT_FOUND, "invalid_request_error", Some("model_not_found"), message);
        error.body.param = Some("model".to_owned());
        error
    }

    /// Something can be tried again later.
    fn later(status: StatusCode, code: &'static str, after: Duration, message: impl Into<String>) -> Self {
        let kind = if status == StatusCode::TOO_MANY_REQUESTS { "rate_limit_error" } else { "server_error" };
        Self { retry_after: Some(after), ..Self::new(status, kind, Some(code), message) }
    }

    /// The error as it stands in a stream that has begun.
    pub(crate) fn body(&self) -> &Body {
        &self.body
    }

    /// The reason, for metrics.
    pub(crate) fn code(&self) -> &'static str {
        self.body.code.unwrap_or("error")
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        match error {
            EngineError::Unsupported(_) => Self::request("model", message),
            EngineError::Request { parameter, .. } => Self::request(&parameter, message),
            EngineError::Overloaded { retry_after_ms } => Self::later(
                unavailable,
                "engine_overloaded",
                Duration::from_millis(retry_after_ms.unwrap_or(1000)),
                message,
            ),
            EngineError::OutOfMemory(_) => Self::later(unavailable, "out_of_memory", Duration::from_secs(5), message),
            EngineError::Lost(_) => Self::later(unavailable, "engine_lost", Duration::from_secs(1), message),
            EngineError::Cancelled => Self::new(unavailable, "server_error", Some("cancelled"), message),
            EngineError::Load(_) | EngineError::Failed(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", Some("engine_failed"), message)
            }
        }
    }
}

impl From<NotThere> for ApiError {
    fn from(why: NotThere) -> Self {
        let message = why.to_string();
        match why {
            NotThere::NoSuchGpu(_) => Self::request("gpu", message),
            NotThere::Processor { .. } | NotThere::Elsewhere { .. } | NotThere::NoRoom { .. } => {
                let error = Self::new(StatusCode::CONFLICT, "invalid_request_error", Some("gpu_unavailable"), message);
                Self { body: Body { param: Some("gpu".to_owned()), ..error.body }, ..error }
            }
            NotThere::Leaving(_) | NotThere::Busy(_) => {
                Self::later(StatusCode::SERVICE_UNAVAILABLE, "model_busy", Duration::from_secs(1), message)
            }
        }
    }
}

impl From<NotAdmitted> for ApiError {
    fn from(why: NotAdmitted) -> Self {
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        match why {
            NotAdmitted::NotReady { state, reason } => {
                let because = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
                let (code, after, what) = match state {
                    ModelState::Loading | ModelState::Ready => ("model_loading", 2, "the model is being loaded"),
                    ModelState::Restarting => ("model_restarting", 2, "the model's engine is being started again"),
                    ModelState::Draining => ("model_draining", 30, "the model is about to be unloaded"),
                    ModelState::Unloaded => ("model_unloaded", 60, "the model is not loaded"),
                    ModelState::Failed => ("model_failed", 60, "the model could not be loaded"),
                };
                Self::later(unavailable, code, Duration::from_secs(after), format!("{what}{because}"))
            }
            NotAdmitted::Refused(Refusal::Full { retry_after }) => Self::later(
                StatusCode::TOO_MANY_REQUESTS,
                "queue_full",
                retry_after,
                "too many requests wait for this model",
            ),
            NotAdmitted::Refused(Refusal::TooLate { retry_after }) => Self::later(
                unavailable,
                "deadline_exceeded",
                retry_after,
                "the request's deadline passes before the model is free",
            ),
            NotAdmitted::Refused(Refusal::Closed) => {
                Self::later(unavailable, "model_unloaded", Duration::from_secs(2), "the model was unloaded")
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if self.status.is_server_error() {
            tracing::warn!(status = self.status.as_u16(), error = self.body.message, "request failed");
        }
        let mut response = (self.status, Json(Envelope { error: &self.body })).into_response();
        if let Some(after) = self.retry_after {
            // Whole seconds, at least one, as the header knows nothing else.
            let seconds = after.as_millis().div_ceil(1000).clamp(1, 600);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(u16::try_from(seconds).unwrap_or(600)));
        }
        response
    }
}

/// A path that is not ours.
pub(super) async fn no_such_path(uri: Uri) -> ApiError {
    let message = format!("there is nothing at `{}`", uri.path());
    ApiError::new(StatusCode::NOT_FOUND, "invalid_request_error", Some("unknown_url"), message)
}

/// A path of ours, asked in another way.
pub(super) async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    let message = format!("`{}` does not take {method}", uri.path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", Some("method_not_allowed"), message)
}

/// A defect of ours ends one request, not the node.
#[expect(clippy::needless_pass_by_value, reason = "the layer gives it away")]
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = message.unwrap_or("unknown"), "a request met a defect");
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "server_error",
        Some("internal"),
        "an internal error; it was logged",
    )
    .into_response()
}
