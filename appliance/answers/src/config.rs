//! What an institution may set about answering.

use desk::ids::DepartmentId;
use serde::{Deserialize, Serialize};

use crate::confidence;

/// Settings of the assistant; every key has a default that works.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnswersConfig {
    /// From which probability on an answer is given.
    pub answer_threshold: f64,
    /// From which probability on a subject is offered as a choice when none reaches the first threshold.
    pub plausible_threshold: f64,
    /// How many subjects a question back offers at most.
    pub max_choices: usize,
    /// Whose matter is what belongs to no department.
    pub default_department: DepartmentId,
    /// Who receives petitions and complaints.
    pub petitions_department: DepartmentId,
    /// Who receives requests for public information.
    pub information_department: DepartmentId,
    /// Who runs the portal and hears of what does not work there.
    pub incidents_department: DepartmentId,
    /// A helpline named to people in distress, with its hours if it has any; nothing is named while it is empty.
    pub helpline: String,
    /// Limits for a language model, where there is one.
    pub generation: GenerationConfig,
}

impl Default for AnswersConfig {
    fn default() -> Self {
        Self {
            answer_threshold: confidence::DEFAULT_THRESHOLD,
            plausible_threshold: 0.15,
            max_choices: 3,
            default_department: DepartmentId::from("registratura"),
            petitions_department: DepartmentId::from("petitii"),
            information_department: DepartmentId::from("informatii-publice"),
            incidents_department: DepartmentId::from("portal-hub"),
            helpline: String::new(),
            generation: GenerationConfig::default(),
        }
    }
}

/// Limits for a language model; past any of them the answer is composed without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GenerationConfig {
    /// The language model on the inference nodes that words answers, each sentence checked against the sources; without one,
    /// or while no node serves it, answers stand in the articles' own words.
    pub model: Option<String>,
    /// By when the first checked sentence must stand, in milliseconds.
    pub first_sentence_ms: u64,
    /// By when the whole answer must stand, in milliseconds.
    pub deadline_ms: u64,
    /// How much the model may write, in tokens.
    pub max_tokens: u32,
    /// How many passages the model is given.
    pub passages: usize,
}

impl Default for GenerationConfig {
    fn default() -> Self {
        Self { model: None, first_sentence_ms: 2_500, deadline_ms: 8_000, max_tokens: 300, passages: 3 }
    }
}
