//! The outbox: what must leave, sent by one.

use std::time::Duration;

use desk::contact::Channel;
use desk::ports::PortError;
use desk::ports::conversations::Conversations;
use desk::ports::outgoing::{Outbox, Outgoing};
use desk::turn::Author;
use jiff::Timestamp;
use store::{OUTBOX_LEASE, Store};

use crate::support::*;

async fn epoch(store: &Store) -> u64 {
    let term = Duration::from_secs(600);
    store.leases().acquire(OUTBOX_LEASE, "sender", Timestamp::now(), term).await.unwrap().unwrap().epoch
}

async fn reply_by_mail(store: &Store) -> Outgoing {
    let conversation = begin(store, Channel::Email).await;
    let asked = asks(store, conversation.id, "Când pot ridica pașaportul?").await;
    let said = store.conversations().reply(answers(&asked.conversation, Author::Assistant, "Mâine.")).await.unwrap();
    let due = store.outbox().due(Timestamp::now(), 1000).await.unwrap();
    due.into_iter().find(|outgoing| outgoing.turn == said.turn.id).unwrap()
}

async fn is_due(store: &Store, outgoing: &Outgoing, at: Timestamp) -> bool {
    store.outbox().due(at, 1000).await.unwrap().iter().any(|due| due.id == outgoing.id)
}

#[test]
fn only_channels_that_push_have_something_to_send() {
    story(|store| async move {
        let chat = begin(&store, Channel::Chat).await;
        let said = store.conversations().reply(answers(&chat, Author::Assistant, "Bună!")).await.unwrap();
        let due = store.outbox().due(Timestamp::now(), 1000).await.unwrap();
        assert!(due.iter().all(|outgoing| outgoing.turn != said.turn.id));
        let mail = reply_by_mail(&store).await;
        assert_eq!((mail.channel, mail.attempts), (Channel::Email, 0));
    });
}

#[test]
fn a_message_leaves_once_and_is_tried_again_when_it_could_not() {
    story(|store| async move {
        let epoch = epoch(&store).await;
        let mail = reply_by_mail(&store).await;
        let later = Timestamp::now() + Duration::from_secs(60);
        store.outbox().failed(mail.id, epoch, Some(later), "421 try again").await.unwrap();
        assert!(!is_due(&store, &mail, Timestamp::now()).await);
        assert!(is_due(&store, &mail, later).await);
        store.outbox().delivered(mail.id, epoch).await.unwrap();
        store.outbox().delivered(mail.id, epoch).await.unwrap();
        assert!(!is_due(&store, &mail, later).await);
        let given_up = reply_by_mail(&store).await;
        store.outbox().failed(given_up.id, epoch, None, "550 no such user").await.unwrap();
        assert!(!is_due(&store, &given_up, later).await);
    });
}

#[test]
fn a_sender_whose_lease_has_gone_is_refused() {
    story(|store| async move {
        let epoch = epoch(&store).await;
        let mail = reply_by_mail(&store).await;
        let old = store.outbox().delivered(mail.id, epoch + 1).await;
        assert!(matches!(old, Err(PortError::Refused(_))));
        let old = store.outbox().failed(mail.id, epoch - 1, None, "").await;
        assert!(matches!(old, Err(PortError::Refused(_))));
        assert!(is_due(&store, &mail, Timestamp::now()).await);
    });
}
