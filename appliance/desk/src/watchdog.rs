//! Finds what nobody owns or what is about to breach, as a pure plan.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseState, Level};
use crate::conversation::{Conversation, Owner};
use crate::ids::{CaseId, ConversationId, DepartmentId};

/// When the watchdog steps in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WatchdogPolicy {
    /// A citizen who waits in a queue longer than this is raised by a level.
    pub unowned_seconds: u64,
    /// A citizen whom an operator has left unanswered for longer than this goes back to the queue.
    pub operator_silent_seconds: u64,
    /// A clock that has used up this share of its term, in percent, raises its case.
    pub clock_percent: u8,
}

impl Default for WatchdogPolicy {
    fn default() -> Self {
        Self { unowned_seconds: 5 * 60, operator_silent_seconds: 15 * 60, clock_percent: 80 }
    }
}

/// Why the watchdog stepped in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EscalationReason {
    /// Nobody has taken it.
    Unowned,
    /// Its operator has gone silent.
    OperatorSilent,
    /// A term is about to run out.
    AboutToBreach {
        /// The term.
        term: String,
    },
    /// A term has run out.
    Breached {
        /// The term.
        term: String,
    },
}

impl EscalationReason {
    /// A name for the journal; with the case it makes the escalation happen once.
    #[must_use]
    pub fn mark(&self) -> String {
        match self {
            Self::Unowned => "unowned".to_owned(),
            Self::OperatorSilent => "operator_silent".to_owned(),
            Self::AboutToBreach { term } => format!("about_to_breach:{term}"),
            Self::Breached { term } => format!("breached:{term}"),
        }
    }
}

/// One thing that the watchdog wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Raise the case to `level`.
    Raise {
        /// The case.
        case: CaseId,
        /// The version that the decision was made on.
        version: u64,
        /// Where it goes.
        level: Level,
        /// Why.
        reason: EscalationReason,
    },
    /// Put the conversation back into the department's queue.
    ReturnToQueue {
        /// The conversation.
        conversation: ConversationId,
        /// The version that the decision was made on.
        version: u64,
        /// The queue.
        department: DepartmentId,
        /// Why.
        reason: EscalationReason,
    },
}

/// An open case with its conversation and what the watchdog has already done about it.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The case.
    pub case: Case,
    /// The conversation in which it arose.
    pub conversation: Conversation,
    /// Marks of the escalations already made ([`EscalationReason::mark`]).
    pub marks: Vec<String>,
}

/// What must be done at `now`, in the order of `watched`. Each escalation happens once per case: its mark says so.
#[must_use]
pub fn plan(watched: &[Watched], now: Timestamp, policy: &WatchdogPolicy) -> Vec<Action> {
    watched.iter().flat_map(|one| plan_one(one, now, policy)).collect()
}

fn plan_one(watched: &Watched, now: Timestamp, policy: &WatchdogPolicy) -> Vec<Action> {
    let Watched { case, conversation, marks } = watched;
    if !case.state.is_open() {
        return Vec::new();
    }
    let mut actions = Vec::new();
    let waited = conversation.waiting_since.map(|since| now.duration_since(since));
    let longer_than = |seconds: u64| {
        let bound = SignedDuration::try_from(Duration::from_secs(seconds)).unwrap_or(SignedDuration::MAX);
        waited.is_some_and(|waited| waited >= bound)
    };
    let mut reasons = Vec::new();
    match &conversation.owner {
        Owner::Queue(_) if longer_than(policy.unowned_seconds) && case.state == CaseState::New => {
            reasons.push(EscalationReason::Unowned);
        }
        Owner::Operator(_) if longer_than(policy.operator_silent_seconds) => {
            // Not bound to a mark: whoever takes it next may fall silent too.
            actions.push(Action::ReturnToQueue {
                conversation: conversation.id,
                version: conversation.version,
                department: case.department.clone(),
                reason: EscalationReason::OperatorSilent,
            });
        }
        _ => {}
    }
    for clock in case.clocks.iter().filter(|clock| clock.is_running()) {
        let elapsed = clock.elapsed(now);
        if elapsed >= 1.0 {
            reasons.push(EscalationReason::Breached { term: clock.term.clone() });
        } else if elapsed * 100.0 >= f64::from(policy.clock_percent) {
            reasons.push(EscalationReason::AboutToBreach { term: clock.term.clone() });
        }
    }
    // One raise at a time: the next round sees the case as this one leaves it.
    if let Some(reason) = reasons.into_iter().find(|reason| !marks.contains(&reason.mark())) {
        actions.push(Action::Raise { case: case.id, version: case.version, level: case.level.up(), reason });
    }
    actions
}
