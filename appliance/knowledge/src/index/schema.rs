//! The fields of the index and the records kept in it.

use desk::article::{Article, ArticleId, Audience};
use desk::guide::{Guide, GuideId};
use desk::language::{Language, Localized};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tantivy::schema::{FAST, Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions};
use tantivy::{TantivyDocument, Term};

use crate::analysis::document::Parts;
use crate::analysis::stemming::stem;
use crate::outside::Outside;
use crate::synonyms::Synonyms;

/// Name of the folder of this format: another name means another format, and the old one is thrown away.
pub(crate) const FORMAT: &str = "articles-2";

/// What one document of the index holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    Article(Box<Article>),
    Guide(Box<Guide>),
    Synonyms(Synonyms),
    Outside(Outside),
}

/// Handles of the fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    /// Names the record, for its replacement.
    pub(crate) key: Field,
    /// `ro`, `hu`, `en`, or `other` for what is no article.
    pub(crate) language: Field,
    /// 1 when only operators may read it.
    pub(crate) internal: Field,
    /// First and last day, counted from an arbitrary day.
    pub(crate) from: Field,
    pub(crate) until: Field,
    /// Tells two contents apart.
    pub(crate) stamp: Field,
    /// The record itself.
    pub(crate) record: Field,
    /// Stems, by language.
    pub(crate) stems: LanguageFields,
    /// Folded words, by language.
    pub(crate) words: LanguageFields,
}

/// One field for each language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LanguageFields([Field; 3]);

impl LanguageFields {
    /// The field of `language`.
    pub(crate) fn get(&self, language: Language) -> Field {
        match language {
            Language::Ro => self.0[0],
            Language::Hu => self.0[1],
            Language::En => self.0[2],
        }
    }
}

/// The schema and its fields.
pub(crate) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let text = |option| {
        // Texts come in analysed, parted by spaces.
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default().set_tokenizer("whitespace").set_index_option(option).set_fieldnorms(true),
        )
    };
    let mut by_language = |name: &str, option| {
        LanguageFields(
            Language::ALL.map(|language| builder.add_text_field(&format!("{name}_{language}"), text(option))),
        )
    };
    let stems = by_language("stems", IndexRecordOption::WithFreqs);
    let words = by_language("words", IndexRecordOption::Basic);
    let fields = Fields {
        key: builder.add_text_field("key", STRING),
        language: builder.add_text_field("language", STRING),
        internal: builder.add_u64_field("internal", FAST),
        from: builder.add_i64_field("from", FAST),
        until: builder.add_i64_field("until", FAST),
        stamp: builder.add_u64_field("stamp", FAST),
        record: builder.add_text_field("record", STORED),
        stems,
        words,
    };
    (builder.build(), fields)
}

/// A day as a number that grows with it.
pub(crate) fn day_number(day: Date) -> i64 {
    (i64::from(day.year()) * 12 + i64::from(day.month())) * 31 + i64::from(day.day())
}

/// Names an article.
pub(crate) fn article_key(id: &ArticleId, language: Language) -> String {
    format!("article/{language}/{id}")
}

/// Names a guide.
pub(crate) fn guide_key(id: &GuideId) -> String {
    format!("guide/{}", id.0)
}

/// Names the list of synonyms.
pub(crate) fn synonyms_key() -> String {
    "synonyms".to_owned()
}

/// Names the list of outside subjects.
pub(crate) fn outside_key() -> String {
    "outside".to_owned()
}

impl Fields {
    /// The term that names a record.
    pub(crate) fn key_term(&self, key: &str) -> Term {
        Term::from_field_text(self.key, key)
    }

    /// The document that holds `record`.
    pub(crate) fn document(&self, record: &Record) -> tantivy::Result<TantivyDocument> {
        let text = written(record)?;
        let mut document = TantivyDocument::default();
        document.add_u64(self.stamp, stamp(&text));
        document.add_text(self.record, &text);
        let key = match record {
            Record::Article(article) => {
                self.add_article(&mut document, article);
                article_key(&article.id, article.language)
            }
            Record::Guide(guide) => guide_key(&guide.id),
            Record::Synonyms(_) => synonyms_key(),
            Record::Outside(_) => outside_key(),
        };
        if !matches!(record, Record::Article(_)) {
            document.add_text(self.language, "other");
        }
        document.add_text(self.key, key);
        Ok(document)
    }

    fn add_article(&self, document: &mut TantivyDocument, article: &Article) {
        let words = Parts::of_article(article).words();
        let stems: Vec<_> = words.iter().map(|word| stem(word, article.language)).collect();
        document.add_text(self.words.get(article.language), words.join(" "));
        document.add_text(self.stems.get(article.language), stems.join(" "));
        document.add_text(self.language, article.language.code());
        document.add_u64(self.internal, u64::from(article.audience == Audience::Operator));
        document.add_i64(self.from, article.valid_from.map_or(i64::MIN, day_number));
        document.add_i64(self.until, article.valid_until.map_or(i64::MAX, day_number));
    }
}

/// The record as it is stored.
fn written(record: &Record) -> tantivy::Result<String> {
    serde_json::to_string(record).map_err(|error| tantivy::TantivyError::InvalidArgument(error.to_string()))
}

/// What tells this record's content from any other.
pub(crate) fn stamp_of(record: &Record) -> tantivy::Result<u64> {
    Ok(stamp(&written(record)?))
}

/// 64-bit FNV-1a of a record.
fn stamp(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// An empty value of each language, for what is counted by language.
pub(crate) fn each_language<T: Default>() -> Localized<T> {
    Localized::default()
}
