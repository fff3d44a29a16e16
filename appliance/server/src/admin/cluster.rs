//! What the admin socket tells of the cluster.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use gateway::{ModelStatus, NodeStatus};

use super::Admin;

pub(super) fn routes() -> Router<Admin> {
    Router::new().route("/cluster/models", get(models)).route("/cluster/nodes", get(nodes))
}

async fn models(State(parts): State<Admin>) -> Json<Vec<ModelStatus>> {
    Json(parts.gateway.status())
}

async fn nodes(State(parts): State<Admin>) -> Json<Vec<NodeStatus>> {
    Json(parts.gateway.node_status().await)
}
