//! Keeps this server's search index true to the knowledge base: filled at start, then brought up to date as the journal
//! tells of changes. Answers come from the old index meanwhile.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use desk::journal::{Actor, Event};
use desk::ports::articles::{Articles, KnowledgeSnapshot};
use desk::ports::feed::{Feed, FeedItem};
use futures::StreamExt;
use knowledge::{Change, Contents, IndexError, KnowledgeIndex, Outside, Synonyms};
use tokio_util::sync::CancellationToken;

use super::wiring::Wired;

/// Looks at the knowledge base at least so often, even when no row of the journal was seen.
const AT_LEAST: Duration = Duration::from_secs(30);

/// Keeps one index.
pub(super) struct IndexKeeper {
    index: KnowledgeIndex,
    articles: Arc<dyn Articles>,
    feed: Arc<dyn Feed>,
}

impl IndexKeeper {
    /// The keeper of the index that answers.
    pub(super) fn new(wired: &Wired) -> Self {
        Self { index: wired.index.clone(), articles: wired.articles(), feed: wired.feed() }
    }

    /// Follows the journal until `stop`.
    ///
    /// # Errors
    /// Never for a passing failure: the next change or the next look brings the index up to date.
    pub(super) async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let mut changes = self.feed.follow();
        loop {
            let due = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(AT_LEAST) => true,
                item = changes.next() => match item {
                    None => return Ok(()),
                    Some(FeedItem::Lagged) => true,
                    Some(FeedItem::Entry(entry)) => concerns_knowledge(entry.entry.event),
                },
            };
            if due && let Err(error) = self.catch_up().await {
                tracing::warn!(error = format!("{error:#}"), "the search index could not be brought up to date yet");
            }
        }
    }

    /// Brings the index up to date.
    async fn catch_up(&self) -> anyhow::Result<()> {
        let changed = self.articles.changes_after(self.index.position()).await?;
        if changed.position <= self.index.position() {
            return Ok(());
        }
        let position = changed.position;
        let changes = changes(changed)?;
        write(&self.index, move |index| index.apply(&changes, position)).await?;
        tracing::debug!(position, "the search index is up to date");
        Ok(())
    }
}

fn concerns_knowledge(event: Event) -> bool {
    matches!(
        event,
        Event::ArticleChanged | Event::GuideChanged | Event::SynonymsChanged | Event::OutsideChanged | Event::Restored
    )
}

fn changes(changed: KnowledgeSnapshot) -> anyhow::Result<Vec<Change>> {
    let mut changes = Vec::new();
    if !changed.synonyms.is_empty() {
        changes.push(Change::Synonyms(synonyms(&changed.synonyms)?));
    }
    if !changed.outside.is_empty() {
        changes.push(Change::Outside(outside(&changed.outside)?));
    }
    changes.extend(changed.articles.into_iter().map(|article| Change::Article(Box::new(article))));
    changes.extend(changed.guides.into_iter().map(|guide| Change::Guide(Box::new(guide))));
    Ok(changes)
}

/// The institution's synonyms; its own list, once there is one, replaces the starter pack's.
fn synonyms(text: &str) -> anyhow::Result<Synonyms> {
    Synonyms::from_toml(text).context("the stored list of synonyms cannot be read")
}

/// The institution's list of subjects that are not answered; its own list replaces the starter pack's likewise.
fn outside(text: &str) -> anyhow::Result<Outside> {
    Outside::from_toml(text).context("the stored list of outside subjects cannot be read")
}

/// Fills an empty knowledge base with the starter pack, and the index with the knowledge base, so that the first citizen is
/// answered.
///
/// # Errors
/// When the knowledge base cannot be read or the index cannot be written.
pub(super) async fn prepare(index: &KnowledgeIndex, articles: &dyn Articles, starter_pack: bool) -> anyhow::Result<()> {
    if index.position() > 0 {
        let changed = articles.changes_after(index.position()).await.context("failed to read the knowledge base")?;
        // An index that is ahead of the journal belongs to another database: a backup was restored.
        if changed.position >= index.position() {
            let position = changed.position;
            let changes = changes(changed)?;
            return write(index, move |index| index.apply(&changes, position)).await;
        }
    }
    let mut stored = articles.snapshot().await.context("failed to read the knowledge base")?;
    if stored.articles.is_empty() && starter_pack {
        let Contents { articles: pack, guides, .. } = knowledge::starter().contents.clone();
        tracing::info!(
            articles = pack.len(),
            guides = guides.len(),
            "filling the empty knowledge base with the starter pack"
        );
        articles.import(pack, guides, Actor::System).await.context("failed to store the starter pack")?;
        stored = articles.snapshot().await.context("failed to read the knowledge base")?;
    }
    let position = stored.position;
    let synonyms = match stored.synonyms.as_str() {
        "" => knowledge::starter().contents.synonyms.clone(),
        text => synonyms(text)?,
    };
    let outside = match stored.outside.as_str() {
        "" if starter_pack => knowledge::starter().contents.outside.clone(),
        text => outside(text)?,
    };
    let contents = Contents { articles: stored.articles, guides: stored.guides, synonyms, outside };
    write(index, move |index| index.fill(&contents, position)).await
}

/// Writes the index on a thread that may block.
async fn write<F>(index: &KnowledgeIndex, work: F) -> anyhow::Result<()>
where
    F: FnOnce(&KnowledgeIndex) -> Result<(), IndexError> + Send + 'static,
{
    let index = index.clone();
    tokio::task::spawn_blocking(move || work(&index))
        .await
        .context("the indexer panicked")?
        .context("failed to write the search index")
}
