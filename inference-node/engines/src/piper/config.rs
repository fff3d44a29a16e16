//! A voice's configuration, as Piper's own tools write it beside the network.

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde::Deserialize;

use crate::EngineError;

/// Begins every utterance.
const BEGIN: &str = "^";
/// Ends it.
const END: &str = "$";
/// Stands between any two phonemes.
const PAD: &str = "_";

/// What is needed of it; other keys are ignored, for every release of Piper's tools writes more of them.
#[derive(Debug, Deserialize)]
pub(super) struct VoiceConfig {
    pub(super) audio: Audio,
    pub(super) espeak: Phonemes,
    pub(super) inference: Inference,
    pub(super) num_speakers: u32,
    #[serde(default)]
    pub(super) speaker_id_map: BTreeMap<String, i64>,
    phoneme_id_map: BTreeMap<String, Vec<i64>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Audio {
    pub(super) sample_rate: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct Phonemes {
    pub(super) voice: String,
}

/// How freely the network varies, and how slowly it speaks.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Inference {
    pub(super) noise_scale: f32,
    pub(super) length_scale: f32,
    pub(super) noise_w: f32,
}

impl VoiceConfig {
    /// Reads the configuration beside `weights`.
    pub(super) fn read(weights: &Utf8Path) -> Result<Self, EngineError> {
        let path = format!("{weights}.json");
        let text = std::fs::read_to_string(&path).map_err(|error| {
            EngineError::Load(format!("failed to read the voice's configuration `{path}`: {error}"))
        })?;
        let config: Self = serde_json::from_str(&text)
            .map_err(|error| EngineError::Load(format!("`{path}` is no configuration of a Piper voice: {error}")))?;
        for needed in [BEGIN, END, PAD] {
            if config.id(needed).is_none() {
                return Err(EngineError::Load(format!("`{path}`: phoneme_id_map has no `{needed}`")));
            }
        }
        if !(8_000..=48_000).contains(&config.audio.sample_rate) {
            let rate = config.audio.sample_rate;
            return Err(EngineError::Load(format!("`{path}`: a sample rate of {rate} is not of this world")));
        }
        Ok(config)
    }

    fn id(&self, phoneme: &str) -> Option<&[i64]> {
        self.phoneme_id_map.get(phoneme).map(Vec::as_slice).filter(|ids| !ids.is_empty())
    }

    /// The numbers that the network takes for `phonemes`; sounds that it never learnt are left out.
    pub(super) fn ids(&self, phonemes: &str) -> Vec<i64> {
        let pad = self.id(PAD).unwrap_or_default();
        let mut ids = Vec::with_capacity(phonemes.len() * 2 + 4);
        let mut key = [0; 4];
        let begin = self.id(BEGIN).into_iter();
        let sounds = phonemes.chars().filter_map(|sound| self.id(sound.encode_utf8(&mut key)));
        for one in begin.chain(sounds) {
            ids.extend_from_slice(one);
            ids.extend_from_slice(pad);
        }
        ids.extend_from_slice(self.id(END).unwrap_or_default());
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phonemes_stand_between_pads_and_unknown_ones_are_left_out() {
        let json = r#"{"audio": {"sample_rate": 22050}, "espeak": {"voice": "ro"}, "num_speakers": 1, "more": true,
            "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
            "phoneme_id_map": {"^": [1], "$": [2], "_": [0], "a": [5], "ʃ": [7, 8]}}"#;
        let config: VoiceConfig = serde_json::from_str(json).unwrap();
        assert_eq!(config.ids("aʃ☃a"), [1, 0, 5, 0, 7, 8, 0, 5, 0, 2]);
        assert_eq!(config.ids(""), [1, 0, 2]);
    }
}
