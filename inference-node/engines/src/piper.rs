//! Piper voices through ONNX Runtime.
//!
//! A voice is a VITS network (Kim, Kong, Son, "Conditional Variational Autoencoder with Adversarial Learning for End-to-End
//! Text-to-Speech", ICML 2021) that turns phonemes into sound; espeak-ng turns text into phonemes. The library of ONNX
//! Runtime is opened when a voice is loaded: a node without Piper voices does not need it.

mod config;
mod network;
mod runtime;

use std::sync::Arc;

use async_trait::async_trait;
use espeak::Synthesiser;
use protocol::Language;
use tokio::sync::{mpsc, oneshot};

use self::config::VoiceConfig;
use self::network::Network;
use crate::model::EVENTS_AHEAD;
use crate::speech;
use crate::tasks::{SpeechPiece, SpeechRequest};
use crate::{EngineError, Events, Facts, Model, ModelSpec, Stop};

/// A loaded voice.
pub(crate) struct Piper {
    voice: Arc<Voice>,
}

struct Voice {
    config: VoiceConfig,
    language: Language,
    network: Arc<Network>,
    phonemiser: Synthesiser,
}

impl Piper {
    /// Loads the voice: its network and, beside it, its configuration (`….onnx.json`).
    pub(crate) async fn load(spec: ModelSpec) -> Result<Self, EngineError> {
        let loading = tokio::task::spawn_blocking(move || Voice::load(&spec));
        let voice = loading.await.map_err(|error| EngineError::Load(error.to_string()))??;
        Ok(Self { voice: Arc::new(voice) })
    }
}

impl Voice {
    fn load(spec: &ModelSpec) -> Result<Self, EngineError> {
        let weights = spec.weights_path()?;
        let config = VoiceConfig::read(&weights)?;
        let language = spec
            .languages
            .first()
            .copied()
            .or_else(|| Language::from_tag(&config.espeak.voice))
            .ok_or_else(|| EngineError::Load(format!("`{weights}`: its language is none of ro, hu, en")))?;
        let network = Arc::new(Network::load(&weights, spec)?);
        Ok(Self { config, language, network, phonemiser: crate::espeak::start(spec)? })
    }

    /// The number of the speaker that a request means.
    fn speaker(&self, request: &SpeechRequest) -> Result<i64, EngineError> {
        let speakers = &self.config.speaker_id_map;
        let Some(voice) = request.voice.as_ref().filter(|_| !speakers.is_empty()) else { return Ok(0) };
        speakers.get(voice).copied().ok_or_else(|| {
            let names: Vec<&str> = speakers.keys().map(String::as_str).collect();
            EngineError::request("voice", format!("there is no voice `{voice}`; there are: {}", names.join(", ")))
        })
    }

    async fn phonemes(&self, text: &str) -> Result<String, EngineError> {
        let (sender, sounds) = oneshot::channel();
        let failed = |error: espeak::EspeakError| EngineError::Failed(error.to_string());
        self.phonemiser
            .phonemes(text, &self.config.espeak.voice, move |result| drop(sender.send(result)))
            .map_err(failed)?;
        sounds.await.map_err(|_| EngineError::Failed("the phonemiser has ended".to_owned()))?.map_err(failed)
    }

    async fn say(&self, clause: &str, speaker: i64, speed: f32) -> Result<Vec<i16>, EngineError> {
        let mut sounds = self.phonemes(clause).await?;
        // espeak-ng drops the punctuation by which the network knows how a clause ends.
        sounds.extend(clause.trim_end().chars().last().filter(|last| ".,;:?!".contains(*last)));
        let inference = self.config.inference;
        let scales = [inference.noise_scale, inference.length_scale / speed, inference.noise_w];
        let speaker = (self.config.num_speakers > 1).then_some(speaker);
        self.network.compute(self.config.ids(&sounds), scales, speaker).await
    }
}

#[async_trait]
impl Model for Piper {
    fn facts(&self) -> Facts {
        let voices = self.voice.config.speaker_id_map.keys().cloned().collect();
        Facts { sample_rate: Some(self.voice.config.audio.sample_rate), voices, ..Facts::default() }
    }

    async fn speak(&self, request: SpeechRequest, stop: Stop) -> Result<Events<SpeechPiece>, EngineError> {
        speech::check(&request)?;
        let voice = Arc::clone(&self.voice);
        let speaker = voice.speaker(&request)?;
        if request.language.is_some_and(|language| language != voice.language) {
            let message = format!("this voice speaks `{}` only", voice.language.code());
            return Err(EngineError::request("language", message));
        }
        let clauses = speech::clauses(&request.text, voice.language);
        let rate = voice.config.audio.sample_rate;
        let (pieces, spoken) = mpsc::channel(EVENTS_AHEAD);
        tokio::spawn(async move {
            for clause in clauses {
                let said = tokio::select! {
                    said = voice.say(&clause.spoken, speaker, request.speed) => said,
                    () = stop.cancelled() => return,
                };
                let piece = said.map(|mut samples| {
                    samples.extend(speech::silence(clause.pause_ms, rate));
                    SpeechPiece { samples, text_end: clause.text_end }
                });
                let failed = piece.is_err();
                if pieces.send(piece).await.is_err() || failed {
                    return;
                }
            }
        });
        Ok(spoken)
    }
}
