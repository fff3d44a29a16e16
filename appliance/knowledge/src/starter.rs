//! The starter pack: what a new appliance knows on its first day, compiled into the program.

use std::sync::LazyLock;

use camino::Utf8Path;
use rust_embed::RustEmbed;

use crate::import::{Import, ImportSettings, import_file};

// The pack's README and the questions of the evaluation stay out of the program: neither is an answer.
#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/starter/articles"]
#[prefix = "articles/"]
pub(crate) struct Articles;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/starter/guides"]
#[prefix = "guides/"]
struct Guides;

const SYNONYMS: &[u8] = include_bytes!("../starter/synonyms.toml");
const OUTSIDE: &[u8] = include_bytes!("../starter/outside.toml");

static STARTER: LazyLock<Import> = LazyLock::new(|| {
    let mut import = Import::default();
    let articles = Articles::iter().map(|path| (Articles::get(&path), path));
    let guides = Guides::iter().map(|path| (Guides::get(&path), path));
    let mut files: Vec<_> = articles.chain(guides).filter_map(|(file, path)| Some((path, file?.data))).collect();
    files.push(("synonyms.toml".into(), SYNONYMS.into()));
    files.push(("outside.toml".into(), OUTSIDE.into()));
    files.sort();
    for (path, bytes) in files {
        import_file(Utf8Path::new(path.as_ref()), &bytes, &ImportSettings::default(), &mut import);
    }
    import
});

/// The starter pack, read once by the importer that reads everything else.
#[must_use]
pub fn starter() -> &'static Import {
    &STARTER
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use desk::article::ArticleState;
    use desk::language::Language;

    use super::*;

    #[test]
    fn the_whole_pack_is_taken() {
        let refused: Vec<_> = starter().refused().map(|(path, refusal)| format!("{path}: {refusal}")).collect();
        assert_eq!(refused, Vec::<String>::new());
        assert_eq!(starter().report.iter().flat_map(|file| &file.notes).count(), 0);
        assert!(starter().contents.outside.subjects.len() >= 200);
        for language in Language::ALL {
            assert!(starter().contents.synonyms.groups(language).len() >= 100, "{language}");
        }
    }

    #[test]
    fn every_subject_is_there_in_every_language_with_its_sources() {
        let mut languages: BTreeMap<&str, BTreeSet<Language>> = BTreeMap::new();
        for article in &starter().contents.articles {
            languages.entry(&article.id.0).or_default().insert(article.language);
            let name = format!("{} ({})", article.id, article.language);
            assert!(!article.sources.is_empty(), "{name}");
            assert!(article.sources.iter().all(|source| source.url.is_some() && source.accessed.is_some()), "{name}");
            assert!(!article.asked_as.is_empty() && !article.department.is_empty(), "{name}");
            let marked = |mark: &str| article.review.iter().any(|review| review == mark);
            assert!(marked("to be confirmed by the institution"), "{name}");
            assert!(article.language != Language::Hu || marked("not yet read by a native speaker"), "{name}");
        }
        assert!(languages.len() >= 45, "{} subjects", languages.len());
        let lacking: Vec<_> = languages.iter().filter(|(_, languages)| languages.len() < 3).collect();
        assert_eq!(lacking, Vec::new());
    }

    #[test]
    fn every_guide_is_drawn_from_articles_that_are_there() {
        let contents = &starter().contents;
        assert!(contents.guides.len() >= 8, "{} guides", contents.guides.len());
        let known: BTreeSet<_> = contents.articles.iter().map(|article| &article.id).collect();
        for guide in &contents.guides {
            assert!(!guide.articles.is_empty(), "{}", guide.id.0);
            let named = guide.articles.iter().chain(guide.steps.iter().filter_map(|step| step.article.as_ref()));
            let missing: Vec<_> = named.filter(|id| !known.contains(id)).collect();
            assert!(missing.is_empty(), "{}: {missing:?}", guide.id.0);
        }
    }

    #[test]
    fn nothing_published_has_a_blank_and_nothing_is_written_with_a_cedilla() {
        for article in &starter().contents.articles {
            let text = crate::export::article_to_markdown(article);
            assert!(
                article.state != ArticleState::Published || !text.replace("[[sources]]", "").contains("[["),
                "{}",
                article.id
            );
        }
        // The files themselves, before the importer corrects them.
        let articles = Articles::iter().filter_map(|path| Some((path.clone(), Articles::get(&path)?.data)));
        let guides = Guides::iter().filter_map(|path| Some((path.clone(), Guides::get(&path)?.data)));
        let lists = [("synonyms.toml".into(), SYNONYMS.into()), ("outside.toml".into(), OUTSIDE.into())];
        for (path, bytes) in articles.chain(guides).chain(lists) {
            assert!(!String::from_utf8_lossy(&bytes).contains(['ş', 'ţ', 'Ş', 'Ţ']), "{path}");
        }
    }
}
