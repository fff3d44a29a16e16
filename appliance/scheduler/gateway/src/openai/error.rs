//! Errors as OpenAI's clients expect them.

use std::time::Duration;

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use policy::Rejection;
use serde_json::json;

use crate::listening::ListenError;
use crate::work::WorkError;

/// The last event of a stream whose node failed.
pub(super) const BROKE_OFF: &[u8] = b"data: {\"error\":{\"message\":\"the inference node failed while it answered\",\
    \"type\":\"server_error\",\"param\":null,\"code\":\"node_lost\"}}\n\n";

/// An error on its way to a client.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    kind: &'static str,
    code: &'static str,
    parameter: Option<String>,
    message: String,
    retry_after: Option<Duration>,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code, parameter: None, message: message.into(), retry_after: None }
    }

    /// The request is wrong.
    pub(super) fn request(parameter: &str, message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", "invalid_value", message);
        Self { parameter: Some(parameter.to_owned()), ..error }
    }

    /// It is larger than what is taken.
    pub(super) fn too_large(most: usize) -> Self {
        let message = format!("the request could not be read, or has more than {most} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "invalid_request_error", "request_too_large", message)
    }

    /// No key, or an unknown one.
    pub(super) fn access(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "authentication_error", "invalid_api_key", message)
    }

    /// The system's quota is used up.
    pub(super) fn quota(message: impl Into<String>, retry_after: Duration) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", "quota_exceeded", message);
        Self { retry_after: Some(retry_after), ..error }
    }

    /// No node has the model.
    pub(super) fn no_model(model: &str) -> Self {
        let message = format!("no inference node has the model `{model}`; `GET /v1/models` lists what is served");
        let error = Self::new(StatusCode::NOT_FOUND, "invalid_request_error", "model_not_found", message);
        Self { parameter: Some("model".to_owned()), ..error }
    }
}

impl ApiError {
    /// Why a request to `model` has no answer.
    pub(super) fn of(error: &WorkError, model: &str) -> Self {
        let message = error.to_string();
        match *error {
            WorkError::Rejected { reason, retry_after } => {
                let status = match reason {
                    Rejection::QueueFull => StatusCode::TOO_MANY_REQUESTS,
                    _ => StatusCode::SERVICE_UNAVAILABLE,
                };
                let kind = if status == StatusCode::TOO_MANY_REQUESTS { "rate_limit_error" } else { "server_error" };
                Self { retry_after: Some(retry_after), ..Self::new(status, kind, reason.name(), message) }
            }
            WorkError::NoModel => Self::no_model(model),
            WorkError::Succeeded | WorkError::NotDispatcher => {
                let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_error", "no_dispatcher", message);
                Self { retry_after: Some(Duration::from_secs(1)), ..error }
            }
            WorkError::Lost => Self::new(StatusCode::BAD_GATEWAY, "server_error", "node_lost", message),
        }
    }
}

impl ApiError {
    /// Why nobody listens to a session of `model`.
    pub(super) fn of_listening(error: &ListenError, model: &str) -> Self {
        match error {
            ListenError::Work(error) => Self::of(error, model),
            ListenError::Refused(message) => {
                Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", "invalid_value", message.clone())
            }
            ListenError::BrokeOff(_) => {
                Self::new(StatusCode::BAD_GATEWAY, "server_error", "node_lost", error.to_string())
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = json!({ "error": {
            "message": self.message, "type": self.kind, "param": self.parameter, "code": self.code,
        } });
        let mut response = (self.status, Json(error)).into_response();
        if let Some(after) = self.retry_after {
            // Whole seconds, and at least one: HTTP knows no fractions.
            let seconds = HeaderValue::from(after.as_secs_f64().ceil().max(1.0) as u64);
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}
