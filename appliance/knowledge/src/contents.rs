//! What an index is filled with, and the changes that reach it afterwards.

use desk::article::{Article, ArticleId};
use desk::guide::{Guide, GuideId};
use desk::language::Language;

use crate::outside::Outside;
use crate::synonyms::Synonyms;

/// Everything an index is made from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Contents {
    /// Articles in every language and state; only published ones are found.
    pub articles: Vec<Article>,
    /// Guides in every state; only published ones are found.
    pub guides: Vec<Guide>,
    /// Words that mean the same.
    pub synonyms: Synonyms,
    /// Subjects that are not answered.
    pub outside: Outside,
}

/// One change of what is published.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// An article was saved: found from now on if it is published, gone otherwise.
    Article(Box<Article>),
    /// An article is gone.
    RemoveArticle(ArticleId, Language),
    /// A guide was saved: found from now on if it is published, gone otherwise.
    Guide(Box<Guide>),
    /// A guide is gone.
    RemoveGuide(GuideId),
    /// The list of synonyms was replaced.
    Synonyms(Synonyms),
    /// The list of subjects that are not answered was replaced.
    Outside(Outside),
}
