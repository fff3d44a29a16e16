//! Tells systemd how we are: ready, alive, stopping. Does nothing when not run as a unit.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "failed to notify systemd");
    }
}

/// Everything is up; `status` is what `systemctl status` shows.
pub fn ready(status: &str) {
    notify(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The graceful stop has begun.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Keeps the watchdog quiet until `stop`, while `healthy` says so, at half its interval.
pub async fn keep_watchdog<F, R>(healthy: F, stop: CancellationToken)
where
    F: Fn() -> R,
    R: Future<Output = bool>,
{
    let Some(interval) = sd_notify::watchdog_enabled() else { return stop.cancelled().await };
    let mut ticks = tokio::time::interval((interval / 2).max(Duration::from_millis(100)));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if healthy().await {
            notify(&[NotifyState::Watchdog]);
        }
    }
}
