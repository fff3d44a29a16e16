//! What machines ask: alive, ready, metrics.

use std::net::SocketAddr;

use anyhow::Context;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use service::metrics::PrometheusHandle;
use store::{Health, Store};
use tokio_util::sync::CancellationToken;

/// Serves `/healthz`, `/readyz` and `/metrics` until `stop`.
///
/// # Errors
/// When the address cannot be listened on.
pub(super) async fn listen(
    address: SocketAddr,
    store: Store,
    metrics: PrometheusHandle,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .with_context(|| format!("failed to listen on {address} (metrics.listen); is another server running?"))?;
    let upkeeper = tokio::spawn(service::metrics::keep(metrics.clone(), stop.clone()));
    let app = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(move || std::future::ready(metrics.render())))
        .with_state(store);
    let served = axum::serve(listener, app).with_graceful_shutdown(async move { stop.cancelled().await }).await;
    upkeeper.await.context("the upkeep of the metrics panicked")?;
    served.context("the endpoint for metrics failed")
}

async fn ready(State(store): State<Store>) -> (StatusCode, Json<Option<Health>>) {
    match store.health().await {
        Ok(health) if health.ready => (StatusCode::OK, Json(Some(health))),
        Ok(health) => (StatusCode::SERVICE_UNAVAILABLE, Json(Some(health))),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, Json(None)),
    }
}
