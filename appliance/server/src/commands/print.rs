//! How sub-commands print.
#![expect(clippy::print_stdout, reason = "printing is what a sub-command is asked for")]

use anyhow::Context;
use comfy_table::{Table, presets};
use serde::Serialize;

/// A line of text.
pub(super) fn line(text: impl std::fmt::Display) {
    println!("{text}");
}

/// One JSON value.
///
/// # Errors
/// When it cannot be represented.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value).context("failed to write JSON")?);
    Ok(())
}

/// A table without rules, its columns aligned.
pub(super) fn table<R: Into<comfy_table::Row>>(header: &[&str], rows: impl IntoIterator<Item = R>) {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header.to_vec()).add_rows(rows);
    println!("{table}");
}
