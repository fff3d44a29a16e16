//! What a server means when it refuses: from its status and its many forms of error objects to our errors.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::connection::{Connection, Route};
use crate::EngineError;

/// What an error object says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    message: Option<String>,
    parameter: Option<String>,
    status: Option<u16>,
}

/// The error behind an answer without success.
pub(super) fn of_status(
    connection: &Connection,
    route: &Route,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> EngineError {
    let told = said(connection, body);
    let url = format!("{}/{}", connection.url, route.path);
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => of_key(connection, status),
        StatusCode::NOT_FOUND => EngineError::Failed(format!(
            "`{url}` answered {status}{told}; see that the server has the model `{}` and does this kind of work",
            connection.model
        )),
        _ if status.is_redirection() => {
            EngineError::Failed(format!("`{url}` answered {status}; write the server's final address as `url`"))
        }
        _ => of_number(connection, route, status.as_u16(), &Said::read(body), retry_after(headers))
            .unwrap_or_else(|| EngineError::Failed(format!("`{url}` answered {status}{told}"))),
    }
}

/// The error behind an error object in the middle of a stream; `None` when the object is none.
pub(super) fn in_stream(connection: &Connection, route: &Route, data: &str) -> Option<EngineError> {
    let said = Said::of_value(&serde_json::from_str(data).ok()?)?;
    let message = connection.cleaned(said.message.as_deref().unwrap_or("it does not say why"));
    Some(said.status.and_then(|number| of_number(connection, route, number, &said, None)).unwrap_or_else(|| {
        EngineError::Failed(format!("`{}/{}` broke the answer off: {message}", connection.url, route.path))
    }))
}

/// The key is missing or wrong. What the server says is left out: some repeat the key.
pub(super) fn of_key(connection: &Connection, status: StatusCode) -> EngineError {
    let url = &connection.url;
    EngineError::Failed(match &connection.key_file {
        Some(file) => format!(
            "`{url}` answered {status} to the key in `{file}`; put a valid key into that file and load the model again"
        ),
        None => format!("`{url}` answered {status}: it wants a key; name a file that holds one as `key_file`"),
    })
}

/// What a body says, ready to follow a status; empty when it says nothing.
pub(super) fn said(connection: &Connection, body: &[u8]) -> String {
    Said::read(body).message.map_or_else(String::new, |message| format!(": {}", connection.cleaned(&message)))
}

fn of_number(
    connection: &Connection,
    route: &Route,
    status: u16,
    said: &Said,
    retry_after: Option<Duration>,
) -> Option<EngineError> {
    let message = || said.message.as_deref().map(|message| connection.cleaned(message));
    let url = format!("{}/{}", connection.url, route.path);
    match status {
        400 | 413 | 415 | 422 => Some(EngineError::Request {
            parameter: said.parameter.as_deref().map_or(route.subject.to_owned(), |name| connection.cleaned(name)),
            message: message().unwrap_or_else(|| format!("`{url}` answered {status} and does not say why")),
        }),
        429 | 503 => Some(EngineError::Overloaded {
            retry_after_ms: retry_after.and_then(|pause| u64::try_from(pause.as_millis()).ok()),
        }),
        // A gateway before the server, which itself cannot be reached or takes too long.
        408 | 502 | 504 => Some(EngineError::Lost(format!(
            "`{url}` answered {status}{}",
            message().map_or_else(String::new, |message| format!(": {message}"))
        ))),
        _ => None,
    }
}

/// `Retry-After` in seconds (RFC 9110), or OpenAI's finer one. The form with a date is left out: clocks differ.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let seconds = number("retry-after-ms").map(|ms| ms / 1000.0).or_else(|| number(RETRY_AFTER.as_str()))?;
    Duration::try_from_secs_f64(seconds).ok()
}

impl Said {
    fn read(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::of_value(&value).unwrap_or_default(),
            Err(_) => {
                let text = String::from_utf8_lossy(body);
                let text = text.trim();
                // A gateway's page is of no use in a message.
                let message = (!text.is_empty() && !text.starts_with('<')).then(|| text.to_owned());
                Self { message, ..Self::default() }
            }
        }
    }

    /// OpenAI and most have `{"error": {"message", "param", "code"}}`, some `{"error": "…"}`, older vLLM
    /// `{"object": "error", "message", "param", "code"}`, FastAPI `{"detail": "…"}` or `{"detail": [{"loc", "msg"}]}`.
    fn of_value(value: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let named = match (value.get("error"), value.get("detail")) {
            (Some(Value::String(message)), _) | (_, Some(Value::String(message))) => {
                return Some(Self { message: Some(message.clone()), ..Self::default() });
            }
            (_, Some(Value::Array(faults))) => return faults.first().map(Self::of_fault),
            (Some(error @ Value::Object(_)), _) => error,
            _ if value.get("object").and_then(Value::as_str) == Some("error") => value,
            _ => return None,
        };
        Some(Self {
            message: named.get("message").and_then(text),
            parameter: named.get("param").and_then(text),
            status: named.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok()),
        })
    }

    fn of_fault(fault: &Value) -> Self {
        let place = fault.get("loc").and_then(Value::as_array).map(|parts| {
            let parts: Vec<_> = parts.iter().filter_map(Value::as_str).filter(|part| *part != "body").collect();
            parts.join(".")
        });
        Self {
            message: fault.get("msg").and_then(Value::as_str).map(str::to_owned),
            parameter: place.filter(|place| !place.is_empty()),
            status: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_objects_of_many_servers_are_understood() {
        let cases = [
            (
                r#"{"error":{"message":"too hot","type":"invalid_request_error","param":"temperature","code":null}}"#,
                Some("too hot"),
                Some("temperature"),
                None,
            ),
            (r#"{"error":{"code":503,"message":"Loading model"}}"#, Some("Loading model"), None, Some(503)),
            (r#"{"object":"error","message":"long","param":null,"code":400}"#, Some("long"), None, Some(400)),
            (
                r#"{"detail":[{"loc":["body","top_p"],"msg":"not a number"}]}"#,
                Some("not a number"),
                Some("top_p"),
                None,
            ),
            (r#"{"detail":"Not Found"}"#, Some("Not Found"), None, None),
            (r#"{"error":"no such model"}"#, Some("no such model"), None, None),
            ("<html>502</html>", None, None, None),
        ];
        for (body, message, parameter, status) in cases {
            let said = Said::read(body.as_bytes());
            let (message, parameter) = (message.map(str::to_owned), parameter.map(str::to_owned));
            assert_eq!(said, Said { message, parameter, status }, "{body}");
        }
    }

    #[test]
    fn retry_after_is_seconds_and_nonsense_is_ignored() {
        let of = |name: &'static str, value: &str| {
            retry_after(&HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())]))
        };
        assert_eq!(of("retry-after", "2"), Some(Duration::from_secs(2)));
        assert_eq!(of("retry-after-ms", "250"), Some(Duration::from_millis(250)));
        assert_eq!(of("retry-after", "-1"), None);
        assert_eq!(of("retry-after", "1e300"), None);
        assert_eq!(of("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), None);
    }
}
