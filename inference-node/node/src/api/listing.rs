//! `GET /v1/models`, and loading and unloading.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use protocol::{LoadRequest, ModelDescription};
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
        "voices": facts.voices, "slots": description.slots, "gpu": description.gpu,
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

/// Has a model loaded, on a GPU of the caller's choice if it names one; the answer says where it is, its state goes on in
/// heartbeats.
pub(super) async fn load(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    query: Result<Query<LoadRequest>, QueryRejection>,
    body: Bytes,
) -> Result<(StatusCode, Json<ModelDescription>), ApiError> {
    let hosted = find(&api, &id)?;
    let Query(mut request) = query.map_err(|error| ApiError::request("gpu", error.body_text()))?;
    if !body.is_empty() {
        let named: LoadRequest =
            serde_json::from_slice(&body).map_err(|error| ApiError::request("gpu", error.to_string()))?;
        request.gpu = named.gpu.or(request.gpu);
    }
    match request.gpu {
        None => tell(&hosted, Command::Load(None)),
        Some(gpu) => {
            tracing::info!(model = id, gpu, "asked by API to load");
            api.host.load_on(&hosted, gpu)?;
            Ok((StatusCode::ACCEPTED, Json(hosted.describe())))
        }
    }
}

/// Has a model finish what it has begun and unloaded.
pub(super) async fn unload(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<ModelDescription>), ApiError> {
    tell(&*find(&api, &id)?, Command::Unload)
}

fn tell(hosted: &Hosted, command: Command) -> Result<(StatusCode, Json<ModelDescription>), ApiError> {
    tracing::info!(model = hosted.id(), ?command, "asked by API");
    if !hosted.command(command) {
        return Err(ApiError::request("", "this model has enough to do already; ask again when its state has changed"));
    }
    Ok((StatusCode::ACCEPTED, Json(hosted.describe())))
}
