//! Everything back to Markdown and TOML, in the layout of the starter pack: nobody is locked in.
//!
//! The TOML is written by hand, not by serde, so that keys come in the order in which people read them and no string can
//! begin a line with the fence of the front matter.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use desk::article::{Article, ArticleState, Audience};
use desk::guide::{Guide, GuideEnd};

use crate::contents::Contents;
use crate::toml_text::{Toml, array, localized, quoted};

/// The longest file name written, below the 255 bytes that file systems take.
const MAX_NAME_BYTES: usize = 200;

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

/// Writes `contents` below `folder`: `articles/LANGUAGE/ID.md`, `guides/ID.toml`, `synonyms.toml` and `outside.toml`.
///
/// # Errors
/// [`ExportError`] with the first file that could not be written.
pub fn export_folder(contents: &Contents, folder: &Utf8Path) -> Result<(), ExportError> {
    for article in &contents.articles {
        let path = format!("articles/{}/{}.md", article.language, file_name(&article.id.0));
        write(&folder.join(path), &article_to_markdown(article))?;
    }
    for guide in &contents.guides {
        write(&folder.join(format!("guides/{}.toml", file_name(&guide.id.0))), &guide_to_toml(guide))?;
    }
    write(&folder.join("outside.toml"), &contents.outside.to_toml())?;
    write(&folder.join("synonyms.toml"), &contents.synonyms.to_toml())
}

fn write(path: &Utf8Path, text: &str) -> Result<(), ExportError> {
    let folder = path.parent().unwrap_or(Utf8Path::new("."));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, text))
        .map_err(|source| ExportError { path: path.to_owned(), source })
}

/// An id as a file name that leads back to it: letters, digits, `-`, `_` and inner dots stay, every other byte becomes
/// `%XX`. A name too long for a file system ends in a checksum instead; the id itself is in the front matter.
fn file_name(id: &str) -> String {
    let mut name = String::new();
    for (place, character) in id.char_indices() {
        if character.is_alphanumeric() || matches!(character, '-' | '_') || character == '.' && place > 0 {
            name.push(character);
        } else {
            let mut bytes = [0; 4];
            name.extend(character.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")));
        }
    }
    if name.len() > MAX_NAME_BYTES || id.eq_ignore_ascii_case("readme") {
        name.truncate(name.floor_char_boundary(MAX_NAME_BYTES - 18));
        name.push_str(&format!("%{:016x}", checksum(id)));
    }
    name
}

/// FNV-1a: two long ids with the same beginning get different names, the same ones on every machine.
fn checksum(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// The article with its front matter, as the importer reads it.
#[must_use]
pub fn article_to_markdown(article: &Article) -> String {
    let mut head = Toml::default();
    head.text("id", &article.id.0);
    head.text("language", article.language.code());
    head.text("title", &article.title);
    head.lines("asked_as", &article.asked_as);
    head.optional("department", &article.department);
    head.text("audience", audience(article.audience));
    head.optional("owner", &article.owner);
    head.text("state", state(article.state));
    for (key, day) in [("valid_from", article.valid_from), ("valid_until", article.valid_until)] {
        if let Some(day) = day {
            head.raw(key, &day.to_string());
        }
    }
    head.list("review", &article.review);
    if article.version != 1 {
        head.raw("version", &article.version.to_string());
    }
    let facts = &article.facts;
    if !facts.is_empty() {
        head.line("\n[facts]");
        head.list("bring", &facts.bring);
        for (key, fact) in [("cost", &facts.cost), ("time", &facts.time), ("where", &facts.r#where)] {
            head.optional(key, fact.as_deref().unwrap_or_default());
        }
    }
    for source in &article.sources {
        head.line("\n[[sources]]");
        head.text("title", &source.title);
        head.optional("institution", &source.institution);
        head.optional("url", source.url.as_deref().unwrap_or_default());
        if let Some(day) = source.accessed {
            head.raw("accessed", &day.to_string());
        }
    }
    format!("+++\n{}+++\n\n{}\n", head.0, article.body)
}

/// The guide as the importer reads it.
fn guide_to_toml(guide: &Guide) -> String {
    let mut text = Toml::default();
    text.text("id", &guide.id.0);
    text.optional("department", &guide.department);
    text.text("state", state(guide.state));
    text.list("review", &guide.review);
    text.text("start", &guide.start.0);
    text.raw("title", &localized(&guide.title, |text| quoted(text)));
    text.raw("asked_as", &localized(&guide.asked_as, |texts| array(texts.iter())));
    if !guide.articles.is_empty() {
        text.raw("articles", &array(guide.articles.iter().map(|id| &id.0)));
    }
    for step in &guide.steps {
        text.line("\n[[steps]]");
        text.text("id", &step.id.0);
        text.raw("say", &localized(&step.say, |text| quoted(text)));
        text.optional("article", step.article.as_ref().map_or("", |id| &id.0));
        if let Some(end) = step.end {
            text.text("end", if end == GuideEnd::Answered { "answered" } else { "hand_off" });
        }
        for choice in &step.choices {
            text.line("\n[[steps.choices]]");
            text.raw("label", &localized(&choice.label, |text| quoted(text)));
            text.text("next", &choice.next.0);
        }
    }
    text.0
}

fn audience(audience: Audience) -> &'static str {
    match audience {
        Audience::Citizen => "citizen",
        Audience::Operator => "operator",
    }
}

fn state(state: ArticleState) -> &'static str {
    match state {
        ArticleState::Draft => "draft",
        ArticleState::Review => "review",
        ArticleState::Published => "published",
        ArticleState::Retired => "retired",
    }
}

#[cfg(test)]
mod tests;
