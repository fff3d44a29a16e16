//! Placement over the admin socket: the plan, and which nodes are drained.

use std::collections::BTreeSet;

use axum::extract::{ConnectInfo, Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use gateway::{Gateway, PlacementStatus};
use serde::{Deserialize, Serialize};
use store::{DrainedNodes, StoreError};

use super::listener::Peer;
use super::{Admin, AdminError};

/// What draining a node, or taking it back, came to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Drained {
    /// The node.
    pub node: String,
    /// Whether it is drained now.
    pub drained: bool,
    /// Whether it was otherwise before.
    pub changed: bool,
}

pub(super) fn routes() -> Router<Admin> {
    Router::new()
        .route("/cluster/placement", get(placement))
        .route("/cluster/nodes/{name}/drain", post(drain))
        .route("/cluster/nodes/{name}/undrain", post(undrain))
}

async fn placement(State(parts): State<Admin>) -> Json<PlacementStatus> {
    Json(parts.gateway.placement())
}

async fn drain(
    State(parts): State<Admin>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(node): Path<String>,
) -> Result<Json<Drained>, AdminError> {
    let known = parts.gateway.node_names();
    if !known.contains(&node) {
        return Err(unknown(&node, &known));
    }
    let changed = parts.store.drained_nodes().drain(&node, peer.actor()).await?;
    follow(&parts.store.drained_nodes(), &parts.gateway).await?;
    Ok(Json(Drained { node, drained: true, changed }))
}

async fn undrain(
    State(parts): State<Admin>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(node): Path<String>,
) -> Result<Json<Drained>, AdminError> {
    let changed = parts.store.drained_nodes().undrain(&node, peer.actor()).await?;
    let known = parts.gateway.node_names();
    // One that left the configuration while it was drained can still be taken off the list.
    if !changed && !known.contains(&node) {
        return Err(unknown(&node, &known));
    }
    follow(&parts.store.drained_nodes(), &parts.gateway).await?;
    Ok(Json(Drained { node, drained: false, changed }))
}

fn unknown(node: &str, known: &[String]) -> AdminError {
    let said = if known.is_empty() {
        "no inference node is configured".to_owned()
    } else {
        format!("the nodes are: {}", known.join(", "))
    };
    AdminError(StatusCode::NOT_FOUND, format!("there is no inference node `{node}`; {said}"))
}

/// Tells the gateway which nodes are drained.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn follow(nodes: &DrainedNodes, gateway: &Gateway) -> Result<(), StoreError> {
    let drained: BTreeSet<String> = nodes.all().await?.into_iter().map(|node| node.name).collect();
    gateway.drain(drained);
    Ok(())
}
