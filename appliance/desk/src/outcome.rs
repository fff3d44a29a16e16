//! What the assistant does with a turn, and the trace of how it came to it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::article::{ArticleId, Facts};
use crate::case::{CaseKind, Priority};
use crate::guide::{GuideId, StepId};
use crate::ids::DepartmentId;
use crate::language::Language;

/// What the assistant does with a turn. Exactly one of these reaches the channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// The question is answered, with its source.
    Answer(Answer),
    /// Something is unclear: a question back, with choices.
    Clarify {
        /// The question to the citizen.
        question: String,
        /// The choices, in keypad order.
        choices: Vec<Choice>,
    },
    /// A person takes over.
    HandOff(HandOff),
    /// Something said that answers nothing: a greeting, thanks, a warning to call 112.
    Remark {
        /// What is said.
        text: String,
        /// Ways on, if any.
        choices: Vec<Choice>,
    },
}

impl Outcome {
    /// The choices that the citizen may pick from, in keypad order.
    #[must_use]
    pub fn choices(&self) -> &[Choice] {
        match self {
            Self::Answer(answer) => &answer.choices,
            Self::Clarify { choices, .. } | Self::Remark { choices, .. } => choices,
            Self::HandOff(_) => &[],
        }
    }

    /// What is said, as plain text.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Answer(answer) => &answer.text,
            Self::Clarify { question, .. } => question,
            Self::HandOff(hand_off) => &hand_off.notice,
            Self::Remark { text, .. } => text,
        }
    }
}

/// An answer with what supports it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The answer, in Markdown limited to paragraphs, lists, emphasis and links.
    pub text: String,
    /// What to bring, cost, time, where: only what is known.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
    /// What it rests on; never empty.
    pub quotes: Vec<Quote>,
    /// Ways on: a guide's choices, related subjects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// Where in a guide the conversation now stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guide: Option<GuidePosition>,
    /// Calibrated probability, 0 to 1, that this answers the question.
    pub confidence: f32,
    /// Whether a language model worded it.
    #[serde(default)]
    pub generated: bool,
}

/// A place in an article that supports an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// The article.
    pub article: ArticleId,
    /// Its language.
    pub language: Language,
    /// The version quoted.
    pub version: u32,
    /// The title shown.
    pub title: String,
    /// Who published it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub institution: String,
    /// The public page behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// First day on which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// Last day on which it was checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_on: Option<Date>,
    /// Whether the institution has still to confirm it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unconfirmed: bool,
    /// The very words.
    pub excerpt: String,
}

/// A way on that the citizen may pick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What the button says.
    pub label: String,
    /// Where it leads.
    pub target: ChoiceTarget,
}

/// Where a choice leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum ChoiceTarget {
    /// To an article.
    Article {
        /// Its id.
        id: ArticleId,
    },
    /// To a guide's step.
    Step(GuidePosition),
    /// To a person.
    Person,
    /// To nothing: none of these; the citizen says it in other words.
    Rephrase,
}

/// A step of a guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuidePosition {
    /// The guide.
    pub guide: GuideId,
    /// The step.
    pub step: StepId,
}

/// Why a person takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandOffReason {
    /// The citizen asked for a person.
    Requested,
    /// The knowledge base does not hold it.
    NotInKnowledge,
    /// Something was found, but not surely enough.
    LowConfidence,
    /// The citizen is in danger or distress.
    Distress,
    /// It needs a decision or personal data of a file: a petition, a complaint, one's own case.
    NeedsDecision,
    /// A guide ends with a person.
    GuideEnd,
    /// The assistant failed.
    Failure,
}

/// A person takes over: what becomes of the matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOff {
    /// Why.
    pub reason: HandOffReason,
    /// Whose matter it is.
    pub department: DepartmentId,
    /// What kind of case it becomes.
    pub case_kind: CaseKind,
    /// How urgent it is.
    pub priority: Priority,
    /// What the citizen is told first; the reference and the term are added when the case is durable.
    pub notice: String,
}

/// What one stage of the pipeline decided. Holds no personal data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageTrace {
    /// The stage's name.
    pub stage: String,
    /// What it decided, in English, for operators' technical view.
    pub decision: String,
    /// How long it took, in microseconds.
    pub micros: u64,
}

/// What the assistant hands back for one turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// What it does.
    pub outcome: Outcome,
    /// In which language.
    pub language: Language,
    /// How it came to it, stage by stage.
    pub trace: Vec<StageTrace>,
}
