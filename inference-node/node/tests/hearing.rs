//! Speech in, text out: recordings and live.
#![cfg(feature = "whisper")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails where it stands")]

mod support;

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use support::{Node, python, refused, small_models, sound};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// One of the sentences that the small model knows.
const SENTENCE: &str = "vreau să vorbesc cu un om";

async fn node() -> Node {
    let node = Node::start();
    for id in ["tiny-whisper", "tiny-vad"] {
        let output = node.run(&["models", "import", small_models::folder(id).to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    while node.model("tiny-whisper").await.get("error").is_some() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    node.wait_for("tiny-whisper", "ready").await;
    node
}

fn words(text: &str) -> Vec<String> {
    let plain: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric() || c.is_whitespace()).collect();
    plain.split_whitespace().map(str::to_owned).collect()
}

#[tokio::test]
async fn openais_own_client_has_a_recording_written_down_unchanged() {
    let node = node().await;
    let file = node.folder().join("citizen.wav");
    sound::speech(SENTENCE, "ro", &file);
    let arguments = [node.base.clone(), node.key().to_owned(), file.to_str().unwrap().to_owned(), SENTENCE.to_owned()];
    let run = move || python::run("hearing.py", &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(run).await.unwrap();
}

#[tokio::test]
async fn the_telephones_a_law_is_heard_too() {
    let node = node().await;
    let wav = node.folder().join("citizen.wav");
    sound::speech(SENTENCE, "ro", &wav);
    let telephone = sound::alaw(&wav);
    let form = reqwest::multipart::Form::new().text("model", "auto").text("language", "ro").part(
        "file",
        reqwest::multipart::Part::bytes(telephone).file_name("call.alaw").mime_str("audio/PCMA").unwrap(),
    );
    let answer = node.post("/v1/audio/transcriptions").multipart(form).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(words(answer["text"].as_str().unwrap_or_default()), words(SENTENCE), "{answer}");
}

#[tokio::test]
async fn live_speech_is_written_down_while_it_is_spoken() {
    let node = node().await;
    let wav = node.folder().join("citizen.wav");
    sound::speech(SENTENCE, "ro", &wav);
    let telephone = sound::alaw(&wav);
    let address = format!("{}/v1/realtime?model=auto&language=ro&format=g711_alaw", node.base.replace("http", "ws"));
    let mut request = address.into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {}", node.key()).parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();

    let mut events = Vec::new();
    // Half a second of silence, the sentence, a second of silence, in packets of the telephone's 20 ms.
    let silence = |seconds: f64| vec![0xd5_u8; (seconds * 8000.0) as usize];
    let call = [silence(0.5), telephone, silence(1.5)].concat();
    for packet in call.chunks(160) {
        socket.send(Message::Binary(packet.to_vec().into())).await.unwrap();
    }
    socket.send(Message::Text(json!({ "type": "input_audio_buffer.commit" }).to_string().into())).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Text(text) => events.push(serde_json::from_str::<Value>(&text).unwrap()),
            Message::Close(_) => break,
            _ => {}
        }
    }
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let place =
        |kind: &str| kinds.iter().position(|known| *known == kind).unwrap_or_else(|| panic!("no {kind}: {events:?}"));
    assert_eq!(place("session.created"), 0);
    let started = place("input_audio_buffer.speech_started");
    let stopped = place("input_audio_buffer.speech_stopped");
    let completed = place("conversation.item.input_audio_transcription.completed");
    assert!(started < stopped && stopped < completed, "{kinds:?}");
    assert_eq!(words(events[completed]["transcript"].as_str().unwrap()), words(SENTENCE), "{events:?}");
    let began = events[started]["audio_start_ms"].as_u64().unwrap();
    assert!(began < 1200, "{began} ms");
}

#[tokio::test]
async fn nonsense_silence_and_endless_recordings_are_answered_plainly() {
    let node = node().await;
    let hear = async |bytes: Vec<u8>, name: &'static str| {
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name);
        let form = reqwest::multipart::Form::new().text("model", "auto").text("language", "ro").part("file", part);
        node.post("/v1/audio/transcriptions").multipart(form).send().await.unwrap()
    };
    let error = refused(hear(b"no sound at all, whatever its name says".repeat(50), "a.mp3").await, 400).await;
    assert_eq!(error["param"], "file");
    let silent: Value = hear(vec![0xd5; 8000 * 3], "silence.alaw").await.json().await.unwrap();
    assert_eq!(silent["text"], "", "nothing is made up");
    let error = refused(hear(vec![0xd5; 8000 * 3600], "hour.alaw").await, 400).await;
    assert!(error["message"].as_str().unwrap().contains("1800"), "{error}");
    let missing =
        node.post("/v1/audio/transcriptions").multipart(reqwest::multipart::Form::new().text("model", "auto"));
    assert_eq!(refused(missing.send().await.unwrap(), 400).await["param"], "file");
}

#[tokio::test]
async fn a_node_proves_itself_by_hearing_what_it_speaks() {
    let node = node().await;
    let sentences = node.folder().join("sentences.tsv");
    let known =
        format!("language\ttext\nro\t{SENTENCE}\nro\tam pierdut buletinul\nen\ti would like to speak to a person\n");
    std::fs::write(&sentences, known).unwrap();
    let selftest = |more: &[&str]| {
        let file = sentences.to_str().unwrap();
        let arguments = [&["--json", "selftest", "--url", &node.base, "--sentences", file], more].concat();
        node.run(&arguments)
    };
    let output = selftest(&["--most-errors", "0.5"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let romanian = &found[0];
    assert_eq!((romanian["language"].as_str(), romanian["sentences"].as_u64()), (Some("ro"), Some(2)));
    assert_eq!(romanian["word_error_rate"].as_f64(), Some(0.0), "{found}");
    assert!(romanian["hearing_real_time_factor"].as_f64().unwrap() > 0.0);
    // The usual sentences are beyond a model of a few hundred words: the node says so instead of passing.
    let output = node.run(&["--json", "selftest", "--url", &node.base]);
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
}
