//! How the node is: alive, ready, in detail, in numbers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use protocol::{CpuDescription, ModelState, NodeDescription};
use serde_json::{Value, json};

use super::Api;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Ready when every model that is wanted serves; says how each one is.
pub(super) async fn ready(State(api): State<Arc<Api>>) -> (StatusCode, Json<Value>) {
    let models = api.host.descriptions();
    let waiting = models.iter().any(|model| !matches!(model.state, ModelState::Ready | ModelState::Unloaded));
    let states: serde_json::Map<String, Value> =
        models.into_iter().map(|model| (model.id, json!({ "state": model.state, "reason": model.reason }))).collect();
    let status = if waiting { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, Json(json!({ "ready": !waiting, "models": states })))
}

/// What the node is.
pub(super) async fn describe(State(api): State<Arc<Api>>) -> Json<NodeDescription> {
    let threads = std::thread::available_parallelism().map_or(1, |threads| u32::try_from(threads.get()).unwrap_or(1));
    Json(NodeDescription {
        name: api.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        engines: engines::built_in(),
        cpu: CpuDescription { threads, memory_bytes: memory() },
        gpus: api.gpus.borrow().as_ref().clone(),
        models: api.host.descriptions(),
    })
}

/// Memory of the machine, as the kernel tells it.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB"));
    kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Everything for Prometheus: counters of requests, the models' load, the GPUs' telemetry.
pub(super) async fn metrics(State(api): State<Arc<Api>>) -> String {
    for load in api.host.loads() {
        let model = load.id;
        metrics::gauge!("node_requests_active", "model" => model.clone()).set(f64::from(load.active));
        metrics::gauge!("node_requests_queued", "model" => model.clone()).set(f64::from(load.queued));
        let ready = if load.state == ModelState::Ready { 1.0 } else { 0.0 };
        metrics::gauge!("node_model_ready", "model" => model).set(ready);
    }
    let snapshot = Arc::clone(&api.gpus.borrow());
    api.metrics.render() + &gpu::metrics::exposition(&snapshot)
}
