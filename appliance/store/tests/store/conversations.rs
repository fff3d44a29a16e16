//! Conversations, turns and contacts.

use desk::case::{CaseKind, CaseState};
use desk::contact::{Address, Assurance, Channel};
use desk::conversation::{ConversationState, Owner};
use desk::journal::Actor;
use desk::language::Language;
use desk::ports::PortError;
use desk::ports::cases::Cases;
use desk::ports::conversations::{ConversationFilter, Conversations, NewConversation, NewReply};
use desk::turn::{Attachment, Author, Content, Feedback};
use jiff::Timestamp;

use crate::support::*;

#[test]
fn a_turn_is_written_once_however_often_it_is_sent() {
    story(|store| async move {
        let conversation = begin(&store, Channel::Chat).await;
        let turn = says(conversation.id, Author::Citizen, "mi-a expirat buletinul ce fac");
        let first = store.conversations().record(turn.clone()).await.unwrap();
        assert!(!first.repeated);
        assert_eq!(first.turn.number, 1);
        let again = store.conversations().record(turn).await.unwrap();
        assert!(again.repeated);
        assert_eq!(again.turn, first.turn);
        assert_eq!(store.conversations().turns(conversation.id, 0, 10).await.unwrap(), vec![first.turn]);
    });
}

#[test]
fn turns_are_numbered_without_gaps_whoever_writes_at_once() {
    story(|store| async move {
        let conversation = begin(&store, Channel::Chat).await;
        let writers = (0..24).map(|n| {
            let store = store.clone();
            tokio::spawn(async move { asks(&store, conversation.id, &format!("întrebarea {n}")).await.turn.number })
        });
        let mut numbers: Vec<u64> = futures::future::join_all(writers).await.into_iter().map(Result::unwrap).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=24).collect::<Vec<u64>>());
        let stored = store.conversations().turns(conversation.id, 20, 10).await.unwrap();
        assert_eq!(stored.iter().map(|turn| turn.number).collect::<Vec<_>>(), vec![21, 22, 23, 24]);
        let before = store.conversations().turns_before(conversation.id, 3, 10).await.unwrap();
        assert_eq!(before.iter().map(|turn| turn.number).collect::<Vec<_>>(), vec![1, 2]);
        assert_eq!(store.conversations().conversation(conversation.id).await.unwrap().turns, 24);
    });
}

#[test]
fn one_question_sent_twice_at_once_stands_once() {
    story(|store| async move {
        let conversation = begin(&store, Channel::Chat).await;
        let turn = says(conversation.id, Author::Citizen, "de două ori");
        let conversations = store.conversations();
        let (one, other) = tokio::join!(conversations.record(turn.clone()), conversations.record(turn.clone()));
        assert_eq!(one.unwrap().turn, other.unwrap().turn);
        assert_eq!(store.conversations().turns(conversation.id, 0, 10).await.unwrap().len(), 1);
    });
}

#[test]
fn a_repeated_start_finds_the_conversation_only_with_its_secret() {
    story(|store| async move {
        let new = new_conversation(Channel::Chat);
        let conversation = store.conversations().start(new.clone()).await.unwrap();
        assert_eq!(store.conversations().start(new.clone()).await.unwrap(), conversation);
        let stranger = NewConversation { secret_digest: rand_digest(), ..new.clone() };
        assert!(matches!(store.conversations().start(stranger).await, Err(PortError::Conflict { .. })));
        assert!(store.conversations().secret_fits(conversation.id, new.secret_digest).await.unwrap());
        assert!(!store.conversations().secret_fits(conversation.id, rand_digest()).await.unwrap());
    });
}

#[test]
fn the_same_address_is_the_same_citizen() {
    story(|store| async move {
        let new = new_conversation(Channel::Email);
        let again = NewConversation { address: new.address.clone(), ..new_conversation(Channel::Email) };
        let conversations = store.conversations();
        let (one, other) = tokio::join!(conversations.start(new.clone()), conversations.start(again));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_ne!(one.id, other.id);
        assert_eq!(one.contact, other.contact);
        let contact = store.conversations().contact(one.contact).await.unwrap();
        assert_eq!(contact.addresses, vec![new.address]);
    });
}

#[test]
fn two_contacts_become_one_on_an_address_that_both_hold_as_confirmed() {
    story(|store| async move {
        let (phone, chat) = (begin(&store, Channel::Phone).await, begin(&store, Channel::Chat).await);
        let mail = Address { assurance: Assurance::Confirmed, ..address(Channel::Email) };
        let claimed = Address { assurance: Assurance::Claimed, ..mail.clone() };
        store.conversations().assure(phone.contact, mail.clone(), Actor::System).await.unwrap();
        let apart = store.conversations().assure(chat.contact, claimed, Actor::System).await.unwrap();
        assert_eq!(apart.id, chat.contact, "a claim joins nobody");
        let joined = store.conversations().assure(chat.contact, mail, Actor::System).await.unwrap();
        assert_eq!(joined.id, phone.contact);
        assert_eq!(joined.addresses.len(), 3);
        assert_eq!(store.conversations().conversation(chat.id).await.unwrap().contact, phone.contact);
        assert_eq!(store.conversations().contact(chat.contact).await.unwrap(), joined, "the old id still leads there");
    });
}

#[test]
fn a_question_waits_for_the_assistant_until_it_is_answered() {
    story(|store| async move {
        let conversation = begin(&store, Channel::Chat).await;
        let asked = asks(&store, conversation.id, "cât costă?").await;
        let waiting = |turn| {
            let store = store.clone();
            async move {
                let soon = Timestamp::now() + std::time::Duration::from_secs(1);
                let pending = store.conversations().pending(soon, 10_000).await.unwrap();
                pending.iter().any(|pending| pending.turn == turn)
            }
        };
        assert!(waiting(asked.turn.id).await);
        let reply =
            NewReply { settles: Some(asked.turn.id), ..answers(&asked.conversation, Author::Assistant, "7 lei.") };
        let answered = store.conversations().reply(reply.clone()).await.unwrap();
        assert_eq!(answered.turn.number, 2);
        assert_eq!(answered.conversation.version, asked.conversation.version);
        assert!(!waiting(asked.turn.id).await);
        let again = store.conversations().reply(reply).await.unwrap();
        assert!(again.repeated);
        assert_eq!(again.turn, answered.turn);
    });
}

#[test]
fn an_answer_made_for_an_older_state_is_not_written() {
    story(|store| async move {
        let (conversation, _) = handed_off(&store, CaseKind::Question).await;
        let me = operator();
        let mine = store
            .conversations()
            .transfer(conversation.id, conversation.version, Owner::Operator(me), Actor::Operator(me))
            .await
            .unwrap();
        let late = answers(&conversation, Author::Operator(me), "prea târziu");
        assert!(matches!(store.conversations().reply(late).await, Err(PortError::Conflict { .. })));
        let machine = answers(&mine, Author::Assistant, "și eu");
        assert!(matches!(store.conversations().reply(machine).await, Err(PortError::Refused(_))));
        let other = answers(&mine, Author::Operator(operator()), "și eu");
        assert!(matches!(store.conversations().reply(other).await, Err(PortError::Refused(_))));
    });
}

#[test]
fn of_many_who_take_a_conversation_one_gets_it() {
    story(|store| async move {
        let (conversation, case) = handed_off(&store, CaseKind::Question).await;
        let takers = (0..8).map(|_| {
            let store = store.clone();
            let me = operator();
            let version = conversation.version;
            tokio::spawn(async move {
                store.conversations().transfer(conversation.id, version, Owner::Operator(me), Actor::Operator(me)).await
            })
        });
        let results: Vec<_> = futures::future::join_all(takers).await.into_iter().map(Result::unwrap).collect();
        let won: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
        assert_eq!(won.len(), 1);
        assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(PortError::Conflict { .. }))));
        let Owner::Operator(winner) = won[0].owner else { panic!("no operator") };
        let case = store.cases().case(case.id).await.unwrap();
        assert_eq!((case.assignee, case.state), (Some(winner), CaseState::InProgress));
    });
}

#[test]
fn a_case_follows_its_conversation_to_an_operator_back_to_a_queue_and_to_its_end() {
    story(|store| async move {
        let (conversation, case) = handed_off(&store, CaseKind::Question).await;
        assert!(conversation.waiting_since.is_some());
        let me = operator();
        let conversations = store.conversations();
        let mine = conversations
            .transfer(conversation.id, conversation.version, Owner::Operator(me), Actor::Operator(me))
            .await
            .unwrap();
        let said = conversations.reply(answers(&mine, Author::Operator(me), "Bună ziua!")).await.unwrap();
        assert_eq!(said.conversation.waiting_since, None);
        let asked = asks(&store, mine.id, "și cu poza?").await;
        assert!(asked.conversation.waiting_since.is_some(), "the citizen waits for the operator");
        let queue = Owner::Queue("pasapoarte".into());
        let back = conversations.transfer(mine.id, mine.version, queue.clone(), Actor::Operator(me)).await.unwrap();
        let waiting = store.cases().case(case.id).await.unwrap();
        assert_eq!((waiting.assignee, waiting.state), (None, CaseState::New));
        assert_eq!(waiting.department, "pasapoarte".into());
        let closed = conversations.close(mine.id, back.version, Actor::Operator(me)).await.unwrap();
        assert_eq!((closed.state, closed.waiting_since), (ConversationState::Closed, None));
        assert_eq!(conversations.close(mine.id, back.version, Actor::Operator(me)).await.unwrap(), closed);
        let resolved = store.cases().case(case.id).await.unwrap();
        assert_eq!(resolved.state, CaseState::Resolved);
        assert!(resolved.clocks.iter().all(|clock| !clock.is_running()));
        let again = asks(&store, mine.id, "încă ceva").await;
        assert_eq!((again.conversation.state, again.conversation.owner), (ConversationState::Open, Owner::Assistant));
    });
}

#[test]
fn a_citizen_who_comes_back_wakes_the_case_that_waited() {
    story(|store| async move {
        let (conversation, case) = handed_off(&store, CaseKind::Question).await;
        let mut waiting = store.cases().case(case.id).await.unwrap();
        waiting.state = CaseState::WaitingForCitizen;
        waiting.clocks.iter_mut().for_each(|clock| clock.pause(Timestamp::now()));
        store.cases().update(waiting, Actor::System, desk::journal::Event::CaseChanged, None).await.unwrap();
        asks(&store, conversation.id, "iată poza").await;
        let awake = store.cases().case(case.id).await.unwrap();
        assert_eq!(awake.state, CaseState::New);
        assert!(awake.clocks.iter().all(desk::clock::Clock::is_running));
    });
}

#[test]
fn lists_show_who_waits_longest_first() {
    story(|store| async move {
        let department = desk::ids::DepartmentId(uuid::Uuid::new_v4().to_string());
        let mut ids = Vec::new();
        for _ in 0..3 {
            let conversation = begin(&store, Channel::Chat).await;
            store
                .conversations()
                .transfer(conversation.id, 1, Owner::Queue(department.clone()), Actor::Assistant)
                .await
                .unwrap();
            ids.push(conversation.id);
        }
        let filter = ConversationFilter {
            queues: Some(vec![department.clone()]),
            waiting: true,
            open: true,
            limit: 2,
            ..ConversationFilter::default()
        };
        let listed = store.conversations().list(filter.clone()).await.unwrap();
        assert_eq!(listed.iter().map(|conversation| conversation.id).collect::<Vec<_>>(), ids[..2]);
        let me = operator();
        store.conversations().transfer(ids[0], 2, Owner::Operator(me), Actor::Operator(me)).await.unwrap();
        let listed = store.conversations().list(filter).await.unwrap();
        assert_eq!(listed.iter().map(|conversation| conversation.id).collect::<Vec<_>>(), ids[1..]);
        let mine = ConversationFilter { operator: Some(me), open: true, limit: 9, ..ConversationFilter::default() };
        assert_eq!(store.conversations().list(mine).await.unwrap()[0].id, ids[0]);
        let all = ConversationFilter { open: true, limit: 5, ..ConversationFilter::default() };
        assert_eq!(store.conversations().list(all).await.unwrap().len(), 5);
    });
}

#[test]
fn how_much_of_a_spoken_answer_was_heard_stands_beside_it_until_all_of_it_was() {
    story(|store| async move {
        let conversation = begin(&store, Channel::Phone).await;
        let turn = says(conversation.id, Author::Citizen, "Cât costă un pașaport?");
        let turn = store.conversations().record(turn).await.unwrap().turn;
        let heard = async || store.conversations().turns(conversation.id, 0, 9).await.unwrap()[0].heard.clone();
        assert_eq!(heard().await, None);
        for words in ["Cât", "Cât costă"] {
            store.conversations().heard(turn.id, Some(words.to_owned())).await.unwrap();
        }
        assert_eq!(heard().await.as_deref(), Some("Cât costă"));
        store.conversations().heard(turn.id, None).await.unwrap();
        assert_eq!(heard().await, None);
        let nobodys = store.conversations().heard(desk::ids::TurnId::new(), None).await;
        assert!(matches!(nobodys, Err(PortError::NotFound { .. })));
    });
}

#[test]
fn language_feedback_and_attachments_stay_with_the_conversation() {
    story(|store| async move {
        let conversation = begin(&store, Channel::Chat).await;
        let hungarian = store.conversations().set_language(conversation.id, Language::Hu).await.unwrap();
        assert_eq!((hungarian.language, hungarian.version), (Language::Hu, 2));
        let mut turn = says(conversation.id, Author::Citizen, "Itt a kép");
        let attachment = Attachment {
            blob: desk::ids::BlobId("ab".repeat(32)),
            name: "eroare.png".to_owned(),
            media_type: "image/png".to_owned(),
            bytes: 12,
        };
        turn.content.attachments.push(attachment.clone());
        let recorded = store.conversations().record(turn).await.unwrap();
        assert_eq!(recorded.turn.content.attachments, vec![attachment]);
        let id = recorded.turn.id;
        let useless = Feedback { useful: false, why: Some("nu se aplică".to_owned()) };
        store.conversations().feedback(id, Feedback { useful: true, why: None }).await.unwrap();
        store.conversations().feedback(id, useless.clone()).await.unwrap();
        assert_eq!(store.conversations().feedback_of(conversation.id).await.unwrap(), vec![(id, useless.clone())]);
        let nowhere = store.conversations().feedback(desk::ids::TurnId::new(), useless).await;
        assert!(matches!(nowhere, Err(PortError::NotFound { .. })));
    });
}

#[test]
fn what_is_not_there_and_what_is_too_long_is_said_so() {
    story(|store| async move {
        let nowhere = says(desk::ids::ConversationId::new(), Author::Citizen, "alo");
        assert!(matches!(store.conversations().record(nowhere).await, Err(PortError::NotFound { .. })));
        assert!(matches!(store.conversations().contact(nobody()).await, Err(PortError::NotFound { .. })));
        let conversation = begin(&store, Channel::Chat).await;
        let long = says(conversation.id, Author::Citizen, &"ș".repeat(8_001));
        assert!(matches!(store.conversations().record(long).await, Err(PortError::Refused(_))));
        let mut huge = says(conversation.id, Author::Citizen, "scurt");
        huge.content = Content {
            trace: vec![desk::outcome::StageTrace {
                stage: "x".to_owned(),
                decision: "y".repeat(2 * 1024 * 1024),
                micros: 0,
            }],
            ..Content::text("scurt")
        };
        assert!(matches!(store.conversations().record(huge).await, Err(PortError::Refused(_))));
        assert!(asks(&store, conversation.id, "merge mai departe").await.turn.number == 1);
    });
}
