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

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;
    use crate::case::{CaseKind, Priority};
    use crate::clock::Terms;
    use crate::contact::Channel;
    use crate::conversation::ConversationState;
    use crate::ids::{ContactId, OperatorId};
    use crate::language::Language;
    use crate::outcome::HandOffReason;
    use crate::reference::Reference;

    fn start() -> Timestamp {
        "2026-11-02T08:00:00Z".parse().unwrap()
    }

    fn watched(owner: Owner, kind: CaseKind) -> Watched {
        let (case, conversation, contact) = (CaseId::new(), ConversationId::new(), ContactId::new());
        let department = DepartmentId::from("petitii");
        Watched {
            case: Case {
                id: case,
                reference: Reference::from_random(7),
                conversation,
                contact,
                kind,
                department,
                level: Level::L1,
                priority: Priority::Normal,
                state: CaseState::New,
                assignee: None,
                reason: HandOffReason::Requested,
                subject: "?".to_owned(),
                language: Language::Ro,
                clocks: Terms::default().start(kind, start()),
                registered: None,
                version: 1,
                created_at: start(),
                updated_at: start(),
            },
            conversation: Conversation {
                id: conversation,
                contact,
                channel: Channel::Chat,
                language: Language::Ro,
                state: ConversationState::Open,
                owner,
                version: 1,
                case: Some(case),
                turns: 2,
                waiting_since: Some(start()),
                created_at: start(),
                updated_at: start(),
            },
            marks: Vec::new(),
        }
    }

    fn queue() -> Owner {
        Owner::Queue(DepartmentId::from("petitii"))
    }

    #[test]
    fn a_citizen_in_a_queue_is_raised_after_five_minutes_and_once() {
        let mut one = watched(queue(), CaseKind::Question);
        let policy = WatchdogPolicy::default();
        assert!(plan(&[one.clone()], start() + 4.minutes(), &policy).is_empty());
        let actions = plan(&[one.clone()], start() + 5.minutes(), &policy);
        assert!(matches!(&actions[..], [Action::Raise { level: Level::L2, reason: EscalationReason::Unowned, .. }]));
        one.marks.push(EscalationReason::Unowned.mark());
        assert!(plan(&[one], start() + 6.minutes(), &policy).is_empty());
    }

    #[test]
    fn a_silent_operator_loses_the_conversation_to_the_queue() {
        let one = watched(Owner::Operator(OperatorId::new()), CaseKind::Question);
        let actions = plan(&[one], start() + 15.minutes(), &WatchdogPolicy::default());
        assert!(matches!(&actions[..], [Action::ReturnToQueue { reason: EscalationReason::OperatorSilent, .. }]));
    }

    #[test]
    fn a_petition_is_raised_before_its_term_and_again_when_it_is_broken() {
        let mut one = watched(Owner::Operator(OperatorId::new()), CaseKind::Petition);
        one.conversation.waiting_since = None;
        let policy = WatchdogPolicy::default();
        let near = start() + (24 * 26).hours();
        let actions = plan(&[one.clone()], near, &policy);
        let [Action::Raise { reason: about, .. }] = &actions[..] else { panic!("{actions:?}") };
        assert_eq!(about.mark(), "about_to_breach:petition-answer");
        one.marks.push(about.mark());
        assert!(plan(&[one.clone()], near, &policy).is_empty());
        let actions = plan(&[one], start() + (24 * 32).hours(), &policy);
        assert!(matches!(&actions[..], [Action::Raise { reason: EscalationReason::Breached { .. }, .. }]));
    }

    #[test]
    fn what_is_done_is_left_alone() {
        let mut one = watched(queue(), CaseKind::Question);
        one.case.state = CaseState::Resolved;
        assert!(plan(&[one], start() + (24 * 90).hours(), &WatchdogPolicy::default()).is_empty());
    }
}
