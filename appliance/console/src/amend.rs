//! What an operator changes about a case, as pure steps from the case that was read to the case that is written.

use desk::case::{Case, CaseKind, CaseState, IllegalMove, Level, Priority};
use desk::clock::{ClockError, Terms};
use desk::ids::DepartmentId;
use jiff::Timestamp;

/// What the form of the panel holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Amendment {
    pub(crate) kind: CaseKind,
    pub(crate) department: DepartmentId,
    pub(crate) level: Level,
    pub(crate) priority: Priority,
}

/// Writes the amendment into the case; says whether anything changed. Another kind has other terms: those of the old kind are
/// lifted, and those of the new one count from the day on which the case was opened, for the citizen has waited since.
pub(crate) fn amend(case: &mut Case, amendment: &Amendment, terms: &Terms, now: Timestamp) -> bool {
    let before = case.clone();
    if case.kind != amendment.kind {
        case.kind = amendment.kind;
        for clock in &mut case.clocks {
            clock.lift(now);
        }
        let mut clocks = terms.start(amendment.kind, case.created_at);
        if case.state == CaseState::WaitingForCitizen {
            for clock in &mut clocks {
                clock.pause(now);
            }
        }
        case.clocks.extend(clocks);
    }
    case.department = amendment.department.clone();
    case.level = amendment.level;
    case.priority = amendment.priority;
    *case != before
}

/// The citizen owes us something.
pub(crate) fn wait(case: &mut Case, now: Timestamp) -> Result<(), IllegalMove> {
    move_to(case, CaseState::WaitingForCitizen)?;
    for clock in &mut case.clocks {
        clock.pause(now);
    }
    Ok(())
}

/// The citizen owes us nothing any more: back to whoever has it, or to the queue.
pub(crate) fn resume(case: &mut Case, now: Timestamp) -> Result<(), IllegalMove> {
    move_to(case, if case.assignee.is_some() { CaseState::InProgress } else { CaseState::New })?;
    for clock in &mut case.clocks {
        clock.resume(now);
    }
    Ok(())
}

/// The case goes to another body; nothing is owed by us any more.
pub(crate) fn forward(case: &mut Case, now: Timestamp) -> Result<(), IllegalMove> {
    move_to(case, CaseState::Forwarded)?;
    for clock in &mut case.clocks {
        clock.lift(now);
    }
    Ok(())
}

/// Extends the term called `term`, as its rule allows.
pub(crate) fn extend(case: &mut Case, term: &str, terms: &Terms, now: Timestamp) -> Result<(), ClockError> {
    // The clock that runs, not one of the same term that was lifted before.
    let clock = case.clocks.iter_mut().find(|clock| clock.term == term && clock.is_running());
    clock.map_or_else(|| Err(ClockError::NotRunning(term.to_owned())), |clock| terms.extend(clock, now))
}

fn move_to(case: &mut Case, to: CaseState) -> Result<(), IllegalMove> {
    case.state.check_move(to)?;
    case.state = to;
    Ok(())
}

#[cfg(test)]
mod tests {
    use desk::clock::ClockState;
    use desk::ids::{CaseId, ContactId, ConversationId};
    use desk::language::Language;
    use desk::outcome::HandOffReason;
    use desk::reference::Reference;
    use jiff::SignedDuration;

    use super::*;

    fn opened() -> Timestamp {
        "2026-11-02T08:00:00Z".parse().unwrap()
    }

    fn question() -> Case {
        Case {
            id: CaseId::new(),
            reference: Reference::from_random(1),
            conversation: ConversationId::new(),
            contact: ContactId::new(),
            kind: CaseKind::Question,
            department: DepartmentId::from("registratura"),
            level: Level::L1,
            priority: Priority::Normal,
            state: CaseState::New,
            assignee: None,
            reason: HandOffReason::NotInKnowledge,
            subject: String::new(),
            language: Language::Ro,
            clocks: Terms::default().start(CaseKind::Question, opened()),
            registered: None,
            version: 1,
            created_at: opened(),
            updated_at: opened(),
        }
    }

    fn as_it_is(case: &Case) -> Amendment {
        Amendment { kind: case.kind, department: case.department.clone(), level: case.level, priority: case.priority }
    }

    #[test]
    fn a_question_that_is_a_petition_gets_the_terms_of_the_law_from_the_day_it_came() {
        let (mut case, terms) = (question(), Terms::default());
        let later = opened() + SignedDuration::from_hours(48);
        let amendment = Amendment { kind: CaseKind::Petition, ..as_it_is(&case) };
        assert!(amend(&mut case, &amendment, &terms, later));
        assert_eq!(case.clocks[0].state, ClockState::Lifted(later));
        let running: Vec<_> = case.clocks.iter().filter(|clock| clock.is_running()).collect();
        assert_eq!(running.len(), 1);
        assert_eq!((running[0].term.as_str(), running[0].started), ("petition-answer", opened()));
    }

    #[test]
    fn saving_without_a_change_changes_nothing() {
        let mut case = question();
        let amendment = as_it_is(&case);
        assert!(!amend(&mut case, &amendment, &Terms::default(), opened()));
    }

    #[test]
    fn waiting_for_the_citizen_stops_the_clock_and_resuming_starts_it() {
        let mut case = question();
        wait(&mut case, opened()).unwrap();
        assert!(!case.clocks[0].is_running());
        assert!(wait(&mut case, opened()).is_err(), "it waits already");
        resume(&mut case, opened()).unwrap();
        assert_eq!(case.state, CaseState::New);
        assert!(case.clocks[0].is_running());
    }

    #[test]
    fn a_forwarded_case_is_owed_nothing_by_us() {
        let mut case = question();
        forward(&mut case, opened()).unwrap();
        assert_eq!(case.due(), None);
        assert!(matches!(
            extend(&mut case, "question-answer", &Terms::default(), opened()),
            Err(ClockError::NotRunning(_))
        ));
    }
}
