//! Why a file is refused, each reason with the way to mend it, and what its owner should know when it is taken.

use std::sync::Arc;

use camino::Utf8PathBuf;
use desk::article::ArticleId;
use desk::guide::GuideError;
use desk::language::Language;

/// Why a file, or a part of it, was refused.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refusal {
    /// No reader for its kind.
    #[error("unknown kind of file; save it as Markdown, HTML, PDF, DOCX, SQuAD JSON or a guide in TOML")]
    UnknownKind,
    /// A README describes a folder.
    #[error("a README describes its folder and is no article; rename the file if it is one")]
    NotAnArticle,
    /// Its name is not UTF-8.
    #[error("the name of the file is not UTF-8; rename it")]
    FileName,
    /// A link that is not followed.
    #[error("a link to a folder or out of the imported folder is not followed; copy what it leads to")]
    Link,
    /// The file system refused.
    #[error("failed to read the file; check its permissions")]
    Read(#[source] Arc<std::io::Error>),
    /// Above the limit of its kind.
    #[error("larger than {limit_mib} MiB; split it")]
    TooLarge {
        /// The limit.
        limit_mib: usize,
    },
    /// Too much text for one article.
    #[error("its text is longer than {limit_kib} KiB; split it into one file for each subject")]
    TooLong {
        /// The limit.
        limit_kib: usize,
    },
    /// Compressed data that would fill the memory.
    #[error("unpacked it is larger than {limit_mib} MiB; split it or save it again without large images")]
    TooLargeUnpacked {
        /// The limit.
        limit_mib: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("the text is not UTF-8; save it in that encoding")]
    NotUtf8,
    /// No closing line.
    #[error("the front matter has no closing line `+++`; add it before the text")]
    FrontMatterOpen,
    /// Not TOML, or a value of the wrong type.
    #[error("line {line}: {reason}; mend the TOML there")]
    Toml {
        /// Line in the file, from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// A key that means nothing here.
    #[error("unknown key `{key}`; remove it or correct its spelling")]
    UnknownKey {
        /// The key with the tables that it stands in.
        key: String,
    },
    /// An identifier that cannot be used.
    #[error("`{id}` cannot be an id; use 1 to 200 bytes, without spaces at the ends or control characters")]
    Id {
        /// The identifier.
        id: String,
    },
    /// A day that is none.
    #[error("`{key}` must be a day such as 2026-01-31")]
    Day {
        /// The key.
        key: &'static str,
    },
    /// It ends before it begins.
    #[error("`valid_until` is before `valid_from`; correct one of them")]
    Validity,
    /// Not a web address.
    #[error("`{url}` is not a web address; it must begin with https:// or http://")]
    Address {
        /// What stands there.
        url: String,
    },
    /// Nothing to say.
    #[error("it holds no text; write the article below its heading")]
    Empty,
    /// Neither title nor usable file name.
    #[error("it has no title; give it a heading, or `title` in its front matter")]
    NoTitle,
    /// A guide that cannot be followed.
    #[error("the guide cannot be followed; mend its steps")]
    Guide(#[source] GuideError),
    /// A text of a guide is missing in one language.
    #[error("`{place}` is empty in `{language}`; a guide speaks all three languages")]
    Untranslated {
        /// Where in the guide.
        place: String,
        /// The language that is missing.
        language: Language,
    },
    /// A group of synonyms that means nothing.
    #[error("group {group} of `{language}` needs two to twenty different, non-empty entries")]
    SynonymGroup {
        /// Its language.
        language: Language,
        /// Its place in the list, from 1.
        group: usize,
    },
    /// A subject that is not answered has no id of its own.
    #[error("outside subject {place} needs an `id` that no other one has")]
    OutsideId {
        /// Its place in the list, from 1.
        place: usize,
    },
    /// A subject that is not answered cannot be recognised.
    #[error("the outside subject `{id}` needs a name and phrasings in `{language}`")]
    OutsideSubject {
        /// The subject.
        id: String,
        /// The language that is missing.
        language: Language,
    },
    /// The same thing in two files.
    #[error("`{second}` repeats {name}, which `{first}` already gave; remove one of them")]
    Twice {
        /// What is there twice.
        name: String,
        /// The file that was taken.
        first: Utf8PathBuf,
        /// The file that was refused.
        second: Utf8PathBuf,
    },
    /// A page without letters.
    #[error("page {page} holds no text (a scan?); run OCR over the document first")]
    NoText {
        /// The first such page, from 1.
        page: u32,
    },
    /// A page that cannot be read.
    #[error("page {page} cannot be read; print the document to a new PDF and import that")]
    Page {
        /// The first such page, from 1.
        page: u32,
    },
    /// A password.
    #[error("it is protected by a password; save it without")]
    Protected,
    /// The reader did not finish.
    #[error("reading it took longer than {seconds} s; split it, or print it to a new file")]
    Slow {
        /// The limit.
        seconds: u64,
    },
    /// Bytes that are not what the name says.
    #[error("it is damaged or no {kind}: {reason}; open it in its program and save it again")]
    Damaged {
        /// What its name says that it is.
        kind: &'static str,
        /// What the reader says.
        reason: String,
    },
}

impl Refusal {
    /// A TOML error at its line; `above` lines of the file precede `text`.
    pub(super) fn toml(text: &str, above: usize, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = above + 1 + text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count();
        Self::Toml { line, reason: error.message().lines().collect::<Vec<_>>().join(" ") }
    }
}

/// What the owner of a file that was taken should know.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Note {
    /// Not published, because something is still to be confirmed.
    #[error("`{article}` ({language}) is taken as a draft: {blanks} blank(s) to fill before it is published")]
    Blanks {
        /// The article.
        article: ArticleId,
        /// Its language.
        language: Language,
        /// How many blanks it has.
        blanks: usize,
    },
    /// A guide that is not published, because something is still to be confirmed.
    #[error("the guide is taken as a draft: {blanks} blank(s) to fill before it is published")]
    GuideBlanks {
        /// How many blanks it has.
        blanks: usize,
    },
    /// The language was guessed.
    #[error("language guessed as `{language}` ({percent} % sure)")]
    LanguageGuessed {
        /// The guess.
        language: Language,
        /// How sure it is.
        percent: u8,
    },
    /// A part was not taken.
    #[error("`{part}` was not taken")]
    Skipped {
        /// Which part.
        part: String,
        /// Why.
        #[source]
        refusal: Box<Refusal>,
    },
}
