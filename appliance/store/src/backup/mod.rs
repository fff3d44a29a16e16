//! Backup and restore: everything that the appliance knows in one encrypted file, made while it runs.
//!
//! The database is copied by SQLite itself from one read transaction, so the copy is one moment of it and writers need not
//! wait; the attachments that this copy names are fetched after it. hiqlite's own backup was not taken: it stops all writes
//! while it works and leaves a readable copy beside the database.

mod archive;
mod copy;
mod key;
mod make;
mod restore;
mod sealed;

use camino::Utf8PathBuf;
use desk::ids::BlobId;
use desk::ports::PortError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use key::BackupKey;
pub use restore::{restore, verify};

use crate::error::StoreError;

/// What a backup says of itself, before everything else in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// When the copy was taken.
    pub created_at: Timestamp,
    /// The program's version.
    pub program: String,
    /// The newest migration in it.
    pub schema: u64,
    /// The newest row of the journal in it.
    pub position: u64,
    /// Bytes of the database.
    pub database_bytes: u64,
    /// Attachments that it names.
    pub attachments: u64,
    /// How many rows the important tables have.
    pub rows: Vec<(String, u64)>,
}

/// What a backup or a restore did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// Attachments in it.
    pub attachments: u64,
    /// Attachments that the database names but the store did not have when the backup was made.
    pub missing: Vec<BlobId>,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The database is being copied or checked; nobody knows how far.
    Database,
    /// Bytes of the database packed or unpacked.
    DatabaseBytes {
        /// So many are done.
        done: u64,
        /// Of so many.
        total: u64,
    },
    /// Attachments packed or unpacked.
    Attachments {
        /// So many are done.
        done: u64,
        /// Of so many.
        total: u64,
    },
}

/// Hears how far it has come.
pub type OnProgress<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// Why a backup could not be made, checked or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The key cannot be read or made.
    #[error("failed to read the key `{path}`")]
    Key {
        /// Its file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The key is too short to be one.
    #[error("the key `{0}` has less than 32 bytes")]
    ShortKey(Utf8PathBuf),
    /// The database cannot be copied or checked.
    #[error("failed to copy or check the database `{path}`")]
    Database {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: hiqlite::rusqlite::Error,
    },
    /// SQLite found the database in the backup damaged.
    #[error("the database in the backup is damaged: {0}")]
    DamagedDatabase(String),
    /// A file cannot be written.
    #[error("failed to write `{path}`")]
    Write {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be read.
    #[error("failed to read `{path}`")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is no backup, or one of a later format.
    #[error("`{0}` is no backup that this version can read")]
    Format(Utf8PathBuf),
    /// The key does not fit, or the file was changed or cut off.
    #[error("`{0}` does not open: wrong key, changed or incomplete")]
    Sealed(Utf8PathBuf),
    /// An attachment cannot be fetched or kept.
    #[error("failed to carry the attachment `{}`", id.0)]
    Attachment {
        /// Which.
        id: BlobId,
        /// Why.
        #[source]
        source: PortError,
    },
    /// The target is in use.
    #[error("`{0}` is not empty; a backup is restored into an empty folder")]
    NotEmpty(Utf8PathBuf),
    /// The journal cannot be told of it.
    #[error("failed to note the backup in the journal")]
    Journal(#[source] StoreError),
    /// The work was interrupted.
    #[error("the work was interrupted")]
    Interrupted,
}
