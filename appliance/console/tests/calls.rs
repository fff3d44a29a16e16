//! The telephone in the console: who is on the line, what may be done, whom we promised to ring, what was said and heard.

#![expect(clippy::unwrap_used, reason = "a story ends at the first thing that goes wrong")]

mod support;

use axum::http::StatusCode;
use desk::call::{Call, Ended, Ending, Quality, Standing};
use desk::call_back::{CallBack, CallBackReason, CallBackState};
use desk::case::{CaseKind, Priority};
use desk::conversation::{Conversation, Owner};
use desk::ids::{CallBackId, CaseId, DepartmentId, IdempotencyKey};
use desk::journal::Event;
use desk::language::Language;
use desk::operator::Role;
use desk::outcome::HandOffReason;
use desk::ports::attachments::Attachments;
use desk::ports::call_backs::{CallBackFilter, CallBacks};
use desk::ports::calls::{CallChange, CallEnd, Calls};
use desk::ports::live_calls::{CallCommand, CallIntents, CommandError, IntentResult, LiveTranscript, Supervision};
use desk::turn::{Author, Content};
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use support::telephone::{ELSEWHERE, ended, incoming, kept, line, live, queue, refused, timing, to_department};
use support::{Browser, Desk, hand_off};

/// A call that goes on here, with what was said so far.
async fn on_the_line(desk: &Desk, number: &str, standing: Standing) -> Call {
    let call = desk.store.calls().begin(incoming(number, Timestamp::now())).await.unwrap();
    let said = vec![line(1, Author::Assistant, 900, "Bună ziua. Vă răspunde un asistent automat.")];
    let call_now = live(&call, standing, call.started_at);
    desk.switchboard.put(LiveTranscript { call: call_now, lines: said, partial: "mi-a expirat bule".to_owned() });
    call
}

/// A telephone conversation that waits for a person, and its case.
async fn handed_off(desk: &Desk, number: &str) -> (Conversation, CaseId) {
    let conversation = desk.caller(number, Language::Ro).await;
    let outcome = hand_off(
        HandOffReason::Requested,
        "evidenta-persoanelor",
        CaseKind::Question,
        Priority::Normal,
        "Vă sună un coleg.",
    );
    let case = desk.says(&conversation, Content::text("Vreau un om"), Some(outcome)).await.unwrap();
    (desk.now(&conversation).await, case.id)
}

async fn with_telephone(desk: &Desk, username: &str, role: Role, departments: &[&str]) -> Browser {
    let mut browser = desk.working(username, "Ana Pop", role, departments).await;
    let saved = browser.post("/console/extension", &[("number", "204")]).await;
    assert_eq!(saved.location, "/console/calls?notice=extension");
    browser
}

fn promise(case: CaseId, department: &str) -> CallBack {
    let now = Timestamp::now();
    CallBack {
        id: CallBackId::new(),
        case,
        number: "0745111222".parse().unwrap(),
        department: DepartmentId::from(department),
        language: Language::Hu,
        reason: CallBackReason::AllBusy,
        not_before: now,
        not_after: now + SignedDuration::from_mins(40),
        next_at: now + SignedDuration::from_mins(20),
        state: CallBackState::Waiting,
        attempts: 1,
        last_call: None,
        operator: None,
        version: 1,
        created_at: now,
    }
}

#[tokio::test]
async fn whoever_waits_for_a_person_stands_above_those_with_the_assistant() {
    let desk = Desk::open().await;
    let mut ana = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let empty = ana.get("/console/calls").await.text;
    assert!(empty.contains("Nu sună nimeni") && empty.contains("Nimeni nu așteaptă să fie sunat"), "{empty}");
    on_the_line(&desk, "0721000001", Standing::CallerSpeaks).await;
    on_the_line(&desk, "0721000002", queue("cazier", 1)).await;
    desk.store.calls().begin(Call { server: ELSEWHERE, ..incoming("0721000003", Timestamp::now()) }).await.unwrap();
    let page = ana.get("/console/calls").await.text;
    let place = |number: &str| page.find(number).unwrap_or_else(|| panic!("{number} in {page}"));
    let spaced = |last: char| format!("+40\u{a0}721\u{a0}000\u{a0}00{last}");
    assert!(place(&spaced('2')) < place(&spaced('1')));
    assert!(place(&spaced('2')) < place(&spaced('3')));
    assert!(page.contains("în coadă, locul 1") && page.contains("cam 3 min") && page.contains("vorbește cetățeanul"));
    assert!(page.contains("<title>(1) Apeluri"));
}

#[tokio::test]
async fn a_live_calls_page_shows_words_half_heard_and_what_may_be_done() {
    let desk = Desk::open().await;
    let mut ana = with_telephone(&desk, "ana", Role::Operator, &[]).await;
    let call = on_the_line(&desk, "0721000001", Standing::CallerSpeaks).await;
    let page = ana.get(&format!("/console/calls/{}", call.id)).await.text;
    for seen in ["Vă răspunde un asistent automat", "mi-a expirat bule", "Preia apelul", "Transferă"] {
        assert!(page.contains(seen), "{seen} in {page}");
    }
    assert!(!page.contains("Șoptește") && !page.contains("Închide apelul"), "{page}");
    let mut elena = with_telephone(&desk, "elena", Role::Supervisor, &[]).await;
    let page = elena.get(&format!("/console/calls/{}", call.id)).await.text;
    assert!(page.contains("Intră în convorbire") && page.contains("Da, închide apelul"), "{page}");
    assert!(!page.contains("Șoptește colegului"), "there is no colleague to whisper to: {page}");
    assert_eq!(desk.noted(Event::Viewed).await, 2);
}

#[tokio::test]
async fn an_open_page_hears_every_word_of_its_call_and_none_of_another() {
    let desk = Desk::open().await;
    let ana = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let (call, other) = tokio::join!(
        on_the_line(&desk, "0721000001", Standing::Listening),
        on_the_line(&desk, "0721000002", Standing::Listening)
    );
    let mut signals = ana.signals(&format!("/console/events?call={}", call.id)).await;
    let speaks = |call: &Call| LiveTranscript {
        call: live(call, Standing::CallerSpeaks, call.started_at),
        lines: Vec::new(),
        partial: "bună".to_owned(),
    };
    let moment = std::time::Duration::from_millis(300);
    desk.switchboard.put(speaks(&other));
    assert!(tokio::time::timeout(moment, signals.next()).await.is_err());
    desk.switchboard.put(speaks(&call));
    let signal = signals.next().await.unwrap();
    assert!(signal.contains("event: changed"), "{signal}");
    assert!(!signal.contains("bună"), "no words travel here");
}

#[tokio::test]
async fn a_command_is_noted_before_it_is_given_and_only_to_those_who_may() {
    let desk = Desk::open().await;
    let mut ana = with_telephone(&desk, "ana", Role::Operator, &[]).await;
    let call = on_the_line(&desk, "0721000001", Standing::Listening).await;
    let address = format!("/console/calls/{}/command", call.id);
    let taken = ana.post(&address, &[("command", "take_over")]).await;
    assert!(taken.location.ends_with("notice=your_phone_rings"), "{}", taken.location);
    let moved = ana.post(&address, &[("command", "to_department"), ("department", "cazier")]).await;
    assert!(moved.location.ends_with("notice=transferring"), "{}", moved.location);
    let commands: Vec<CallCommand> =
        desk.switchboard.commands.lock().unwrap().iter().map(|(_, _, command)| command.clone()).collect();
    assert_eq!(commands, [CallCommand::TakeOver, to_department("cazier")]);
    assert_eq!(desk.noted(Event::CallCommanded).await, 2);
    let (dan, _) = desk.account("dan", "Dan Ionescu", Role::Operator, &[]).await;
    let colleague = dan.id.to_string();
    let unreached = ana.post(&address, &[("command", "to_operator"), ("operator", &colleague)]).await;
    assert!(unreached.location.ends_with("notice=wrong_target"), "he has no telephone: {}", unreached.location);
    let wrong = ana.post(&address, &[("command", "to_number"), ("number", "abc")]).await;
    assert!(wrong.location.ends_with("notice=wrong_target"), "{}", wrong.location);
    for command in ["listen", "whisper", "join", "hang_up"] {
        assert_eq!(ana.post(&address, &[("command", command)]).await.status, StatusCode::FORBIDDEN, "{command}");
    }
    *desk.switchboard.refuses.lock().unwrap() = Some(CommandError::NotNow);
    let refused = ana.post(&address, &[("command", "take_over")]).await;
    assert!(refused.location.ends_with("notice=not_now"), "{}", refused.location);
    let mut elena = with_telephone(&desk, "elena", Role::Supervisor, &[]).await;
    *desk.switchboard.refuses.lock().unwrap() = None;
    let joins = elena.post(&address, &[("command", "whisper")]).await;
    assert!(joins.location.ends_with("notice=rings_to_take_part"), "{}", joins.location);
    let page = elena.get(&format!("/console/calls/{}", call.id)).await.text;
    assert!(page.contains("Ana Pop (204)") && !page.contains("Dan Ionescu ("), "whoever can be rung: {page}");
    let last = desk.switchboard.commands.lock().unwrap().last().unwrap().2.clone();
    assert_eq!(last, CallCommand::Supervise { mode: Supervision::Whisper });
}

#[tokio::test]
async fn without_a_telephone_of_ones_own_nothing_rings() {
    let desk = Desk::open().await;
    let mut ana = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let call = on_the_line(&desk, "0721000001", Standing::Listening).await;
    let refused = ana.post(&format!("/console/calls/{}/command", call.id), &[("command", "take_over")]).await;
    assert!(refused.location.ends_with("notice=no_extension"), "{}", refused.location);
    assert!(desk.switchboard.commands.lock().unwrap().is_empty());
    let wrong = ana.post("/console/extension", &[("number", "interior")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("value=\"interior\"") && wrong.text.contains("Nu este un număr de telefon"));
}

#[tokio::test]
async fn a_command_to_another_servers_call_travels_as_an_intent() {
    let desk = Desk::open().await;
    let mut ana = with_telephone(&desk, "ana", Role::Operator, &[]).await;
    let call = Call { server: ELSEWHERE, ..incoming("0721000003", Timestamp::now()) };
    let call = desk.store.calls().begin(call).await.unwrap();
    let page = ana.get(&format!("/console/calls/{}", call.id)).await.text;
    assert!(page.contains("Apelul este pe alt server"), "{page}");
    let intents = desk.store.call_intents();
    let answer = async {
        let taken = loop {
            if let Some(intent) = intents.take(ELSEWHERE, Timestamp::now(), 5).await.unwrap().pop() {
                break intent;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        };
        intents.settle(taken.id, IntentResult::Failed(CommandError::NotAnswered)).await.unwrap();
        taken
    };
    let address = format!("/console/calls/{}/command", call.id);
    let (told, taken) = tokio::join!(ana.post(&address, &[("command", "take_over")]), answer);
    assert_eq!((taken.call, taken.command), (call.id, CallCommand::TakeOver));
    assert!(told.location.ends_with("notice=not_answered"), "{}", told.location);
    assert_eq!(desk.noted(Event::CallCommanded).await, 1);
}

#[tokio::test]
async fn another_departments_call_is_not_there() {
    let desk = Desk::open().await;
    let mut dan = desk.working("dan", "Dan Ionescu", Role::Operator, &["cazier"]).await;
    let call = desk.store.calls().begin(incoming("0721000001", Timestamp::now())).await.unwrap();
    assert_eq!(dan.get(&format!("/console/calls/{}", call.id)).await.status, StatusCode::OK, "nobody's yet");
    let change = CallChange { department: Some(DepartmentId::from("pasapoarte")), ..CallChange::default() };
    desk.store.calls().change(call.id, change).await.unwrap();
    assert_eq!(dan.get(&format!("/console/calls/{}", call.id)).await.status, StatusCode::NOT_FOUND);
    let stream = dan.get(&format!("/console/events?call={}", call.id)).await;
    assert_eq!(stream.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_call_back_is_dialled_now_for_whoever_asks() {
    let desk = Desk::open().await;
    let mut ana = with_telephone(&desk, "ana", Role::Operator, &["evidenta-persoanelor"]).await;
    let (_, case) = handed_off(&desk, "+40745111222").await;
    let backs = desk.store.call_backs();
    let key = || IdempotencyKey(uuid::Uuid::new_v4().to_string());
    let made = backs.promise(promise(case, "evidenta-persoanelor"), key()).await.unwrap();
    let foreign = backs.promise(promise(case, "cazier"), key()).await.unwrap();
    let page = ana.get("/console/calls").await.text;
    for seen in ["745\u{a0}111\u{a0}222", "linii ocupate", "încercări: 1", "Sună acum", "până la"] {
        assert!(page.contains(seen), "{seen} in {page}");
    }
    assert!(!page.contains(&foreign.id.to_string()));
    let address = format!("/console/call-backs/{}/dial", made.id);
    let told = ana.post(&address, &[("version", "1")]).await;
    assert_eq!(told.location, "/console/calls?notice=dialling");
    assert!(!backs.due(Timestamp::now(), 10).await.unwrap().is_empty());
    let twice = ana.post(&address, &[("version", "1")]).await;
    assert_eq!(twice.location, "/console/calls?notice=call_back_moved");
    let address = format!("/console/call-backs/{}/dial", foreign.id);
    assert_eq!(ana.post(&address, &[("version", "1")]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn nobody_writes_to_a_citizen_on_the_phone_and_after_the_call_one_rings_back() {
    let desk = Desk::open().await;
    let mut ana = with_telephone(&desk, "ana", Role::Operator, &[]).await;
    let (conversation, case) = handed_off(&desk, "+40721000001").await;
    let call = on_the_line(&desk, "0721000001", queue("evidenta-persoanelor", 1)).await;
    let change = CallChange { conversation: Some(conversation.id), ..CallChange::default() };
    desk.store.calls().change(call.id, change).await.unwrap();
    let address = format!("/console/conversations/{}", conversation.id);
    let page = ana.get(&address).await.text;
    assert!(page.contains("Cetățeanul este la telefon") && page.contains("Telefon"), "{page}");
    assert!(!page.contains("Preia conversația") && !page.contains("<textarea class=\"input\" id=\"text\""), "{page}");
    let version = conversation.version.to_string();
    let early = ana.post(&format!("{address}/take"), &[("version", &version)]).await;
    assert!(early.location.contains("notice=on_the_line"), "{}", early.location);

    let end = CallEnd {
        ended: Ended { at: Timestamp::now(), how: Ending::CallerHungUp },
        recording: refused(),
        timings: Vec::new(),
        quality: Quality::default(),
    };
    desk.store.calls().end(call.id, end).await.unwrap();
    desk.switchboard.clear(call.id);
    let taken = ana.post(&format!("{address}/take"), &[("version", &version)]).await;
    assert!(taken.location.contains("notice=taken"), "{}", taken.location);
    let page = ana.get(&address).await;
    assert!(page.text.contains("Sună cetățeanul") && !page.text.contains("id=\"text\""), "{}", page.text);
    let fields = [("version", version.as_str()), ("key", &uuid::Uuid::new_v4().to_string()), ("text", "Bună")];
    let written = ana.post(&format!("{address}/reply"), &fields).await;
    assert_eq!(written.status, StatusCode::CONFLICT);
    assert!(written.text.contains("La telefon nu se răspunde în scris") && written.text.contains(">Bună</textarea>"));

    let key = page.field("key");
    for _ in 0..2 {
        let told = ana.post(&format!("{address}/call-back"), &[("key", &key)]).await;
        assert!(told.location.contains("notice=dialling"), "{}", told.location);
    }
    let filter = CallBackFilter { open: true, case: Some(case), limit: 5, ..CallBackFilter::default() };
    let promised = desk.store.call_backs().list(filter).await.unwrap();
    assert_eq!(promised.len(), 1);
    assert_eq!(promised[0].number.as_str(), "+40721000001");
    assert!(promised[0].operator.is_some());
}

#[tokio::test]
async fn a_telephone_conversation_goes_through_the_reception_as_a_chat_does() {
    let desk = Desk::open().await;
    let mut ana = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let (conversation, _) = handed_off(&desk, "+40721000001").await;
    assert_eq!(conversation.owner, Owner::Queue(DepartmentId::from("evidenta-persoanelor")));
    let address = format!("/console/conversations/{}", conversation.id);
    ana.post(&format!("{address}/take"), &[("version", &conversation.version.to_string())]).await;
    let held = desk.now(&conversation).await;
    assert!(matches!(held.owner, Owner::Operator(_)));
    let silent = desk.says(&held, Content::text("Mai sunteți acolo?"), None).await;
    assert!(silent.is_none());
    ana.post(&format!("{address}/give-back"), &[("version", &desk.now(&held).await.version.to_string())]).await;
    assert_eq!(desk.now(&held).await.owner, Owner::Assistant);
}

#[tokio::test]
async fn an_ended_call_is_heard_by_supervisors_in_parts_and_each_hearing_is_noted_once() {
    let desk = Desk::open().await;
    let (conversation, _) = handed_off(&desk, "+40721000001").await;
    let started = Timestamp::now() - SignedDuration::from_secs(30);
    let mut parts = Vec::new();
    for part in [vec![7; 960_000], vec![9; 34 * 16_000]] {
        parts.push(desk.shelf.keep(part).await.unwrap());
    }
    let call = ended(
        incoming("0721000001", started),
        Some(conversation.id),
        SignedDuration::from_secs(95),
        Ending::CallerHungUp,
    );
    let until = started + SignedDuration::from_hours(24 * 90);
    let call = Call { recording: kept(parts, 94 * 16_000, until), timings: vec![timing(1, 4_200, 640)], ..call };
    let call = desk.store.calls().begin(call).await.unwrap();
    let address = format!("/console/calls/{}", call.id);

    let mut ana = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let page = ana.get(&address).await.text;
    assert!(page.contains("Îl ascultă doar supervizorii") && page.contains("primul sunet 640 ms"), "{page}");
    assert_eq!(ana.get(&format!("{address}/recording")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(desk.noted(Event::RecordingHeard).await, 0);

    let mut elena = desk.working("elena", "Elena Szabó", Role::Supervisor, &[]).await;
    let page = elena.get(&address).await.text;
    assert!(page.contains("<audio") && page.contains("data-seek=\"4.2\"") && page.contains("1:34"), "{page}");
    let whole = elena.get(&format!("{address}/recording")).await;
    assert_eq!((whole.status, whole.headers["content-type"].to_str().unwrap()), (StatusCode::OK, "audio/wav"));
    let part = elena.get_part(&format!("{address}/recording"), "bytes=960000-960099").await;
    let of_the_second = part.text.bytes().filter(|byte| *byte == 9).count();
    assert_eq!((part.status, part.text.len(), of_the_second), (StatusCode::PARTIAL_CONTENT, 100, 42));
    assert_eq!(part.headers["content-range"], format!("bytes 960000-960099/{}", 58 + 94 * 16_000));
    let beyond = elena.get_part(&format!("{address}/recording"), "bytes=5000000-").await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(desk.noted(Event::RecordingHeard).await, 1);
}

#[tokio::test]
async fn the_history_is_filtered_by_its_address() {
    let desk = Desk::open().await;
    let mut ana = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let empty = ana.get("/console/calls/history").await.text;
    assert!(empty.contains("Niciun apel încheiat"), "{empty}");
    let minute = SignedDuration::from_mins(1);
    let one = ended(incoming("0721000001", Timestamp::now()), None, minute, Ending::CallerHungUp);
    let two = ended(incoming("0722000002", Timestamp::now()), None, minute, Ending::MediaLost);
    desk.store.calls().begin(one).await.unwrap();
    desk.store.calls().begin(two).await.unwrap();
    let all = ana.get("/console/calls/history").await.text;
    assert!(all.contains("721\u{a0}000\u{a0}001") && all.contains("722\u{a0}000\u{a0}002"), "{all}");
    let lost = ana.get("/console/calls/history?how=media_lost").await.text;
    assert!(!lost.contains("721\u{a0}000\u{a0}001") && lost.contains("722\u{a0}000\u{a0}002"), "{lost}");
    let number = ana.get("/console/calls/history?caller=0721+000001&how=").await.text;
    assert!(number.contains("721\u{a0}000\u{a0}001") && !number.contains("722\u{a0}000\u{a0}002"), "{number}");
    let nothing = ana.get("/console/calls/history?from=2030-01-01").await.text;
    assert!(nothing.contains("Nimic nu se potrivește"), "{nothing}");
}
