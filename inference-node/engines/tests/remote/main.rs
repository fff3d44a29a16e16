//! The remote engine against a real server on this machine, well-behaved and not.
#![cfg(feature = "remote")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod chat;
mod embeddings;
mod health;
mod loading;
mod peer;
mod speech;
mod transcription;

use std::sync::Arc;

use engines::{EngineError, Model, ModelSpec};
use protocol::Task;
use serde_json::{Value, json};

/// What a manifest says of a model `m` of the server at `url`.
fn spec(task: Task, url: &str, settings: &Value) -> ModelSpec {
    let spec = json!({
        "id": "ours",
        "task": task,
        "engine": "remote",
        "languages": [],
        "device": "cpu",
        "threads": 1,
        "slots": 4,
        "remote": {"url": url, "model": "m"},
        "settings": settings,
    });
    serde_json::from_value(spec).unwrap()
}

/// Loads as the node does, with its TLS provider installed.
async fn try_load(spec: ModelSpec) -> Result<Arc<dyn Model>, EngineError> {
    // Fails when another test of this process was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    engines::load(spec).await
}

async fn load(task: Task, url: &str) -> Arc<dyn Model> {
    try_load(spec(task, url, &json!({}))).await.unwrap()
}

/// The error of what must not succeed.
fn error_of<T>(outcome: Result<T, EngineError>) -> EngineError {
    match outcome {
        Ok(_) => panic!("it succeeded"),
        Err(error) => error,
    }
}
