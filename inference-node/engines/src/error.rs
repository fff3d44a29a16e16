//! What goes wrong in an engine, in terms that a caller can act on.

use serde::{Deserialize, Serialize};

/// Why an engine did not do what it was asked. It crosses the socket between a worker and its node, so causes are text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum EngineError {
    /// The model cannot do this kind of work.
    #[error("this model cannot {0}")]
    Unsupported(String),
    /// The request is wrong.
    #[error("{message}")]
    Request {
        /// The parameter at fault, in the API's terms.
        parameter: String,
        /// What is wrong with it, and how to mend it.
        message: String,
    },
    /// The model's files cannot be used.
    #[error("failed to load the model: {0}")]
    Load(String),
    /// There is not enough memory for the model or the request.
    #[error("out of memory: {0}")]
    OutOfMemory(String),
    /// Whoever asked has left.
    #[error("the request was cancelled")]
    Cancelled,
    /// The computation failed.
    #[error("the engine failed: {0}")]
    Failed(String),
    /// The engine has as much to do as it takes.
    #[error("the engine is overloaded")]
    Overloaded {
        /// Milliseconds after which it may be asked again, where it says so.
        retry_after_ms: Option<u64>,
    },
    /// The process of the engine ended, or its server is out of reach.
    #[error("the engine was lost: {0}")]
    Lost(String),
}

impl EngineError {
    /// A wrong parameter.
    #[must_use]
    pub fn request(parameter: &str, message: impl Into<String>) -> Self {
        Self::Request { parameter: parameter.to_owned(), message: message.into() }
    }
}
