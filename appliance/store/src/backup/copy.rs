//! A copy of the database at one moment, and what it holds.

use camino::Utf8Path;
use hiqlite::rusqlite::{Connection, Error, OpenFlags};
use jiff::Timestamp;

use super::{BackupError, Manifest};

/// The tables whose rows a manifest counts.
const COUNTED: [&str; 8] =
    ["conversations", "turns", "cases", "registry", "contacts", "articles", "operators", "journal"];

/// Copies the running database from `live` to `target`, without what belongs to this run alone: the node's place in its
/// log, sessions, marks of applied transactions. Returns what it holds.
pub(super) fn copy(live: &Utf8Path, target: &Utf8Path, now: Timestamp) -> Result<Manifest, BackupError> {
    let fail = |source| BackupError::Database { path: live.to_owned(), source };
    // Not read-only: SQLite then could not share the running database's memory in every case.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(live, flags).map_err(fail)?;
    connection.busy_timeout(std::time::Duration::from_secs(30)).map_err(fail)?;
    connection.execute("VACUUM INTO ?1", [target.as_str()]).map_err(fail)?;
    drop(connection);
    let copy = Connection::open(target).map_err(fail)?;
    copy.execute_batch("DELETE FROM _metadata; DELETE FROM sessions; DELETE FROM applied;").map_err(fail)?;
    manifest(&copy, target, now).map_err(fail)
}

fn manifest(copy: &Connection, target: &Utf8Path, now: Timestamp) -> Result<Manifest, Error> {
    let number = |sql: &str| copy.query_row(sql, [], |row| row.get::<_, i64>(0)).map(|number| number.unsigned_abs());
    let mut rows = Vec::new();
    for table in COUNTED {
        rows.push((table.to_owned(), number(&format!("SELECT COUNT(*) FROM {table}"))?));
    }
    Ok(Manifest {
        created_at: now,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        schema: number("SELECT COALESCE(MAX(id), 0) FROM _migrations")?,
        position: number("SELECT COALESCE(MAX(seq), 0) FROM journal")?,
        database_bytes: std::fs::metadata(target).map_or(0, |file| file.len()),
        attachments: number("SELECT COUNT(DISTINCT blob) FROM attachments")?,
        rows,
    })
}

/// The attachments that the copy names.
pub(super) fn attachments(copy: &Utf8Path) -> Result<Vec<String>, BackupError> {
    let names = || -> Result<Vec<String>, Error> {
        let connection = Connection::open(copy)?;
        let mut statement = connection.prepare("SELECT DISTINCT blob FROM attachments ORDER BY blob")?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    names().map_err(|source| BackupError::Database { path: copy.to_owned(), source })
}

/// Lets SQLite check every page of the copy.
pub(super) fn check(copy: &Utf8Path) -> Result<(), BackupError> {
    let verdict = || -> Result<String, Error> {
        Connection::open(copy)?.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
    };
    match verdict() {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(verdict) => Err(BackupError::DamagedDatabase(verdict)),
        Err(source) => Err(BackupError::Database { path: copy.to_owned(), source }),
    }
}
