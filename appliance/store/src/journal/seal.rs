//! Seals: batches of the journal chained by SHA-256. A declared transaction cannot compute the hash of the row before it,
//! so the rows are sealed shortly after, by whoever holds the sealer's lease.

use sha2::{Digest, Sha256};

use hiqlite::rusqlite::Connection;
use hiqlite::rusqlite::types::ValueRef;

use super::verify::{last_seal, open_readonly};
use crate::columns;
use crate::error::StoreError;
use crate::leases::Fence;
use crate::store::Store;
use crate::write::Write;

/// The digest before the first seal.
pub(super) const GENESIS: [u8; 32] = [0; 32];

/// Most rows that one seal covers.
pub(super) const MAX_ROWS: u64 = 10_000;

/// How long an applied transaction is remembered: far longer than any writer repeats it.
const REMEMBER_MILLIS: u64 = 60 * 60 * 1000;

/// What a call of [`Sealer::seal`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// Up to which row the journal is sealed now.
    pub through: u64,
    /// How many rows the new seal covers; 0 when there was nothing to seal.
    pub rows: u64,
}

/// Seals the journal; only the holder of its lease may.
#[derive(Debug, Clone)]
pub struct Sealer {
    store: Store,
}

impl Store {
    /// What seals the journal.
    #[must_use]
    pub fn sealer(&self) -> Sealer {
        Sealer { store: self.clone() }
    }
}

impl Sealer {
    /// Seals what is not sealed yet, at most ten thousand rows; call again while it returns rows.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when `fence` is no longer the lease's epoch or another seal was faster.
    pub async fn seal(&self, fence: &Fence) -> Result<Sealed, StoreError> {
        let file = self.store.config().database_file();
        let read = tokio::task::spawn_blocking(move || {
            let fail = |source| StoreError::File { path: file.clone(), source };
            let connection = open_readonly(&file)?;
            let before = last_seal(&connection).map_err(fail)?;
            let (number, through, previous) =
                before.map_or((0, 0, GENESIS), |seal| (seal.number, seal.last, seal.digest));
            let batch = digest_rows(&connection, previous, through + 1, through + MAX_ROWS).map_err(fail)?;
            Ok::<_, StoreError>((number, through, previous, batch))
        });
        let (number, through, previous, batch) = match read.await {
            Ok(read) => read?,
            Err(_) => return Err(StoreError::Lost("the sealer's reading")),
        };
        if batch.rows == 0 {
            return Ok(Sealed { through, rows: 0 });
        }
        let mut write = Write::new();
        fence.require(&mut write);
        write.run(
            "INSERT INTO seals (number, first, last, previous, digest, at, epoch) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            vec![
                columns::count(number + 1),
                columns::count(through + 1),
                columns::count(batch.last),
                previous.as_slice().into(),
                batch.digest.as_slice().into(),
                columns::time(self.store.now()),
                columns::count(fence.epoch()),
            ],
        );
        // UUIDv7 sort by time: everything below this one is older.
        let now = u64::try_from(self.store.now().as_millisecond()).unwrap_or(0);
        let oldest = uuid_at(now.saturating_sub(REMEMBER_MILLIS));
        write.run("DELETE FROM applied WHERE id < ?1", vec![oldest.into()]);
        match self.store.apply(write).await {
            Ok(()) => Ok(Sealed { through: batch.last, rows: batch.rows }),
            Err(StoreError::Clash(_)) => Err(StoreError::Lost("the last seal")),
            Err(error) => Err(error),
        }
    }
}

fn uuid_at(millis: u64) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(millis) << 80)
}

/// The digest of some rows on top of the digest before them.
pub(super) struct Batch {
    pub(super) rows: u64,
    pub(super) last: u64,
    pub(super) digest: [u8; 32],
    /// The first number that is missing, if any.
    pub(super) gap: Option<u64>,
}

const COLUMNS: &str = "seq, at, actor_kind, actor_id, event, conversation, case_id, subject, detail";

/// Chains the rows from `first` to `last` onto `previous`. Every field goes in with its type and length, so that no two
/// different rows read alike.
pub(super) fn digest_rows(
    connection: &Connection,
    previous: [u8; 32],
    first: u64,
    last: u64,
) -> Result<Batch, hiqlite::rusqlite::Error> {
    let mut hasher = Sha256::new();
    hasher.update(b"sfetnic journal seal 1\n");
    hasher.update(previous);
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM journal WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq"))?;
    let as_integer = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut rows = statement.query([as_integer(first), as_integer(last)])?;
    let mut batch = Batch { rows: 0, last: first.saturating_sub(1), digest: GENESIS, gap: None };
    while let Some(row) = rows.next()? {
        let seq = row.get_ref(0)?.as_i64()?;
        let seq = u64::try_from(seq).unwrap_or(0);
        if seq != batch.last + 1 && batch.gap.is_none() {
            batch.gap = Some(batch.last + 1);
        }
        for column in 0..9 {
            match row.get_ref(column)? {
                ValueRef::Null => hasher.update([0]),
                ValueRef::Integer(number) => {
                    hasher.update([1]);
                    hasher.update(number.to_be_bytes());
                }
                ValueRef::Real(number) => {
                    hasher.update([2]);
                    hasher.update(number.to_be_bytes());
                }
                ValueRef::Text(bytes) => field(&mut hasher, 3, bytes),
                ValueRef::Blob(bytes) => field(&mut hasher, 4, bytes),
            }
        }
        batch.rows += 1;
        batch.last = seq;
    }
    batch.digest = hasher.finalize().into();
    Ok(batch)
}

fn field(hasher: &mut Sha256, kind: u8, bytes: &[u8]) {
    hasher.update([kind]);
    hasher.update((bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}

/// The digest of a text under a salt, as the journal carries it: it proves what was said to whoever has both, and tells
/// nothing once they are erased.
pub(crate) fn salted_digest(salt: &[u8; 16], text: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(text.as_bytes());
    crate::secrets::to_hex(&hasher.finalize())
}
