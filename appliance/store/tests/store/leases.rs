//! Leases: one holder, a higher epoch with each, and nothing done under an old one.

use std::time::Duration;

use jiff::Timestamp;
use store::{Lease, Store};

use crate::support::story;

const TERM: Duration = Duration::from_secs(5);

async fn acquire(store: &Store, name: &str, holder: &str, now: Timestamp) -> Option<Lease> {
    store.leases().acquire(name, holder, now, TERM).await.unwrap()
}

fn name() -> String {
    uuid::Uuid::new_v4().to_string()
}

#[test]
fn a_lease_is_renewed_by_its_holder_and_taken_by_another_only_after_its_end() {
    story(|store| async move {
        let (name, now) = (name(), Timestamp::now());
        let first = acquire(&store, &name, "one", now).await.unwrap();
        assert_eq!(first.epoch, 1);
        assert_eq!(acquire(&store, &name, "two", now).await, None);
        let renewed = acquire(&store, &name, "one", now + Duration::from_secs(3)).await.unwrap();
        assert_eq!(renewed.epoch, 1);
        assert_eq!(acquire(&store, &name, "two", now + Duration::from_secs(6)).await, None);
        let taken = acquire(&store, &name, "two", now + Duration::from_secs(8)).await.unwrap();
        assert_eq!((taken.epoch, taken.holder.as_str()), (2, "two"));
        assert_eq!(store.leases().lease(&name).await.unwrap(), Some(taken));
    });
}

#[test]
fn a_lease_given_back_is_free_at_once_and_its_epoch_goes_on() {
    story(|store| async move {
        let (name, now) = (name(), Timestamp::now());
        let first = acquire(&store, &name, "one", now).await.unwrap();
        store.leases().release(&first).await.unwrap();
        let second = acquire(&store, &name, "two", now).await.unwrap();
        assert_eq!(second.epoch, 2);
        store.leases().release(&first).await.unwrap();
        assert_eq!(acquire(&store, &name, "one", now).await, None, "an old holder gives back nothing");
    });
}

#[test]
fn of_many_servers_that_reach_for_a_lease_one_has_it() {
    story(|store| async move {
        let (name, now) = (name(), Timestamp::now());
        let reaching = (0..8).map(|n| {
            let (store, name) = (store.clone(), name.clone());
            tokio::spawn(async move { acquire(&store, &name, &format!("server {n}"), now).await })
        });
        let held = futures::future::join_all(reaching).await;
        let held: Vec<Lease> = held.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0].epoch, 1);
    });
}

#[test]
fn a_keeper_holds_renews_and_gives_back() {
    story(|store| async move {
        let name = name();
        let term = Duration::from_millis(600);
        let keeper = store.leases().keep(&name, "one", term);
        let mut watch = keeper.watch();
        watch.wait_for(Option::is_some).await.unwrap();
        let waiting = store.leases().keep(&name, "two", term);
        tokio::time::sleep(term * 2).await;
        assert_eq!(keeper.held().map(|lease| lease.epoch), Some(1));
        assert_eq!(waiting.held(), None);
        keeper.release().await;
        assert!(watch.borrow().is_none());
        let mut next = waiting.watch();
        let lease = tokio::time::timeout(term * 3, next.wait_for(Option::is_some)).await.unwrap().unwrap().clone();
        assert_eq!(lease.map(|lease| lease.epoch), Some(2));
        waiting.release().await;
    });
}
