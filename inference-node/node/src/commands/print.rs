//! What the command line prints.

use anyhow::Context;
use serde::Serialize;

/// One line, or several.
#[expect(clippy::print_stdout, reason = "what the person at the terminal asked for")]
pub(super) fn line(text: impl std::fmt::Display) {
    println!("{text}");
}

/// Data as JSON.
///
/// # Errors
/// When it cannot be represented.
pub(super) fn json<T: Serialize>(value: &T) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value).context("failed to write JSON")?);
    Ok(())
}

/// A table that fits the terminal.
pub(super) fn table<R: Into<comfy_table::Row>>(header: &[&str], rows: impl IntoIterator<Item = R>) {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header(header.to_vec()).add_rows(rows);
    line(table);
}
