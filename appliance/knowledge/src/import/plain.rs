//! Texts that say little about themselves: title, id and language are found, and the article waits as a draft.

use camino::Utf8Path;
use desk::article::{Article, ArticleId, Audience, Facts};
use desk::language::Language;

use super::{ImportSettings, Note, Refusal, blanks, characters};

/// The longest body taken: one article must fit into one entry of the database's log.
const MAX_BODY_BYTES: usize = 512 << 10;
/// The longest id taken.
const MAX_ID_BYTES: usize = 200;
/// How much of a text the language is guessed from, in characters.
const GUESSED_FROM: usize = 4_000;

/// What a reader found in a document.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Its own title.
    pub(super) title: Option<String>,
    /// The language that it names itself.
    pub(super) language: Option<Language>,
    /// Its text, in Markdown.
    pub(super) body: String,
}

impl Found {
    /// Markdown without front matter.
    pub(super) fn markdown(text: &str) -> Self {
        let (title, body) = first_heading(text);
        Self { title, language: None, body: body.to_owned() }
    }
}

/// The article that a document without front matter makes.
pub(super) fn article(
    path: &Utf8Path,
    found: Found,
    settings: &ImportSettings,
    notes: &mut Vec<Note>,
) -> Result<Article, Refusal> {
    let title = found.title.filter(|title| !title.trim().is_empty()).unwrap_or_else(|| title_from_name(path));
    let article = Article {
        id: ArticleId(slug(path)),
        language: language(path, found.language, &found.body, settings, notes),
        title,
        asked_as: Vec::new(),
        department: String::new(),
        audience: Audience::default(),
        owner: String::new(),
        state: settings.state.unwrap_or_default(),
        valid_from: None,
        valid_until: None,
        review: Vec::new(),
        facts: Facts::default(),
        sources: Vec::new(),
        version: 1,
        body: found.body,
    };
    finish(article, notes)
}

/// What every article goes through before it is taken: cleaned, checked, and held back if it has blanks.
pub(super) fn finish(mut article: Article, notes: &mut Vec<Note>) -> Result<Article, Refusal> {
    characters::clean_article(&mut article);
    check_id(&article.id.0)?;
    if article.title.is_empty() {
        return Err(Refusal::NoTitle);
    }
    if article.body.is_empty() {
        return Err(Refusal::Empty);
    }
    if article.body.len() > MAX_BODY_BYTES {
        return Err(Refusal::TooLong { limit_kib: MAX_BODY_BYTES >> 10 });
    }
    if article.valid_from.zip(article.valid_until).is_some_and(|(from, until)| until < from) {
        return Err(Refusal::Validity);
    }
    blanks::hold_back(&mut article, notes);
    Ok(article)
}

/// Refuses an id that could not be stored, linked or shown.
pub(super) fn check_id(id: &str) -> Result<(), Refusal> {
    let usable = (1..=MAX_ID_BYTES).contains(&id.len()) && id.trim() == id && !id.chars().any(char::is_control);
    if usable { Ok(()) } else { Err(Refusal::Id { id: id.chars().take(80).collect() }) }
}

/// The language that the text names, that its folder is called after, that the importer was told, or that it looks like.
pub(super) fn language(
    path: &Utf8Path,
    named: Option<Language>,
    text: &str,
    settings: &ImportSettings,
    notes: &mut Vec<Note>,
) -> Language {
    let folder = || {
        let mut folders = path.parent().into_iter().flat_map(Utf8Path::components).rev();
        folders.find_map(|name| Language::ALL.into_iter().find(|language| language.code() == name.as_str()))
    };
    named.or_else(folder).or(settings.language).unwrap_or_else(|| {
        let end = text.char_indices().nth(GUESSED_FROM).map_or(text.len(), |(end, _)| end);
        let guess = crate::detect(&text[..end], None);
        // Between 0 and 100, so nothing is cut off.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
        let percent = (guess.confidence * 100.0).clamp(0.0, 100.0) as u8;
        notes.push(Note::LanguageGuessed { language: guess.language, percent });
        guess.language
    })
}

/// The first heading, if the text begins with one, and the text below it.
pub(super) fn first_heading(text: &str) -> (Option<String>, &str) {
    let start = text.trim_start_matches(['\n', '\r', ' ', '\u{feff}']);
    let (line, rest) = start.split_once('\n').unwrap_or((start, ""));
    let heading = line.trim_start_matches('#');
    let level = line.len() - heading.len();
    let title = heading.trim().trim_end_matches('#').trim_end();
    if !(1..=6).contains(&level) || !heading.starts_with([' ', '\t']) || title.is_empty() {
        return (None, text);
    }
    (Some(title.to_owned()), rest)
}

/// A title from the file's name: `cerere_de-eliberare.pdf` reads `Cerere de eliberare`.
pub(super) fn title_from_name(path: &Utf8Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    let text = characters::clean_line(&stem.replace(['-', '_'], " "));
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// An id from the file's name: lower case, without diacritics, words joined by hyphens.
pub(super) fn slug(path: &Utf8Path) -> String {
    let folded = crate::fold(path.file_stem().unwrap_or_default());
    let mut slug = String::new();
    for word in folded.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if slug.len() + word.len() >= MAX_ID_BYTES {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(word);
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str, settings: &ImportSettings) -> Result<Article, Refusal> {
        article(Utf8Path::new(path), Found::markdown(text), settings, &mut Vec::new())
    }

    fn romanian() -> ImportSettings {
        ImportSettings { language: Some(Language::Ro), state: None }
    }

    #[test]
    fn plain_markdown_takes_its_title_from_its_heading_and_its_id_from_its_name() {
        let article =
            read("Taxe Locale (2026).md", "\n# Taxele locale #\n\nSe plătesc la casierie.\n", &romanian()).unwrap();
        assert_eq!((article.id.0.as_str(), article.title.as_str()), ("taxe-locale-2026", "Taxele locale"));
        assert_eq!(
            (article.body.as_str(), article.state),
            ("Se plătesc la casierie.", desk::article::ArticleState::Draft)
        );
    }

    #[test]
    fn without_a_heading_the_name_is_the_title() {
        let article = read("cerere_de-eliberare.md", "#etichetă\nSe depune.", &romanian()).unwrap();
        assert_eq!((article.title.as_str(), article.body.as_str()), ("Cerere de eliberare", "#etichetă\nSe depune."));
    }

    #[test]
    fn a_folder_named_after_a_language_tells_it() {
        assert_eq!(read("articole/hu/lap.md", "Szöveg.", &romanian()).unwrap().language, Language::Hu);
        assert_eq!(read("articole/lap.md", "Text.", &romanian()).unwrap().language, Language::Ro);
    }

    #[test]
    fn an_article_with_blanks_is_not_published() {
        let settings = ImportSettings { state: Some(desk::article::ArticleState::Published), ..romanian() };
        for blank in ["[[de confirmat: taxa]]", "[[megerősítendő: díj]]", "[[To confirm: fee]]"] {
            let mut notes = Vec::new();
            let found = Found::markdown(blank);
            let article = article(Utf8Path::new("taxa.md"), found, &settings, &mut notes).unwrap();
            assert_eq!(article.state, desk::article::ArticleState::Draft, "{blank}");
            assert!(matches!(notes[..], [Note::Blanks { blanks: 1, .. }]), "{blank}");
        }
    }

    #[test]
    fn a_body_that_no_log_entry_could_hold_is_refused() {
        let text = "cuvânt ".repeat(MAX_BODY_BYTES / 7);
        assert!(matches!(read("lung.md", &text, &romanian()), Err(Refusal::TooLong { limit_kib: 512 })));
    }
}
