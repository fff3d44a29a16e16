//! Shows the configuration in force.

use std::fmt::Write;

use serde::Serialize;
use serde_json::{Value, json};

use super::Loaded;

/// Every key with its value and origin, one a line, or one JSON object.
///
/// # Errors
/// When a value cannot be represented, which would be a defect of a section's type.
pub fn render<C: Serialize>(loaded: &Loaded<C>, as_json: bool) -> serde_json::Result<String> {
    let mut rows = Vec::new();
    flatten("", &serde_json::to_value(&loaded.config)?, &mut rows);
    if as_json {
        let keys: serde_json::Map<String, Value> = rows
            .into_iter()
            .map(|(key, value)| {
                let origin = loaded.origin(&key);
                (key, json!({ "value": value, "origin": origin }))
            })
            .collect();
        return serde_json::to_string_pretty(&keys);
    }
    let width = rows.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (key, value) in rows {
        let origin = loaded.origin(&key);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{key:<width$}  {value}  # {origin}");
    }
    Ok(text.trim_end().to_owned())
}

fn flatten(prefix: &str, value: &Value, rows: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&key, value, rows);
            }
        }
        other => rows.push((prefix.to_owned(), other.clone())),
    }
}
