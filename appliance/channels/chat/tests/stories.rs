//! What citizens live through, on a real database.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use std::time::Duration;

use axum::http::StatusCode;
use chat::{ChatConfig, Limits, Rate};
use desk::ids::ConversationId;
use desk::ports::presence::{Presence, Typist};
use futures::StreamExt;
use serde_json::json;
use support::{World, bytes_form, form};

const QUESTION: &str = "Mi-a expirat buletinul. Ce fac?";
const UNKNOWN: &str = "Cum îmi schimb sexul pisicii în registru?";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

fn id_of(path: &str) -> ConversationId {
    path.rsplit('/').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_with_its_source_and_said_once_however_often_it_is_sent() {
    let world = World::open().await;
    let mut client = world.client();
    let path = client.begin("ro").await;
    let turns = format!("{path}/turns?wait=true");
    let first = client.post_keyed(&turns, "key-1", json!({ "text": QUESTION })).await.json();
    assert_eq!(first.str("/repeated"), "false");
    assert_eq!(first.str("/followed_by/0/kind"), "answer");
    assert_eq!(first.str("/followed_by/0/sources/0/title"), "Carte de identitate expirată");
    assert_eq!(
        first.str("/followed_by/0/sources/0/validity"),
        "valabil din 1 ianuarie 2026 · verificat la 21 noiembrie 2026 · urmează să fie confirmat de instituție"
    );
    let again = client.post_keyed(&turns, "key-1", json!({ "text": QUESTION })).await.json();
    assert_eq!((again.str("/repeated"), again.str("/turn/number")), ("true".to_owned(), "1".to_owned()));
    let all = client.get(&format!("{path}/turns")).await.json();
    assert_eq!(all.count(""), 2, "one question, one answer");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_begin_gives_the_same_conversation_and_secret() {
    let world = World::open().await;
    let mut client = world.client();
    let begin = json!({ "language": "hu" });
    let first = client.post_keyed("/api/v1/conversations", "begin-1", begin.clone()).await.json();
    let again = client.post_keyed("/api/v1/conversations", "begin-1", begin).await.json();
    assert_eq!(first.str("/conversation/id"), again.str("/conversation/id"));
    assert_eq!(first.str("/secret"), again.str("/secret"));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_secret_nothing_is_told() {
    let world = World::open().await;
    let (mut owner, mut stranger) = (world.client(), world.client());
    let path = owner.begin("ro").await;
    owner.say(&path, QUESTION).await;
    for secret in [None, Some("0".repeat(40))] {
        stranger.secret = secret;
        for part in ["", "/turns", "/events", "/transcript"] {
            let reply = stranger.get(&format!("{path}{part}")).await;
            assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{part}");
            assert_eq!(reply.header("content-type"), "application/problem+json");
        }
        let sent = stranger.post(&format!("{path}/turns"), json!({ "text": "x" })).await;
        assert_eq!(sent.status, StatusCode::UNAUTHORIZED);
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_go_on_where_they_broke() {
    let world = World::open().await;
    let mut client = world.client();
    let path = client.begin("ro").await;
    client.say(&path, "Bună ziua").await;
    client.say(&path, QUESTION).await;
    let stream = client.open("GET", &format!("{path}/events?render=html"), &[("last-event-id", "2")], Vec::new()).await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut body = stream.into_body().into_data_stream();
    let mut heard = String::new();
    let mut next = async |until: &str| {
        while !heard.contains(until) {
            let chunk =
                tokio::time::timeout(Duration::from_secs(10), body.next()).await.expect(until).unwrap().unwrap();
            heard.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        heard.clone()
    };
    let heard = next("event: conversation").await;
    let ids: Vec<&str> = heard.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(ids, ["3", "4"], "{heard}");
    world.take_over(id_of(&path)).await;
    world.operator_says(id_of(&path), "Bună ziua, vă ajut eu.").await;
    next("id: 5").await;
    let heard = next("Vorbiți cu Ana Pop").await;
    assert!(heard.contains("vă ajut eu"), "{heard}");
    world.presence.typing(id_of(&path), Typist::Operator(world.operator.id));
    next("event: typing").await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_answered_becomes_a_case_with_a_reference_a_department_and_a_deadline() {
    let world = World::open().await;
    let mut client = world.client();
    let path = client.begin("ro").await;
    let sent = client.say(&path, UNKNOWN).await;
    assert_eq!(sent.str("/followed_by/0/kind"), "hand_off");
    assert_eq!(sent.str("/conversation/owner_name"), "Evidența persoanelor");
    let case = "/conversation/case";
    assert!(sent.str(&format!("{case}/due_text")).contains("zile lucrătoare (până "), "{:?}", sent.0);
    assert_eq!(sent.str(&format!("{case}/citation")), "termen stabilit de instituție");
    let reference = sent.str(&format!("{case}/reference"));
    let found = client.get(&format!("/api/v1/cases/{}", reference.replace(' ', ""))).await;
    assert_eq!(found.json().str("/conversation/case/reference"), reference);
    let mut stranger = world.client();
    stranger.secret = Some("guess".to_owned());
    let refused = stranger.get(&format!("/api/v1/cases/{}", reference.replace(' ', ""))).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    // The address of the banner opens the case in another browser.
    let follow = sent.str(&format!("{case}/follow"));
    let mut phone = world.client();
    let entered = phone.get(follow.strip_prefix("http://chat.example").unwrap()).await;
    assert_eq!(entered.status, StatusCode::SEE_OTHER);
    assert!(!entered.header("location").contains("cheie"), "the key leaves the address");
    let page = phone.get(&entered.header("location")).await.text();
    assert!(page.contains(&reference) && page.contains("Așteaptă un angajat"), "{page}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_petition_gets_its_registry_number_and_its_legal_term() {
    let world = World::open().await;
    let mut client = world.client();
    let path = client.begin("en").await;
    let say = json!({ "text": "petiție: drumul este stricat" });
    let sent = client.post(&format!("{path}/turns?wait=true&lang=en"), say).await.json();
    assert_eq!(sent.str("/conversation/case/citation"), "OG 27/2002, art. 8");
    assert!(sent.str("/conversation/case/due_text").starts_with("within 30 days (by "));
    assert!(sent.str("/conversation/case/registered").starts_with("R-1/"));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn once_a_person_has_it_the_assistant_is_silent() {
    let world = World::open().await;
    let mut client = world.client();
    let path = client.begin("ro").await;
    client.say(&path, UNKNOWN).await;
    world.take_over(id_of(&path)).await;
    let sent = client.say(&path, QUESTION).await;
    assert_eq!(sent.count("/followed_by"), 0);
    assert_eq!(sent.str("/conversation/status"), "Vorbiți cu Ana Pop");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_works_without_scripts() {
    let world = World::open().await;
    let mut browser = world.client();
    let page = browser.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert!(page.text().contains("asistent automat") && page.text().contains("112"));
    let sent = browser.submit("/mesaj", form(&[("text", QUESTION), ("key", "abc"), ("lang", "ro")])).await;
    assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, "/ro#turn-1".to_owned()));
    assert!(sent.header("set-cookie").contains("HttpOnly; SameSite=Lax"));
    let page = browser.get("/ro").await.text();
    assert!(page.contains("cereți cât mai repede") && page.contains("/surse/carte-de-identitate-expirata?lang=ro"));
    // Sent twice, as a double click does: said once.
    browser.submit("/mesaj", form(&[("text", QUESTION), ("key", "abc"), ("lang", "ro")])).await;
    assert_eq!(browser.get("/ro").await.text().matches("class=\"turn citizen").count(), 1);
    let picked = browser.submit("/mesaj", form(&[("pick", "2:1")])).await;
    assert_eq!(picked.header("location"), "/ro#turn-3");
    let said = browser
        .request(
            "POST",
            "/parere",
            &[("content-type", "application/x-www-form-urlencoded")],
            b"number=2&useful=no&why=altceva".to_vec(),
        )
        .await;
    assert_eq!(said.header("location"), "/ro#turn-2");
    assert!(browser.get("/ro").await.text().contains("nu v-a fost de folos"));
    let empty = browser.submit("/mesaj", form(&[("text", "  "), ("key", "d")])).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.text().contains("Scrieți o întrebare sau atașați un fișier."));
    let left = browser.submit("/nou", form(&[])).await;
    assert!(left.header("set-cookie").contains("Max-Age=0"));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_speaks_the_readers_language() {
    let world = World::open().await;
    let mut browser = world.client();
    let asked = browser.request("GET", "/", &[("accept-language", "hu-HU,hu;q=0.9")], Vec::new()).await;
    assert_eq!(asked.header("content-language"), "hu");
    assert!(asked.text().contains("<html lang=\"hu\">") && asked.text().contains("gépi asszisztens"));
    let sent =
        browser.submit("/mesaj", form(&[("text", "Lejárt az igazolványom"), ("key", "k"), ("lang", "hu")])).await;
    assert_eq!(sent.header("location"), "/hu#turn-1");
    let refused = browser.get("/api/v1/conversations/00000000-0000-7000-8000-000000000000?lang=en").await;
    assert_eq!(refused.json().str("/title"), "The conversation's key or a sign-in is needed.");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screenshot_is_kept_with_its_turn_and_other_files_are_refused() {
    let world = World::open().await;
    let (mut client, mut other) = (world.client(), world.client());
    let path = client.begin("ro").await;
    let other_path = other.begin("ro").await;
    let upload = format!("{path}/attachments");
    let refused = client.submit(&upload, bytes_form(&[], Some(("a.exe", b"MZ\x90\0")))).await;
    assert_eq!(refused.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let kept = client.submit(&upload, bytes_form(&[], Some(("../eroare.png", PNG)))).await.json();
    assert_eq!((kept.str("/name"), kept.str("/media_type")), ("eroare.png".to_owned(), "image/png".to_owned()));
    let token = kept.str("/token");
    let stolen = other.post(&format!("{other_path}/turns"), json!({ "attachments": [token] })).await;
    assert_eq!(stolen.status, StatusCode::UNPROCESSABLE_ENTITY);
    let sent =
        client.post(&format!("{path}/turns?wait=true"), json!({ "text": UNKNOWN, "attachments": [token] })).await;
    let file = client.get(&sent.json().str("/turn/attachments/0/href")).await;
    assert_eq!((file.body.as_slice(), file.header("content-type")), (PNG, "image/png".to_owned()));
    assert!(file.header("content-disposition").starts_with("attachment"));
    assert_eq!(other.get(&sent.json().str("/turn/attachments/0/href")).await.status, StatusCode::UNAUTHORIZED);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_and_giants_are_refused_with_when_to_try_again() {
    let limits = Limits {
        turns_per_conversation: Rate { per_minute: 1, burst: 2 },
        attachment_bytes: 1_000,
        ..Limits::default()
    };
    let world = World::with(ChatConfig { limits, ..ChatConfig::default() }, Duration::ZERO).await;
    let mut client = world.client();
    let path = client.begin("ro").await;
    for _ in 0..2 {
        client.say(&path, "Bună ziua").await;
    }
    let third = client.post(&format!("{path}/turns"), json!({ "text": "Bună ziua" })).await;
    assert_eq!(third.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(third.header("retry-after").parse::<u64>().unwrap() > 0);
    let big = client.submit(&format!("{path}/attachments"), bytes_form(&[], Some(("a.txt", &[b'a'; 2_000])))).await;
    assert_eq!(big.status, StatusCode::PAYLOAD_TOO_LARGE);
    let mut other = world.client();
    let path = other.begin("ro").await;
    let long = other.post(&format!("{path}/turns"), json!({ "text": "a".repeat(8_001) })).await;
    assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);
    let huge = other.post(&format!("{path}/turns"), json!({ "text": "a".repeat(100_000) })).await;
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
    let broken = other.request("POST", &format!("{path}/turns"), &[], b"{".to_vec()).await;
    assert_eq!(
        (broken.status, broken.json().str("/type")),
        (StatusCode::BAD_REQUEST, "urn:sfetnic:problem:malformed".to_owned())
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_allowed_sites_embed_the_chat_and_a_cookie_counts_from_our_own_pages_only() {
    let allowed = "https://www.primaria.example".to_owned();
    let world =
        World::with(ChatConfig { allowed_origins: vec![allowed.clone()], ..ChatConfig::default() }, Duration::ZERO)
            .await;
    let mut site = world.client();
    site.origin = Some(allowed.clone());
    let preflight = site.request("OPTIONS", "/api/v1/conversations", &[], Vec::new()).await;
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-origin")),
        (StatusCode::NO_CONTENT, allowed.clone())
    );
    site.begin("ro").await;
    let mut evil = world.client();
    evil.origin = Some("https://evil.example".to_owned());
    assert_eq!(evil.post("/api/v1/conversations", json!({})).await.status, StatusCode::FORBIDDEN);
    assert_eq!(evil.submit("/mesaj", form(&[("text", QUESTION)])).await.status, StatusCode::FORBIDDEN);
    // A victim's cookie on a request that another site makes.
    let mut victim = world.client();
    let begun = victim.post("/api/v1/conversations", json!({ "cookie": true })).await;
    assert_eq!(begun.json().0.get("secret"), None, "the cookie holds it");
    let path = format!("/api/v1/conversations/{}/turns", begun.json().str("/conversation/id"));
    assert_eq!(victim.post(&path, json!({ "text": QUESTION })).await.status, StatusCode::ACCEPTED);
    for origin in [Some(allowed), None] {
        victim.origin = origin;
        assert_eq!(victim.post(&path, json!({ "text": "forged" })).await.status, StatusCode::FORBIDDEN);
    }
    let script = site.get("/embed.js").await;
    assert_eq!(script.header("cross-origin-resource-policy"), "cross-origin");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_leads_to_its_article_unless_it_is_not_for_citizens() {
    let world = World::open().await;
    let mut browser = world.client();
    let page = browser.get("/surse/carte-de-identitate-expirata?lang=en").await;
    assert_eq!(page.status, StatusCode::OK);
    for part in
        ["Expired identity card", "https://carteadeidentitate.gov.ro/?p=139", "1 January 2026", "has still to confirm"]
    {
        assert!(page.text().contains(part), "{part}");
    }
    for hidden in ["ciorna", "nothing"] {
        assert_eq!(browser.get(&format!("/surse/{hidden}?lang=ro")).await.status, StatusCode::NOT_FOUND);
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_conversation_can_be_taken_along() {
    let world = World::open().await;
    let mut client = world.client();
    let path = client.begin("ro").await;
    client.say(&path, QUESTION).await;
    client.say(&path, UNKNOWN).await;
    let text = client.get(&format!("{path}/transcript?lang=ro")).await.text();
    for part in
        [QUESTION, "cartea electronică de identitate", "Sursa: Carte de identitate expirată", "Numărul solicitării: "]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("**"), "no marks: {text}");
    world.close().await;
}

#[test]
fn the_description_names_every_way_in() {
    let described = serde_json::to_value(chat::openapi()).unwrap();
    let paths: Vec<&String> = described["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths.len(), 14, "{paths:?}");
    assert!(described["components"]["securitySchemes"]["secret"].is_object());
}
