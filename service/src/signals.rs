//! What the operating system tells us: stop.

use anyhow::Context;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Returns on SIGTERM or SIGINT, or when `stop` says so.
///
/// # Errors
/// When the signals cannot be listened to.
pub async fn watch(stop: CancellationToken) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("failed to listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("failed to listen for SIGINT")?;
    tokio::select! {
        _ = terminate.recv() => tracing::info!("stopping: SIGTERM"),
        _ = interrupt.recv() => tracing::info!("stopping: interrupted"),
        () = stop.cancelled() => {}
    }
    Ok(())
}
