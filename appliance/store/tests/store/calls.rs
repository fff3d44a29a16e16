//! Telephone calls: kept from their first second, ended once, found again, forgotten in time.

use desk::call::{
    Call, Consent, Direction, Ended, Ending, MAX_TIMINGS, NotRecorded, Quality, Recording, Standing, TurnTiming,
};
use desk::contact::Channel;
use desk::ids::{BlobId, CallId};
use desk::journal::Event;
use desk::language::Language;
use desk::ports::PortError;
use desk::ports::calls::{CallChange, CallEnd, CallFilter, CallScope, Calls};
use desk::ports::feed::Feed;
use jiff::{SignedDuration, Timestamp};
use store::Store;

use crate::support::*;

/// A call on a server that no other story uses.
fn ringing(server: u64) -> Call {
    Call {
        id: CallId::new(),
        conversation: None,
        server,
        direction: Direction::In,
        caller: "0721000000".parse().ok(),
        dialled: "+40264000000".to_owned(),
        peer: "sts".to_owned(),
        language: Language::Ro,
        started_at: Timestamp::now(),
        answered_at: None,
        ended: None,
        standing: Standing::Ringing,
        department: None,
        transferred_to: None,
        recording: Recording::default(),
        timings: Vec::new(),
        quality: Quality::default(),
    }
}

fn ending(how: Ending) -> CallEnd {
    CallEnd {
        ended: Ended { at: Timestamp::now(), how },
        recording: Recording::None { why: NotRecorded::Refused },
        timings: vec![TurnTiming { turn: Some(1), sound_ms: Some(480), ..TurnTiming::default() }],
        quality: Quality { received: 900, lost: 9, jitter_us: 1_200, worst_jitter_us: 9_000 },
    }
}

fn sound(keep_until: Timestamp) -> Recording {
    Recording::Kept {
        parts: vec![BlobId("ab".repeat(32)), BlobId("cd".repeat(32))],
        bytes: 62 * 16_000,
        offset_ms: 800,
        consent: Consent::Informed,
        keep_until,
    }
}

async fn of_server(store: &Store, server: u64, filter: CallFilter) -> Vec<Call> {
    let found = store.calls().list(CallFilter { limit: 1_000, ..filter }).await.unwrap();
    found.into_iter().filter(|call| call.server == server).collect()
}

#[test]
fn a_call_is_read_back_as_it_was_begun_changed_and_ended() {
    story(|store| async move {
        let calls = store.calls();
        let call = calls.begin(ringing(101)).await.unwrap();
        assert_eq!(calls.begin(ringing(101)).await.unwrap().standing, Standing::Ringing);
        assert_eq!(calls.begin(call.clone()).await.unwrap(), call);
        let conversation = begin(&store, Channel::Phone).await.id;
        let waits = Standing::Queue { department: department(), position: 2, estimate_seconds: None };
        let change = CallChange {
            conversation: Some(conversation),
            language: Some(Language::Hu),
            answered_at: Some(call.started_at),
            standing: Some(waits.clone()),
            department: Some(department()),
            transferred_to: None,
        };
        let changed = calls.change(call.id, change.clone()).await.unwrap();
        assert_eq!(calls.change(call.id, change).await.unwrap(), changed);
        let rest = CallChange { standing: Some(Standing::Listening), ..CallChange::default() };
        let changed = calls.change(call.id, rest).await.unwrap();
        assert_eq!((changed.language, changed.conversation), (Language::Hu, Some(conversation)));
        let ended = calls.end(call.id, ending(Ending::CallerHungUp)).await.unwrap();
        assert_eq!(ended.standing, Standing::Ended);
        assert_eq!(ended.timings[0].sound_ms, Some(480));
        assert_eq!(ended.quality.lost, 9);
        assert_eq!(calls.of_conversation(conversation).await.unwrap(), [ended]);
    });
}

#[test]
fn a_call_ends_once_and_does_not_change_afterwards() {
    story(|store| async move {
        let calls = store.calls();
        let call = calls.begin(ringing(102)).await.unwrap();
        let first = calls.end(call.id, ending(Ending::Transferred)).await.unwrap();
        assert_eq!(calls.end(call.id, ending(Ending::Failed)).await.unwrap(), first);
        let late = calls.change(call.id, CallChange { language: Some(Language::En), ..CallChange::default() }).await;
        assert!(matches!(late, Err(PortError::Conflict { .. })));
        let unknown = calls.change(CallId::new(), CallChange::default()).await;
        assert!(matches!(unknown, Err(PortError::NotFound { .. })));
    });
}

#[test]
fn a_talkative_call_keeps_its_first_timings_and_no_more() {
    story(|store| async move {
        let call = store.calls().begin(ringing(103)).await.unwrap();
        let timings = vec![TurnTiming::default(); MAX_TIMINGS + 7];
        let ended = store.calls().end(call.id, CallEnd { timings, ..ending(Ending::WeHungUp) }).await.unwrap();
        assert_eq!(ended.timings.len(), MAX_TIMINGS);
    });
}

#[test]
fn a_recording_that_was_kept_before_the_end_stays_and_goes_when_its_time_is_over() {
    story(|store| async move {
        let calls = store.calls();
        let call = calls.begin(ringing(104)).await.unwrap();
        let until = Timestamp::now() + SignedDuration::from_hours(24);
        calls.attach_recording(call.id, sound(until)).await.unwrap();
        let ended = calls.end(call.id, ending(Ending::CallerHungUp)).await.unwrap();
        assert_eq!(ended.recording, sound(until));
        let stale = |at| {
            let calls = calls.clone();
            async move { calls.stale_recordings(at, 100).await.unwrap().iter().any(|one| one.call == call.id) }
        };
        assert!(!stale(until - SignedDuration::from_secs(1)).await);
        assert!(stale(until).await);
        calls.attach_recording(call.id, Recording::None { why: NotRecorded::Erased }).await.unwrap();
        assert!(!stale(until).await);
        let nobodys = calls.attach_recording(CallId::new(), Recording::default()).await;
        assert!(matches!(nobodys, Err(PortError::NotFound { .. })));
    });
}

#[test]
fn the_calls_of_a_server_that_died_are_ended_and_those_that_it_took_since_go_on() {
    story(|store| async move {
        let calls = store.calls();
        let lost = calls.begin(ringing(105)).await.unwrap();
        let over = calls.begin(ringing(105)).await.unwrap();
        calls.end(over.id, ending(Ending::CallerHungUp)).await.unwrap();
        let restart = Timestamp::now() + SignedDuration::from_millis(1);
        let since = calls.begin(Call { started_at: restart, ..ringing(105) }).await.unwrap();
        let closed = calls.close_lost(105, restart, 100).await.unwrap();
        assert_eq!(closed.iter().map(|call| call.id).collect::<Vec<_>>(), [lost.id]);
        assert_eq!(closed[0].ended.unwrap().how, Ending::ServerLost);
        assert!(calls.call(since.id).await.unwrap().ended.is_none());
        assert!(calls.close_lost(105, restart, 100).await.unwrap().is_empty());
    });
}

#[test]
fn lists_hold_what_was_asked_for_newest_first_page_by_page() {
    story(|store| async move {
        let calls = store.calls();
        let start = Timestamp::now();
        let at = |seconds| start + SignedDuration::from_secs(seconds);
        let mut made = Vec::new();
        for seconds in 0..5 {
            made.push(calls.begin(Call { started_at: at(seconds), ..ringing(106) }).await.unwrap().id);
        }
        let change = CallChange { department: Some(department()), ..CallChange::default() };
        calls.change(made[0], change).await.unwrap();
        calls.end(made[1], ending(Ending::MediaLost)).await.unwrap();
        let ids = |found: Vec<Call>| found.into_iter().map(|call| call.id).collect::<Vec<_>>();
        let listed = |filter| {
            let store = store.clone();
            async move { ids(of_server(&store, 106, filter).await) }
        };
        let newest_first: Vec<CallId> = made.iter().rev().copied().collect();
        assert_eq!(listed(CallFilter::default()).await, newest_first);
        let filter = CallFilter { before: Some(made[3]), ..CallFilter::default() };
        assert_eq!(listed(filter).await, newest_first[2..]);
        let filter = CallFilter { how: Some(Ending::MediaLost), ..CallFilter::default() };
        assert_eq!(listed(filter).await, [made[1]]);
        let filter =
            CallFilter { scope: CallScope::Live, from: Some(at(1)), until: Some(at(3)), ..CallFilter::default() };
        assert_eq!(listed(filter).await, [made[2]]);
        let elsewhere = Some(vec!["cazier".into()]);
        let filter = CallFilter { departments: elsewhere, ..CallFilter::default() };
        assert_eq!(listed(filter).await, newest_first[..4], "those of nobody yet are everybody's");
        let filter = CallFilter { caller_ends_with: Some("000 000".to_owned()), ..CallFilter::default() };
        assert_eq!(listed(filter).await, newest_first);
        let filter = CallFilter { caller_ends_with: Some("1%".to_owned()), ..CallFilter::default() };
        assert!(listed(filter).await.is_empty());
    });
}

#[test]
fn the_journal_names_a_call_by_its_id_and_never_by_its_number() {
    story(|store| async move {
        let call = store.calls().begin(ringing(107)).await.unwrap();
        store.calls().end(call.id, ending(Ending::CallerHungUp)).await.unwrap();
        let rows = store.feed().entries_after(0, 100_000).await.unwrap();
        let own: Vec<_> =
            rows.iter().filter(|row| row.entry.subject.as_deref() == Some(&call.id.to_string())).collect();
        let events: Vec<Event> = own.iter().map(|row| row.entry.event).collect();
        assert_eq!(events, [Event::CallStarted, Event::CallEnded]);
        assert!(own.iter().all(|row| !row.entry.detail.contains("721")));
    });
}
