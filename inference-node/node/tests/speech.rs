//! A node without any model speaks.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails where it stands")]

mod support;

use futures::StreamExt;
use serde_json::json;
use support::{Node, python, refused, sentence, sound};

#[tokio::test]
async fn a_node_without_any_model_speaks_in_every_format() {
    let node = Node::start();
    node.wait_for("espeak", "ready").await;
    for (format, mime, rate) in [
        ("wav", "audio/wav", None),
        ("flac", "audio/flac", None),
        ("wav_alaw", "audio/wav", Some(8000)),
        ("pcm", "audio/pcm", None),
        ("alaw", "audio/PCMA", Some(8000)),
        ("opus", "audio/ogg", None),
    ] {
        let response = node.speak(sentence(format)).await;
        assert_eq!(response.status(), 200, "{format}");
        let said = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(said.to_lowercase().starts_with(&mime.to_lowercase()), "{format}: {said}");
        let bytes = response.bytes().await.unwrap();
        match format {
            "wav" | "flac" | "wav_alaw" => {
                let path = node.folder().join(format!("speech.{}", if format == "flac" { "flac" } else { "wav" }));
                std::fs::write(&path, &bytes).unwrap();
                let (seconds, loudness) = sound::measure(&path);
                assert!((3.0..12.0).contains(&seconds) && loudness > 0.02, "{format}: {seconds} s, {loudness}");
            }
            _ => assert!(bytes.len() > rate.unwrap_or(2000), "{format}: {} bytes", bytes.len()),
        }
    }
}

#[tokio::test]
async fn sound_comes_before_the_text_is_spoken_to_its_end() {
    let node = Node::start();
    node.wait_for("espeak", "ready").await;
    let long = "Dosarul se depune la ghișeu, iar răspunsul vine în cel mult treizeci de zile. ".repeat(100);
    let response =
        node.speak(json!({ "model": "espeak", "input": long, "voice": "ro", "response_format": "pcm" })).await;
    let mut pieces = response.bytes_stream();
    let mut count = 0;
    let mut bytes = 0;
    while let Some(piece) = pieces.next().await {
        count += 1;
        bytes += piece.unwrap().len();
    }
    assert!(count > 20, "it came in {count} pieces");
    assert!(bytes > 22_050 * 2 * 100, "{bytes} bytes");
}

#[tokio::test]
async fn openais_own_voice_names_and_auto_mean_the_nodes_voice() {
    let node = Node::start();
    node.wait_for("espeak", "ready").await;
    for body in [
        json!({ "model": "espeak", "input": "Good morning.", "voice": "alloy", "language": "en" }),
        json!({ "model": "auto", "input": "Jó napot kívánok.", "voice": "hu" }),
        json!({ "model": "auto", "input": "Bună ziua.", "voice": "ro+f3" }),
        json!({ "model": "auto", "input": "Bună ziua.", "speed": 1.5, "sample_rate": 8000 }),
    ] {
        let response = node.speak(body.clone()).await;
        assert_eq!(response.status(), 200, "{body}: {}", response.text().await.unwrap());
    }
}

#[tokio::test]
async fn a_wrong_request_names_its_parameter() {
    let node = Node::start();
    node.wait_for("espeak", "ready").await;
    for (body, status, parameter) in [
        (json!({ "model": "espeak", "input": "" }), 400, "input"),
        (json!({ "model": "espeak", "input": "a".repeat(20_000) }), 400, "input"),
        (json!({ "model": "espeak", "input": "a", "speed": 9 }), 400, "speed"),
        (json!({ "model": "espeak", "input": "a", "voice": "klingon" }), 400, "voice"),
        (json!({ "model": "espeak", "input": "a", "voice": 7 }), 400, "voice"),
        (json!({ "model": "espeak", "input": "a", "response_format": "aac" }), 400, "response_format"),
        (json!({ "model": "espeak", "input": "a", "language": "fr" }), 400, "language"),
        (json!({ "model": "espeak", "input": "a", "sample_rate": 5 }), 400, "sample_rate"),
        (json!({ "model": "tts-1", "input": "a" }), 404, "model"),
    ] {
        let error = refused(node.speak(body.clone()).await, status).await;
        assert_eq!(error["param"], parameter, "{body}: {error}");
    }
    // Text in another encoding than UTF-8 is refused, and the node goes on.
    let latin = b"{\"model\":\"espeak\",\"input\":\"Bun\xe3 ziua\"}".to_vec();
    refused(node.post("/v1/audio/speech").body(latin).send().await.unwrap(), 400).await;
    assert_eq!(node.speak(sentence("wav")).await.status(), 200);
}

#[tokio::test]
async fn openais_own_client_speaks_unchanged() {
    let node = Node::start();
    node.wait_for("espeak", "ready").await;
    let file = node.folder().join("client.wav");
    let (base, key, path) = (node.base.clone(), node.key().to_owned(), file.to_str().unwrap().to_owned());
    tokio::task::spawn_blocking(move || python::run("speech.py", &[&base, &key, &path])).await.unwrap();
    let (seconds, loudness) = sound::measure(&file);
    assert!((1.5..8.0).contains(&seconds) && loudness > 0.02, "{seconds} s, {loudness}");
}
