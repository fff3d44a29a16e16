//! Promises to ring somebody: made once, dialled by one, kept or given to a person.

use std::time::Duration;

use desk::call_back::{CallBack, CallBackReason, CallBackState};
use desk::case::{CaseKind, Level};
use desk::ids::{CallBackId, CallId, CaseId, IntentId};
use desk::language::Language;
use desk::ports::PortError;
use desk::ports::call_backs::{Attempted, CallBackFilter, CallBacks};
use desk::ports::cases::Cases;
use desk::ports::live_calls::{CallCommand, CallIntent, CallIntents, CommandError, INTENT_PATIENCE, IntentResult};
use jiff::{SignedDuration, Timestamp};
use store::{CALL_BACK_LEASE, Store};

use crate::support::*;

async fn epoch(store: &Store) -> u64 {
    let term = Duration::from_secs(600);
    store.leases().acquire(CALL_BACK_LEASE, "dialler", Timestamp::now(), term).await.unwrap().unwrap().epoch
}

fn promise(case: CaseId, next_at: Timestamp) -> CallBack {
    CallBack {
        id: CallBackId::new(),
        case,
        number: "0721000000".parse().unwrap(),
        department: department(),
        language: Language::Ro,
        reason: CallBackReason::AllBusy,
        not_before: next_at,
        not_after: next_at + SignedDuration::from_mins(30),
        next_at,
        state: CallBackState::Waiting,
        attempts: 0,
        last_call: None,
        operator: None,
        version: 1,
        created_at: Timestamp::now(),
    }
}

async fn is_due(store: &Store, id: CallBackId, at: Timestamp) -> bool {
    store.call_backs().due(at, 1_000).await.unwrap().iter().any(|one| one.id == id)
}

#[test]
fn a_promise_is_made_once_and_dialled_by_one_server() {
    story(|store| async move {
        let (_, case) = handed_off(&store, CaseKind::Question).await;
        let (backs, now, key) = (store.call_backs(), Timestamp::now(), key());
        let made = backs.promise(promise(case.id, now), key.clone()).await.unwrap();
        assert_eq!(backs.promise(promise(case.id, now), key).await.unwrap(), made);
        let epoch = epoch(&store).await;
        let until = now + SignedDuration::from_mins(2);
        let taken = backs.take(made.id, made.version, epoch, CallId::new(), until).await.unwrap();
        assert_eq!((taken.state, taken.attempts), (CallBackState::Dialling, 1));
        let second = backs.take(made.id, made.version, epoch, CallId::new(), until).await;
        assert!(matches!(second, Err(PortError::Conflict { .. })));
        let stale = backs.take(made.id, taken.version, epoch - 1, CallId::new(), until).await;
        assert!(matches!(stale, Err(PortError::Refused(_))));
        assert!(!is_due(&store, made.id, now).await);
        let kept = backs.settle(made.id, taken.version, Attempted::Kept).await.unwrap();
        assert_eq!(kept.state, CallBackState::Kept);
        assert!(!is_due(&store, made.id, until).await);
    });
}

#[test]
fn what_a_dead_dialler_took_is_due_again() {
    story(|store| async move {
        let (_, case) = handed_off(&store, CaseKind::Question).await;
        let (backs, now) = (store.call_backs(), Timestamp::now());
        let made = backs.promise(promise(case.id, now), key()).await.unwrap();
        let until = now + SignedDuration::from_mins(2);
        let epoch = epoch(&store).await;
        let taken = backs.take(made.id, 1, epoch, CallId::new(), until).await.unwrap();
        assert!(is_due(&store, made.id, until).await);
        let again = backs.take(made.id, taken.version, epoch, CallId::new(), until).await.unwrap();
        assert_eq!(again.attempts, 2);
        let late = backs.settle(made.id, taken.version, Attempted::Kept).await;
        assert!(matches!(late, Err(PortError::Conflict { .. })));
    });
}

#[test]
fn whoever_cannot_be_reached_becomes_a_persons_matter() {
    story(|store| async move {
        let (_, case) = handed_off(&store, CaseKind::Question).await;
        let (backs, now) = (store.call_backs(), Timestamp::now());
        let made = backs.promise(promise(case.id, now), key()).await.unwrap();
        let epoch = epoch(&store).await;
        let taken = backs.take(made.id, 1, epoch, CallId::new(), now).await.unwrap();
        let later = now + SignedDuration::from_mins(5);
        let again = backs.settle(made.id, taken.version, Attempted::Again(later)).await.unwrap();
        assert_eq!((again.state, again.next_at), (CallBackState::Waiting, later));
        assert!(!is_due(&store, made.id, now).await);
        let taken = backs.take(made.id, again.version, epoch, CallId::new(), later).await.unwrap();
        backs.settle(made.id, taken.version, Attempted::GivenUp).await.unwrap();
        assert_eq!(store.cases().case(case.id).await.unwrap().level, Level::L2);
        let watched = store.cases().watched(10_000).await.unwrap();
        let watched = watched.into_iter().find(|one| one.case.id == case.id).unwrap();
        assert!(watched.marks.iter().any(|mark| mark.starts_with("call_back:")));
    });
}

#[test]
fn an_operator_dials_now_or_cancels_while_nobody_dials() {
    story(|store| async move {
        let (_, case) = handed_off(&store, CaseKind::Question).await;
        let (backs, now, me) = (store.call_backs(), Timestamp::now(), operator());
        let tomorrow = now + SignedDuration::from_hours(24);
        let made = backs.promise(promise(case.id, tomorrow), key()).await.unwrap();
        assert!(!is_due(&store, made.id, now).await);
        let mine = backs.dial_now(made.id, made.version, me).await.unwrap();
        assert_eq!(mine.operator, Some(me));
        assert!(is_due(&store, made.id, Timestamp::now()).await);
        let late = backs.cancel(made.id, made.version, me).await;
        assert!(matches!(late, Err(PortError::Conflict { .. })));
        let taken = backs.take(made.id, mine.version, epoch(&store).await, CallId::new(), tomorrow).await.unwrap();
        let dialling = backs.cancel(made.id, taken.version, me).await;
        assert!(matches!(dialling, Err(PortError::Refused(_))));
        let other = backs.promise(promise(case.id, tomorrow), key()).await.unwrap();
        let of_case = |open| CallBackFilter { open, case: Some(case.id), limit: 10, ..CallBackFilter::default() };
        assert_eq!(backs.list(of_case(true)).await.unwrap().len(), 2);
        backs.cancel(other.id, other.version, me).await.unwrap();
        assert_eq!(backs.list(of_case(true)).await.unwrap().len(), 1);
        assert_eq!(backs.list(of_case(false)).await.unwrap().len(), 2);
    });
}

#[test]
fn a_command_reaches_the_server_that_has_the_call_once_or_not_at_all() {
    story(|store| async move {
        let (intents, now) = (store.call_intents(), Timestamp::now());
        let posted = |at| CallIntent {
            id: IntentId::new(),
            call: CallId::new(),
            server: 201,
            by: operator(),
            command: CallCommand::HangUp,
            at,
        };
        let fresh = posted(now);
        intents.post(fresh.clone()).await.unwrap();
        intents.post(fresh.clone()).await.unwrap();
        let old = posted(now - SignedDuration::try_from(INTENT_PATIENCE * 2).unwrap());
        intents.post(old.clone()).await.unwrap();
        assert!(intents.take(202, now, 10).await.unwrap().is_empty());
        assert_eq!(intents.take(201, now, 10).await.unwrap(), std::slice::from_ref(&fresh));
        assert!(intents.take(201, now, 10).await.unwrap().is_empty());
        assert_eq!(intents.result(old.id).await.unwrap(), Some(IntentResult::Failed(CommandError::Expired)));
        assert_eq!(intents.result(fresh.id).await.unwrap(), None);
        intents.settle(fresh.id, IntentResult::Done).await.unwrap();
        assert_eq!(intents.result(fresh.id).await.unwrap(), Some(IntentResult::Done));
    });
}
