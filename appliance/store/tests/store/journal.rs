//! The journal: in sequence, followed, sealed, and honest about what was tampered with.

use std::time::Duration;

use camino::Utf8Path;
use desk::case::CaseKind;
use desk::contact::Channel;
use desk::journal::{Actor, Event, NewEntry};
use desk::ports::conversations::Conversations;
use desk::ports::feed::{Feed, FeedItem};
use futures::StreamExt;
use hiqlite::rusqlite::Connection;
use jiff::Timestamp;
use store::{Broken, Fence, SEALER_LEASE, Store, StoreConfig, StoreError, verify_journal_file};

use crate::support::*;

#[test]
fn a_follower_sees_every_row_in_sequence() {
    story(|store| async move {
        let mut follower = store.feed().follow();
        let conversation = begin(&store, Channel::Chat).await;
        asks(&store, conversation.id, "salut").await;
        let mut events = Vec::new();
        let mut last = 0;
        while events.len() < 2 {
            let item = tokio::time::timeout(Duration::from_secs(5), follower.next()).await.unwrap().unwrap();
            let FeedItem::Entry(entry) = item else { panic!("lagged") };
            assert!(last == 0 || entry.seq == last + 1);
            last = entry.seq;
            if entry.entry.conversation == Some(conversation.id) {
                events.push(entry.entry.event);
            }
        }
        assert_eq!(events, vec![Event::ConversationStarted, Event::TurnAdded]);
        assert!(store.feed().position().await.unwrap() >= last);
        let tail = store.feed().entries_after(last - 1, 1).await.unwrap();
        assert_eq!(tail[0].seq, last);
    });
}

#[test]
fn a_note_is_kept_with_what_it_concerns_and_a_citizens_words_never_are() {
    story(|store| async move {
        let (conversation, case) = handed_off(&store, CaseKind::Question).await;
        let start = store.feed().position().await.unwrap();
        let me = operator();
        let note = NewEntry::new(Actor::Operator(me), Event::Viewed).conversation(conversation.id).case(case.id);
        store.feed().note(note.clone()).await.unwrap();
        let entries = store.feed().entries_after(start, 1000).await.unwrap();
        assert!(entries.iter().any(|entry| entry.entry == note));
        asks(&store, conversation.id, "CNP 1960101223344").await;
        let all = store.feed().entries_after(start, 100_000).await.unwrap();
        assert!(!serde_json::to_string(&all).unwrap().contains("1960101223344"));
    });
}

async fn sealed_store() -> (Store, Fence) {
    let store = Store::open(StoreConfig::single(folder())).await.unwrap();
    let lease = store
        .leases()
        .acquire(SEALER_LEASE, "server 1", Timestamp::now(), Duration::from_secs(600))
        .await
        .unwrap()
        .unwrap();
    (store, lease.fence())
}

/// A copy that SQLite itself made, as an administrator would take it away.
fn copy(store: &Store) -> camino::Utf8PathBuf {
    let target = folder().join("copy.db");
    let live = store.config().folder.join("state_machine/db/store.db");
    Connection::open(live).unwrap().execute("VACUUM INTO ?1", [target.as_str()]).unwrap();
    target
}

fn tamper(file: &Utf8Path, sql: &str) {
    let connection = Connection::open(file).unwrap();
    connection.execute_batch("DROP TRIGGER journal_is_not_changed; DROP TRIGGER journal_is_not_deleted;").unwrap();
    assert_eq!(connection.execute(sql, []).unwrap(), 1);
}

#[test]
fn the_chain_tells_what_is_sealed_what_is_not_and_what_was_changed() {
    alone(|| async {
        let (store, fence) = sealed_store().await;
        for n in 0..5 {
            let conversation = begin(&store, Channel::Chat).await;
            asks(&store, conversation.id, &format!("întrebarea {n}")).await;
            if n == 2 {
                assert_eq!(store.sealer().seal(&fence).await.unwrap().rows, 7);
            }
        }
        let partly = store.verify_journal().await.unwrap();
        assert_eq!((partly.rows, partly.sealed_through, partly.unsealed, partly.broken), (11, 7, 4, None));
        store.sealer().seal(&fence).await.unwrap();
        assert_eq!(store.sealer().seal(&fence).await.unwrap().rows, 0);
        let whole = store.verify_journal().await.unwrap();
        assert_eq!((whole.seals, whole.sealed_through, whole.unsealed, whole.broken.clone()), (2, 11, 0, None));

        let honest = copy(&store);
        assert_eq!(verify_journal_file(&honest).unwrap(), whole);
        let broken = |sql: &str| {
            let file = copy(&store);
            tamper(&file, sql);
            verify_journal_file(&file).unwrap().broken
        };
        let changed = broken("UPDATE journal SET actor_kind = 'system' WHERE seq = 9");
        assert_eq!(changed, Some(Broken::ChangedRows { first: 8, last: 11 }));
        assert_eq!(broken("DELETE FROM journal WHERE seq = 3"), Some(Broken::MissingRow { seq: 3 }));
        assert_eq!(broken("DELETE FROM journal WHERE seq = 11"), Some(Broken::MissingRow { seq: 11 }));
        assert_eq!(broken("DELETE FROM seals WHERE number = 1"), Some(Broken::BrokenSeal { number: 2 }));
        let resealed = broken("UPDATE seals SET digest = zeroblob(32) WHERE number = 1");
        assert_eq!(resealed, Some(Broken::ChangedRows { first: 1, last: 7 }));
        store.close().await.unwrap();
    });
}

#[test]
fn only_the_holder_of_the_lease_seals() {
    story(|store| async move {
        let stale = Fence::new(SEALER_LEASE, 4711);
        begin(&store, Channel::Chat).await;
        assert!(matches!(store.sealer().seal(&stale).await, Err(StoreError::Lost("the lease"))));
    });
}

#[test]
fn a_journal_cannot_be_changed_by_a_mistake_of_ours() {
    story(|store| async move {
        store.conversations().start(new_conversation(Channel::Chat)).await.unwrap();
        let file = copy(&store);
        let connection = Connection::open(file).unwrap();
        assert!(connection.execute("UPDATE journal SET detail = ''", []).is_err());
        assert!(connection.execute("DELETE FROM journal", []).is_err());
    });
}
