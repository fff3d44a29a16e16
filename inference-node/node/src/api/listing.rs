//! `GET /v1/models`, and loading and unloading.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use protocol::ModelDescription;
use serde_json::{Value, json};

use super::Api;
use super::error::ApiError;
use crate::host::{Command, Hosted};

/// OpenAI's fields, with ours beside them.
fn entry(hosted: &Hosted) -> Value {
    let description = hosted.describe();
    let facts = hosted.facts();
    json!({
        "id": description.id, "object": "model", "created": 0, "owned_by": description.engine,
        "task": description.task, "languages": description.languages, "state": description.state,
        "reason": description.reason, "context": description.context, "sample_rate": description.sample_rate,
        "voices": facts.voices, "slots": description.slots,
    })
}

/// Every model, loaded or not.
pub(super) async fn list(State(api): State<Arc<Api>>) -> Json<Value> {
    let models: Vec<Value> = api.host.all().iter().map(|hosted| entry(hosted)).collect();
    Json(json!({ "object": "list", "data": models }))
}

fn find(api: &Api, id: &str) -> Result<Arc<Hosted>, ApiError> {
    api.host.get(id).ok_or_else(|| {
        let all = api.host.all();
        let known: Vec<&str> = all.iter().map(|hosted| hosted.id()).collect();
        ApiError::no_model(id, &known)
    })
}

/// One model.
pub(super) async fn show(State(api): State<Arc<Api>>, Path(id): Path<String>) -> Result<Json<Value>, ApiError> {
    Ok(Json(entry(&*find(&api, &id)?)))
}

/// Has a model loaded; the answer says where it is, its state goes on in heartbeats.
pub(super) async fn load(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<ModelDescription>), ApiError> {
    tell(&api, &id, Command::Load)
}

/// Has a model finish what it has begun and unloaded.
pub(super) async fn unload(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<ModelDescription>), ApiError> {
    tell(&api, &id, Command::Unload)
}

fn tell(api: &Api, id: &str, command: Command) -> Result<(StatusCode, Json<ModelDescription>), ApiError> {
    let hosted = find(api, id)?;
    tracing::info!(model = id, ?command, "asked by API");
    if !hosted.command(command) {
        return Err(ApiError::request("", "this model has enough to do already; ask again when its state has changed"));
    }
    Ok((StatusCode::ACCEPTED, Json(hosted.describe())))
}
