//! The operator's file laid over the built-in table.

use std::collections::BTreeMap;

use toml::Value;

use super::PolicyError;

/// Marks a row that the operator changed; no key of a file can collide with it by accident.
const CHANGED: &str = "#changed";

/// The table with its XID rows told apart by number.
pub(super) struct Table {
    pub(super) rest: toml::Table,
    pub(super) xids: BTreeMap<u32, toml::Table>,
}

/// The built-in table.
pub(super) fn built_in(text: &str) -> Result<Table, PolicyError> {
    let whole: toml::Table = text.parse().map_err(|error| PolicyError::BuiltIn(Box::new(error)))?;
    let (rest, rows) = taken_apart(whole)?;
    Ok(Table { rest, xids: rows })
}

/// `table` with the changes in `text`.
pub(super) fn changed(mut table: Table, text: &str) -> Result<Table, PolicyError> {
    let whole: toml::Table = text.parse().map_err(|error| PolicyError::Overrides(Box::new(error)))?;
    let (rest, rows) = taken_apart(whole)?;
    for (key, value) in rest {
        match (key.as_str(), value) {
            ("rules", Value::Table(rules)) => {
                let known = table.rest.entry("rules").or_insert_with(|| Value::Table(toml::Table::new()));
                for (name, mut rule) in rules {
                    mark(&mut rule);
                    lay_over(known, Value::Table([(name, rule)].into_iter().collect()));
                }
            }
            ("unlisted-xid", mut row) => {
                mark(&mut row);
                lay_over_key(&mut table.rest, key, row);
            }
            (_, value) => lay_over_key(&mut table.rest, key, value),
        }
    }
    for (code, row) in rows {
        let mut row = Value::Table(row);
        if table.xids.contains_key(&code) {
            mark(&mut row);
        }
        let mut known = Value::Table(table.xids.remove(&code).unwrap_or_default());
        lay_over(&mut known, row);
        if let Value::Table(known) = known {
            table.xids.insert(code, known);
        }
    }
    Ok(table)
}

fn taken_apart(mut whole: toml::Table) -> Result<(toml::Table, BTreeMap<u32, toml::Table>), PolicyError> {
    let mut rows = BTreeMap::new();
    let listed = match whole.remove("xid") {
        Some(Value::Array(listed)) => listed,
        Some(_) => return Err(PolicyError::NoCodes { row: 1 }),
        None => Vec::new(),
    };
    for (place, row) in listed.into_iter().enumerate() {
        let no_codes = || PolicyError::NoCodes { row: place + 1 };
        let Value::Table(mut row) = row else { return Err(no_codes()) };
        let Some(Value::Array(codes)) = row.remove("codes") else { return Err(no_codes()) };
        for code in codes {
            let code = code.as_integer().and_then(|code| u32::try_from(code).ok()).ok_or_else(no_codes)?;
            if rows.insert(code, row.clone()).is_some() {
                return Err(PolicyError::Twice { code });
            }
        }
    }
    Ok((whole, rows))
}

/// Notes the change, unless the operator names his own source for it.
fn mark(row: &mut Value) {
    if let Value::Table(row) = row
        && !row.contains_key("source")
    {
        row.insert(CHANGED.to_owned(), Value::Boolean(true));
    }
}

fn lay_over_key(table: &mut toml::Table, key: String, value: Value) {
    match table.get_mut(&key) {
        Some(below) => lay_over(below, value),
        None => {
            table.insert(key, value);
        }
    }
}

fn lay_over(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Table(below), Value::Table(above)) => {
            for (key, value) in above {
                lay_over_key(below, key, value);
            }
        }
        (below, above) => *below = above,
    }
}
