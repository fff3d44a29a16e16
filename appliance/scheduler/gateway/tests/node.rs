//! The gateway with a real inference node, which speaks by its embedded voices, and with one that plays busy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use camino::Utf8PathBuf;
use desk::language::Language;
use desk::ports::speech::{Recording, Speech, SpeechError};
use futures::StreamExt;
use gateway::{Gateway, InferenceConfig, NodeConfig};
use serde_json::json;
use support::{PATIENCE, free_port, start, until};

const WORDS: &str = "Mi-a expirat buletinul. Programați-vă la ghișeu până vineri, 12 decembrie.";

async fn sound(speech: &dyn Speech, language: Language) -> Result<Vec<u8>, SpeechError> {
    let mut spoken = speech.speak(WORDS, language).await?;
    assert_eq!(spoken.media_type, "audio/wav");
    let mut bytes = Vec::new();
    while let Some(piece) = spoken.sound.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

/// Speech of some seconds that is not silent.
fn assert_speech(bytes: &[u8]) {
    assert_eq!(&bytes[..4], b"RIFF");
    let rate = u32::from_le_bytes(bytes[24..28].try_into().unwrap()) as usize;
    let samples: Vec<f64> =
        bytes[44..].chunks_exact(2).map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]]))).collect();
    assert!(samples.len() > 2 * rate, "{} samples at {rate}", samples.len());
    let power = samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len() as f64;
    assert!(power.sqrt() > 300.0, "silent: {power}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_speaks_every_language_dies_and_comes_back() {
    let mut node = start(tempfile::tempdir().unwrap(), free_port());
    let gateway = Gateway::start(&node.config(), None);
    let speech = gateway.speech();
    until("the node is heard", || speech.abilities().spoken == Language::ALL).await;
    for language in Language::ALL {
        assert_speech(&sound(&*speech, language).await.unwrap());
    }

    assert!(speech.abilities().heard.is_empty(), "it has no model that hears");
    let recording = Recording { bytes: b"RIFF".as_slice().into(), media_type: "audio/wav" };
    let heard = speech.hear(recording, Language::Ro).await;
    assert!(matches!(heard, Err(SpeechError::Unavailable { .. })), "{heard:?}");

    node.child.kill().await.unwrap();
    let lost = sound(&*speech, Language::Ro).await;
    assert!(matches!(lost, Err(SpeechError::Unavailable { .. })), "{:?}", lost.map(|bytes| bytes.len()));
    let again = start(node.folder, node.port);
    let started = Instant::now();
    while let Err(error) = sound(&*speech, Language::Ro).await {
        assert!(started.elapsed() < PATIENCE, "it does not come back: {error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    gateway.stop().await;
    drop(again);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_node_nothing_is_offered() {
    let gateway = Gateway::start(&InferenceConfig::default(), None);
    let speech = gateway.speech();
    assert_eq!(speech.abilities(), desk::ports::speech::Abilities::default());
    assert!(matches!(sound(&*speech, Language::Ro).await, Err(SpeechError::NotOffered { .. })));
    gateway.stop().await;
}

/// A node that is always there and always busy, and that reads no recording.
async fn busy_node() -> String {
    let model = |id: &str, task: &str| json!({ "id": id, "task": task, "engine": "espeak", "languages": [], "state": "ready", "slots": 8, "vram_bytes": 0 });
    let description = json!({
        "name": "busy", "version": "1", "engines": ["espeak"], "cpu": { "threads": 1, "memory_bytes": 1 },
        "gpus": { "source": "script", "taken_unix_ms": 0, "revision": 0, "gpus": [],
            "driver": { "state": "released" } },
        "models": [model("voice", "speech"), model("ear", "transcription")],
    });
    let load = |id: &str| json!({ "id": id, "state": "ready", "active": 0, "queued": 0, "slots": 8, "streams": 0 });
    let beat = json!({ "node": "busy", "incarnation": 1, "sequence": 1, "health": "ok", "gpus": [],
        "models": [load("voice"), load("ear")] });
    let beats = move || {
        let beat = beat.to_string();
        async move {
            let beats = futures::stream::unfold(beat, |beat| async move {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Some((Ok::<_, Infallible>(Event::default().data(&beat)), beat))
            });
            Sse::new(beats)
        }
    };
    let error = |message: &str| Json(json!({ "error": { "message": message, "type": "server_error" } }));
    let busy = move || async move {
        Response::from((StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "9")], error("full")).into_response())
    };
    let unreadable = move || async move { (StatusCode::BAD_REQUEST, error("not a recording")) };
    let router = Router::new()
        .route("/v1/node", get(move || async move { Json(description) }))
        .route("/v1/node/heartbeat", get(beats))
        .route("/v1/audio/speech", post(busy))
        .route("/v1/audio/transcriptions", post(unreadable));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_node_is_passed_over_and_what_it_refuses_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let key_file = Utf8PathBuf::from_path_buf(folder.path().join("key")).unwrap();
    std::fs::write(&key_file, "# ours\nsfn-key\n").unwrap();
    let busy = NodeConfig {
        name: "busy".to_owned(),
        url: busy_node().await,
        key_file,
        certificate: None,
        key: None,
        authorities: None,
    };
    let alone = Gateway::start(&InferenceConfig { nodes: vec![busy.clone()], ..InferenceConfig::default() }, None);
    let speech = alone.speech();
    until("the busy node is heard", || speech.abilities().speaks(Language::Hu)).await;
    let Err(SpeechError::Unavailable { retry_after, .. }) = sound(&*speech, Language::Hu).await else {
        panic!("it spoke")
    };
    assert_eq!(retry_after, Duration::from_secs(9));
    let recording = Recording { bytes: b"RIFF".as_slice().into(), media_type: "audio/wav" };
    let Err(SpeechError::Refused { reason }) = speech.hear(recording, Language::Hu).await else { panic!("it heard") };
    assert_eq!(reason, "not a recording");
    alone.stop().await;

    let node = start(tempfile::tempdir().unwrap(), free_port());
    let real = NodeConfig { name: "real".to_owned(), ..node.config().all().remove(0) };
    let both = Gateway::start(&InferenceConfig { nodes: vec![busy, real], ..InferenceConfig::default() }, None);
    let speech = both.speech();
    let started = Instant::now();
    let bytes = loop {
        match sound(&*speech, Language::Ro).await {
            Ok(bytes) => break bytes,
            Err(error) => assert!(started.elapsed() < PATIENCE, "the second node does not speak: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_speech(&bytes);
    both.stop().await;
}
