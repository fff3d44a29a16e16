//! Bytes that come with turns: kept by their content.

use async_trait::async_trait;

use crate::ids::BlobId;
use crate::ports::PortResult;

/// Bytes by the digest of their content.
#[async_trait]
pub trait Attachments: Send + Sync {
    /// Keeps `bytes`; durable when it returns. Keeping the same bytes again changes nothing.
    async fn keep(&self, bytes: Vec<u8>) -> PortResult<BlobId>;

    /// The bytes called `id`, checked against their digest.
    async fn fetch(&self, id: &BlobId) -> PortResult<Vec<u8>>;

    /// Erases the bytes called `id` for good; that they are gone already is no error. Only for bytes that belong to one thing
    /// alone, such as a recording: what two turns hold is kept once.
    async fn forget(&self, id: &BlobId) -> PortResult<()>;
}
