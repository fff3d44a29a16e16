//! Everything back to Markdown and TOML: nobody is locked in.

use camino::{Utf8Path, Utf8PathBuf};
use desk::article::Article;

use crate::contents::Contents;

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write `{path}`")]
pub struct ExportError {
    /// The file.
    pub path: Utf8PathBuf,
    /// What the file system said.
    #[source]
    pub source: std::io::Error,
}

/// x
pub fn article_to_markdown(_article: &Article) -> String { todo!() }
/// x
pub fn export_folder(_contents: &Contents, _folder: &Utf8Path) -> Result<(), ExportError> { todo!() }
