//! `appliance openapi`: the description of the public API.

use std::process::ExitCode;

use super::print;

/// Prints it as JSON.
///
/// # Errors
/// When it cannot be represented.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    print::json(&chat::openapi())?;
    Ok(ExitCode::SUCCESS)
}
