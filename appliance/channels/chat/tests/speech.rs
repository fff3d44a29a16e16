//! What citizens hear and say aloud.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod support;

use axum::http::StatusCode;
use chat::{ChatConfig, Limits, Rate};
use support::{BUSY, Client, Reply, World};

const QUESTION: &str = "Mi-a expirat buletinul. Ce fac?";

fn wav(seconds: usize) -> Vec<u8> {
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(32_000_u32.to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data\0\0\0\0");
    bytes.resize(bytes.len() + seconds * 32_000, 0);
    bytes
}

async fn record(client: &mut Client, path: &str, bytes: Vec<u8>) -> Reply {
    client.request("POST", path, &[("content-type", "audio/wav")], bytes).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_heard_in_its_language_with_its_source() {
    let world = World::open().await;
    let mut client = world.client();
    let path = client.begin("ro").await;
    let sent = client.say(&path, QUESTION).await;
    let speech = sent.str("/followed_by/0/speech");
    assert_eq!(speech, format!("{path}/turns/2/speech"));
    let heard = client.get(&speech).await;
    assert_eq!(heard.status, StatusCode::OK, "{}", heard.text());
    assert_eq!(heard.header("content-type"), "audio/wav");
    assert_eq!(heard.header("cache-control"), "private, max-age=3600");
    let words = heard.text();
    assert!(words.starts_with("RIFF ro: ") && words.contains("Sursa: Carte de identitate expirată"), "{words}");
    assert!(!words.contains("**"), "{words}");
    let page = client.get(&format!("{path}/turns?render=html")).await.json();
    assert!(page.str("/1/html").contains("data-listen"));
    assert!(!page.str("/0/html").contains("data-listen"), "what the citizen wrote is not read to them");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_citizen_said_or_nobody_said_is_not_heard() {
    let world = World::open().await;
    let (mut client, mut stranger) = (world.client(), world.client());
    let path = client.begin("ro").await;
    client.say(&path, QUESTION).await;
    for number in [0, 1, 9] {
        assert_eq!(
            client.get(&format!("{path}/turns/{number}/speech")).await.status,
            StatusCode::NOT_FOUND,
            "{number}"
        );
    }
    assert_eq!(stranger.get(&format!("{path}/turns/2/speech")).await.status, StatusCode::UNAUTHORIZED);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_heard_too_and_a_busy_node_says_when_to_try_again() {
    let world = World::open().await;
    let mut client = world.client();
    let path = client.begin("ro").await;
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    world.take_over(id).await;
    world.operator_says(id, "Vă aștept la ghișeul 3").await;
    world.operator_says(id, &format!("Sunt {BUSY}")).await;
    assert_eq!(client.get(&format!("{path}/turns/1/speech")).await.text(), "RIFF ro: Vă aștept la ghișeul 3.");
    let busy = client.get(&format!("{path}/turns/2/speech?lang=ro")).await;
    assert_eq!((busy.status, busy.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "7".to_owned()));
    assert_eq!(busy.json().str("/type"), "urn:sfetnic:problem:unavailable");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_becomes_a_text_and_nothing_is_said() {
    let world = World::open().await;
    let mut client = world.client();
    let before = record(&mut client, "/api/v1/transcriptions?lang=en", wav(1)).await;
    assert_eq!(before.status, StatusCode::OK, "{}", before.text());
    assert_eq!(
        (before.json().str("/text"), before.json().str("/language")),
        ("32044 bytes of audio/wav".into(), "en".into())
    );
    let path = client.begin("ro").await;
    let within = record(&mut client, &format!("{path}/transcriptions"), wav(60)).await;
    assert_eq!(within.status, StatusCode::OK, "{}", within.text());
    assert_eq!(client.get(&format!("{path}/turns")).await.json().count(""), 0);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_is_long_large_strange_or_a_strangers_is_refused() {
    let world = World::open().await;
    let (mut client, mut stranger) = (world.client(), world.client());
    let path = format!("{}/transcriptions", client.begin("ro").await);
    for (bytes, status) in [
        (wav(63), StatusCode::PAYLOAD_TOO_LARGE),
        (wav(140), StatusCode::PAYLOAD_TOO_LARGE),
        (b"ID3 is not taken".to_vec(), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (b"RIFF0000WAVEfmt ".to_vec(), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let reply = record(&mut client, &path, bytes).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        assert!(!reply.text().contains("no samples"), "the node's words stay inside");
    }
    assert_eq!(record(&mut stranger, &path, wav(1)).await.status, StatusCode::UNAUTHORIZED);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recordings_before_a_conversation_are_as_rare_as_conversations() {
    let conversations = Rate { per_minute: 1, burst: 2 };
    let config = ChatConfig { limits: Limits { conversations, ..Limits::default() }, ..ChatConfig::default() };
    let world = World::with(config, std::time::Duration::ZERO).await;
    let mut client = world.client();
    let mut last = StatusCode::OK;
    for _ in 0..3 {
        last = record(&mut client, "/api/v1/transcriptions", wav(1)).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_offers_only_what_can_be_done_in_its_language() {
    let world = World::open().await;
    let mut client = world.client();
    for (language, listening, speaking) in [("ro", "true", "true"), ("en", "false", "true"), ("hu", "false", "false")] {
        let widget = client.get(&format!("/api/v1/widget?lang={language}")).await.json();
        assert_eq!((widget.str("/listening"), widget.str("/speaking")), (listening.into(), speaking.into()));
        let page = client.get(&format!("/{language}")).await;
        assert_eq!(page.text().contains("data-microphone"), speaking == "true", "{language}");
        assert!(page.header("permissions-policy").contains("microphone=(self)"));
        assert!(page.header("content-security-policy").contains("media-src 'self' blob:"));
    }
    world.close().await;
}
