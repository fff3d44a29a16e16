//! `inference-node worker`: one model, in a process of its own.

use std::process::ExitCode;

use service::telemetry::{Program, Telemetry};

use crate::config::Config;

/// Computes until the node closes standard input.
///
/// # Errors
/// When it was not started by a node.
pub(crate) async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let program = Program { name: "inference-worker", version: env!("CARGO_PKG_VERSION"), instance: &config.node.name };
    let telemetry = Telemetry::start(&config.telemetry, program)?;
    service::logs::start(&config.log.filter, config.log.format, &telemetry)?;
    let worked = engines::worker::run().await;
    telemetry.stop().await;
    worked?;
    Ok(ExitCode::SUCCESS)
}
