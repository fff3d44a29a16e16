//! The settings of this engine in a model's manifest.

use serde::Deserialize;

use crate::{EngineError, ModelSpec};

/// What a manifest may say of a speech model; every key has the default that suits OpenAI's models.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Whether attention is computed in the way that needs less memory. Unless set, on a GPU only: on the processor this release
    /// of whisper.cpp takes half as long again with it.
    pub(crate) flash_attention: Option<bool>,
    /// How many candidates are drawn when the likeliest words did not make sense and the temperature was raised; 1 to 8.
    pub(crate) best_of: i32,
    /// How many candidates are followed at the same time, 1 to 8; absent follows only the likeliest.
    pub(crate) beam_size: Option<i32>,
    /// By how much the temperature is raised when the words did not make sense; 0 never raises it.
    pub(crate) temperature_increment: f32,
    /// Whether a text may not begin with a blank; by default it may not when the vocabulary has one.
    pub(crate) suppress_blank: Option<bool>,
    /// Whether the model was trained to tell times.
    pub(crate) timestamps: bool,
    /// How many tokens of the text before are shown to the decoder, 0 for a model that was not trained for it.
    pub(crate) context_tokens: i32,
    /// Live: how often partial results are wanted, in milliseconds; less often when the engine is slower.
    pub(crate) partial_every_ms: u32,
    /// Live: from this length on, audio whose words are sure is put aside, in seconds.
    pub(crate) trim_after_seconds: f32,
    /// Live: a turn longer than this is cut, in seconds.
    pub(crate) turn_seconds: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            flash_attention: None,
            best_of: 5,
            beam_size: None,
            temperature_increment: 0.2,
            suppress_blank: None,
            timestamps: true,
            context_tokens: 16_384,
            partial_every_ms: 600,
            trim_after_seconds: 15.0,
            turn_seconds: 120.0,
        }
    }
}

impl Settings {
    /// Reads them.
    pub(crate) fn of(spec: &ModelSpec) -> Result<Self, EngineError> {
        let wrong = |what: String| EngineError::Load(format!("the settings of `{}`: {what}", spec.id));
        let settings: Self = serde_json::from_value(serde_json::Value::Object(spec.settings.clone()))
            .map_err(|error| wrong(error.to_string()))?;
        let candidates = 1..=8;
        if !candidates.contains(&settings.best_of) || settings.beam_size.is_some_and(|beam| !candidates.contains(&beam))
        {
            return Err(wrong("`best_of` and `beam_size` must be from 1 to 8".to_owned()));
        }
        if !(0.0..=1.0).contains(&settings.temperature_increment) {
            return Err(wrong("`temperature_increment` must be from 0 to 1".to_owned()));
        }
        if settings.context_tokens < 0 {
            return Err(wrong("`context_tokens` must not be negative".to_owned()));
        }
        if !(100..=60_000).contains(&settings.partial_every_ms) {
            return Err(wrong("`partial_every_ms` must be from 100 to 60000".to_owned()));
        }
        if !(1.0..=600.0).contains(&settings.trim_after_seconds) || !(1.0..=600.0).contains(&settings.turn_seconds) {
            return Err(wrong("`trim_after_seconds` and `turn_seconds` must be from 1 to 600".to_owned()));
        }
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use protocol::{EngineKind, Task};

    use super::*;
    use crate::Device;

    fn spec(settings: &serde_json::Value) -> ModelSpec {
        ModelSpec {
            id: "ears".to_owned(),
            task: Task::Transcription,
            engine: EngineKind::Whisper,
            languages: Vec::new(),
            folder: None,
            scratch: None,
            weights: None,
            device: Device::Cpu,
            threads: 1,
            slots: 1,
            context: None,
            voice_activity: None,
            remote: None,
            settings: settings.as_object().cloned().unwrap_or_default(),
        }
    }

    #[test]
    fn no_settings_are_the_defaults_of_whisper_cpp() {
        assert_eq!(Settings::of(&spec(&serde_json::json!({}))).unwrap(), Settings::default());
    }

    #[test]
    fn a_misspelt_setting_is_named_with_its_model() {
        let error = Settings::of(&spec(&serde_json::json!({ "beam": 5 }))).unwrap_err().to_string();
        assert!(error.contains("`ears`") && error.contains("beam"), "{error}");
    }

    #[test]
    fn a_setting_out_of_range_is_refused() {
        for wrong in [
            serde_json::json!({ "best_of": 9 }),
            serde_json::json!({ "beam_size": 0 }),
            serde_json::json!({ "temperature_increment": -0.1 }),
            serde_json::json!({ "turn_seconds": 0 }),
            serde_json::json!({ "partial_every_ms": 0 }),
        ] {
            assert!(Settings::of(&spec(&wrong)).is_err());
        }
    }
}
