//! A telephone conversation beside its words: its calls, and whether the citizen is on the line now.

use desk::call::Call;
use desk::ids::CallId;
use desk::language::Language;
use jiff::Timestamp;
use ui::{dates, fill};

use crate::texts::Texts;

/// The calls of a conversation.
pub(crate) struct PhoneView {
    /// The call that goes on.
    pub(crate) on_the_line: Option<CallId>,
    /// Every call, newest first.
    pub(crate) calls: Vec<CallLink>,
}

/// The way to a call.
pub(crate) struct CallLink {
    pub(crate) id: CallId,
    pub(crate) label: String,
}

impl PhoneView {
    pub(crate) fn new(calls: &[Call], now: Timestamp, language: Language, t: &Texts) -> Self {
        let link = |call: &Call| {
            let when = dates::moment(call.started_at, now, language);
            CallLink { id: call.id, label: fill(&t.conversation.call_at, &[("when", &when)]) }
        };
        Self {
            on_the_line: calls.iter().find(|call| call.ended.is_none()).map(|call| call.id),
            calls: calls.iter().rev().map(link).collect(),
        }
    }
}
