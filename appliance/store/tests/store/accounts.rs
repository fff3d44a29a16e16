//! Accounts of the staff and their sessions.

use std::time::Duration;

use desk::ids::OperatorId;
use desk::journal::Actor;
use desk::language::Language;
use desk::operator::{Operator, Role};
use desk::ports::PortError;
use desk::ports::accounts::{Accounts, Session};
use jiff::Timestamp;
use store::{Store, StoreConfig};

use crate::support::*;

fn account() -> Operator {
    Operator {
        id: OperatorId::new(),
        username: uuid::Uuid::new_v4().to_string(),
        display_name: "Ioana".to_owned(),
        role: Role::Operator,
        departments: vec![department()],
        language: Language::Ro,
        active: true,
        must_change_password: true,
        extension: None,
        created_at: Timestamp::now(),
    }
}

#[test]
fn an_account_is_found_by_its_user_name_which_nobody_else_gets() {
    story(|store| async move {
        let accounts = store.accounts();
        let ioana = accounts.save(account(), Some("$argon2id$1".to_owned()), Actor::System).await.unwrap();
        let mut renamed = ioana.clone();
        renamed.display_name = "Ioana P.".to_owned();
        renamed.active = false;
        accounts.save(renamed.clone(), None, Actor::Admin(0)).await.unwrap();
        let found = accounts.by_username(&ioana.username).await.unwrap();
        assert_eq!(found, (renamed.clone(), "$argon2id$1".to_owned()));
        assert_eq!(accounts.operator(ioana.id).await.unwrap(), renamed);
        assert!(accounts.all().await.unwrap().contains(&renamed));
        let taken = Operator { username: ioana.username, ..account() };
        assert!(matches!(accounts.save(taken, None, Actor::System).await, Err(PortError::Refused(_))));
        assert!(matches!(accounts.by_username("nimeni").await, Err(PortError::NotFound { .. })));
    });
}

#[test]
fn a_session_lasts_until_its_end_or_its_closing() {
    story(|store| async move {
        let accounts = store.accounts();
        let ioana = accounts.save(account(), Some("x".to_owned()), Actor::System).await.unwrap();
        let now = Timestamp::now();
        let hour = now + Duration::from_secs(3600);
        let open = || Session { token_digest: rand_digest(), operator: ioana.id, expires_at: hour };
        let session = open();
        accounts.open_session(session.clone()).await.unwrap();
        assert_eq!(accounts.session(session.token_digest, now).await.unwrap(), (session.clone(), ioana.clone()));
        assert!(matches!(accounts.session(session.token_digest, hour).await, Err(PortError::NotFound { .. })));
        let longer = hour + Duration::from_secs(60);
        accounts.extend_session(session.token_digest, longer).await.unwrap();
        assert_eq!(accounts.session(session.token_digest, hour).await.unwrap().0.expires_at, longer);
        accounts.close_session(session.token_digest).await.unwrap();
        accounts.close_session(session.token_digest).await.unwrap();
        assert!(accounts.session(session.token_digest, now).await.is_err());
        let (one, two) = (open(), open());
        accounts.open_session(one.clone()).await.unwrap();
        accounts.open_session(two.clone()).await.unwrap();
        accounts.close_sessions_of(ioana.id).await.unwrap();
        for session in [one, two] {
            assert!(accounts.session(session.token_digest, now).await.is_err());
        }
    });
}

#[test]
fn the_first_account_is_made_once_and_survives_a_restart() {
    alone(|| async {
        let config = StoreConfig::single(folder());
        let store = Store::open(config.clone()).await.unwrap();
        let making = (0..4).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.accounts().save_first(account(), "x".to_owned()).await.unwrap() })
        });
        let made = futures::future::join_all(making).await.into_iter().map(Result::unwrap).filter(|made| *made).count();
        assert_eq!(made, 1);
        let before = store.accounts().all().await.unwrap();
        store.close().await.unwrap();
        let store = Store::open(config).await.unwrap();
        store.wait_until_ready(Duration::from_secs(10)).await.unwrap();
        assert_eq!(store.accounts().all().await.unwrap(), before);
        assert!(!store.accounts().save_first(account(), "x".to_owned()).await.unwrap());
        let health = store.health().await.unwrap();
        assert!(health.ready);
        assert_eq!((health.node, health.leader, health.voters), (1, Some(1), vec![1]));
        store.close().await.unwrap();
    });
}
