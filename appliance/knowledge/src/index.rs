//! The index: tantivy on disk or in memory, read through immutable snapshots.
//!
//! On disk it is a cache: it can be thrown away and filled again from the store. One writer at a time; a reader holds a
//! snapshot and never waits, so that answers go on from the old one while a new one is made.

pub(crate) mod cache;
pub(crate) mod sample;
pub(crate) mod schema;
pub(crate) mod snapshot;
pub(crate) mod vocabulary;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use camino::{Utf8Path, Utf8PathBuf};
use desk::article::{Article, ArticleId, ArticleState};
use desk::guide::{Guide, GuideId};
use desk::language::Language;
use tantivy::{IndexReader, IndexWriter, ReloadPolicy};

use crate::contents::{Change, Contents};
use crate::search::{Found, Query};
use schema::{Fields, Record};
pub use snapshot::Snapshot;

/// Memory of the writer before it writes a segment.
const WRITER_BYTES: usize = 64 << 20;

/// Why the index does not take or answer.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The folder cannot be prepared.
    #[error("failed to prepare the index folder `{path}`")]
    Folder {
        /// The folder.
        path: Utf8PathBuf,
        /// What the file system said.
        #[source]
        source: std::io::Error,
    },
    /// The index cannot be opened or made.
    #[error("failed to open the index")]
    Open(#[source] tantivy::TantivyError),
    /// A change was not written; the index stands as before.
    #[error("failed to write the index")]
    Write(#[source] tantivy::TantivyError),
    /// A search or look-up failed.
    #[error("failed to read the index")]
    Read(#[source] tantivy::TantivyError),
    /// A dictionary of the index could not be read.
    #[error("failed to read the words of the index")]
    Words(#[source] std::io::Error),
    /// A stored record is not one.
    #[error("failed to decode a record of the index")]
    Record(#[source] serde_json::Error),
}

/// The index of what is published. Clones share it.
#[derive(Clone)]
pub struct KnowledgeIndex {
    shared: Arc<Shared>,
}

struct Shared {
    fields: Fields,
    reader: IndexReader,
    writer: Mutex<IndexWriter>,
    current: RwLock<Arc<Snapshot>>,
}

impl KnowledgeIndex {
    /// An empty index in memory.
    ///
    /// # Errors
    /// When tantivy cannot start its writer.
    pub fn in_memory() -> Result<Self, IndexError> {
        Self::start(&tantivy::Index::create_in_ram(schema::schema().0))
    }

    /// The index kept in `folder`. What an older release wrote there, or what is damaged, is thrown away: the position
    /// is then 0 and the caller fills it again.
    ///
    /// # Errors
    /// When the folder cannot be made or the index in it neither opened nor made anew.
    pub fn open(folder: &Utf8Path) -> Result<Self, IndexError> {
        let at = |source| IndexError::Folder { path: folder.to_owned(), source };
        let home = folder.join(schema::FORMAT);
        std::fs::create_dir_all(&home).map_err(at)?;
        for entry in std::fs::read_dir(folder).map_err(at)?.flatten() {
            if entry.file_name() != schema::FORMAT && entry.path().is_dir() {
                std::fs::remove_dir_all(entry.path()).map_err(at)?;
            }
        }
        let open = || -> Result<Self, IndexError> {
            let directory =
                tantivy::directory::MmapDirectory::open(&home).map_err(|source| IndexError::Open(source.into()))?;
            Self::start(&tantivy::Index::open_or_create(directory, schema::schema().0).map_err(IndexError::Open)?)
        };
        match open() {
            Err(IndexError::Open(error)) if !matches!(error, tantivy::TantivyError::LockFailure(..)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the index is damaged and made anew");
                std::fs::remove_dir_all(&home).map_err(at)?;
                std::fs::create_dir_all(&home).map_err(at)?;
                open()
            }
            result => result,
        }
    }

    fn start(index: &tantivy::Index) -> Result<Self, IndexError> {
        let fields = schema::schema().1;
        let position = index.load_metas().map_err(IndexError::Open)?.payload.and_then(|payload| payload.parse().ok());
        let writer = index.writer_with_num_threads(1, WRITER_BYTES).map_err(IndexError::Open)?;
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into().map_err(IndexError::Open)?;
        let snapshot = Snapshot::load(reader.searcher(), fields, position.unwrap_or(0))?;
        let shared = Shared { fields, reader, writer: Mutex::new(writer), current: RwLock::new(Arc::new(snapshot)) };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The journal position up to which changes are found; 0 when nothing was ever put in.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.snapshot().position()
    }

    /// Replaces everything by `contents`. Blocking.
    ///
    /// # Errors
    /// When it cannot be written; the old contents then stay.
    pub fn fill(&self, contents: &Contents, position: u64) -> Result<(), IndexError> {
        let mut writer = self.writer();
        let old = self.snapshot();
        let mut next = old.emptied(position);
        let written = (|| {
            writer.delete_all_documents()?;
            for article in contents.articles.iter().filter(|article| article.state == ArticleState::Published) {
                self.put_article(&writer, &mut next, article)?;
            }
            for guide in contents.guides.iter().filter(|guide| guide.state == ArticleState::Published) {
                self.put_guide(&writer, &mut next, guide)?;
            }
            next.set_synonyms(&contents.synonyms);
            next.set_outside(&contents.outside);
            writer.add_document(self.shared.fields.document(&Record::Outside(contents.outside.clone()))?)?;
            writer.add_document(self.shared.fields.document(&Record::Synonyms(contents.synonyms.clone()))?)?;
            self.commit(&mut writer, position)
        })();
        self.finish(&mut writer, next, written)
    }

    /// Applies `changes` in order. Blocking for some milliseconds; found as soon as it returns.
    ///
    /// # Errors
    /// When they cannot be written; none of them is then applied.
    pub fn apply(&self, changes: &[Change], position: u64) -> Result<(), IndexError> {
        let mut writer = self.writer();
        let mut next = self.snapshot().at(position);
        let written = (|| {
            for change in changes {
                match change {
                    Change::Article(article) => {
                        self.remove_article(&writer, &article.id, article.language);
                        if article.state == ArticleState::Published {
                            self.put_article(&writer, &mut next, article)?;
                        }
                    }
                    Change::RemoveArticle(id, language) => self.remove_article(&writer, id, *language),
                    Change::Guide(guide) => {
                        self.remove_guide(&writer, &mut next, &guide.id);
                        if guide.state == ArticleState::Published {
                            self.put_guide(&writer, &mut next, guide)?;
                        }
                    }
                    Change::RemoveGuide(id) => self.remove_guide(&writer, &mut next, id),
                    Change::Synonyms(synonyms) => {
                        writer.delete_term(self.shared.fields.key_term(&schema::synonyms_key()));
                        writer.add_document(self.shared.fields.document(&Record::Synonyms(synonyms.clone()))?)?;
                        next.set_synonyms(synonyms);
                    }
                    Change::Outside(outside) => {
                        writer.delete_term(self.shared.fields.key_term(&schema::outside_key()));
                        writer.add_document(self.shared.fields.document(&Record::Outside(outside.clone()))?)?;
                        next.set_outside(outside);
                    }
                }
            }
            self.commit(&mut writer, position)
        })();
        self.finish(&mut writer, next, written)
    }

    /// What is found now. Cheap; a search keeps its snapshot to its end.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.shared.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Searches what is found now. Blocking for some milliseconds.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn search(&self, query: &Query) -> Result<Found, IndexError> {
        self.snapshot().search(query)
    }

    fn writer(&self) -> MutexGuard<'_, IndexWriter> {
        self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_article(&self, writer: &IndexWriter, next: &mut Snapshot, article: &Article) -> tantivy::Result<()> {
        let record = Record::Article(Box::new(article.clone()));
        writer.add_document(self.shared.fields.document(&record)?)?;
        next.get_ready(&record)?;
        Ok(())
    }

    fn put_guide(&self, writer: &IndexWriter, next: &mut Snapshot, guide: &Guide) -> tantivy::Result<()> {
        next.put_guide(guide.clone());
        writer.add_document(self.shared.fields.document(&Record::Guide(Box::new(guide.clone())))?)?;
        Ok(())
    }

    fn remove_article(&self, writer: &IndexWriter, id: &ArticleId, language: Language) {
        writer.delete_term(self.shared.fields.key_term(&schema::article_key(id, language)));
    }

    fn remove_guide(&self, writer: &IndexWriter, next: &mut Snapshot, id: &GuideId) {
        writer.delete_term(self.shared.fields.key_term(&schema::guide_key(id)));
        next.remove_guide(id);
    }

    fn commit(&self, writer: &mut IndexWriter, position: u64) -> tantivy::Result<()> {
        let mut prepared = writer.prepare_commit()?;
        prepared.set_payload(&position.to_string());
        prepared.commit()?;
        Ok(())
    }

    /// Shows what was written, or takes back what was not.
    fn finish(
        &self,
        writer: &mut IndexWriter,
        mut next: Snapshot,
        written: tantivy::Result<()>,
    ) -> Result<(), IndexError> {
        if let Err(error) = written {
            if let Err(rollback) = writer.rollback() {
                tracing::error!(error = &rollback as &dyn std::error::Error, "failed to roll the index back");
            }
            return Err(IndexError::Write(error));
        }
        self.shared.reader.reload().map_err(IndexError::Read)?;
        next.read_from(self.shared.reader.searcher());
        *self.shared.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(())
    }
}
