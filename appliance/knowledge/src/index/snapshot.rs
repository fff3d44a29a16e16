//! One state of the index: what a search reads from its first to its last step.

use std::collections::BTreeMap;
use std::sync::Arc;

use desk::article::{Article, ArticleId, Audience};
use desk::guide::{Guide, GuideId};
use desk::language::{Language, Localized};
use jiff::civil::Date;
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, BoostQuery, Occur, Query as TantivyQuery, TermQuery};
use tantivy::schema::{IndexRecordOption, Value};
use tantivy::{DocAddress, Searcher, SegmentReader, TantivyDocument, Term};

use super::IndexError;
use super::cache::{Cache, Entry};
use super::sample::Sample;
use super::schema::{self, Fields, Record};
use super::vocabulary::Vocabulary;
use crate::analysis::document::{Analysed, Parts};
use crate::outside::Outside;
use crate::search::background::Background;
use crate::search::synonymy::Synonymy;
use crate::synonyms::Synonyms;

/// A guide and its terms in every language.
#[derive(Debug)]
pub(crate) struct ShelvedGuide {
    /// The guide.
    pub(crate) guide: Arc<Guide>,
    /// Its terms.
    pub(crate) analysed: Localized<Analysed>,
}

/// One state of the index.
#[derive(Clone)]
pub struct Snapshot {
    searcher: Searcher,
    fields: Fields,
    position: u64,
    guides: Arc<BTreeMap<GuideId, Arc<ShelvedGuide>>>,
    synonymy: Arc<Localized<Synonymy>>,
    background: Arc<Localized<Background>>,
    samples: Arc<Localized<Sample>>,
    cache: Arc<Cache>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Snapshot").field("position", &self.position).finish_non_exhaustive()
    }
}

/// A word or stem to look for among the candidates, and how much it counts.
pub(crate) struct Sought {
    /// A stem.
    pub(crate) stem: String,
    /// From 0 to 1.
    pub(crate) strength: f32,
}

impl Snapshot {
    /// Reads what the index held when it was last written.
    pub(super) fn load(searcher: Searcher, fields: Fields, position: u64) -> Result<Self, IndexError> {
        let mut snapshot = Self {
            searcher,
            fields,
            position,
            guides: Arc::default(),
            synonymy: Arc::new(Synonymy::of(&Synonyms::default())),
            background: Arc::default(),
            samples: Arc::new(schema::each_language()),
            cache: Arc::default(),
        };
        for record in snapshot.records("other", usize::MAX)? {
            match record {
                Record::Guide(guide) => snapshot.put_guide(*guide),
                Record::Synonyms(synonyms) => snapshot.set_synonyms(&synonyms),
                Record::Outside(outside) => snapshot.set_outside(&outside),
                Record::Article(_) => {}
            }
        }
        for language in Language::ALL {
            for record in snapshot.records(language.code(), 2_000)? {
                snapshot.get_ready(&record).map_err(IndexError::Read)?;
            }
        }
        Ok(snapshot)
    }

    /// The records of one language, at most `most`.
    fn records(&self, language: &str, most: usize) -> Result<Vec<Record>, IndexError> {
        let term = Term::from_field_text(self.fields.language, language);
        let count = self.searcher.doc_freq(&term).map_err(IndexError::Read)?;
        let most = usize::try_from(count).unwrap_or(usize::MAX).min(most);
        if most == 0 {
            return Ok(Vec::new());
        }
        let query = TermQuery::new(term, IndexRecordOption::Basic);
        let found =
            self.searcher.search(&query, &TopDocs::with_limit(most).order_by_score()).map_err(IndexError::Read)?;
        found.into_iter().map(|(_, address)| self.record(address)).collect()
    }

    /// The same contents at another position, to be changed.
    pub(super) fn at(&self, position: u64) -> Self {
        Self { position, ..self.clone() }
    }

    /// Nothing, at `position`, to be filled.
    pub(super) fn emptied(&self, position: u64) -> Self {
        Self {
            position,
            guides: Arc::default(),
            synonymy: Arc::new(Synonymy::of(&Synonyms::default())),
            background: Arc::default(),
            samples: Arc::new(schema::each_language()),
            ..self.clone()
        }
    }

    pub(super) fn read_from(&mut self, searcher: Searcher) {
        self.searcher = searcher;
    }

    pub(super) fn set_synonyms(&mut self, synonyms: &Synonyms) {
        self.synonymy = Arc::new(Synonymy::of(synonyms));
    }

    pub(super) fn set_outside(&mut self, outside: &Outside) {
        self.background = Arc::new(Background::of(outside));
    }

    pub(super) fn put_guide(&mut self, guide: Guide) {
        let analysed = |language| Parts::of_guide(&guide, language).analyse();
        let analysed = Localized { ro: analysed(Language::Ro), hu: analysed(Language::Hu), en: analysed(Language::En) };
        let id = guide.id.clone();
        Arc::make_mut(&mut self.guides).insert(id, Arc::new(ShelvedGuide { guide: Arc::new(guide), analysed }));
    }

    pub(super) fn remove_guide(&mut self, id: &GuideId) {
        Arc::make_mut(&mut self.guides).remove(id);
    }

    /// Counts an article's runs of letters and keeps its terms for the first questions, while the sample is open.
    pub(super) fn get_ready(&mut self, record: &Record) -> tantivy::Result<()> {
        let Record::Article(article) = record else { return Ok(()) };
        if !self.samples.get(article.language).open() {
            return Ok(());
        }
        let analysed = Parts::of_article(article).analyse();
        let samples = Arc::make_mut(&mut self.samples);
        let sample = match article.language {
            Language::Ro => &mut samples.ro,
            Language::Hu => &mut samples.hu,
            Language::En => &mut samples.en,
        };
        sample.add(&analysed);
        let article = Arc::new(Article::clone(article));
        self.cache.put(schema::stamp_of(record)?, Arc::new(Entry { article, analysed }));
        Ok(())
    }

    /// The journal position that this state reflects.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The guide called `id`.
    #[must_use]
    pub fn guide(&self, id: &GuideId) -> Option<Arc<Guide>> {
        self.guides.get(id).map(|shelved| Arc::clone(&shelved.guide))
    }

    /// Every guide, by name.
    pub fn guides(&self) -> impl Iterator<Item = &Arc<Guide>> {
        self.guides.values().map(|shelved| &shelved.guide)
    }

    /// The published article called `id` in `language`.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn article(&self, id: &ArticleId, language: Language) -> Result<Option<Arc<Article>>, IndexError> {
        let query = TermQuery::new(self.fields.key_term(&schema::article_key(id, language)), IndexRecordOption::Basic);
        let found = self.searcher.search(&query, &TopDocs::with_limit(1).order_by_score()).map_err(IndexError::Read)?;
        let Some((_, address)) = found.first() else { return Ok(None) };
        match self.record(*address)? {
            Record::Article(article) => Ok(Some(Arc::from(article))),
            Record::Guide(_) | Record::Synonyms(_) | Record::Outside(_) => Ok(None),
        }
    }

    /// The words of `language`, as they are written (folded).
    pub(crate) fn words(&self, language: Language) -> Vocabulary<'_> {
        Vocabulary::new(&self.searcher, self.fields.words.get(language))
    }

    /// The stems of `language`.
    pub(crate) fn stems(&self, language: Language) -> Vocabulary<'_> {
        Vocabulary::new(&self.searcher, self.fields.stems.get(language))
    }

    /// How many articles there are in `language`.
    pub(crate) fn documents(&self, language: Language) -> Result<u32, IndexError> {
        Vocabulary::new(&self.searcher, self.fields.language).frequency(language.code())
    }

    /// Mean number of words of an article in `language`.
    pub(crate) fn mean_words(&self, language: Language) -> Result<f32, IndexError> {
        let mut words = 0;
        for segment in self.searcher.segment_readers() {
            words +=
                segment.inverted_index(self.fields.stems.get(language)).map_err(IndexError::Read)?.total_num_tokens();
        }
        let documents = self.documents(language)?.max(1);
        Ok((words as f32 / documents as f32).max(1.0))
    }

    pub(crate) fn sample(&self, language: Language) -> &Sample {
        self.samples.get(language)
    }

    pub(crate) fn synonymy(&self, language: Language) -> &Synonymy {
        self.synonymy.get(language)
    }

    pub(crate) fn background(&self, language: Language) -> &Background {
        self.background.get(language)
    }

    pub(crate) fn shelf(&self) -> impl Iterator<Item = &ShelvedGuide> {
        self.guides.values().map(AsRef::as_ref)
    }

    /// The `most` articles of `language` that BM25 ranks first for `sought`, among those that hold on `day` for `audience`.
    pub(crate) fn candidates(
        &self,
        sought: &[Sought],
        language: Language,
        day: Date,
        audience: Audience,
        most: usize,
    ) -> Result<Vec<Arc<Entry>>, IndexError> {
        let field = self.fields.stems.get(language);
        let clauses: Vec<(Occur, Box<dyn TantivyQuery>)> = sought
            .iter()
            .map(|sought| {
                let term = Term::from_field_text(field, &sought.stem);
                let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
                (Occur::Should, Box::new(BoostQuery::new(Box::new(query), sought.strength)) as Box<dyn TantivyQuery>)
            })
            .collect();
        if clauses.is_empty() {
            return Ok(Vec::new());
        }
        let day = schema::day_number(day);
        let operator = audience == Audience::Operator;
        let collector = TopDocs::with_limit(most).tweak_score(move |segment: &SegmentReader| {
            let fast = segment.fast_fields();
            let columns = (fast.i64("from").ok(), fast.i64("until").ok(), fast.u64("internal").ok());
            move |document, score: f32| {
                let from = columns.0.as_ref().and_then(|column| column.first(document)).unwrap_or(i64::MIN);
                let until = columns.1.as_ref().and_then(|column| column.first(document)).unwrap_or(i64::MAX);
                let internal = columns.2.as_ref().and_then(|column| column.first(document)).unwrap_or(0) > 0;
                if from <= day && day <= until && (operator || !internal) { score } else { -1.0 }
            }
        });
        let found = self.searcher.search(&BooleanQuery::new(clauses), &collector).map_err(IndexError::Read)?;
        let mut entries = Vec::with_capacity(found.len());
        for (score, address) in found {
            if score >= 0.0
                && let Some(entry) = self.entry(address)?
            {
                entries.push(entry);
            }
        }
        Ok(entries)
    }

    fn entry(&self, address: DocAddress) -> Result<Option<Arc<Entry>>, IndexError> {
        let stamps =
            self.searcher.segment_reader(address.segment_ord).fast_fields().u64("stamp").map_err(IndexError::Read)?;
        let stamp = stamps.first(address.doc_id).unwrap_or(0);
        if let Some(entry) = self.cache.get(stamp) {
            return Ok(Some(entry));
        }
        let Record::Article(article) = self.record(address)? else { return Ok(None) };
        let analysed = Parts::of_article(&article).analyse();
        let entry = Arc::new(Entry { article: Arc::from(article), analysed });
        self.cache.put(stamp, Arc::clone(&entry));
        Ok(Some(entry))
    }

    fn record(&self, address: DocAddress) -> Result<Record, IndexError> {
        let document: TantivyDocument = self.searcher.doc(address).map_err(IndexError::Read)?;
        let text = document
            .get_first(self.fields.record)
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default();
        serde_json::from_str(&text).map_err(IndexError::Record)
    }
}
