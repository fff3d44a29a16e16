//! `inference-node config`.

use std::process::ExitCode;

use anyhow::Context;

use super::print;
use crate::config::Loaded;

/// Prints what is in force.
///
/// # Errors
/// When it cannot be represented.
pub(crate) fn run(loaded: &Loaded, json: bool) -> anyhow::Result<ExitCode> {
    print::line(service::config::render(loaded, json).context("failed to show the configuration")?);
    Ok(ExitCode::SUCCESS)
}
