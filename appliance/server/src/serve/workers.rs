//! What goes on in the background: each worker is owned, stops with the server, and survives a passing failure.

mod dispatching;
mod draining;
mod watchdog;

use std::sync::Arc;
use std::time::Duration;

use phone::Phone;
use store::{Lease, Leases, SEALER_LEASE, Sealer, WATCHDOG_LEASE};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::knowledge::IndexKeeper;
use super::wiring::Wired;
use crate::config::Config;
use watchdog::Watchdog;

/// How long a lease is held without being renewed.
const LEASE_TERM: Duration = Duration::from_secs(10);
/// A turn that has waited so long for the assistant was left behind by a server that died.
const PENDING_PATIENCE: Duration = Duration::from_secs(5);
/// How many left-behind turns one round answers.
const CATCH_UP_ROUND: u32 = 64;

/// Starts every worker.
pub(super) fn start(
    parts: &mut JoinSet<anyhow::Result<()>>,
    wired: &Wired,
    phone: Option<&Phone>,
    config: &Config,
    stop: &CancellationToken,
) {
    let holder = format!("{}:{}", config.store.node, uuid::Uuid::now_v7());
    let leases = wired.store.leases();

    let reception = Arc::clone(&wired.reception);
    parts.spawn(every(Duration::from_secs(1), stop.clone(), "catch up", move || {
        let reception = Arc::clone(&reception);
        async move {
            let settled = reception.catch_up(PENDING_PATIENCE, CATCH_UP_ROUND).await?;
            if settled > 0 {
                tracing::info!(settled, "answered turns that were left behind");
            }
            Ok(())
        }
    }));

    let watchdog = Arc::new(Watchdog {
        conversations: wired.conversations(),
        cases: wired.cases(),
        time: Arc::clone(&wired.time),
        policy: config.watchdog.clone(),
    });
    parts.spawn(under_lease(leases.clone(), WATCHDOG_LEASE, holder.clone(), Duration::from_secs(5), stop.clone(), {
        move |_lease| {
            let watchdog = Arc::clone(&watchdog);
            async move {
                watchdog.round().await?;
                Ok(())
            }
        }
    }));

    if !config.inference.peers.is_empty() {
        parts.spawn(dispatching::run(wired.gateway.clone(), leases.clone(), holder.clone(), stop.clone()));
    }

    parts.spawn(draining::run(wired.gateway.clone(), wired.store.drained_nodes(), stop.clone()));

    if let Some(phone) = phone {
        super::telephone::keep(parts, phone, &leases, &holder, stop);
    }

    let sealer = wired.store.sealer();
    parts.spawn(under_lease(leases, SEALER_LEASE, holder, Duration::from_secs(10), stop.clone(), move |lease| {
        seal(sealer.clone(), lease)
    }));

    parts.spawn(IndexKeeper::new(wired).run(stop.clone()));
}

async fn seal(sealer: Sealer, lease: Lease) -> anyhow::Result<()> {
    let fence = lease.fence();
    while sealer.seal(&fence).await?.rows > 0 {}
    Ok(())
}

/// Does `work` at every tick until `stop`; a failure is logged and tried again at the next tick.
async fn every<F, R>(pause: Duration, stop: CancellationToken, name: &'static str, work: F) -> anyhow::Result<()>
where
    F: Fn() -> R + Send,
    R: Future<Output = anyhow::Result<()>> + Send,
{
    let mut ticks = tokio::time::interval(pause);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = ticks.tick() => {}
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            done = work() => {
                if let Err(error) = done {
                    tracing::warn!(error = format!("{error:#}"), worker = name, "a round failed; the next will try again");
                }
            }
        }
    }
}

/// Does `work` at every tick while this server holds the lease called `name`.
pub(super) async fn under_lease<F, R>(
    leases: Leases,
    name: &'static str,
    holder: String,
    pause: Duration,
    stop: CancellationToken,
    work: F,
) -> anyhow::Result<()>
where
    F: Fn(Lease) -> R + Send + Sync,
    R: Future<Output = anyhow::Result<()>> + Send,
{
    let keeper = leases.keep(name, holder, LEASE_TERM);
    every(pause, stop, name, || {
        let held = keeper.held();
        let work = &work;
        async move {
            match held {
                Some(lease) => work(lease).await,
                None => Ok(()),
            }
        }
    })
    .await?;
    keeper.release().await;
    Ok(())
}
