//! How the assistant came to its outcome, stage by stage, for the technical view.

use desk::outcome::StageTrace;
use ui::fill;

use crate::texts::Texts;

/// The stages of one turn.
pub(crate) struct TraceView {
    pub(crate) title: String,
    pub(crate) stages: Vec<StageTrace>,
}

impl TraceView {
    pub(crate) fn new(stages: &[StageTrace], t: &Texts) -> Self {
        let micros: u64 = stages.iter().map(|stage| stage.micros).sum();
        let millis = format!("{}.{}", micros / 1_000, micros / 100 % 10);
        let count = stages.len().to_string();
        Self { title: fill(&t.conversation.trace, &[("count", &count), ("millis", &millis)]), stages: stages.to_vec() }
    }
}
