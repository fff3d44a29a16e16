//! An operator's work: the queue, one conversation, its case.

mod support;

use axum::http::StatusCode;
use desk::case::{CaseKind, CaseState, Priority};
use desk::clock::ClockState;
use desk::conversation::{ConversationState, Owner};
use desk::journal::Event;
use desk::language::Language;
use desk::operator::Role;
use desk::outcome::HandOffReason;
use desk::ports::cases::Cases;
use desk::ports::conversations::Conversations;
use desk::turn::{Attachment, Author, Content};
use support::{Desk, hand_off};

#[tokio::test]
async fn of_two_operators_one_takes_over_and_the_other_is_told_who_and_keeps_the_text() {
    let desk = Desk::open().await;
    let mut ana = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let mut dan = desk.working("dan", "Dan Ionescu", Role::Operator, &[]).await;
    let (conversation, case) = desk.waiting("Cum îmi schimb numele în registrul agricol?", "registru-agricol").await;
    let page = format!("/console/conversations/{}", conversation.id);
    let version = ana.get(&page).await.field("version");
    assert_eq!(dan.get(&page).await.field("version"), version);

    let (take, seen) = (format!("{page}/take"), [("version", version.as_str())]);
    let (first, second) = tokio::join!(ana.post(&take, &seen), dan.post(&take, &seen));
    let mut statuses = [first.status, second.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::CONFLICT]);
    let (mut winner, mut loser, name, late) = if first.status == StatusCode::SEE_OTHER {
        (ana, dan, "Ana Pop", second)
    } else {
        (dan, ana, "Dan Ionescu", first)
    };
    assert!(late.text.contains(&format!("A fost preluată de {name}.")), "{}", late.text);
    assert_eq!(desk.store.cases().case(case.id).await.unwrap().state, CaseState::InProgress);

    let key = uuid::Uuid::now_v7().to_string();
    let reply = [("version", version.as_str()), ("key", key.as_str()), ("text", "Un răspuns <b>scris</b> deja")];
    let answer = loser.post(&format!("{page}/reply"), &reply).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.text.contains("Un răspuns &#60;b&#62;scris"), "what was typed is still there: {}", answer.text);

    let opened = winner.get(&page).await;
    let (version, key) = (opened.field("version"), opened.field("key"));
    let reply = [
        ("version", version.as_str()),
        ("key", key.as_str()),
        ("text", "Cu certificatul de căsătorie.\r\nLa ghișeul 3."),
    ];
    for _ in 0..2 {
        assert_eq!(winner.post(&format!("{page}/reply"), &reply).await.status, StatusCode::SEE_OTHER);
    }
    let turns = desk.store.conversations().turns(conversation.id, 0, 10).await.unwrap();
    assert_eq!(turns.len(), 3, "a repeated reply is sent once");
    assert!(matches!(turns[2].author, Author::Operator(_)));
    assert_eq!(turns[2].content.text, "Cu certificatul de căsătorie.\nLa ghișeul 3.");
    assert!(winner.get(&page).await.text.contains("La ghișeul 3."));
}

#[tokio::test]
async fn the_queue_shows_what_is_urgent_first_and_only_to_its_department() {
    let desk = Desk::open().await;
    desk.waiting("O întrebare obișnuită", "cazier").await;
    let citizen = desk.citizen(None, Language::Ro).await;
    let urgent = hand_off(HandOffReason::Distress, "cazier", CaseKind::Incident, Priority::Urgent, "Preluăm imediat.");
    desk.says(&citizen, Content::text("Mă aflu în pericol"), Some(urgent)).await;
    desk.waiting("La alt departament", "pasapoarte").await;

    let mut operator = desk.working("ana", "Ana Pop", Role::Operator, &["cazier"]).await;
    let text = operator.get("/console").await.text;
    let place = |needle: &str| text.find(needle);
    assert!(place("Mă aflu în pericol").unwrap() < place("O întrebare obișnuită").unwrap());
    assert_eq!(place("La alt departament"), None);
    assert!(text.contains("<title>(2) Coada"));

    let mut supervisor = desk.working("sef", "Șef", Role::Supervisor, &["cazier"]).await;
    assert!(supervisor.get("/console").await.text.contains("La alt departament"));
    let filtered = supervisor.get("/console?department=pasapoarte").await.text;
    assert!(filtered.contains("La alt departament") && !filtered.contains("O întrebare obișnuită"));
}

#[tokio::test]
async fn a_conversation_of_another_department_stays_closed_to_an_operator() {
    let desk = Desk::open().await;
    let (conversation, case) = desk.waiting("Despre cazier", "cazier").await;
    let mut operator = desk.working("ana", "Ana Pop", Role::Operator, &["pasapoarte"]).await;
    let page = format!("/console/conversations/{}", conversation.id);
    assert_eq!(operator.get(&page).await.status, StatusCode::FORBIDDEN);
    let take = operator.post(&format!("{page}/take"), &[("version", &conversation.version.to_string())]).await;
    assert_eq!(take.status, StatusCode::FORBIDDEN);
    let wait = operator.post(&format!("/console/cases/{}/wait", case.id), &[("version", "1")]).await;
    assert_eq!(wait.status, StatusCode::FORBIDDEN);
    assert_eq!(desk.noted(Event::Viewed).await, 0);
}

#[tokio::test]
async fn an_opened_conversation_is_noted_once_however_often_the_page_reloads() {
    let desk = Desk::open().await;
    let (conversation, case) = desk.waiting("Ce acte aduc?", "registratura").await;
    let mut operator = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let page = format!("/console/conversations/{}", conversation.id);
    for _ in 0..3 {
        let text = operator.get(&page).await.text;
        assert!(text.contains("Baza de cunoștințe nu conține răspunsul."));
        assert!(text.contains("confidence 0.41 below 0.62"), "the trace is there");
    }
    assert_eq!(desk.noted(Event::Viewed).await, 1);
    let found = operator.get(&format!("/console/find?reference={}", String::from(case.reference))).await;
    assert_eq!(found.location, page);
    assert_eq!(operator.get("/console/find?reference=123").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn send_and_close_resolves_the_case() {
    let desk = Desk::open().await;
    let (conversation, case) = desk.waiting("Ce program aveți?", "registratura").await;
    let mut operator = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let page = format!("/console/conversations/{}", conversation.id);
    operator.post(&format!("{page}/take"), &[("version", &conversation.version.to_string())]).await;
    let opened = operator.get(&page).await;
    let (version, key) = (opened.field("version"), opened.field("key"));
    let empty = [("version", version.as_str()), ("key", key.as_str()), ("text", "  ")];
    assert_eq!(operator.post(&format!("{page}/reply"), &empty).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let reply =
        [("version", version.as_str()), ("key", key.as_str()), ("text", "Luni–vineri, 8–16."), ("then", "close")];
    for _ in 0..2 {
        let answer = operator.post(&format!("{page}/reply"), &reply).await;
        assert!(answer.location.contains("notice=reply_closed"), "{}", answer.text);
    }
    assert_eq!(desk.now(&conversation).await.state, ConversationState::Closed);
    let case = desk.store.cases().case(case.id).await.unwrap();
    assert_eq!(case.state, CaseState::Resolved);
    assert!(matches!(case.clocks[0].state, ClockState::Met(_)));
}

#[tokio::test]
async fn what_was_taken_goes_back_to_the_queue_or_to_the_assistant() {
    let desk = Desk::open().await;
    let (conversation, _) = desk.waiting("Ce program aveți?", "registratura").await;
    let mut operator = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let page = format!("/console/conversations/{}", conversation.id);
    for (act, owner) in [("queue", conversation.owner.clone()), ("give-back", Owner::Assistant)] {
        let version = desk.now(&conversation).await.version.to_string();
        operator.post(&format!("{page}/take"), &[("version", &version)]).await;
        let version = desk.now(&conversation).await.version.to_string();
        let answer = operator.post(&format!("{page}/{act}"), &[("version", &version)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        assert_eq!(desk.now(&conversation).await.owner, owner);
    }
}

#[tokio::test]
async fn a_question_made_a_petition_gets_a_number_and_moves_to_its_department() {
    let desk = Desk::open().await;
    let (conversation, case) = desk.waiting("Reclam zgomotul din strada mea", "registratura").await;
    let mut operator = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let change = format!("/console/cases/{}/change", case.id);
    let version = desk.store.cases().case(case.id).await.unwrap().version.to_string();
    let fields = [
        ("version", version.as_str()),
        ("kind", "petition"),
        ("department", "petitii"),
        ("level", "L2"),
        ("priority", "high"),
    ];
    assert!(operator.post(&change, &fields).await.location.contains("notice=changed#"));
    let stale = operator.post(&change, &fields).await;
    assert!(stale.location.contains("notice=changed_by_other"), "a stale form changes nothing");
    let changed = desk.store.cases().case(case.id).await.unwrap();
    assert_eq!(changed.registered.as_ref().unwrap().number, 1_000);
    assert_eq!(desk.now(&conversation).await.owner, Owner::Queue(desk::ids::DepartmentId::from("petitii")));

    let extend = format!("/console/cases/{}/extend", case.id);
    let fields = [("version", &*changed.version.to_string()), ("term", "petition-answer")];
    assert!(operator.post(&extend, &fields).await.location.contains("notice=extended"));
    let text = operator.get(&format!("/console/conversations/{}", conversation.id)).await.text;
    assert!(text.contains("prelungit cu 15") && text.contains("PET-1000/"), "{text}");
}

#[tokio::test]
async fn a_forwarded_case_tells_the_citizen_and_stops_the_clock() {
    let desk = Desk::open().await;
    let (conversation, case) = desk.waiting("Vreau autorizație de la județ", "registratura").await;
    let mut operator = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let page = format!("/console/conversations/{}", conversation.id);
    operator.post(&format!("{page}/take"), &[("version", &conversation.version.to_string())]).await;
    let version = desk.store.cases().case(case.id).await.unwrap().version.to_string();
    let wait = operator.post(&format!("/console/cases/{}/wait", case.id), &[("version", &version)]).await;
    assert!(wait.location.contains("notice=waiting"));
    let version = desk.store.cases().case(case.id).await.unwrap().version.to_string();
    let resume = operator.post(&format!("/console/cases/{}/resume", case.id), &[("version", &version)]).await;
    assert!(resume.location.contains("notice=resumed"));
    let version = desk.store.cases().case(case.id).await.unwrap().version.to_string();
    let fields = [("version", version.as_str()), ("body", "Consiliul Județean Exemplu")];
    let answer = operator.post(&format!("/console/cases/{}/forward", case.id), &fields).await;
    assert!(answer.location.contains("notice=forwarded"), "{} {}", answer.location, answer.text);
    let turns = desk.store.conversations().turns(conversation.id, 0, 10).await.unwrap();
    let told = &turns.last().unwrap().content.text;
    assert!(told.contains("Consiliul Județean Exemplu") && told.contains(&case.reference.to_string()), "{told}");
    let forwarded = desk.store.cases().case(case.id).await.unwrap();
    assert_eq!((forwarded.state, forwarded.due()), (CaseState::Forwarded, None));
}

#[tokio::test]
async fn an_attachment_is_shown_without_running_and_noted() {
    let desk = Desk::open().await;
    let conversation = desk.citizen(Some("Maria"), Language::Ro).await;
    let blob = desk::ports::attachments::Attachments::keep(&*desk.shelf, b"<script>".to_vec()).await.unwrap();
    let content = Content {
        text: "Eroarea de pe portal".to_owned(),
        attachments: vec![Attachment {
            blob,
            name: "ecran.html".to_owned(),
            media_type: "text/html".to_owned(),
            bytes: 8,
        }],
        ..Content::default()
    };
    let outcome =
        hand_off(HandOffReason::Requested, "portal-hub", CaseKind::Incident, Priority::Normal, "Un coleg preia.");
    desk.says(&conversation, content, Some(outcome)).await;
    let mut operator = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let answer = operator.get(&format!("/console/conversations/{}/attachments/1/0", conversation.id)).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "<script>"));
    assert_eq!(desk.noted(Event::Viewed).await, 1);
    let missing = operator.get(&format!("/console/conversations/{}/attachments/1/9", conversation.id)).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_second_hand_over_goes_on_with_the_open_case_and_may_make_it_a_petition() {
    let desk = Desk::open().await;
    let mut ana = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let (conversation, case) = desk.waiting("Când se repară drumul?", "registratura").await;
    let page = format!("/console/conversations/{}", conversation.id);
    for act in ["take", "give-back"] {
        let version = ana.get(&page).await.field("version");
        let done = ana.post(&format!("{page}/{act}"), &[("version", version.as_str())]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{act}: {}", done.text);
    }
    let petition = hand_off(
        HandOffReason::NeedsDecision,
        "petitii",
        CaseKind::Petition,
        Priority::Urgent,
        "Petiția este primită.",
    );
    let again = desk.says(&conversation, Content::text("Subsemnatul, fac o petiție"), Some(petition)).await.unwrap();
    assert_eq!((again.id, again.reference), (case.id, case.reference), "one conversation, one open case");
    assert_eq!((again.kind, again.state), (CaseKind::Petition, CaseState::New));
    assert_eq!((again.department.0.as_str(), again.priority), ("petitii", Priority::Urgent));
    assert!(again.registered.is_some(), "a petition is registered");
    assert_eq!(again.clocks.len(), 1, "the petition's term in place of the question's: {:?}", again.clocks);
    assert_eq!(desk.noted(Event::CaseOpened).await, 1);
}
