//! The ports: what the domain needs from the outside, as traits that other crates implement.

pub mod accounts;
pub mod articles;
pub mod assistant;
pub mod attachments;
pub mod call_backs;
pub mod calls;
pub mod cases;
pub mod cluster;
pub mod conversations;
pub mod feed;
pub mod live_calls;
pub mod live_speech;
pub mod outgoing;
pub mod presence;
pub mod speech;
pub mod time;

/// Why a port could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// What was asked for is not there.
    #[error("{what} is not there")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
    },
    /// Somebody else changed it first: load it again and decide again.
    #[error("{what} was changed by somebody else meanwhile")]
    Conflict {
        /// What kind of thing.
        what: &'static str,
    },
    /// The request breaks a rule of the domain.
    #[error("{0}")]
    Refused(String),
    /// The database or another part cannot answer now; the same call may succeed later, and repeating it is harmless.
    #[error("{what} cannot be reached now")]
    Unavailable {
        /// What cannot be reached.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Stored data cannot be read back.
    #[error("{what} is damaged")]
    Damaged {
        /// What is damaged.
        what: &'static str,
        /// How.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What a port answers.
pub type PortResult<T> = Result<T, PortError>;
