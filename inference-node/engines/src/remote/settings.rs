//! What a manifest may set for a model of another server.

use std::collections::BTreeMap;
use std::time::Duration;

use camino::Utf8PathBuf;
use protocol::Language;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{EngineError, ModelSpec};

/// The settings of this engine in a model's manifest.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    /// Samples per second of the speech it makes, in hertz. 24 kHz is what OpenAI's `pcm` has.
    pub(super) sample_rate: u32,
    /// The names of its voices; empty when they are not known here, and then any is passed on.
    pub(super) voices: Vec<String>,
    /// The voice of each language for requests that name none; else the first of `voices`.
    pub(super) default_voices: BTreeMap<Language, String>,
    /// Further fields for every request in JSON, such as vLLM's `chat_template_kwargs`. What a request sets itself wins.
    pub(super) request: Map<String, Value>,
    /// Whether streams are asked to end with the numbers of tokens; false for servers that refuse `stream_options`.
    pub(super) usage: bool,
    /// The certificates (PEM) that alone may have signed the server's; by default those of the system.
    pub(super) ca_file: Option<Utf8PathBuf>,
    connect_ms: u64,
    answer_ms: u64,
    idle_ms: u64,
    check_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sample_rate: 24_000,
            voices: Vec::new(),
            default_voices: BTreeMap::new(),
            request: Map::new(),
            usage: true,
            ca_file: None,
            connect_ms: 3_000,
            answer_ms: 300_000,
            idle_ms: 60_000,
            check_ms: 5_000,
        }
    }
}

impl Settings {
    /// Reads them from the specification.
    pub(super) fn read(spec: &ModelSpec) -> Result<Self, EngineError> {
        let settings: Self = serde_json::from_value(Value::Object(spec.settings.clone()))
            .map_err(|error| EngineError::Load(format!("the settings of `{}` are wrong: {error}", spec.id)))?;
        if !(8_000..=96_000).contains(&settings.sample_rate) {
            return Err(EngineError::Load(format!(
                "the setting `sample_rate` of `{}` is {}; it is in hertz, from 8000 to 96000",
                spec.id, settings.sample_rate
            )));
        }
        Ok(settings)
    }

    /// How long making a connection may take.
    pub(super) fn connect_time(&self) -> Duration {
        Duration::from_millis(self.connect_ms)
    }

    /// How long the server may compute before it begins to answer. Whoever asks usually gives up earlier.
    pub(super) fn answer_time(&self) -> Duration {
        Duration::from_millis(self.answer_ms)
    }

    /// How long nothing may come in the middle of an answer.
    pub(super) fn idle_time(&self) -> Duration {
        Duration::from_millis(self.idle_ms)
    }

    /// How often the server's health is looked at.
    pub(super) fn check_pause(&self) -> Duration {
        Duration::from_millis(self.check_ms)
    }
}
