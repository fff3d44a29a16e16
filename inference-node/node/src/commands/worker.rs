//! `inference-node worker`: one model, in a process of its own.

use std::process::ExitCode;

use crate::config::Config;

/// Computes until the node closes standard input.
///
/// # Errors
/// When it was not started by a node.
pub(crate) async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    service::logs::start(&config.log.filter, config.log.format)?;
    engines::worker::run().await?;
    Ok(ExitCode::SUCCESS)
}
