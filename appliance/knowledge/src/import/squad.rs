//! Reading-comprehension corpora in the JSON of SQuAD: every paragraph becomes an article `Title/index`.
//!
//! The questions in the file are not taken: they belong to evaluation, and an index that held them would be tested on
//! what it was told.

use std::collections::HashMap;

use camino::Utf8Path;
use desk::article::{Article, ArticleId, ArticleState, Audience, Facts};
use desk::language::Language;
use serde::Deserialize;

use super::{ImportSettings, Note, Refusal, plain};

#[derive(Deserialize)]
struct Corpus {
    data: Vec<Document>,
}

#[derive(Deserialize)]
struct Document {
    title: String,
    paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize)]
struct Paragraph {
    context: String,
}

/// The articles of the corpus in `text`, in its order.
pub(super) fn read(
    path: &Utf8Path,
    text: &str,
    settings: &ImportSettings,
    notes: &mut Vec<Note>,
) -> Result<Vec<Article>, Refusal> {
    let damaged = |error: serde_json::Error| Refusal::Damaged { kind: "SQuAD JSON", reason: error.to_string() };
    let corpus: Corpus = serde_json::from_str(text).map_err(damaged)?;
    let language = language(path, &corpus, settings, notes);
    // A title that comes again counts on, so that no two paragraphs share an id.
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut articles = Vec::new();
    let mut first_refusal = None;
    for Document { title, paragraphs } in corpus.data {
        let count = counts.entry(title.clone()).or_default();
        for Paragraph { context } in paragraphs {
            let id = format!("{title}/{count}");
            *count += 1;
            match plain::finish(article(id.clone(), &title, context, language, settings), notes) {
                Ok(article) => articles.push(article),
                Err(refusal) => {
                    first_refusal.get_or_insert_with(|| refusal.clone());
                    notes.push(Note::Skipped { part: id, refusal: Box::new(refusal) });
                }
            }
        }
    }
    match first_refusal {
        _ if !articles.is_empty() => Ok(articles),
        Some(refusal) => Err(refusal),
        None => Err(Refusal::Empty),
    }
}

fn article(id: String, title: &str, body: String, language: Language, settings: &ImportSettings) -> Article {
    Article {
        id: ArticleId(id),
        language,
        // Corpora write the spaces of their titles as underscores.
        title: title.replace('_', " "),
        asked_as: Vec::new(),
        department: String::new(),
        audience: Audience::default(),
        owner: String::new(),
        state: settings.state.unwrap_or(ArticleState::Published),
        valid_from: None,
        valid_until: None,
        review: Vec::new(),
        facts: Facts::default(),
        sources: Vec::new(),
        version: 1,
        body,
    }
}

/// One language for the whole corpus: a single short paragraph could be misjudged.
fn language(path: &Utf8Path, corpus: &Corpus, settings: &ImportSettings, notes: &mut Vec<Note>) -> Language {
    let contexts = corpus.data.iter().flat_map(|document| document.paragraphs.first());
    let sample: Vec<&str> = contexts.take(20).map(|paragraph| paragraph.context.as_str()).collect();
    plain::language(path, None, &sample.join("\n"), settings, notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Result<Vec<Article>, Refusal>, Vec<Note>) {
        let settings = ImportSettings { language: Some(Language::En), state: None };
        let mut notes = Vec::new();
        (super::read(Utf8Path::new("corpus.json"), text, &settings, &mut notes), notes)
    }

    #[test]
    fn every_paragraph_becomes_a_published_article_of_its_title() {
        let text = r#"{"version": "1.1", "data": [
            {"title": "Danube_Delta", "paragraphs": [{"context": "First.", "qas": [{"id": 1}]}, {"context": "Second."}]},
            {"title": "Deva", "paragraphs": [{"context": "Third."}]},
            {"title": "Danube_Delta", "paragraphs": [{"context": "Fourth."}]}]}"#;
        let articles = read(text).0.unwrap();
        let brief: Vec<_> = articles.iter().map(|a| (a.id.0.as_str(), a.title.as_str(), a.body.as_str())).collect();
        assert_eq!(
            brief,
            [
                ("Danube_Delta/0", "Danube Delta", "First."),
                ("Danube_Delta/1", "Danube Delta", "Second."),
                ("Deva/0", "Deva", "Third."),
                ("Danube_Delta/2", "Danube Delta", "Fourth."),
            ]
        );
        assert!(articles.iter().all(|a| a.state == ArticleState::Published && a.language == Language::En));
    }

    #[test]
    fn an_empty_paragraph_is_left_out_and_reported_but_counted() {
        let (articles, notes) =
            read(r#"{"data": [{"title": "T", "paragraphs": [{"context": " "}, {"context": "x"}]}]}"#);
        assert_eq!(articles.unwrap()[0].id.0, "T/1");
        assert!(matches!(&notes[..], [Note::Skipped { part, .. }] if part == "T/0"));
    }

    #[test]
    fn what_is_no_corpus_is_refused_with_the_place() {
        let refused = read(r#"{"data": [{"title": "T"}]}"#).0.unwrap_err();
        assert!(refused.to_string().contains("missing field `paragraphs`"), "{refused}");
        assert!(matches!(read(r#"{"data": []}"#).0, Err(Refusal::Empty)));
    }
}
