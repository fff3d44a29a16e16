//! The whisper engine hears real sound: sentences spoken by espeak-ng, and what is no speech.
#![cfg(feature = "whisper")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod live;
mod loading;
mod recordings;
mod sound;

use std::sync::Arc;

use camino::Utf8PathBuf;
use engines::{Device, Model, ModelSpec, Stop, tasks::TranscriptionRequest};
use protocol::{EngineKind, Language, Task};

/// A file of the small models.
fn small_model(file: &str) -> Utf8PathBuf {
    let folder = std::env::var("SMALL_MODELS").map_or_else(
        |_| Utf8PathBuf::from(std::env::var("HOME").unwrap()).join(".cache/sfetnic/small-models"),
        Utf8PathBuf::from,
    );
    let file = folder.join(file);
    assert!(file.is_file(), "`{file}` is missing; run `make models-test`");
    file
}

/// The small speech model.
fn weights() -> Utf8PathBuf {
    small_model("tiny-whisper/ggml-tiny-whisper.bin")
}

/// The small model as a manifest would describe it: it was trained on single sentences, without times and without text before.
fn spec(slots: u32) -> ModelSpec {
    let weights = weights();
    let settings = serde_json::json!({ "temperature_increment": 0.0, "timestamps": false, "context_tokens": 0 });
    ModelSpec {
        id: "tiny-whisper".to_owned(),
        task: Task::Transcription,
        engine: EngineKind::Whisper,
        languages: Language::ALL.to_vec(),
        folder: weights.parent().map(ToOwned::to_owned),
        scratch: None,
        weights: weights.file_name().map(ToOwned::to_owned),
        device: Device::Cpu,
        threads: 1,
        slots,
        context: None,
        voice_activity: None,
        remote: None,
        settings: settings.as_object().cloned().unwrap(),
    }
}

async fn model(slots: u32) -> Arc<dyn Model> {
    engines::load(spec(slots)).await.unwrap()
}

fn request(samples: Vec<f32>, language: Option<Language>) -> TranscriptionRequest {
    TranscriptionRequest { samples, language, prompt: None, temperature: 0.0, word_times: true }
}

async fn text(model: &dyn Model, samples: Vec<f32>, language: Option<Language>) -> String {
    model.transcribe(request(samples, language), Stop::new()).await.unwrap().text
}
