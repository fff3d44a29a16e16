//! The knowledge base with its versions: the desk's [`Articles`] in the database.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use desk::article::{Article, ArticleId};
use desk::guide::{Guide, GuideId};
use desk::journal::{Actor, Event, NewEntry};
use desk::language::Language;
use desk::ports::articles::{Articles, KnowledgeSnapshot};
use desk::ports::{PortError, PortResult};
use jiff::Timestamp;

use crate::columns::{self, Columns};
use crate::error::{StoreError, StoreResult};
use crate::node::MAX_ENTRY_BYTES;
use crate::store::Store;
use crate::write::Write;

/// How large an import's transactions become: small enough that other writes are not held up.
const IMPORT_BYTES: usize = MAX_ENTRY_BYTES / 4;

/// Names of the lists that are kept as one text.
const SYNONYMS: &str = "synonyms";
const OUTSIDE: &str = "outside";

/// The knowledge base in the database.
#[derive(Debug, Clone)]
pub struct ArticleRepository {
    store: Store,
}

impl Store {
    /// The knowledge base in the database.
    #[must_use]
    pub fn articles(&self) -> ArticleRepository {
        ArticleRepository { store: self.clone() }
    }
}

/// How the journal names an article: its language, then its id, which may hold slashes itself.
fn subject(id: &ArticleId, language: Language) -> String {
    format!("{language}/{id}")
}

fn article(row: &mut Columns<'_, '_>) -> StoreResult<Article> {
    let version = u32::try_from(row.count("version")?).unwrap_or(u32::MAX);
    // The column counts; an import writes the text before it knows its version.
    Ok(Article { version, ..row.json("article")? })
}

fn same_but_version(one: &Article, other: &Article) -> bool {
    Article { version: 0, ..one.clone() } == Article { version: 0, ..other.clone() }
}

impl ArticleRepository {
    async fn stored(&self, id: &ArticleId, language: Language) -> StoreResult<Option<Article>> {
        let sql = "SELECT version, article FROM articles WHERE id = ?1 AND language = ?2";
        Ok(self.store.read_latest(sql, vec![id.0.clone().into(), language.code().into()], article).await?.pop())
    }

    async fn guides(&self) -> StoreResult<Vec<Guide>> {
        self.store.read("SELECT guide FROM guides ORDER BY id", vec![], |row| row.json("guide")).await
    }

    /// A list that is kept as one text.
    async fn list(&self, name: &str) -> StoreResult<String> {
        let sql = "SELECT text FROM singletons WHERE name = ?1";
        Ok(self.store.read(sql, vec![name.to_owned().into()], |row| row.text("text")).await?.pop().unwrap_or_default())
    }

    async fn save_list(&self, name: &str, text: String, event: Event, actor: Actor) -> PortResult<()> {
        let mut write = Write::new();
        write.run(
            "INSERT INTO singletons (name, text) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET text = excluded.text",
            vec![name.to_owned().into(), text.into()],
        );
        write.journal(NewEntry::new(actor, event), self.store.now())?;
        Ok(self.store.apply(write).await?)
    }

    /// Adds `article` as the version after whatever is stored.
    fn put_next(write: &mut Write, article: &Article, actor: Actor, now: Timestamp) -> StoreResult<()> {
        let text = columns::json("an article", article)?;
        let (id, language) = (article.id.0.clone(), article.language.code());
        write.run(
            "INSERT INTO articles (id, language, version, article) VALUES (?1, ?2, 1, ?3)
             ON CONFLICT (id, language) DO UPDATE SET version = version + 1, article = excluded.article",
            vec![id.clone().into(), language.into(), text.into()],
        );
        write.run(
            "INSERT INTO article_versions (id, language, version, article, at)
             SELECT id, language, version, article, ?3 FROM articles WHERE id = ?1 AND language = ?2",
            vec![id.into(), language.into(), columns::time(now)],
        );
        let entry = NewEntry::new(actor, Event::ArticleChanged)
            .subject(subject(&article.id, article.language))
            .detail(format!("state={}", columns::name("a state", &article.state)?));
        write.journal(entry, now)
    }

    fn put_guide(write: &mut Write, guide: &Guide, actor: Actor, now: Timestamp) -> StoreResult<()> {
        write.run(
            "INSERT INTO guides (id, guide) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET guide = excluded.guide",
            vec![guide.id.0.clone().into(), columns::json("a guide", guide)?.into()],
        );
        let entry = NewEntry::new(actor, Event::GuideChanged)
            .subject(guide.id.0.clone())
            .detail(format!("state={}", columns::name("a state", &guide.state)?));
        write.journal(entry, now)
    }
}

#[async_trait]
impl Articles for ArticleRepository {
    async fn save(&self, article: Article, actor: Actor) -> PortResult<Article> {
        let now = self.store.now();
        let mut write = Write::new();
        let version = match self.stored(&article.id, article.language).await? {
            None => {
                write.require(
                    "the article",
                    "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM articles WHERE id = ?1 AND language = ?2)",
                    vec![article.id.0.clone().into(), article.language.code().into()],
                );
                1
            }
            Some(stored) if same_but_version(&stored, &article) => return Ok(stored),
            Some(stored) if stored.version != article.version => {
                return Err(PortError::Conflict { what: "the article" });
            }
            Some(stored) => {
                if stored.state != article.state && !stored.state.may_become(article.state) {
                    return Err(PortError::Refused(format!(
                        "an article cannot go from {:?} to {:?}",
                        stored.state, article.state
                    )));
                }
                write.require(
                    "the article",
                    "SELECT version FROM articles WHERE id = ?1 AND language = ?2 AND version = ?3",
                    vec![article.id.0.clone().into(), article.language.code().into(), i64::from(stored.version).into()],
                );
                stored.version + 1
            }
        };
        let article = Article { version, ..article };
        Self::put_next(&mut write, &article, actor, now)?;
        self.store.apply(write).await?;
        Ok(article)
    }

    async fn import(&self, articles: Vec<Article>, guides: Vec<Guide>, actor: Actor) -> PortResult<u64> {
        let stored = self.store.read_latest("SELECT version, article FROM articles", vec![], article).await?;
        let stored: HashMap<(ArticleId, Language), Article> =
            stored.into_iter().map(|article| ((article.id.clone(), article.language), article)).collect();
        let known_guides: HashMap<GuideId, Guide> =
            self.guides().await?.into_iter().map(|guide| (guide.id.clone(), guide)).collect();
        let (mut changed, mut in_batch) = (0, 0);
        let mut write = Write::new();
        for article in &articles {
            let before = stored.get(&(article.id.clone(), article.language));
            if before.is_some_and(|before| same_but_version(before, article)) {
                continue;
            }
            // A text too large for one transaction is refused by itself, before anything of its batch is lost.
            let mut alone = Write::new();
            Self::put_next(&mut alone, article, actor, self.store.now())?;
            if alone.bytes() > MAX_ENTRY_BYTES {
                return Err(PortError::Refused(format!("the article `{}` is too large", article.id)));
            }
            if in_batch > 0 && write.bytes() + alone.bytes() > IMPORT_BYTES {
                self.store.apply(std::mem::replace(&mut write, Write::new())).await?;
                changed += std::mem::take(&mut in_batch);
            }
            Self::put_next(&mut write, article, actor, self.store.now())?;
            in_batch += 1;
        }
        for guide in guides.iter().filter(|guide| known_guides.get(&guide.id) != Some(guide)) {
            if in_batch > 0 && write.bytes() > IMPORT_BYTES {
                self.store.apply(std::mem::replace(&mut write, Write::new())).await?;
                changed += std::mem::take(&mut in_batch);
            }
            Self::put_guide(&mut write, guide, actor, self.store.now())?;
            in_batch += 1;
        }
        if in_batch > 0 {
            self.store.apply(write).await?;
        }
        Ok(changed + in_batch)
    }

    async fn article(&self, id: &ArticleId, language: Language) -> PortResult<Article> {
        self.stored(id, language).await?.ok_or(PortError::NotFound { what: "the article" })
    }

    async fn versions(&self, id: &ArticleId, language: Language) -> PortResult<Vec<Article>> {
        let sql = "SELECT version, article FROM article_versions WHERE id = ?1 AND language = ?2 ORDER BY version";
        Ok(self.store.read_latest(sql, vec![id.0.clone().into(), language.code().into()], article).await?)
    }

    async fn save_guide(&self, guide: Guide, actor: Actor) -> PortResult<Guide> {
        guide.check().map_err(|error| PortError::Refused(error.to_string()))?;
        let mut write = Write::new();
        Self::put_guide(&mut write, &guide, actor, self.store.now())?;
        self.store.apply(write).await?;
        Ok(guide)
    }

    async fn guide(&self, id: &GuideId) -> PortResult<Guide> {
        let sql = "SELECT guide FROM guides WHERE id = ?1";
        let found = self.store.read_latest(sql, vec![id.0.clone().into()], |row| row.json("guide")).await?.pop();
        found.ok_or(PortError::NotFound { what: "the guide" })
    }

    async fn save_synonyms(&self, synonyms: String, actor: Actor) -> PortResult<()> {
        self.save_list(SYNONYMS, synonyms, Event::SynonymsChanged, actor).await
    }

    async fn save_outside(&self, outside: String, actor: Actor) -> PortResult<()> {
        self.save_list(OUTSIDE, outside, Event::OutsideChanged, actor).await
    }

    async fn snapshot(&self) -> PortResult<KnowledgeSnapshot> {
        // The position first: what changes while the rest is read is then found again by `changes_after`.
        let position = self.position().await?;
        let sql = "SELECT version, article FROM articles ORDER BY id, language";
        Ok(KnowledgeSnapshot {
            articles: self.store.read(sql, vec![], article).await?,
            guides: self.guides().await?,
            synonyms: self.list(SYNONYMS).await?,
            outside: self.list(OUTSIDE).await?,
            position,
        })
    }

    async fn changes_after(&self, after: u64) -> PortResult<KnowledgeSnapshot> {
        let position = self.position().await?;
        let changes = self
            .store
            .read(
                "SELECT DISTINCT event, subject FROM journal
                 WHERE event IN ('article_changed', 'guide_changed', 'synonyms_changed', 'outside_changed') AND seq > ?1",
                vec![columns::count(after)],
                |row| Ok((row.name::<Event>("event")?, row.text_if_any("subject")?.unwrap_or_default())),
            )
            .await?;
        let named = |wanted: Event| {
            let names: BTreeSet<&str> =
                changes.iter().filter(|(event, _)| *event == wanted).map(|(_, subject)| subject.as_str()).collect();
            columns::json("names", &names)
        };
        let articles = self
            .store
            .read(
                "SELECT version, article FROM articles
                 WHERE language || '/' || id IN (SELECT value FROM json_each(?1)) ORDER BY id, language",
                vec![named(Event::ArticleChanged)?.into()],
                article,
            )
            .await?;
        let guides = self
            .store
            .read(
                "SELECT guide FROM guides WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id",
                vec![named(Event::GuideChanged)?.into()],
                |row| row.json("guide"),
            )
            .await?;
        Ok(KnowledgeSnapshot {
            articles,
            guides,
            synonyms: self.list(SYNONYMS).await?,
            outside: self.list(OUTSIDE).await?,
            position,
        })
    }
}

impl ArticleRepository {
    async fn position(&self) -> StoreResult<u64> {
        let sql = "SELECT COALESCE(MAX(seq), 0) AS seq FROM journal";
        let rows = self.store.read(sql, vec![], |row| row.count("seq")).await?;
        rows.first().copied().ok_or(StoreError::Lost("the journal"))
    }
}
