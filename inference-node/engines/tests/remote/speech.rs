//! Speech from the other server.

use engines::tasks::{SpeechPiece, SpeechRequest};
use engines::{EngineError, Model, Stop};
use protocol::{Language, Task};
use serde_json::json;

use crate::peer::{Peer, Reply};
use crate::{error_of, load, spec, try_load};

fn say(text: &str) -> SpeechRequest {
    SpeechRequest { text: text.to_owned(), language: Some(Language::Ro), voice: None, speed: 1.0 }
}

async fn pieces(model: &dyn Model, text: &str) -> Result<Vec<SpeechPiece>, EngineError> {
    let mut events = model.speak(say(text), Stop::new()).await?;
    let mut pieces = Vec::new();
    while let Some(piece) = events.recv().await {
        pieces.push(piece?);
    }
    Ok(pieces)
}

#[tokio::test]
async fn samples_are_whole_however_they_are_cut_and_tell_what_was_heard() {
    let peer = Peer::start().await;
    let model = load(Task::Speech, &peer.url).await;
    let text = "Bună ziua!\nVă ascult.\n";
    let pieces = pieces(&*model, text).await.unwrap();
    let samples: Vec<i16> = pieces.iter().flat_map(|piece| piece.samples.clone()).collect();
    let letters: Vec<i16> = "Bună ziua!Vă ascult.".chars().map(|letter| u32::from(letter) as i16).collect();
    assert_eq!(samples, letters);
    assert!(pieces.is_sorted_by_key(|piece| piece.text_end));
    assert_eq!(pieces.first().unwrap().text_end, 0);
    assert!(pieces.iter().any(|piece| text[..piece.text_end].trim_end() == "Bună ziua!"));
    assert_eq!(pieces.last().unwrap().text_end, text.len());
    assert_eq!(peer.asked().len(), 2, "sentence by sentence");
    let request = peer.asked()[0].json();
    assert_eq!(request, json!({"model": "m", "input": "Bună ziua!", "response_format": "pcm", "speed": 1.0}));
}

#[tokio::test]
async fn the_voice_is_that_of_the_request_else_of_the_language_else_the_first() {
    let peer = Peer::start().await;
    let settings = json!({"voices": ["nova", "ioana"], "default_voices": {"ro": "ioana"}, "sample_rate": 22050});
    let model = try_load(spec(Task::Speech, &peer.url, &settings)).await.unwrap();
    assert_eq!(model.facts().sample_rate, Some(22_050));
    for (language, voice, expected) in
        [(Some(Language::Ro), None, "ioana"), (None, None, "nova"), (Some(Language::Ro), Some("nova"), "nova")]
    {
        let request = SpeechRequest { language, voice: voice.map(str::to_owned), ..say("Da.") };
        model.speak(request, Stop::new()).await.unwrap().recv().await.unwrap().unwrap();
        assert_eq!(peer.asked().last().unwrap().json()["voice"], expected);
    }
    let request = SpeechRequest { voice: Some("zoe".to_owned()), ..say("Da.") };
    let error = error_of(model.speak(request, Stop::new()).await);
    assert_eq!(error, EngineError::request("voice", "there is no voice `zoe`; choose one of nova, ioana"));
}

#[tokio::test]
async fn what_would_be_noise_is_an_error() {
    let peer = Peer::start().await;
    let model = load(Task::Speech, &peer.url).await;
    for (reply, why) in [
        (Reply::sound("audio/wav", vec![b"RIFF".to_vec()]), "`audio/wav`"),
        (Reply::json(200, &json!({"status": "queued"})), "`application/json`"),
        (Reply::sound("audio/pcm; rate=16000", vec![vec![0, 0]]), "set `sample_rate` to 16000"),
        (Reply::sound("audio/pcm", vec![vec![1, 2, 3]]), "in the middle of a sample"),
        (Reply::sound("audio/pcm", vec![]), "without any sound"),
    ] {
        peer.next(reply);
        let error = error_of(pieces(&*model, "Da.").await).to_string();
        assert!(error.contains(why), "{error}");
    }
    peer.next(Reply::sound("audio/pcm; rate=24000", vec![vec![1, 0]]));
    assert_eq!(pieces(&*model, "Da.").await.unwrap(), [SpeechPiece { samples: vec![1], text_end: 3 }]);
}

#[tokio::test]
async fn when_a_later_sentence_fails_the_error_comes_after_the_earlier_sound() {
    let peer = Peer::start().await;
    let model = load(Task::Speech, &peer.url).await;
    peer.next(Reply::sound("audio/pcm", vec![vec![7, 0]]));
    peer.next(Reply::json(503, &json!({})));
    let mut events = model.speak(say("Unu.\nDoi.\nTrei."), Stop::new()).await.unwrap();
    assert_eq!(events.recv().await.unwrap().unwrap().samples, [7]);
    assert_eq!(events.recv().await.unwrap(), Err(EngineError::Overloaded { retry_after_ms: None }));
    assert!(events.recv().await.is_none());
}

#[tokio::test]
async fn a_text_without_words_is_refused_before_anybody_is_asked() {
    let peer = Peer::start().await;
    let model = load(Task::Speech, &peer.url).await;
    let error = error_of(model.speak(say(" … "), Stop::new()).await);
    assert!(matches!(error, EngineError::Request { parameter, .. } if parameter == "input"));
    assert!(peer.asked().is_empty());
}
