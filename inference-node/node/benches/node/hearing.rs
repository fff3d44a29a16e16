//! Recognition of speech: a recording beside whisper.cpp's own binding, and live streams.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{Node, small_models, sound};
use crate::{memory, node_with};

const ROUNDS: usize = 7;
/// Sentences that the small model knows, some ten of them a minute.
const SENTENCES: [&str; 3] = ["vreau să vorbesc cu un om", "mi-a expirat buletinul", "bună ziua"];

pub(crate) async fn measure() {
    let node = node_with(&["tiny-whisper", "tiny-vad"]).await;
    let folder = tempfile::tempdir().unwrap();
    let minute = folder.path().join("minute.wav");
    recording(&minute, 60.0);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(over_http(&node, &minute).await);
        if let Ok(python) = std::env::var("PYTHON") {
            theirs.push(directly(&python, &minute));
        }
    }
    ours.sort_by(f64::total_cmp);
    theirs.sort_by(f64::total_cmp);
    println!("transcription of one minute over HTTP: {:.3} s", ours[ROUNDS / 2]);
    if !theirs.is_empty() {
        let theirs = theirs[ROUNDS / 2];
        println!("the same by whisper.cpp's binding: {theirs:.3} s; speed ratio {:.3}", theirs / ours[ROUNDS / 2]);
    }
    for streams in [1, 2, 4] {
        live(&node, folder.path(), streams).await;
    }
}

/// Sentences with pauses between them.
fn recording(path: &Path, seconds: f64) {
    let mut parts = Vec::new();
    let mut length = 0.0;
    let mut index = 0;
    while length < seconds {
        let part = path.with_extension(format!("{index}.wav"));
        sound::speech(SENTENCES[index % SENTENCES.len()], "ro", &part);
        length += sound::measure(&part).0 + 1.5;
        parts.push(part);
        index += 1;
    }
    sound::join(&parts, 1.5, seconds, path);
}

async fn over_http(node: &Node, file: &Path) -> f64 {
    let bytes = std::fs::read(file).unwrap();
    let part = reqwest::multipart::Part::bytes(bytes).file_name("minute.wav");
    let form = reqwest::multipart::Form::new().text("model", "tiny-whisper").text("language", "ro").part("file", part);
    let started = Instant::now();
    let answer: Value =
        node.post("/v1/audio/transcriptions").multipart(form).send().await.unwrap().json().await.unwrap();
    assert!(answer["text"].is_string(), "{answer}");
    started.elapsed().as_secs_f64()
}

/// Seconds that whisper.cpp's binding takes, loading not counted.
fn directly(python: &str, file: &Path) -> f64 {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/node/whisper_cpp.py");
    let folder = small_models::folder("tiny-whisper");
    let weights = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let weights = weights.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "bin")).unwrap();
    let output = Command::new(python).arg(script).args([&weights, file]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().last().unwrap().trim().parse().unwrap()
}

/// Twenty seconds in each of some streams at once, sent as fast as they are taken.
async fn live(node: &Node, folder: &Path, streams: usize) {
    let wav = folder.join("live.wav");
    recording(&wav, 20.0);
    let telephone = sound::alaw(&wav);
    let before: f64 = node.workers().iter().map(|pid| memory(u32::try_from(*pid).unwrap())).sum();
    let started = Instant::now();
    let calls = (0..streams).map(|_| call(node, &telephone));
    let highest = std::sync::atomic::AtomicU64::new(0);
    let watching = async {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let now: f64 = node.workers().iter().map(|pid| memory(u32::try_from(*pid).unwrap())).sum();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "megabytes")]
            highest.fetch_max(now as u64, std::sync::atomic::Ordering::Relaxed);
        }
    };
    let finals = tokio::select! {
        finals = futures::future::join_all(calls) => finals,
        () = watching => unreachable!(),
    };
    let audio = f64::from(u32::try_from(streams).unwrap()) * 20.0;
    let highest = f64::from(u32::try_from(highest.into_inner()).unwrap());
    println!(
        "live, {streams} streams: real-time factor {:.3} for each second of sound, {:.0} MB more memory for each stream, {} turns heard",
        started.elapsed().as_secs_f64() / audio,
        (highest - before).max(0.0) / f64::from(u32::try_from(streams).unwrap()),
        finals.iter().sum::<usize>(),
    );
}

/// One stream from its first packet to its last words; gives back how many turns were heard.
async fn call(node: &Node, telephone: &[u8]) -> usize {
    let address =
        format!("{}/v1/realtime?model=tiny-whisper&language=ro&format=g711_alaw", node.base.replace("http", "ws"));
    let mut request = address.into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {}", node.key()).parse().unwrap());
    let (socket, _) = connect_async(request).await.unwrap();
    let (mut to, mut from) = socket.split();
    let sending = async {
        for packet in telephone.chunks(160) {
            to.send(Message::Binary(packet.to_vec().into())).await.unwrap();
        }
        to.send(Message::Text(json!({ "type": "input_audio_buffer.commit" }).to_string().into())).await.unwrap();
    };
    let receiving = async {
        let mut turns = 0;
        while let Some(Ok(message)) = from.next().await {
            match message {
                Message::Text(text) => turns += usize::from(text.contains("input_audio_transcription.completed")),
                Message::Close(_) => break,
                _ => {}
            }
        }
        turns
    };
    futures::join!(sending, receiving).1
}
