//! Made-up calls: some that go on, one in which somebody is speaking, some that have ended, promises to ring back.

use std::sync::Arc;
use std::time::Duration;

use desk::call::{Call, Direction, Ending, Quality, Standing, TransferTarget};
use desk::call_back::{CallBack, CallBackReason, CallBackState};
use desk::case::{CaseKind, Priority};
use desk::ids::{CallBackId, CaseId, DepartmentId, IdempotencyKey, OperatorId};
use desk::language::Language;
use desk::outcome::{HandOffReason, Outcome};
use desk::ports::attachments::Attachments;
use desk::ports::call_backs::CallBacks;
use desk::ports::calls::Calls;
use desk::ports::live_calls::{Line, LiveCall, LiveTranscript};
use desk::turn::{Author, Content};
use jiff::{SignedDuration, Timestamp};

use crate::support::telephone::{ELSEWHERE, Switchboard, ended, incoming, kept, line, live, queue, refused, timing};
use crate::support::{Desk, hand_off};

/// What the citizen is saying, word by word.
const WORDS: [&str; 9] = ["și", "dacă", "am", "domiciliul", "în", "alt", "județ", "unde", "merg"];

/// `colleague` has one of the calls.
pub(crate) async fn seed(desk: &Desk, answer: &Outcome, colleague: OperatorId) {
    let now = Timestamp::now();
    live_calls(desk, answer, colleague, now).await;
    let case = past(desk, answer, now).await;
    promises(desk, case, now).await;
}

fn ago(now: Timestamp, seconds: i64) -> Timestamp {
    now - SignedDuration::from_secs(seconds)
}

async fn begin(desk: &Desk, number: &str, language: Language, department: Option<&str>, started_at: Timestamp) -> Call {
    let department = department.map(DepartmentId::from);
    let call = Call { language, department, ..incoming(number, started_at) };
    desk.store.calls().begin(call).await.unwrap()
}

fn transcript(call: LiveCall, lines: Vec<Line>) -> LiveTranscript {
    LiveTranscript { call, lines, partial: String::new() }
}

async fn live_calls(desk: &Desk, answer: &Outcome, colleague: OperatorId, now: Timestamp) {
    let waiting = begin(desk, "0745 222 333", Language::Hu, Some("evidenta-persoanelor"), ago(now, 214)).await;
    let second = begin(desk, "anonymous", Language::Ro, Some("pasapoarte"), ago(now, 131)).await;
    let greeted = begin(desk, "0723 904 118", Language::Ro, None, ago(now, 4)).await;
    let held = begin(desk, "0740 118 275", Language::Ro, Some("permise-inmatriculari"), ago(now, 388)).await;
    for (call, standing, since) in [
        (&waiting, queue("evidenta-persoanelor", 1), 96),
        (&second, queue("pasapoarte", 1), 22),
        (&greeted, Standing::Greeting, 3),
        (&held, Standing::WithPerson { operator: Some(colleague) }, 240),
    ] {
        desk.switchboard.put(transcript(live(call, standing, ago(now, since)), Vec::new()));
    }
    let elsewhere = Call { server: ELSEWHERE, ..incoming("+36 1 234 5678", ago(now, 47)) };
    desk.store.calls().begin(elsewhere).await.unwrap();
    let speaking = begin(desk, "0721 450 786", Language::Ro, Some("evidenta-persoanelor"), ago(now, 52)).await;
    let speaks = transcript(live(&speaking, Standing::CallerSpeaks, ago(now, 2)), said(answer));
    tokio::spawn(keep_speaking(Arc::clone(&desk.switchboard), speaks));
}

/// What was said in the call that goes on.
fn said(answer: &Outcome) -> Vec<Line> {
    let Outcome::Answer(answer) = answer else { return Vec::new() };
    let greeting = "Bună ziua, ați sunat la Primăria comunei Exemplu. Vă răspunde un asistent automat; puteți cere oricând \
                    un om. Cu ce vă pot ajuta?";
    vec![
        line(1, Author::Assistant, 900, greeting),
        Line {
            timing: Some(timing(2, 11_300, 610)),
            ..line(2, Author::Citizen, 11_300, "Mi-a expirat buletinul, ce trebuie să fac?")
        },
        Line {
            interrupted: true,
            confidence: Some(answer.confidence),
            sources: answer.quotes.clone(),
            ..line(
                3,
                Author::Assistant,
                14_100,
                "Cererea pentru o nouă carte de identitate se depune cu cel mult o sută optzeci de zile înainte de \
                 expirare, la orice serviciu de",
            )
        },
    ]
}

async fn keep_speaking(switchboard: Arc<Switchboard>, mut transcript: LiveTranscript) {
    let mut words = 0;
    loop {
        words = words % WORDS.len() + 1;
        transcript.partial = WORDS[..words].join(" ");
        switchboard.put(transcript.clone());
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
}

/// Ended calls; returns the case of the first.
async fn past(desk: &Desk, answer: &Outcome, now: Timestamp) -> CaseId {
    desk.clock.set_back(SignedDuration::from_mins(26));
    let conversation = desk.caller("+40721450786", Language::Ro).await;
    let started = now - SignedDuration::from_mins(26) - SignedDuration::from_secs(20);
    desk.says(&conversation, Content::text("Cât costă cartea de identitate?"), Some(answer.clone())).await;
    let notice = "Vă dau legătura cu un coleg. Referința cazului vă este trimisă prin mesaj.";
    let outcome =
        hand_off(HandOffReason::Requested, "evidenta-persoanelor", CaseKind::Question, Priority::Normal, notice);
    let wish = Content::text("Aș vrea să vorbesc cu cineva despre programare.");
    let case = desk.says(&conversation, wish, Some(outcome)).await.unwrap();
    desk.clock.set_back(SignedDuration::ZERO);
    let mut parts = Vec::new();
    for seconds in [60, 14] {
        parts.push(desk.shelf.keep(vec![0xd5; seconds * 16_000]).await.unwrap());
    }
    let until = now + SignedDuration::from_hours(24 * 90);
    let minutes = |minutes: i64| ago(now, minutes * 60);
    let first = Call {
        department: Some(DepartmentId::from("evidenta-persoanelor")),
        transferred_to: Some(TransferTarget::Department(DepartmentId::from("evidenta-persoanelor"))),
        recording: kept(parts, 74 * 16_000, until),
        timings: vec![timing(1, 9_400, 580), timing(3, 31_200, 940)],
        quality: Quality { received: 3_690, lost: 11, jitter_us: 1_900, worst_jitter_us: 14_200 },
        ..ended(
            incoming("0721 450 786", started),
            Some(conversation.id),
            SignedDuration::from_secs(75),
            Ending::Transferred,
        )
    };
    let seconds = SignedDuration::from_secs;
    let rows = [
        first,
        Call {
            recording: refused(),
            ..ended(incoming("0745 222 333", minutes(51)), None, seconds(64), Ending::CallerHungUp)
        },
        ended(incoming("0740 000 118", minutes(95)), None, seconds(31), Ending::MediaLost),
        Call {
            answered_at: None,
            ..ended(incoming("anonymous", minutes(140)), None, seconds(4), Ending::RejectedBusy)
        },
        Call {
            direction: Direction::Out,
            ..ended(incoming("0723 904 118", minutes(1500)), None, seconds(188), Ending::WeHungUp)
        },
    ];
    for call in rows {
        desk.store.calls().begin(call).await.unwrap();
    }
    case.id
}

async fn promises(desk: &Desk, case: CaseId, now: Timestamp) {
    let in_minutes = |minutes: i64| now + SignedDuration::from_mins(minutes);
    let promise = |number: &str, language, reason, due, state, attempts| CallBack {
        id: CallBackId::new(),
        case,
        number: number.parse().unwrap(),
        department: DepartmentId::from("evidenta-persoanelor"),
        language,
        reason,
        not_before: now,
        not_after: in_minutes(due),
        next_at: in_minutes(due - 10),
        state,
        attempts,
        last_call: None,
        operator: None,
        version: 1,
        created_at: now,
    };
    for one in [
        promise("0745 222 333", Language::Hu, CallBackReason::AllBusy, -6, CallBackState::Waiting, 1),
        promise("0740 118 275", Language::Ro, CallBackReason::InsteadOfWaiting, 9, CallBackState::Dialling, 1),
        promise("+44 20 7946 0958", Language::En, CallBackReason::Closed, 220, CallBackState::Waiting, 0),
    ] {
        let key = IdempotencyKey(one.id.to_string());
        desk.store.call_backs().promise(one, key).await.unwrap();
    }
}
