//! Guides: declarative step-by-step procedures with choices, served by chat, keypad and voice alike.

use serde::{Deserialize, Serialize};

use crate::article::{ArticleId, ArticleState};
use crate::language::Localized;

/// Names a guide: a slug (`nu-pot-intra-in-cont`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GuideId(pub String);

/// Names a step within its guide.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub String);

/// What happens once a last step was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuideEnd {
    /// The step is the answer.
    Answered,
    /// A person takes over.
    HandOff,
}

/// One way on from a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuideChoice {
    /// What the citizen picks, short enough for a button and for the ear.
    pub label: Localized<String>,
    /// The step it leads to.
    pub next: StepId,
}

/// One thing said, and the ways on from it or the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuideStep {
    /// Its name within the guide.
    pub id: StepId,
    /// What is said.
    pub say: Localized<String>,
    /// The article shown as its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<ArticleId>,
    /// The ways on, in keypad order; empty at an end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<GuideChoice>,
    /// How the guide ends here; `None` where there are choices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<GuideEnd>,
}

/// A procedure in steps, its texts in every language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guide {
    /// Its name.
    pub id: GuideId,
    /// The department that a hand-off reaches.
    #[serde(default)]
    pub department: String,
    /// Where it stands on its way to citizens.
    #[serde(default)]
    pub state: ArticleState,
    /// What still has to be confirmed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub review: Vec<String>,
    /// The first step.
    pub start: StepId,
    /// What it is about.
    pub title: Localized<String>,
    /// Everyday phrasings under which citizens look for it: searched, never shown.
    #[serde(default)]
    pub asked_as: Localized<Vec<String>>,
    /// The articles it was drawn from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub articles: Vec<ArticleId>,
    /// Its steps.
    pub steps: Vec<GuideStep>,
}

/// Why a guide cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuideError {
    /// A step is named but not there.
    #[error("step `{from}` leads to `{to}`, which does not exist")]
    Dangling {
        /// Where the way begins (`start` for the guide itself).
        from: String,
        /// The missing step.
        to: String,
    },
    /// No way leads to a step.
    #[error("step `{0}` cannot be reached from the start")]
    Unreachable(String),
    /// A step both ends and goes on, or does neither.
    #[error("step `{0}` must have either two to six choices or an end")]
    NeitherEndNorChoices(String),
    /// Two steps share a name.
    #[error("step `{0}` is there twice")]
    Twice(String),
}

impl Guide {
    /// The step called `id`.
    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<&GuideStep> {
        self.steps.iter().find(|step| &step.id == id)
    }

    /// Checks that every way leads somewhere and every step can be reached.
    ///
    /// # Errors
    /// The first defect found, in the order of the steps.
    pub fn check(&self) -> Result<(), GuideError> {
        let dangling = |from: &str, to: &StepId| GuideError::Dangling { from: from.to_owned(), to: to.0.clone() };
        let mut seen = std::collections::HashSet::new();
        for step in &self.steps {
            if !seen.insert(&step.id) {
                return Err(GuideError::Twice(step.id.0.clone()));
            }
            if step.end.is_some() != step.choices.is_empty() || step.choices.len() == 1 || step.choices.len() > 6 {
                return Err(GuideError::NeitherEndNorChoices(step.id.0.clone()));
            }
            if let Some(choice) = step.choices.iter().find(|choice| self.step(&choice.next).is_none()) {
                return Err(dangling(&step.id.0, &choice.next));
            }
        }
        if self.step(&self.start).is_none() {
            return Err(dangling("start", &self.start));
        }
        let mut reached = std::collections::HashSet::from([&self.start]);
        let mut open = vec![&self.start];
        while let Some(step) = open.pop().and_then(|id| self.step(id)) {
            open.extend(step.choices.iter().map(|choice| &choice.next).filter(|next| reached.insert(next)));
        }
        match self.steps.iter().find(|step| !reached.contains(&step.id)) {
            Some(step) => Err(GuideError::Unreachable(step.id.0.clone())),
            None => Ok(()),
        }
    }
}
