//! Why bytes could not be kept or fetched, and what of it the domain sees.

use std::io;
use std::time::Duration;

use camino::Utf8PathBuf;
use desk::ports::PortError;

/// Why bytes could not be kept or fetched.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The limit is not usable.
    #[error("`max_bytes` must be between 1 and {most}")]
    Limit {
        /// The most that it may be.
        most: u64,
    },
    /// The address of the S3 store is not one.
    #[error("`{endpoint}` is not the address of an S3 store: {why}")]
    Endpoint {
        /// What is configured.
        endpoint: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The prefix cannot stand in an object's name.
    #[error("`{prefix}` cannot begin the names of objects")]
    Prefix {
        /// What is configured.
        prefix: String,
        /// Why.
        #[source]
        source: object_store::path::Error,
    },
    /// A key or certificate cannot be read.
    #[error("failed to read the credential `{path}`")]
    ReadCredential {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file that should hold a key is empty.
    #[error("the credential `{0}` is empty")]
    EmptyCredential(Utf8PathBuf),
    /// A file that should hold certificates does not.
    #[error("`{path}` holds no certificate in PEM")]
    Certificate {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: Option<object_store::Error>,
    },
    /// The client of the S3 store cannot be made.
    #[error("failed to prepare the client of the S3 store")]
    Client(#[source] object_store::Error),
    /// The store was filled under another master key.
    #[error(
        "the master key is not the one that {place} was filled under: restore that key, or point to an empty place \
         (`key.check` there does not open)"
    )]
    WrongKey {
        /// The folder or bucket.
        place: String,
    },
    /// A folder cannot be made.
    #[error("failed to create the folder `{path}`")]
    CreateFolder {
        /// The folder.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A folder cannot be listed.
    #[error("failed to list the folder `{path}`")]
    ListFolder {
        /// The folder.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file cannot be written or made durable.
    #[error("failed to write `{path}`")]
    WriteFile {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("failed to read `{path}`")]
    ReadFile {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file cannot be removed.
    #[error("failed to remove `{path}`")]
    RemoveFile {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The S3 store did not take an object.
    #[error("the S3 store did not take an object")]
    Put(#[source] object_store::Error),
    /// The S3 store did not give an object.
    #[error("the S3 store did not give an object")]
    Get(#[source] object_store::Error),
    /// The S3 store did not delete an object.
    #[error("the S3 store did not delete an object")]
    Delete(#[source] object_store::Error),
    /// The bucket does not exist.
    #[error("the S3 store has no bucket `{0}`")]
    NoBucket(String),
    /// The S3 store took too long.
    #[error("the S3 store did not answer within {} s", .0.as_secs())]
    Overdue(Duration),
    /// The process is ending.
    #[error("the work was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
    /// The bytes are more than may be kept.
    #[error("the file has {bytes} bytes; at most {limit} can be kept")]
    TooLarge {
        /// How many there are.
        bytes: u64,
        /// How many may be.
        limit: u64,
    },
    /// The store does not have them.
    #[error("the bytes are not there")]
    Missing,
    /// They are not what was written.
    #[error("the stored bytes are not what was written")]
    Damaged(#[source] Damage),
}

/// What is wrong with a stored object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It does not begin as ours do.
    #[error("it does not begin as an object of ours")]
    Foreign,
    /// A later release wrote it.
    #[error("its format {0} is not known to this release")]
    Format(u8),
    /// A chunk does not pass its check.
    #[error("chunk {0} was changed or cut off, or was sealed under another key")]
    Chunk(u32),
    /// The content is another one.
    #[error("its content is not the one that its name says")]
    Digest,
}

impl From<BlobError> for PortError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::TooLarge { .. } => Self::Refused(error.to_string()),
            BlobError::Missing => Self::NotFound { what: "the attachment" },
            BlobError::Damaged(_) => Self::Damaged { what: "the attachment", source: Box::new(error) },
            error => Self::Unavailable { what: "the store of attachments", source: Box::new(error) },
        }
    }
}
