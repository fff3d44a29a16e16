//! An article's body as sentences: what is searched closely and what answers are composed of.

use desk::article::Article;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::analysis::tokens::split_sentences;

/// One sentence or list item of an article's body, without Markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Its words.
    pub text: String,
    /// The heading under which it stands.
    pub heading: Option<String>,
    /// The paragraph or list to which it belongs, counted from 0.
    pub block: usize,
    /// Whether it is an item of a list; an item is never split.
    pub item: bool,
    /// Its place in the body, counted from 0.
    pub position: usize,
}

/// The body of `article` as sentences, in order.
#[must_use]
pub fn sentences(article: &Article) -> Vec<Sentence> {
    let mut reader = Reader::default();
    for event in Parser::new(&article.body) {
        reader.take(event);
    }
    reader.flush();
    reader.sentences
}

#[derive(Default)]
struct Reader {
    sentences: Vec<Sentence>,
    heading: Option<String>,
    text: String,
    in_heading: bool,
    lists: usize,
    block: usize,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                self.flush();
                self.in_heading = true;
            }
            Event::End(TagEnd::Heading(_)) => {
                self.in_heading = false;
                self.heading = Some(squeeze(&std::mem::take(&mut self.text)));
            }
            Event::Start(Tag::List(_)) => {
                self.flush();
                self.lists += 1;
            }
            Event::End(TagEnd::List(_)) => {
                self.flush();
                self.lists = self.lists.saturating_sub(1);
                self.block += 1;
            }
            Event::End(TagEnd::Item) => self.flush(),
            Event::End(TagEnd::Paragraph) if self.lists > 0 => self.text.push(' '),
            Event::End(TagEnd::Paragraph | TagEnd::CodeBlock | TagEnd::TableRow | TagEnd::BlockQuote(_)) => {
                self.flush();
                self.block += 1;
            }
            Event::Text(text) | Event::Code(text) => self.text.push_str(&text),
            Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::TableCell) => self.text.push(' '),
            _ => {}
        }
    }

    fn flush(&mut self) {
        let text = squeeze(&std::mem::take(&mut self.text));
        if text.is_empty() || self.in_heading {
            return;
        }
        let item = self.lists > 0;
        let parts = if item { vec![text.as_str()] } else { split_sentences(&text) };
        for part in parts {
            self.sentences.push(Sentence {
                text: part.to_owned(),
                heading: self.heading.clone(),
                block: self.block,
                item,
                position: self.sentences.len(),
            });
        }
    }
}

/// Single spaces only.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use desk::article::{Article, ArticleId};

    use super::*;

    fn article(body: &str) -> Article {
        let mut article: Article = serde_json::from_str(r#"{"id":"x","language":"ro","title":"T"}"#).unwrap();
        article.id = ArticleId("x".to_owned());
        body.clone_into(&mut article.body);
        article
    }

    #[test]
    fn a_body_becomes_sentences_and_items_under_their_headings() {
        let found = sentences(&article(
            "Una. **Două** [legături](https://a.ro).\n\n## Pași\n\n1. Mergeți. Apoi plătiți.\n2. Luați.\n\nLa sfârșit.",
        ));
        let brief: Vec<_> = found.iter().map(|s| (s.text.as_str(), s.heading.as_deref(), s.block, s.item)).collect();
        assert_eq!(
            brief,
            [
                ("Una.", None, 0, false),
                ("Două legături.", None, 0, false),
                ("Mergeți. Apoi plătiți.", Some("Pași"), 1, true),
                ("Luați.", Some("Pași"), 1, true),
                ("La sfârșit.", Some("Pași"), 2, false),
            ]
        );
    }
}
