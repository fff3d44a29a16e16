//! Cases, references and registry numbers.

use std::collections::BTreeSet;

use desk::case::{CaseKind, CaseState, Priority};
use desk::contact::Channel;
use desk::ids::CaseId;
use desk::journal::{Actor, Event};
use desk::ports::PortError;
use desk::ports::cases::{CaseFilter, Cases};
use desk::ports::conversations::{Conversations, NewReply};
use desk::registry::{Block, RegistryEntry};
use desk::turn::Author;
use jiff::civil::date;

use crate::support::*;

fn entry(case: CaseId, block: &str, last: u64) -> RegistryEntry {
    RegistryEntry {
        case,
        block: Block { name: block.to_owned(), first: 100, last },
        day: date(2026, 11, 20),
        department: department(),
        annexes: 1,
    }
}

fn block() -> String {
    uuid::Uuid::new_v4().to_string()
}

#[test]
fn a_case_is_read_back_as_it_was_opened() {
    story(|store| async move {
        let (conversation, case) = handed_off(&store, CaseKind::Petition).await;
        assert_eq!(store.cases().case(case.id).await.unwrap(), case);
        assert_eq!(store.cases().by_reference(case.reference).await.unwrap(), case);
        assert_eq!(conversation.case, Some(case.id));
    });
}

#[test]
fn a_reference_that_is_taken_is_told_so_and_nothing_is_written() {
    story(|store| async move {
        let (_, taken) = handed_off(&store, CaseKind::Question).await;
        let conversation = begin(&store, Channel::Chat).await;
        let mut case = case_of(&conversation, CaseKind::Question);
        case.reference = taken.reference;
        let reply = NewReply { case: Some(case), ..answers(&conversation, Author::Assistant, "Vă preia un coleg.") };
        let refused = store.conversations().reply(reply).await;
        assert!(matches!(refused, Err(PortError::Conflict { what: "reference" })));
        assert!(store.conversations().turns(conversation.id, 0, 9).await.unwrap().is_empty());
    });
}

#[test]
fn of_two_changes_on_the_same_version_one_is_a_conflict() {
    story(|store| async move {
        let (_, case) = handed_off(&store, CaseKind::Question).await;
        let mut urgent = case.clone();
        urgent.priority = Priority::Urgent;
        let changed = store.cases().update(urgent, Actor::System, Event::CaseChanged, None).await.unwrap();
        assert_eq!((changed.version, changed.priority), (2, Priority::Urgent));
        let mut stale = case;
        stale.state = CaseState::InProgress;
        let conflict = store.cases().update(stale, Actor::System, Event::CaseChanged, None).await;
        assert!(matches!(conflict, Err(PortError::Conflict { .. })));
        let mut illegal = changed;
        illegal.state = CaseState::Forwarded;
        let forwarded = store.cases().update(illegal, Actor::System, Event::CaseChanged, None).await.unwrap();
        let mut back = forwarded;
        back.state = CaseState::New;
        let refused = store.cases().update(back, Actor::System, Event::CaseChanged, None).await;
        assert!(matches!(refused, Err(PortError::Refused(_))));
    });
}

#[test]
fn the_watchdog_raises_a_case_once_for_one_reason() {
    story(|store| async move {
        let (conversation, case) = handed_off(&store, CaseKind::Question).await;
        let mut raised = case.clone();
        raised.level = raised.level.up();
        let mark = Some("unowned".to_owned());
        let raised = store.cases().update(raised, Actor::System, Event::CaseEscalated, mark.clone()).await.unwrap();
        let again = store.cases().update(raised.clone(), Actor::System, Event::CaseEscalated, mark).await;
        assert!(matches!(again, Err(PortError::Conflict { .. })));
        let watched = store.cases().watched(10_000).await.unwrap();
        let watched = watched.iter().find(|watched| watched.case.id == case.id).unwrap();
        assert_eq!(watched.case, raised);
        assert_eq!(watched.conversation, conversation);
        assert_eq!(watched.marks, vec!["unowned".to_owned()]);
    });
}

#[test]
fn lists_put_the_urgent_and_then_the_soonest_due_first() {
    story(|store| async move {
        let department = desk::ids::DepartmentId(uuid::Uuid::new_v4().to_string());
        let mut expected = Vec::new();
        for (kind, priority) in [
            (CaseKind::Petition, Priority::Urgent),
            (CaseKind::Incident, Priority::Normal),
            (CaseKind::Petition, Priority::Normal),
        ] {
            let conversation = begin(&store, Channel::Chat).await;
            let mut case = case_of(&conversation, kind);
            case.department = department.clone();
            case.priority = priority;
            let reply = NewReply { case: Some(case.clone()), ..answers(&conversation, Author::Assistant, "…") };
            store.conversations().reply(reply).await.unwrap();
            expected.push(case.id);
        }
        let filter = CaseFilter { departments: Some(vec![department]), open: true, limit: 9, ..CaseFilter::default() };
        let listed = store.cases().list(filter.clone()).await.unwrap();
        assert_eq!(listed.iter().map(|case| case.id).collect::<Vec<_>>(), expected);
        let nobodys = CaseFilter { assignee: Some(operator()), ..filter };
        assert!(store.cases().list(nobodys).await.unwrap().is_empty());
    });
}

#[test]
fn registry_numbers_follow_each_other_whoever_asks_at_once() {
    story(|store| async move {
        let block = block();
        let mut cases = Vec::new();
        for _ in 0..12 {
            cases.push(handed_off(&store, CaseKind::Petition).await.1.id);
        }
        // Everybody asks twice, at once.
        let asking = cases.iter().chain(&cases).map(|case| {
            let (store, entry) = (store.clone(), entry(*case, &block, 999));
            tokio::spawn(async move { store.cases().register(entry, Actor::System).await.unwrap() })
        });
        let numbers: Vec<_> = futures::future::join_all(asking).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(numbers[..12], numbers[12..], "a repeated call gets the same number");
        let distinct: BTreeSet<u64> = numbers.iter().map(|number| number.number).collect();
        assert_eq!(distinct, (100..112).collect());
        let case = store.cases().case(cases[0]).await.unwrap();
        assert_eq!(case.registered.as_ref(), Some(&numbers[0]));
        assert_eq!(case.version, 2);
    });
}

#[test]
fn a_full_block_is_an_error_and_a_failed_call_burns_no_number() {
    story(|store| async move {
        let block = block();
        let unknown = store.cases().register(entry(CaseId::new(), &block, 101), Actor::System).await;
        assert!(matches!(unknown, Err(PortError::NotFound { .. })));
        for number in [100, 101] {
            let case = handed_off(&store, CaseKind::Petition).await.1.id;
            let given = store.cases().register(entry(case, &block, 101), Actor::System).await.unwrap();
            assert_eq!(given.number, number);
        }
        let case = handed_off(&store, CaseKind::Petition).await.1.id;
        let full = store.cases().register(entry(case, &block, 101), Actor::System).await;
        assert!(matches!(full, Err(PortError::Refused(_))));
        let more = store.cases().register(entry(case, &block, 102), Actor::System).await.unwrap();
        assert_eq!(more.number, 102, "a longer block goes on where it stopped");
    });
}

#[test]
fn days_never_run_backwards_within_a_block() {
    story(|store| async move {
        let block = block();
        let today = entry(handed_off(&store, CaseKind::Petition).await.1.id, &block, 999);
        let late = RegistryEntry {
            day: date(2026, 11, 19),
            ..entry(handed_off(&store, CaseKind::Petition).await.1.id, &block, 999)
        };
        let next_year = RegistryEntry {
            day: date(2027, 1, 4),
            ..entry(handed_off(&store, CaseKind::Petition).await.1.id, &block, 999)
        };
        store.cases().register(today, Actor::System).await.unwrap();
        let late = store.cases().register(late, Actor::System).await.unwrap();
        assert_eq!((late.number, late.day), (101, date(2026, 11, 20)));
        let next_year = store.cases().register(next_year, Actor::System).await.unwrap();
        assert_eq!((next_year.year, next_year.number), (2027, 100));
    });
}
