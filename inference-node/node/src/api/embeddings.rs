//! `POST /v1/embeddings`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engines::tasks::EmbeddingsRequest;
use protocol::Task;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::error::ApiError;
use super::lease::{choose, lease};
use super::request::{Body, Urgency};
use crate::host::Work;

/// Texts that one request may hold, as at OpenAI.
const TEXTS: usize = 2048;

/// What is asked.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    model: String,
    input: Input,
    #[serde(default)]
    encoding_format: Encoding,
    dimensions: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Input {
    One(String),
    Many(Vec<String>),
}

/// How numbers are written; OpenAI's own client asks for base64, which is a quarter as long.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    #[default]
    Float,
    Base64,
}

/// Turns texts into vectors.
pub(super) async fn embed(
    State(api): State<Arc<Api>>,
    urgency: Urgency,
    Body(asked): Body<Asked>,
) -> Result<Json<Value>, ApiError> {
    let texts = match asked.input {
        Input::One(text) => vec![text],
        Input::Many(texts) => texts,
    };
    if texts.is_empty() || texts.len() > TEXTS {
        return Err(ApiError::request("input", format!("holds {} texts; 1 to {TEXTS} are taken", texts.len())));
    }
    if let Some(empty) = texts.iter().position(String::is_empty) {
        return Err(ApiError::request(&format!("input[{empty}]"), "there is no text"));
    }
    let hosted = choose(&api, Task::Embeddings, &asked.model, None)?;
    if let (Some(wanted), Some(made)) = (asked.dimensions, hosted.facts().dimensions)
        && wanted != made
    {
        return Err(ApiError::request("dimensions", format!("this model makes vectors of {made} numbers only")));
    }
    let lease = lease(&api, &hosted, Work::Request, urgency).await?;
    let name = lease.name.clone();
    let made = lease.model.embed(EmbeddingsRequest { texts }, lease.stop.clone()).await;
    let made = lease.finish(made)?;
    let data: Vec<Value> = made
        .vectors
        .iter()
        .enumerate()
        .map(|(index, vector)| json!({ "object": "embedding", "index": index, "embedding": written(vector, asked.encoding_format) }))
        .collect();
    Ok(Json(json!({
        "object": "list", "model": name, "data": data,
        "usage": { "prompt_tokens": made.prompt_tokens, "total_tokens": made.prompt_tokens },
    })))
}

fn written(vector: &[f32], encoding: Encoding) -> Value {
    match encoding {
        Encoding::Float => json!(vector),
        Encoding::Base64 => {
            let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
            Value::String(STANDARD.encode(bytes))
        }
    }
}
