//! Logs and metrics: stable names and units, never a citizen's words.

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{LogConfig, LogFormat};

/// Bounds of the latency histograms, in seconds.
const SECONDS: [f64; 14] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];

/// Starts logging to standard error, or to systemd's journal when it owns our standard error.
///
/// # Errors
/// When the filter is wrong or the journal cannot be reached.
pub(crate) fn start_logs(config: &LogConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.filter)
        .with_context(|| format!("log.filter `{}` is not understood; an example: info,chat=debug", config.filter))?;
    let format = match config.format {
        // systemd says with this variable that standard error goes to the journal.
        LogFormat::Auto if std::env::var_os("JOURNAL_STREAM").is_some() => LogFormat::Journald,
        LogFormat::Auto => LogFormat::Text,
        chosen => chosen,
    };
    let writer = match format {
        LogFormat::Journald => {
            tracing_journald::layer().context("failed to reach systemd's journal; set log.format = \"text\"")?.boxed()
        }
        LogFormat::Json => tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr).boxed(),
        LogFormat::Text | LogFormat::Auto => {
            let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
            tracing_subscriber::fmt::layer().with_ansi(colours).with_writer(std::io::stderr).boxed()
        }
    };
    tracing_subscriber::registry().with(filter).with(writer).try_init().context("logging was started twice")
}

/// Starts metrics; the handle renders them for Prometheus.
///
/// # Errors
/// When a recorder is there already.
pub(crate) fn start_metrics() -> anyhow::Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .context("the latency buckets are wrong")?
        .install_recorder()
        .context("metrics were started twice")
}
