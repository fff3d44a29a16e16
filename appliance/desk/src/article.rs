//! What the institution knows, as articles: one subject in one language, with its source and its validity.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::language::Language;

/// Names one subject across its languages: a slug (`carte-de-identitate-expirata`) or, for an imported corpus, `Title/index`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ArticleId(pub String);

impl std::fmt::Display for ArticleId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Where an article stands on its way to citizens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArticleState {
    /// Being written; citizens do not get it.
    #[default]
    Draft,
    /// Waits for a second pair of eyes.
    Review,
    /// Answers citizens.
    Published,
    /// Kept for the record.
    Retired,
}

impl ArticleState {
    /// Whether an editor may move an article from this state to `to`.
    #[must_use]
    pub fn may_become(self, to: Self) -> bool {
        use ArticleState::{Draft, Published, Retired, Review};
        matches!(
            (self, to),
            (Draft, Review | Published | Retired)
                | (Review, Draft | Published | Retired)
                | (Published, Review | Retired)
                | (Retired, Draft)
        )
    }
}

/// Who may read an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Everybody.
    #[default]
    Citizen,
    /// The institution's own people only.
    Operator,
}

/// The public page or act that supports an article.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Source {
    /// Title of the page or act.
    pub title: String,
    /// Who published it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub institution: String,
    /// Its address, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The day on which it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accessed: Option<Date>,
}

/// What the answer card lists beside the answer; only what is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// What to bring.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bring: Vec<String>,
    /// What it costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// How long it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Where to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#where: Option<String>,
}

impl Facts {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One subject in one language, as one version of it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Article {
    /// The subject, the same in every language.
    pub id: ArticleId,
    /// Language of title, body and facts.
    pub language: Language,
    /// What it is about, as a heading.
    pub title: String,
    /// Everyday phrasings under which citizens look for it: searched, never shown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked_as: Vec<String>,
    /// The department that answers for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub department: String,
    /// Who may read it.
    #[serde(default)]
    pub audience: Audience,
    /// Who keeps it true.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// Where it stands on its way to citizens.
    #[serde(default)]
    pub state: ArticleState,
    /// First day on which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// Last day on which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Date>,
    /// What still has to be confirmed, and by whom.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub review: Vec<String>,
    /// What the answer card lists.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
    /// What supports it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// Counts up from 1 with every change that is saved.
    #[serde(default = "first_version")]
    pub version: u32,
    /// The text, in Markdown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

fn first_version() -> u32 {
    1
}

impl Article {
    /// Whether a citizen who asks on `day` may be answered from it.
    #[must_use]
    pub fn serves_citizens_on(&self, day: Date) -> bool {
        self.state == ArticleState::Published
            && self.audience == Audience::Citizen
            && self.valid_from.is_none_or(|from| from <= day)
            && self.valid_until.is_none_or(|until| day <= until)
    }
}
