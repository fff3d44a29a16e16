//! Whether the server has the model: `GET /v1/models`, or `/health` for servers that list none.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;

use super::connection::Connection;
use super::refusal;
use crate::EngineError;

/// How long loading waits for a listing.
const AT_LOAD: Duration = Duration::from_secs(10);
/// How long a check waits. A busy server answers late, but one that takes this long serves nobody well.
const AT_CHECK: Duration = Duration::from_secs(3);
/// The most that a listing may take.
const LISTING_BYTES: usize = 4 << 20;

/// What a listing tells of the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its longest input and output together, in tokens.
    pub(super) context: Option<u32>,
}

#[derive(Deserialize)]
struct Listing {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    /// vLLM says it here.
    max_model_len: Option<u32>,
    /// llama.cpp says it here.
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    n_ctx: Option<u32>,
    n_ctx_train: Option<u32>,
}

/// Makes sure that the server answers and has the model.
pub(super) async fn at_load(connection: &Connection) -> Result<Listed, EngineError> {
    look(connection, AT_LOAD).await.map_err(|error| match error {
        EngineError::Lost(what) => {
            let hint = if connection.url.starts_with("https:") {
                ", and that `ca_file` holds the authority that signed its certificate if the system does not know it"
            } else {
                ""
            };
            EngineError::Load(format!("{what}; see that the server runs and that `url` in the manifest is right{hint}"))
        }
        EngineError::Failed(what) => EngineError::Load(what),
        other => other,
    })
}

/// Looks whether the server still answers and still has the model.
pub(super) async fn at_check(connection: &Connection) -> Result<(), EngineError> {
    look(connection, AT_CHECK).await.map(|_| ())
}

async fn look(connection: &Connection, patience: Duration) -> Result<Listed, EngineError> {
    let url = format!("{}/models", connection.url);
    let (status, body) = connection.look_at(&url, patience, LISTING_BYTES).await?;
    match status {
        StatusCode::OK => find(connection, &url, &body),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(refusal::of_key(connection, status)),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
            look_at_health(connection, status, patience).await
        }
        _ => Err(EngineError::Failed(format!(
            "`{url}` answered {status}{}{}",
            refusal::said(connection, &body),
            if status == StatusCode::SERVICE_UNAVAILABLE {
                "; it may still be loading its model: try again"
            } else {
                ""
            }
        ))),
    }
}

fn find(connection: &Connection, url: &str, body: &[u8]) -> Result<Listed, EngineError> {
    let listing: Listing = serde_json::from_slice(body).map_err(|error| {
        EngineError::Failed(format!(
            "`{url}` does not list models as OpenAI's API does ({error}); see that `url` is right"
        ))
    })?;
    let Some(entry) = listing.data.iter().find(|entry| entry.id == connection.model) else {
        let others: Vec<_> = listing.data.iter().take(10).map(|entry| format!("`{}`", entry.id)).collect();
        let others = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
        let others = connection.cleaned(&others);
        let model = &connection.model;
        return Err(EngineError::Failed(format!("`{url}` lists no model `{model}`; it has {others}")));
    };
    let meta = entry.meta.as_ref();
    let context = entry.max_model_len.or(meta.and_then(|meta| meta.n_ctx.or(meta.n_ctx_train)));
    Ok(Listed { context })
}

/// Servers of a single model, such as whisper.cpp's, list none: that they are well must do.
async fn look_at_health(
    connection: &Connection,
    listing: StatusCode,
    patience: Duration,
) -> Result<Listed, EngineError> {
    let url = &connection.url;
    let Some(root) = url.strip_suffix("/v1") else {
        return Err(EngineError::Failed(format!("`{url}/models` answered {listing}; `url` must usually end in `/v1`")));
    };
    let (status, _) = connection.look_at(&format!("{root}/health"), patience, LISTING_BYTES).await?;
    if status.is_success() {
        return Ok(Listed::default());
    }
    Err(EngineError::Failed(format!(
        "`{url}/models` answered {listing} and `{root}/health` {status}: is this a server with OpenAI's API?"
    )))
}
