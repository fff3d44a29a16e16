//! Verification of the journal's chain, on the running database or on a copy of it.

use camino::Utf8Path;
use hiqlite::rusqlite::{Connection, Error, OpenFlags, OptionalExtension, Row};
use serde::{Deserialize, Serialize};

use super::seal::{GENESIS, MAX_ROWS, digest_rows};
use crate::error::StoreError;
use crate::store::Store;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Rows in the journal.
    pub rows: u64,
    /// Seals in the chain.
    pub seals: u64,
    /// Up to which row the journal is sealed.
    pub sealed_through: u64,
    /// Rows after that: not yet protected.
    pub unsealed: u64,
    /// The digest of the last seal, in hexadecimal: note it elsewhere, and a chain that was made anew from the start is
    /// found out too.
    pub head: String,
    /// The first place where the chain does not hold.
    pub broken: Option<Broken>,
}

/// A place where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Broken {
    /// A row is missing.
    MissingRow {
        /// Its number.
        seq: u64,
    },
    /// A row between these was changed, or the seal was.
    ChangedRows {
        /// The first row under the seal.
        first: u64,
        /// The last row under the seal.
        last: u64,
    },
    /// A seal does not continue the one before it.
    BrokenSeal {
        /// Its number.
        number: u64,
    },
}

impl std::fmt::Display for Broken {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::MissingRow { seq } => write!(formatter, "row {seq} is missing"),
            Self::ChangedRows { first, last } => {
                write!(formatter, "a row from {first} to {last}, or their seal, was changed")
            }
            Self::BrokenSeal { number } => write!(formatter, "seal {number} does not continue the one before it"),
        }
    }
}

/// A seal as stored.
pub(super) struct Seal {
    pub(super) number: u64,
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) previous: [u8; 32],
    pub(super) digest: [u8; 32],
}

impl Store {
    /// Verifies the journal of the running database.
    ///
    /// # Errors
    /// [`StoreError::File`] when it cannot be read.
    pub async fn verify_journal(&self) -> Result<Verification, StoreError> {
        let file = self.config().database_file();
        match tokio::task::spawn_blocking(move || verify_journal_file(&file)).await {
            Ok(verification) => verification,
            Err(_) => Err(StoreError::Lost("the verification")),
        }
    }
}

/// Verifies the journal in a copy of the database file.
///
/// # Errors
/// [`StoreError::File`] when it cannot be read or is no such database.
pub fn verify_journal_file(path: &Utf8Path) -> Result<Verification, StoreError> {
    let connection = open_readonly(path)?;
    verify(&connection).map_err(|source| StoreError::File { path: path.to_owned(), source })
}

/// Opens a database file without changing it. A copy in a folder that cannot be written to has no place for SQLite's
/// shared memory; it is opened as immutable.
pub(super) fn open_readonly(path: &Utf8Path) -> Result<Connection, StoreError> {
    let fail = |source| StoreError::File { path: path.to_owned(), source };
    let readable = |connection: &Connection| connection.query_row("SELECT COUNT(*) FROM sqlite_master", [], |_| Ok(()));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fail)?;
    connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(fail)?;
    if readable(&connection).is_ok() {
        return Ok(connection);
    }
    let escaped = path.as_str().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let connection =
        Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags | OpenFlags::SQLITE_OPEN_URI)
            .map_err(fail)?;
    readable(&connection).map_err(fail)?;
    Ok(connection)
}

pub(super) fn last_seal(connection: &Connection) -> Result<Option<Seal>, Error> {
    connection
        .query_row("SELECT number, first, last, previous, digest FROM seals ORDER BY number DESC LIMIT 1", [], seal)
        .optional()
}

fn seal(row: &Row<'_>) -> Result<Seal, Error> {
    Ok(Seal {
        number: unsigned(row, 0)?,
        first: unsigned(row, 1)?,
        last: unsigned(row, 2)?,
        previous: row.get(3)?,
        digest: row.get(4)?,
    })
}

/// A count or number; none in these tables is negative, and one made so cannot fit the chain.
fn unsigned(row: &Row<'_>, column: usize) -> Result<u64, Error> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(u64::MAX))
}

fn verify(connection: &Connection) -> Result<Verification, Error> {
    // One snapshot for everything that follows, also while the database is being written to.
    connection.execute_batch("BEGIN")?;
    let (rows, newest): (u64, u64) =
        connection.query_row("SELECT COUNT(*), COALESCE(MAX(seq), 0) FROM journal", [], |row| {
            Ok((unsigned(row, 0)?, unsigned(row, 1)?))
        })?;
    let mut result = Verification { rows, seals: 0, sealed_through: 0, unsealed: 0, head: String::new(), broken: None };
    let mut head = GENESIS;
    let mut statement =
        connection.prepare("SELECT number, first, last, previous, digest FROM seals ORDER BY number")?;
    let mut seals = statement.query([])?;
    while let Some(row) = seals.next()? {
        let seal = seal(row)?;
        let continues = seal.number == result.seals + 1
            && seal.first == result.sealed_through.saturating_add(1)
            && seal.previous == head;
        result.seals += 1;
        if result.broken.is_none() {
            if !continues || seal.last < seal.first || seal.last - seal.first >= MAX_ROWS {
                result.broken = Some(Broken::BrokenSeal { number: seal.number });
            } else {
                let batch = digest_rows(connection, head, seal.first, seal.last)?;
                if let Some(seq) = batch.gap {
                    result.broken = Some(Broken::MissingRow { seq });
                } else if batch.last != seal.last {
                    result.broken = Some(Broken::MissingRow { seq: batch.last + 1 });
                } else if batch.digest != seal.digest {
                    result.broken = Some(Broken::ChangedRows { first: seal.first, last: seal.last });
                }
            }
        }
        head = seal.digest;
        result.sealed_through = seal.last;
    }
    let sealed_through = i64::try_from(result.sealed_through).unwrap_or(i64::MAX);
    result.unsealed = connection
        .query_row("SELECT COUNT(*) FROM journal WHERE seq > ?1", [sealed_through], |row| unsigned(row, 0))?;
    if result.broken.is_none() && result.unsealed != newest.saturating_sub(result.sealed_through) {
        let batch = digest_rows(connection, head, result.sealed_through + 1, newest)?;
        result.broken = batch.gap.map(|seq| Broken::MissingRow { seq });
    }
    result.head = crate::secrets::to_hex(&head);
    connection.execute_batch("COMMIT")?;
    Ok(result)
}
