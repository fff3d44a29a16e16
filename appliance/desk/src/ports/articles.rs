//! The knowledge base, durable, with its versions.

use async_trait::async_trait;

use crate::article::{Article, ArticleId};
use crate::guide::{Guide, GuideId};
use crate::journal::Actor;
use crate::language::Language;
use crate::ports::PortResult;

/// Everything that the search index is built from, and the journal position that it is true of.
#[derive(Debug, Clone, Default)]
pub struct KnowledgeSnapshot {
    /// The current version of every article.
    pub articles: Vec<Article>,
    /// The current version of every guide.
    pub guides: Vec<Guide>,
    /// The institution's list of synonyms, as TOML; empty: none of its own.
    pub synonyms: String,
    /// The institution's list of subjects that are not answered, as TOML; empty: none of its own.
    pub outside: String,
    /// The journal position.
    pub position: u64,
}

/// The knowledge base.
#[async_trait]
pub trait Articles: Send + Sync {
    /// Writes `article` as its next version if its stored version is still `article.version`, or as version 1 if there is
    /// none. An unchanged article is not written again.
    ///
    /// # Errors
    /// `Conflict` when somebody was faster; `Refused` when its state may not follow the stored one.
    async fn save(&self, article: Article, actor: Actor) -> PortResult<Article>;

    /// Writes many at once, as an import does: each as its next version whatever is stored, in few transactions.
    /// Returns how many were changed.
    async fn import(&self, articles: Vec<Article>, guides: Vec<Guide>, actor: Actor) -> PortResult<u64>;

    /// The current version of an article.
    async fn article(&self, id: &ArticleId, language: Language) -> PortResult<Article>;

    /// Every version of an article, oldest first.
    async fn versions(&self, id: &ArticleId, language: Language) -> PortResult<Vec<Article>>;

    /// Writes `guide` whole.
    async fn save_guide(&self, guide: Guide, actor: Actor) -> PortResult<Guide>;

    /// The guide called `id`.
    async fn guide(&self, id: &GuideId) -> PortResult<Guide>;

    /// Replaces the institution's list of synonyms (TOML).
    async fn save_synonyms(&self, synonyms: String, actor: Actor) -> PortResult<()>;

    /// Replaces the institution's list of subjects that are not answered (TOML).
    async fn save_outside(&self, outside: String, actor: Actor) -> PortResult<()>;

    /// Everything, for the index and the export.
    async fn snapshot(&self) -> PortResult<KnowledgeSnapshot>;

    /// What changed after journal position `after`: the current version of each article and guide named there.
    async fn changes_after(&self, after: u64) -> PortResult<KnowledgeSnapshot>;
}
