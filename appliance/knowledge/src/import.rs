//! Taking in what the institution already has, file by file, each taken or refused with its reason.

use camino::{Utf8Path, Utf8PathBuf};
use desk::article::Article;
use desk::language::Language;

use crate::contents::Contents;

/// What the importer assumes where a file does not say.
#[derive(Debug, Clone, Default)]
pub struct ImportSettings {
    /// Language of texts that do not name theirs; guessed from the text when `None`.
    pub language: Option<Language>,
}

/// What came in, and what became of every file.
#[derive(Debug, Clone, Default)]
pub struct Import {
    /// What was taken.
    pub contents: Contents,
    /// One entry for every file, in the order of their paths.
    pub report: Vec<FileReport>,
}

/// What became of one file.
#[derive(Debug, Clone)]
pub struct FileReport {
    /// Its path, relative to the imported folder.
    pub path: Utf8PathBuf,
    /// What it gave, or why it was refused.
    pub result: Result<Taken, Refusal>,
}

/// What one file gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// Articles taken.
    pub articles: usize,
}

/// Why a file, or a part of it, was refused.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// placeholder
    #[error("unknown kind of file")]
    UnknownKind,
}

/// The folder itself cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It cannot be listed.
    #[error("failed to list `{path}`")]
    List {
        /// The folder.
        path: Utf8PathBuf,
        /// What the file system said.
        #[source]
        source: std::io::Error,
    },
}

/// x
pub fn import_folder(_folder: &Utf8Path, _settings: &ImportSettings) -> Result<Import, ImportError> { todo!() }
/// x
pub fn import_file(_path: &Utf8Path, _bytes: &[u8], _settings: &ImportSettings, _into: &mut Import) { todo!() }
/// x
pub fn article_from_markdown(_name: &str, _text: &str, _settings: &ImportSettings) -> Result<Article, Refusal> { todo!() }
