//! Logs: stable names and units, never a citizen's words.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::telemetry::Telemetry;

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// The journal under systemd, else text.
    Auto,
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
    /// systemd's journal, with fields.
    Journald,
}

/// Starts logging to standard error, or to systemd's journal when it owns our standard error. `filter` says which events:
/// `info`, `warn`, `chat=debug,info`…; it holds for the logs alone, not for the spans that `telemetry` exports.
///
/// # Errors
/// When the filter is wrong or the journal cannot be reached.
pub fn start(filter: &str, format: LogFormat, telemetry: &Telemetry) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)
        .with_context(|| format!("log.filter `{filter}` is not understood; an example: info,chat=debug"))?;
    let format = match format {
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
    let logs = tracing_subscriber::registry().with(writer.with_filter(filter));
    // A layer that is none would still have every span made that the filter leaves out.
    let started = match telemetry.layer() {
        None => logs.try_init(),
        Some(spans) => logs.with(spans).try_init(),
    };
    started.context("logging was started twice")
}
