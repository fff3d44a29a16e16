//! Taking in what the institution already has, file by file, each taken or refused with its reason.
//!
//! One module reads one format and knows nothing of the others; here a file finds its reader, and what was read is
//! checked against what is already there. A refused file never stops the rest, and nothing is half taken in silence:
//! what an institution has to know about a file it gets back as a [`Note`].

mod blanks;
mod bounded;
mod characters;
mod decoding;
mod docx;
mod folder;
mod front_matter;
mod guide;
mod html;
mod keys;
mod pdf;
mod plain;
mod refusal;
mod squad;
mod writer;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use camino::{Utf8Path, Utf8PathBuf};
use desk::article::{Article, ArticleId, ArticleState};
use desk::guide::{Guide, GuideId};
use desk::language::Language;

use crate::contents::Contents;
use crate::outside::{Outside, OutsideError};
use crate::synonyms::{Synonyms, SynonymsError};

pub use folder::{ImportError, import_folder};
pub use refusal::{Note, Refusal};

/// The largest file taken, except a SQuAD corpus.
const MAX_FILE_BYTES: usize = 20 << 20;
/// The largest SQuAD corpus taken.
const MAX_CORPUS_BYTES: usize = 200 << 20;

/// What the importer assumes where a file does not say.
#[derive(Debug, Clone, Default)]
pub struct ImportSettings {
    /// Language of texts that do not name theirs; guessed from the text when `None`.
    pub language: Option<Language>,
    /// State of articles that do not name theirs; when `None`, a paragraph of a SQuAD corpus is published and
    /// everything else is a draft.
    pub state: Option<ArticleState>,
}

/// What came in, and what became of every file.
#[derive(Debug, Clone, Default)]
pub struct Import {
    /// What was taken.
    pub contents: Contents,
    /// One entry for every file, in the order of their paths.
    pub report: Vec<FileReport>,
    origins: Origins,
}

/// Which file gave what, so that a second copy is refused with the name of the first.
#[derive(Debug, Clone, Default)]
struct Origins {
    articles: HashMap<(ArticleId, Language), Utf8PathBuf>,
    guides: HashMap<GuideId, Utf8PathBuf>,
    synonyms: Option<Utf8PathBuf>,
    outside: Option<Utf8PathBuf>,
}

/// What became of one file.
#[derive(Debug, Clone)]
pub struct FileReport {
    /// Its path, relative to the imported folder.
    pub path: Utf8PathBuf,
    /// What it gave, or why it was refused.
    pub result: Result<Taken, Refusal>,
    /// What its owner should know of what was taken.
    pub notes: Vec<Note>,
}

/// What one file gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// Articles taken.
    pub articles: usize,
    /// Guides taken.
    pub guides: usize,
    /// Groups of synonyms taken.
    pub synonyms: usize,
    /// Subjects taken that are not answered.
    pub outside: usize,
}

/// What a reader found in one file.
#[derive(Debug, Default)]
struct Reading {
    articles: Vec<Article>,
    guides: Vec<Guide>,
    synonyms: Option<Synonyms>,
    outside: Option<Outside>,
    notes: Vec<Note>,
}

/// Reads one file into `into`; its report is the last one there afterwards.
pub fn import_file(path: &Utf8Path, bytes: &[u8], settings: &ImportSettings, into: &mut Import) {
    match read(path, bytes, settings) {
        Ok(reading) => into.take(path, reading),
        Err(refusal) => into.refuse(path, refusal),
    }
}

/// Reads an article from Markdown with or without front matter; `name` is its file's name.
///
/// # Errors
/// [`Refusal`] with what has to be mended.
pub fn article_from_markdown(name: &str, text: &str, settings: &ImportSettings) -> Result<Article, Refusal> {
    markdown(Utf8Path::new(name), text, settings, &mut Vec::new())
}

fn markdown(path: &Utf8Path, text: &str, settings: &ImportSettings, notes: &mut Vec<Note>) -> Result<Article, Refusal> {
    match front_matter::split(text)? {
        Some((head, body)) => front_matter::article(path, head, body, settings, notes),
        None => plain::article(path, plain::Found::markdown(text), settings, notes),
    }
}

/// Finds the reader for a file by its name and lets it read.
fn read(path: &Utf8Path, bytes: &[u8], settings: &ImportSettings) -> Result<Reading, Refusal> {
    let mut reading = Reading::default();
    let notes = &mut reading.notes;
    let extension = path.extension().unwrap_or_default().to_lowercase();
    let limit = if extension == "json" { MAX_CORPUS_BYTES } else { MAX_FILE_BYTES };
    if bytes.len() > limit {
        return Err(Refusal::TooLarge { limit_mib: limit >> 20 });
    }
    if path.file_stem().is_some_and(|stem| stem.eq_ignore_ascii_case("readme")) {
        return Err(Refusal::NotAnArticle);
    }
    let document = match extension.as_str() {
        "md" | "markdown" => {
            reading.articles.push(markdown(path, decoding::utf8(bytes)?, settings, notes)?);
            return Ok(reading);
        }
        "json" => {
            reading.articles = squad::read(path, decoding::utf8(bytes)?, settings, notes)?;
            return Ok(reading);
        }
        "toml" if path.file_name() == Some("synonyms.toml") => {
            reading.synonyms = Some(synonyms(bytes)?);
            return Ok(reading);
        }
        "toml" if path.file_name() == Some("outside.toml") => {
            reading.outside = Some(outside(bytes)?);
            return Ok(reading);
        }
        "toml" => {
            reading.guides.push(guide::read(decoding::utf8(bytes)?, notes)?);
            return Ok(reading);
        }
        "html" | "htm" | "xhtml" => bounded::read("HTML page", bytes, html::read)?,
        "pdf" => bounded::read("PDF", bytes, pdf::read)?,
        "docx" => bounded::read("DOCX", bytes, docx::read)?,
        _ => return Err(Refusal::UnknownKind),
    };
    reading.articles.push(plain::article(path, document, settings, notes)?);
    Ok(reading)
}

fn synonyms(bytes: &[u8]) -> Result<Synonyms, Refusal> {
    let text = characters::clean(decoding::utf8(bytes)?);
    Synonyms::from_toml(&text).map_err(|error| match error {
        SynonymsError::Parse(source) => Refusal::toml(&text, 0, &source),
        SynonymsError::Group { language, group } => Refusal::SynonymGroup { language, group },
    })
}

fn outside(bytes: &[u8]) -> Result<Outside, Refusal> {
    let text = characters::clean(decoding::utf8(bytes)?);
    Outside::from_toml(&text).map_err(|error| match error {
        OutsideError::Parse(source) => Refusal::toml(&text, 0, &source),
        OutsideError::Id { place } => Refusal::OutsideId { place },
        OutsideError::Empty { id, language } => Refusal::OutsideSubject { id, language },
    })
}

impl Import {
    /// The files that were refused, with the reasons.
    pub fn refused(&self) -> impl Iterator<Item = (&Utf8Path, &Refusal)> {
        self.report.iter().filter_map(|file| file.result.as_ref().err().map(|refusal| (file.path.as_path(), refusal)))
    }

    /// Adds what a file gave; what another file already gave is refused.
    fn take(&mut self, path: &Utf8Path, reading: Reading) {
        let Reading { articles, guides, synonyms, outside, mut notes } = reading;
        let mut taken = Taken::default();
        let mut refused = None;
        for article in articles {
            match self.take_article(path, article) {
                Ok(()) => taken.articles += 1,
                Err((part, refusal)) => {
                    notes.push(Note::Skipped { part, refusal: Box::new(refusal.clone()) });
                    refused.get_or_insert(refusal);
                }
            }
        }
        for guide in guides {
            match self.take_guide(path, guide) {
                Ok(()) => taken.guides += 1,
                Err(refusal) => refused = Some(refusal),
            }
        }
        if let Some(list) = synonyms {
            match self.take_synonyms(path, list) {
                Ok(groups) => taken.synonyms = groups,
                Err(refusal) => refused = Some(refusal),
            }
        }
        if let Some(list) = outside {
            match self.take_outside(path, list) {
                Ok(subjects) => taken.outside = subjects,
                Err(refusal) => refused = Some(refusal),
            }
        }
        match refused {
            Some(refusal) if taken == Taken::default() => self.refuse(path, refusal),
            _ => self.report.push(FileReport { path: path.to_owned(), result: Ok(taken), notes }),
        }
    }

    fn take_article(&mut self, path: &Utf8Path, article: Article) -> Result<(), (String, Refusal)> {
        match self.origins.articles.entry((article.id.clone(), article.language)) {
            Entry::Vacant(place) => {
                place.insert(path.to_owned());
                self.contents.articles.push(article);
                Ok(())
            }
            Entry::Occupied(first) => {
                let name = format!("`{}` ({})", article.id, article.language);
                Err((article.id.0, Refusal::Twice { name, first: first.get().clone(), second: path.to_owned() }))
            }
        }
    }

    fn take_guide(&mut self, path: &Utf8Path, guide: Guide) -> Result<(), Refusal> {
        match self.origins.guides.entry(guide.id.clone()) {
            Entry::Vacant(place) => {
                place.insert(path.to_owned());
                self.contents.guides.push(guide);
                Ok(())
            }
            Entry::Occupied(first) => {
                let name = format!("guide `{}`", guide.id.0);
                Err(Refusal::Twice { name, first: first.get().clone(), second: path.to_owned() })
            }
        }
    }

    fn take_synonyms(&mut self, path: &Utf8Path, list: Synonyms) -> Result<usize, Refusal> {
        only_once(&mut self.origins.synonyms, path, "the list of synonyms")?;
        let groups = Language::ALL.iter().map(|language| list.groups(*language).len()).sum();
        self.contents.synonyms = list;
        Ok(groups)
    }

    fn take_outside(&mut self, path: &Utf8Path, list: Outside) -> Result<usize, Refusal> {
        only_once(&mut self.origins.outside, path, "the list of outside subjects")?;
        self.contents.outside = list;
        Ok(self.contents.outside.subjects.len())
    }

    fn refuse(&mut self, path: &Utf8Path, refusal: Refusal) {
        self.report.push(FileReport { path: path.to_owned(), result: Err(refusal), notes: Vec::new() });
    }
}

/// Remembers which file gave a list of which there is one.
fn only_once(origin: &mut Option<Utf8PathBuf>, path: &Utf8Path, name: &str) -> Result<(), Refusal> {
    if let Some(first) = origin {
        return Err(Refusal::Twice { name: name.to_owned(), first: first.clone(), second: path.to_owned() });
    }
    *origin = Some(path.to_owned());
    Ok(())
}

#[cfg(test)]
mod tests;
