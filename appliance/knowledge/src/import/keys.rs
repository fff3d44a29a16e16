//! A key that nobody reads is a spelling mistake: it is refused with its name instead of being lost.

use toml::{Table, Value};

use super::Refusal;

/// Checks that `table` has no other keys than `known`; `place` is where it stands (`facts.`), empty at the top.
pub(super) fn check(table: &Table, place: &str, known: &[&str]) -> Result<(), Refusal> {
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(Refusal::UnknownKey { key: format!("{place}{key}") }),
        None => Ok(()),
    }
}

/// Checks the table, or each table of the array, under `key`; other values are left to the typed reader.
pub(super) fn check_under(table: &Table, place: &str, key: &str, known: &[&str]) -> Result<(), Refusal> {
    let place = format!("{place}{key}.");
    tables(table, key).try_for_each(|inner| check(inner, &place, known))
}

/// The table, or the tables of the array, under `key`.
pub(super) fn tables<'a>(table: &'a Table, key: &str) -> impl Iterator<Item = &'a Table> {
    let value = table.get(key);
    let several = value.and_then(Value::as_array).into_iter().flatten();
    value.into_iter().chain(several).filter_map(Value::as_table)
}
