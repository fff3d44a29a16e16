//! Metrics for Prometheus; units are in their names.

use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tokio_util::sync::CancellationToken;

pub use metrics_exporter_prometheus::PrometheusHandle;

/// Bounds of the latency histograms, in seconds.
const SECONDS: [f64; 14] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];
/// How often what a histogram gathered is put in order.
const UPKEEP: Duration = Duration::from_secs(5);

/// Starts metrics; the handle renders them.
///
/// # Errors
/// When a recorder is there already.
pub fn start() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .context("the latency buckets are wrong")?
        .install_recorder()
        .context("metrics were started twice")
}

/// Keeps the histograms in order until `stop`.
pub async fn keep(handle: PrometheusHandle, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        tokio::select! {
            _ = ticks.tick() => handle.run_upkeep(),
            () = stop.cancelled() => return,
        }
    }
}
