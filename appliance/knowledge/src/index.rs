//! The index: tantivy on disk or in memory, read through immutable snapshots.

use std::sync::Arc;

use camino::Utf8Path;
use desk::article::{Article, ArticleId};
use desk::guide::{Guide, GuideId};
use desk::language::Language;

use crate::contents::{Change, Contents};
use crate::embedding::Embedder;
use crate::search::{Found, Query};

/// Why the index does not answer.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// x
    #[error("failed to open")]
    Open,
}

/// x
#[derive(Clone)]
pub struct KnowledgeIndex;
/// x
pub struct Snapshot;

#[allow(missing_docs, clippy::missing_errors_doc)]
impl KnowledgeIndex {
    pub fn in_memory() -> Result<Self, IndexError> { todo!() }
    pub fn open(_folder: &Utf8Path) -> Result<Self, IndexError> { todo!() }
    pub fn position(&self) -> u64 { todo!() }
    pub fn fill(&self, _contents: &Contents, _position: u64) -> Result<(), IndexError> { todo!() }
    pub fn apply(&self, _changes: &[Change], _position: u64) -> Result<(), IndexError> { todo!() }
    pub fn snapshot(&self) -> Arc<Snapshot> { todo!() }
    pub fn search(&self, _query: &Query) -> Result<Found, IndexError> { todo!() }
}

#[allow(missing_docs, clippy::missing_errors_doc)]
impl Snapshot {
    pub fn search(&self, _query: &Query) -> Result<Found, IndexError> { todo!() }
    pub async fn search_with(&self, _query: &Query, _embedder: &dyn Embedder) -> Result<Found, IndexError> { todo!() }
    pub fn article(&self, _id: &ArticleId, _language: Language) -> Result<Option<Arc<Article>>, IndexError> { todo!() }
    pub fn guide(&self, _id: &GuideId) -> Option<Arc<Guide>> { todo!() }
    pub fn guides(&self) -> impl Iterator<Item = &Arc<Guide>> { [].iter() }
    pub fn position(&self) -> u64 { todo!() }
}
