//! How sub-commands print. A reader who closes the pipe early (`| head`) ends the program quietly.

use std::io::Write;

use anyhow::Context;
use comfy_table::{Table, presets};
use serde::Serialize;

/// A line of text.
pub(super) fn line(text: impl std::fmt::Display) {
    if writeln!(std::io::stdout().lock(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// One JSON value.
///
/// # Errors
/// When it cannot be represented.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value).context("failed to write JSON")?);
    Ok(())
}

/// A table without rules, its columns aligned.
pub(super) fn table<R: Into<comfy_table::Row>>(header: &[&str], rows: impl IntoIterator<Item = R>) {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header.to_vec()).add_rows(rows);
    line(table);
}
