//! Recordings written down by the other server.

use engines::tasks::TranscriptionRequest;
use engines::{EngineError, Stop};
use protocol::{Language, Task};
use serde_json::json;

use crate::load;
use crate::peer::{Peer, Reply};

fn second(word_times: bool) -> TranscriptionRequest {
    let samples = (0_u16..16_000).map(|n| (f32::from(n) * 0.1).sin() * 0.5).collect();
    let prompt = Some("Primăria".to_owned());
    TranscriptionRequest { samples, language: Some(Language::Ro), prompt, temperature: 0.0, word_times }
}

/// The parts of a form by name. Good for bodies without the boundary inside.
fn fields(body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut body = body;
    let end = body.windows(2).position(|bytes| bytes == b"\r\n").unwrap();
    let boundary = body[..end].to_vec();
    let mut fields = Vec::new();
    while let Some(rest) = body.strip_prefix(boundary.as_slice()) {
        let Some(head_end) = rest.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { break };
        let head = String::from_utf8(rest[..head_end].to_vec()).unwrap();
        let name = head.split("name=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let rest = &rest[head_end + 4..];
        let end = rest.windows(boundary.len()).position(|bytes| bytes == boundary).unwrap();
        fields.push((name, rest[..end - 2].to_vec()));
        body = &rest[end..];
    }
    fields
}

#[tokio::test]
async fn a_recording_goes_out_as_wav_and_comes_back_with_its_times() {
    let peer = Peer::start().await;
    let model = load(Task::Transcription, &peer.url).await;
    let transcript = model.transcribe(second(true), Stop::new()).await.unwrap();
    assert_eq!((transcript.text.as_str(), transcript.language), ("Bună ziua.", Some(Language::Ro)));
    assert!((transcript.seconds - 1.0).abs() < 1e-9);
    let segment = &transcript.segments[0];
    assert_eq!(segment.text, "Bună ziua.");
    assert!((segment.mean_log_probability + 0.25).abs() < 1e-6 && (segment.no_speech_probability - 0.125).abs() < 1e-6);
    assert_eq!(segment.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), ["Bună", "ziua"]);

    let fields = fields(&peer.asked()[0].body);
    let text = |wanted: &str| {
        let found = fields.iter().filter(|(name, _)| name == wanted);
        found.map(|(_, value)| String::from_utf8(value.clone()).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(text("model"), ["m"]);
    assert_eq!(text("language"), ["ro"]);
    assert_eq!(text("prompt"), ["Primăria"]);
    assert_eq!(text("response_format"), ["verbose_json"]);
    assert_eq!(text("timestamp_granularities[]"), ["segment", "word"]);
    let wav = &fields.iter().find(|(name, _)| name == "file").unwrap().1;
    assert!(wav.starts_with(b"RIFF"));
    let heard = audio::decode(wav, None, audio::Limits::default()).unwrap();
    assert_eq!((heard.rate, heard.samples.len()), (16_000, 16_000));
    assert!((heard.samples[10] - 1.0_f32.sin() * 0.5).abs() < 1e-3);
}

#[tokio::test]
async fn words_are_neither_asked_for_nor_given_unless_wanted() {
    let peer = Peer::start().await;
    let model = load(Task::Transcription, &peer.url).await;
    let transcript = model.transcribe(second(false), Stop::new()).await.unwrap();
    assert!(transcript.segments[0].words.is_empty());
    let body = String::from_utf8_lossy(&peer.asked()[0].body).into_owned();
    assert!(!body.contains("\r\n\r\nword\r\n"));
}

#[tokio::test]
async fn leaving_while_the_server_listens_makes_it_stop() {
    let peer = Peer::start().await;
    let model = load(Task::Transcription, &peer.url).await;
    peer.next(Reply::Silence);
    let stop = Stop::new();
    let asking = tokio::spawn({
        let (model, stop) = (model.clone(), stop.clone());
        async move { model.transcribe(second(false), stop).await }
    });
    while peer.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    assert_eq!(asking.await.unwrap(), Err(EngineError::Cancelled));
    peer.somebody_left().await;
    assert_eq!(model.health(), Ok(()));
    peer.next(Reply::json(400, &json!({"error": {"message": "bad audio", "param": "file"}})));
    let error = model.transcribe(second(false), Stop::new()).await.unwrap_err();
    assert_eq!(error, EngineError::request("file", "bad audio"));
}
