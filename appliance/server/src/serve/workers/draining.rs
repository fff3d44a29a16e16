//! Which nodes are drained, on every server: an operator may have said so on another one.

use std::time::Duration;

use gateway::Gateway;
use store::DrainedNodes;
use tokio_util::sync::CancellationToken;

use super::every;
use crate::admin;

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(500);

/// Keeps the gateway told until `stop`.
///
/// # Errors
/// Never; the type is that of all workers.
pub(super) async fn run(gateway: Gateway, nodes: DrainedNodes, stop: CancellationToken) -> anyhow::Result<()> {
    every(LOOK, stop, "drained nodes", || {
        let (gateway, nodes) = (gateway.clone(), nodes.clone());
        async move { Ok(admin::follow_drained(&nodes, &gateway).await?) }
    })
    .await
}
