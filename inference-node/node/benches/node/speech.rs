//! Speech by the built-in voices.

use std::time::{Duration, Instant};

use engines::tasks::SpeechRequest;
use engines::{Device, ModelSpec, Stop};
use futures::StreamExt;
use protocol::{EngineKind, Language, Task};
use serde_json::json;

use crate::support::Node;
use crate::{percentile, report};

/// An answer of 200 characters, as citizens hear them.
const ANSWER: &str = "Cartea electronică de identitate se solicită la orice serviciu de evidență a persoanelor. Aveți nevoie de \
                      certificatul de naștere și de 70 de lei. Documentul se eliberează în cel mult 30 de zile.";
const ROUNDS: usize = 100;

pub(crate) async fn measure() {
    let node = Node::start();
    node.wait_for("espeak", "ready").await;
    let request = json!({ "model": "espeak", "voice": "ro", "input": ANSWER, "response_format": "pcm" });
    let (mut first, mut whole, mut bytes) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let mut stream = node.speak(request.clone()).await.bytes_stream();
        bytes = stream.next().await.unwrap().unwrap().len();
        first.push(started.elapsed());
        while let Some(piece) = stream.next().await {
            bytes += piece.unwrap().len();
        }
        whole.push(started.elapsed());
    }
    let seconds = f64::from(u32::try_from(bytes / 2).unwrap()) / 22_050.0;
    report(&format!("speech, {} characters, time to first audio byte over HTTP", ANSWER.chars().count()), &mut first);
    let factor = percentile(&mut whole, 0.5) / 1000.0 / seconds;
    println!("speech, real-time factor: {factor:.4} ({seconds:.1} s of sound)");
    added(&node).await;
}

/// What HTTP, admission and the worker's socket add to a call of the engine.
async fn added(node: &Node) {
    let folder = tempfile::tempdir().unwrap();
    let spec = ModelSpec {
        id: "espeak".to_owned(),
        task: Task::Speech,
        engine: EngineKind::Espeak,
        languages: vec![Language::Ro],
        folder: None,
        scratch: Some(folder.path().to_str().unwrap().into()),
        weights: None,
        device: Device::Cpu,
        threads: 1,
        slots: 1,
        context: None,
        voice_activity: None,
        remote: None,
        settings: serde_json::Map::new(),
    };
    let engine = engines::load(spec).await.unwrap();
    let (mut direct, mut http): (Vec<Duration>, Vec<Duration>) = (Vec::new(), Vec::new());
    let request = json!({ "model": "espeak", "voice": "ro", "input": "Da.", "response_format": "pcm" });
    for _ in 0..5 * ROUNDS {
        let started = Instant::now();
        let asked = SpeechRequest { text: "Da.".to_owned(), language: None, voice: Some("ro".to_owned()), speed: 1.0 };
        let mut pieces = engine.speak(asked, Stop::new()).await.unwrap();
        while let Some(piece) = pieces.recv().await {
            piece.unwrap();
        }
        direct.push(started.elapsed());
        let started = Instant::now();
        node.speak(request.clone()).await.bytes().await.unwrap();
        http.push(started.elapsed());
    }
    report("speech, one word, engine called directly", &mut direct);
    report("speech, one word, over HTTP", &mut http);
    let added = |share| percentile(&mut http.clone(), share) - percentile(&mut direct.clone(), share);
    println!("added time per request: p50 {:.2} ms, p99 {:.2} ms", added(0.5), added(0.99));
}
