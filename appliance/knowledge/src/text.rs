//! An article's body as sentences: what is searched closely and what answers are composed of.

use desk::article::Article;

/// One sentence, heading-free line or list item of an article's body, without Markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Its words.
    pub text: String,
    /// The heading under which it stands.
    pub heading: Option<String>,
    /// The paragraph or list to which it belongs, counted from 0.
    pub block: usize,
    /// Whether it is an item of a list.
    pub item: bool,
    /// Its place in the body, counted from 0.
    pub position: usize,
}

/// x
#[must_use]
pub fn sentences(_article: &Article) -> Vec<Sentence> { todo!() }
