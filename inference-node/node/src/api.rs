//! The node's API: OpenAI's for models, ours for the node itself.

mod access;
mod chat;
mod embeddings;
mod epoch;
mod error;
mod heartbeat;
mod lease;
mod listing;
mod node;
mod realtime;
mod request;
mod speech;
mod subtitles;
mod transcriptions;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use protocol::Heartbeat;
use protocol::node::{HEARTBEAT_PATH, NODE_PATH};
use service::metrics::PrometheusHandle;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;

pub(crate) use access::Keys;
pub(crate) use epoch::Epoch;
pub(crate) use heartbeat::beat;

use crate::host::Host;

/// The largest request that is not a recording.
const LARGEST_TEXT: usize = 8 << 20;

/// What the API works with.
pub(crate) struct Api {
    /// The models.
    pub(crate) host: Arc<Host>,
    /// Who may use them.
    pub(crate) keys: Keys,
    /// The latest epoch of a dispatcher.
    pub(crate) epoch: Epoch,
    /// The node's name.
    pub(crate) name: String,
    /// The latest telemetry of the GPUs.
    pub(crate) gpus: watch::Receiver<Arc<protocol::gpu::Snapshot>>,
    /// The latest heartbeat.
    pub(crate) heartbeat: watch::Receiver<Arc<Heartbeat>>,
    /// Renders the metrics.
    pub(crate) metrics: PrometheusHandle,
    /// How long a request without a deadline may wait.
    pub(crate) longest_wait: Duration,
    /// The largest request, in bytes.
    pub(crate) largest_request: usize,
    /// The longest recording, in seconds.
    pub(crate) longest_recording: u32,
}

/// Every path of the node.
pub(crate) fn router(api: Api) -> Router {
    let largest = api.largest_request;
    let api = Arc::new(api);
    let open = Router::new().route("/healthz", get(node::alive)).route("/readyz", get(node::ready));
    let recordings = Router::new()
        .route("/v1/audio/transcriptions", post(transcriptions::transcribe))
        .layer(DefaultBodyLimit::max(largest));
    let guarded = Router::new()
        .route("/v1/chat/completions", post(chat::complete))
        .route("/v1/embeddings", post(embeddings::embed))
        .route("/v1/audio/speech", post(speech::speak))
        .route("/v1/realtime", get(realtime::listen))
        .route("/v1/models", get(listing::list))
        .route("/v1/models/{id}", get(listing::show))
        .route("/v1/models/{id}/load", post(listing::load))
        .route("/v1/models/{id}/unload", post(listing::unload))
        .route(NODE_PATH, get(node::describe))
        .route(HEARTBEAT_PATH, get(heartbeat::stream))
        .route("/metrics", get(node::metrics))
        .layer(DefaultBodyLimit::max(LARGEST_TEXT))
        .merge(recordings)
        .fallback(error::no_such_path)
        .method_not_allowed_fallback(error::wrong_method)
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&api), epoch::check))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&api), access::check));
    open.merge(guarded)
        .layer(axum::middleware::from_fn(request::name))
        .layer(axum::middleware::from_fn(service::trace::serve))
        .layer(CatchPanicLayer::custom(error::panicked))
        .with_state(api)
}
