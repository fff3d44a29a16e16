//! The console with made-up citizens, to look at: `cargo run -p console --example preview`, then the address it prints.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "an example that somebody runs by hand")]

#[path = "../tests/support/mod.rs"]
mod support;

#[path = "preview/telephone.rs"]
mod telephone;

use std::net::SocketAddr;

use axum::Router;
use desk::article::{ArticleId, Facts};
use desk::case::{CaseKind, Priority};
use desk::language::Language;
use desk::operator::Role;
use desk::outcome::{Answer, Choice, ChoiceTarget, HandOffReason, Outcome, Quote};
use desk::ports::attachments::Attachments;
use desk::ports::conversations::Conversations;
use desk::turn::{Attachment, Content, Feedback};
use jiff::SignedDuration;
use jiff::civil::date;
use support::{Desk, PASSWORD, hand_off};

fn answer() -> Outcome {
    Outcome::Answer(Answer {
        text:
            "Cererea pentru o nouă carte de identitate se depune cu **cel mult 180 de zile înainte** de expirare, la \
               orice serviciu de evidență a persoanelor.\n\n1. Programați-vă online sau mergeți la ghișeu.\n2. Aduceți \
               actul vechi și dovada adresei."
                .to_owned(),
        facts: Facts {
            bring: vec!["cartea de identitate expirată".to_owned(), "dovada adresei de domiciliu".to_owned()],
            cost: Some("conform tarifului afișat".to_owned()),
            time: None,
            r#where: Some("orice serviciu de evidență a persoanelor".to_owned()),
        },
        quotes: vec![Quote {
            article: ArticleId("carte-de-identitate-expirata".to_owned()),
            language: Language::Ro,
            version: 3,
            title: "Cartea de identitate a expirat".to_owned(),
            institution: "Direcția Generală pentru Evidența Persoanelor".to_owned(),
            url: Some("https://hub.mai.gov.ro".to_owned()),
            valid_from: Some(date(2025, 3, 20)),
            checked_on: Some(date(2026, 10, 2)),
            unconfirmed: false,
            excerpt: "Cererea se depune cu cel mult 180 de zile înainte de expirare.".to_owned(),
        }],
        choices: vec![
            Choice { label: "Am pierdut actul".to_owned(), target: ChoiceTarget::Rephrase },
            Choice { label: "Vreau programare".to_owned(), target: ChoiceTarget::Rephrase },
        ],
        guide: None,
        confidence: 0.91,
        generated: false,
    })
}

async fn seed(desk: &Desk) {
    let ago = |minutes: i64| desk.clock.set_back(SignedDuration::from_mins(minutes));
    let told = "Întrebarea dumneavoastră este la un coleg. Vă răspunde aici.";
    let rows = [
        (
            27 * 1440,
            "Reclam că de două luni nu se repară iluminatul public pe strada Școlii și nimeni nu răspunde la \
          sesizări.",
            "petitii",
            CaseKind::Petition,
            Priority::High,
            HandOffReason::NeedsDecision,
            Language::Ro,
        ),
        (
            2880,
            "Vă rog lista contractelor de salubritate pe 2026",
            "informatii-publice",
            CaseKind::PublicInformation,
            Priority::Normal,
            HandOffReason::NeedsDecision,
            Language::Ro,
        ),
        (
            190,
            "Nem tudok belépni a fiókomba, a jelszó-visszaállító e-mail nem érkezik meg",
            "portal-hub",
            CaseKind::Incident,
            Priority::Normal,
            HandOffReason::LowConfidence,
            Language::Hu,
        ),
        (
            42,
            "Can my mother collect my criminal record certificate with a power of attorney signed abroad?",
            "cazier",
            CaseKind::Question,
            Priority::Normal,
            HandOffReason::NotInKnowledge,
            Language::En,
        ),
        (
            6,
            "Soțul meu a plecat cu copilul peste graniță fără acordul meu, ce fac acum?",
            "urgente",
            CaseKind::Question,
            Priority::Urgent,
            HandOffReason::Distress,
            Language::Ro,
        ),
        (
            3,
            "Câte zile lucrătoare durează radierea unui autoturism casat în străinătate?",
            "permise-inmatriculari",
            CaseKind::Question,
            Priority::Low,
            HandOffReason::NotInKnowledge,
            Language::Ro,
        ),
    ];
    for (minutes, question, department, kind, priority, reason, language) in rows {
        ago(minutes);
        let citizen = desk.citizen(None, language).await;
        desk.says(&citizen, Content::text(question), Some(hand_off(reason, department, kind, priority, told))).await;
    }
    ago(18);
    let maria = desk.citizen(Some("Maria Kovács"), Language::Ro).await;
    desk.says(&maria, Content::text("mi-a expirat buletinul ce fac"), Some(answer())).await;
    let turns = desk.store.conversations().turns(maria.id, 0, 5).await.unwrap();
    let feedback = Feedback { useful: false, why: Some("am domiciliul în alt județ".to_owned()) };
    desk.store.conversations().feedback(turns[1].id, feedback).await.unwrap();
    ago(14);
    let blob = desk.shelf.keep(vec![0; 48_200]).await.unwrap();
    let content = Content {
        text: "dar am viza de flotant in alt judet si portalul imi da eroare. vreau sa vorbesc cu cineva".to_owned(),
        attachments: vec![Attachment {
            blob,
            name: "eroare-portal.png".to_owned(),
            media_type: "image/png".to_owned(),
            bytes: 48_200,
        }],
        ..Content::default()
    };
    let outcome =
        hand_off(HandOffReason::Requested, "evidenta-persoanelor", CaseKind::Question, Priority::Normal, told);
    desk.says(&maria, content, Some(outcome)).await;
    ago(0);
}

#[tokio::main]
async fn main() {
    let desk = Desk::open().await;
    seed(&desk).await;
    let mut ana = desk.working("ana", "Ana Pop", Role::Operator, &[]).await;
    let mut admin = desk.working("admin", "Elena Szabó", Role::Administrator, &[]).await;
    admin.post("/console/extension", &[("number", "204")]).await;
    let (dan, _) = desk.account("dan", "Dan Ionescu", Role::Operator, &[]).await;
    telephone::seed(&desk, &answer(), dan.id).await;
    let (_, one_time) = desk.account("nou", "Ion Nou", Role::Operator, &["cazier", "pasapoarte"]).await;
    let queue = ana.get("/console?department=portal-hub").await.text;
    let id = queue.split_once("data-row=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let version = ana.get(&format!("/console/conversations/{id}")).await.field("version");
    ana.post(&format!("/console/conversations/{id}/take"), &[("version", &version)]).await;
    let app: Router = desk.router.clone().merge(ui::assets::router());
    let address: SocketAddr = "127.0.0.1:8099".parse().unwrap();
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    println!(
        "http://localhost:8099/console as ana or admin, password {PASSWORD:?}; as nou, one-time password {one_time}"
    );
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
}
