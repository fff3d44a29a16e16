//! Why the database could not do something, and what of it the domain sees.

use camino::Utf8PathBuf;
use desk::ports::PortError;

/// Why the database could not be opened, asked or changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The configuration contradicts itself.
    #[error("the database's configuration is wrong: {0}")]
    Config(String),
    /// A folder or file of the database cannot be prepared.
    #[error("failed to prepare `{path}`")]
    Prepare {
        /// The folder or file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A secret cannot be read.
    #[error("failed to read the secret `{path}`")]
    Secret {
        /// Its file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The node does not start.
    #[error("failed to start the database node")]
    Start(#[source] hiqlite::Error),
    /// The schema cannot be brought up to date.
    #[error("failed to migrate the database")]
    Migrate(#[source] hiqlite::Error),
    /// Nobody leads within the given time.
    #[error("the database had no leader within {0:?}")]
    NotReady(std::time::Duration),
    /// The node does not stop in order.
    #[error("failed to stop the database node")]
    Stop(#[source] hiqlite::Error),
    /// A question was not answered.
    #[error("failed to read from the database")]
    Read(#[source] hiqlite::Error),
    /// A stored value cannot be understood.
    #[error("the column `{column}` cannot be read back")]
    Decode {
        /// The column.
        column: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A value cannot be written as text.
    #[error("failed to encode {what}")]
    Encode {
        /// What.
        what: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Something that the transaction relied on had changed: nothing was written.
    #[error("{0} was changed meanwhile")]
    Lost(&'static str),
    /// A value that must be unique is there already: nothing was written.
    #[error("a value of `{0}` is there already")]
    Clash(String),
    /// The transaction is larger than an entry of the log may be: nothing was written.
    #[error("a transaction of {bytes} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Nobody acknowledged the transaction in time; it may still have been applied.
    #[error("the database did not acknowledge the write")]
    Unacknowledged(#[source] hiqlite::Error),
    /// The database refused a statement.
    #[error("the database refused the write")]
    Write(#[source] hiqlite::Error),
    /// The database file cannot be read directly.
    #[error("failed to read `{path}`")]
    File {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: hiqlite::rusqlite::Error,
    },
}

/// What the store answers.
pub(crate) type StoreResult<T> = Result<T, StoreError>;

impl From<StoreError> for PortError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Lost(what) => Self::Conflict { what },
            StoreError::Clash(column) if column == "cases.reference" => Self::Conflict { what: "reference" },
            StoreError::Clash(_) => Self::Conflict { what: "record" },
            StoreError::TooLarge { .. } => Self::Refused(error.to_string()),
            StoreError::Decode { .. } | StoreError::Encode { .. } => {
                Self::Damaged { what: "a stored record", source: Box::new(error) }
            }
            error => Self::Unavailable { what: "the database", source: Box::new(error) },
        }
    }
}
