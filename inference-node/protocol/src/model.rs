//! What models there are: their tasks, languages, engines, and how each one is doing.

use serde::{Deserialize, Serialize};

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Speech in, text out (STT).
    Transcription,
    /// Text in, speech out (TTS).
    Speech,
    /// Messages in, a message out (LLM).
    Chat,
    /// Text in, a vector out.
    Embeddings,
    /// Tells speech from everything else (VAD); used by a transcription model, never asked for by itself.
    VoiceActivity,
}

impl Task {
    /// The name used in configuration, manifests and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transcription => "transcription",
            Self::Speech => "speech",
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
            Self::VoiceActivity => "voice-activity",
        }
    }
}

/// A language that the appliance serves; written as its ISO 639-1 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Romanian.
    Ro,
    /// Hungarian.
    Hu,
    /// English.
    En,
}

impl Language {
    /// All of them, Romanian first.
    pub const ALL: [Self; 3] = [Self::Ro, Self::Hu, Self::En];

    /// Its ISO 639-1 code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Ro => "ro",
            Self::Hu => "hu",
            Self::En => "en",
        }
    }

    /// The language of a tag such as `ro`, `ro-RO` or `romanian`; `None` for any other.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag).to_ascii_lowercase();
        match primary.as_str() {
            "ro" | "romanian" => Some(Self::Ro),
            "hu" | "hungarian" => Some(Self::Hu),
            "en" | "english" => Some(Self::En),
            _ => None,
        }
    }
}

/// The program that computes a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// whisper.cpp: recognition of speech.
    Whisper,
    /// Piper voices through ONNX Runtime: synthesis of speech.
    Piper,
    /// espeak-ng: synthesis of speech without any model file.
    Espeak,
    /// mistral.rs: language models and embeddings.
    Mistral,
    /// Another server that speaks OpenAI's API.
    Remote,
}

impl EngineKind {
    /// The name used in configuration, manifests and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Whisper => "whisper",
            Self::Piper => "piper",
            Self::Espeak => "espeak",
            Self::Mistral => "mistral",
            Self::Remote => "remote",
        }
    }
}

/// Where a model is in its life on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelState {
    /// In the store, not in memory.
    Unloaded,
    /// Being read into memory.
    Loading,
    /// Serves requests.
    Ready,
    /// Serves what it has begun and takes nothing new.
    Draining,
    /// Its engine ended unexpectedly; it is started again after a pause.
    Restarting,
    /// It cannot be loaded; a person must look.
    Failed,
}

/// One model as a node sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelDescription {
    /// Its name in requests.
    pub id: String,
    /// What it is for.
    pub task: Task,
    /// What computes it.
    pub engine: EngineKind,
    /// The languages it knows; empty when it is not bound to languages.
    pub languages: Vec<Language>,
    /// Where it is in its life.
    pub state: ModelState,
    /// Why it is in that state, when that needs saying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Requests that it computes at the same time.
    pub slots: u32,
    /// The longest input and output together, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<u32>,
    /// Samples per second of the speech it makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// GPU memory set aside for it.
    pub vram_bytes: u64,
    /// The GPU it is on; none on the CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<u32>,
}
