//! What the institution knows: articles and guides are imported, indexed and found here, each hit with the evidence that it holds the answer.
//!
//! Text is analysed by one pipeline (`analysis`) for articles and questions alike, so that a citizen without diacritics
//! meets the same terms. Tantivy keeps the postings and proposes candidates; `search` weighs them by where, how
//! completely and how closely an article repeats what was asked. Nothing here calls a model or a network.

mod analysis;
mod contents;
mod embedding;
mod export;
mod import;
mod index;
mod language;
mod outside;
mod search;
mod starter;
mod synonyms;
mod text;
mod toml_text;

pub use analysis::folding::fold;
pub use analysis::tokens::split_sentences;
pub use contents::{Change, Contents};
pub use embedding::{EmbedError, Embedder};
pub use export::{ExportError, article_to_markdown, export_folder};
pub use import::{
    FileReport, Import, ImportError, ImportSettings, Note, Refusal, Taken, article_from_markdown, import_file,
    import_folder,
};
pub use index::{IndexError, KnowledgeIndex, Snapshot};
pub use language::{Detection, detect};
pub use outside::{Outside, OutsideError, OutsideSubject};
pub use search::evidence::Evidence;
pub use search::expected::Expected;
pub use search::{Found, GuideHit, Hit, OutsideHit, Query, ReadTerm, Reading, SentenceHit};
pub use starter::starter;
pub use synonyms::{Synonyms, SynonymsError};
pub use text::{Sentence, sentences};
