//! Recognition of speech by whisper.cpp.
//!
//! One loaded model computes with as many states as its spec has slots ([`slots`]). A recording is written down in one pass
//! ([`transcribe`]); live audio is cut into turns and written down again and again as it grows ([`live`]). What whisper.cpp
//! returns passes guards against text that nobody said ([`guard`]). Its log goes to `tracing`, under `whisper_rs`.
//!
//! Work-arounds for whisper-rs 0.16 and whisper.cpp 1.8 stand where they are needed: damaged files ([`model_file`]), the abort
//! callback and the memory of names ([`slots`]), a state freed behind one's back ([`decode`]), the times of words ([`words`]),
//! the probability of silence ([`slots`]), voice activity that forgets ([`silero`]) or hears speech in tones ([`steadiness`]).

mod agreement;
mod decode;
mod guard;
mod hypothesis;
mod language;
mod live;
mod model_file;
mod settings;
mod silero;
mod slots;
mod spoken;
mod steadiness;
mod transcribe;
mod turn;
mod voice_activity;
mod words;

use async_trait::async_trait;
use protocol::Language;
use tokio::sync::mpsc;

use self::model_file::check_speech_model;
use self::settings::Settings;
use self::silero::Detectors;
use self::slots::Slots;
use crate::tasks::{ListenEvent, ListenRequest, Transcript, TranscriptionRequest};
use crate::{EngineError, Events, Facts, Model, ModelSpec, Stop};

/// Samples per second of all audio here.
const RATE: u32 = 16_000;

/// A loaded model.
pub(crate) struct Whisper {
    slots: Slots,
    detectors: Detectors,
    /// How much audio the encoder hears at once, in seconds.
    hears: f64,
}

impl Whisper {
    /// Loads it.
    ///
    /// # Errors
    /// [`EngineError::Load`] when a file or a setting is wrong, [`EngineError::OutOfMemory`] when a state does not fit.
    pub(crate) async fn load(spec: ModelSpec) -> Result<Self, EngineError> {
        tokio::task::spawn_blocking(move || Self::load_here(&spec))
            .await
            .map_err(|error| EngineError::Load(format!("the loading thread ended: {error}")))?
    }

    fn load_here(spec: &ModelSpec) -> Result<Self, EngineError> {
        whisper_rs::install_logging_hooks();
        let settings = Settings::of(spec)?;
        let header = check_speech_model(&spec.weights_path()?).map_err(|error| EngineError::Load(error.to_string()))?;
        let languages = if spec.languages.is_empty() { Language::ALL.to_vec() } else { spec.languages.clone() };
        if !header.multilingual && languages != [Language::En] {
            return Err(EngineError::Load(format!("`{}` knows English only; its manifest must say so", spec.id)));
        }
        let detectors = Detectors::new(spec.voice_activity.as_deref())?;
        let slots = Slots::load(spec, settings, languages)?;
        Ok(Self { slots, detectors, hears: f64::from(header.audio_context) * 0.02 })
    }
}

#[async_trait]
impl Model for Whisper {
    fn facts(&self) -> Facts {
        Facts { listens: true, ..Facts::default() }
    }

    async fn transcribe(&self, request: TranscriptionRequest, stop: Stop) -> Result<Transcript, EngineError> {
        let language = language::wanted(request.language, self.slots.languages())?;
        if !(0.0..=1.0).contains(&request.temperature) {
            return Err(EngineError::request("temperature", "the temperature must be from 0 to 1"));
        }
        if i32::try_from(request.samples.len()).is_err() {
            return Err(EngineError::request("file", "the recording is longer than 37 hours; cut it into parts"));
        }
        let (slots, detectors) = (self.slots.clone(), self.detectors.clone());
        self.slots
            .run(&stop, move |slot| transcribe::transcribe(slot, &slots, detectors.for_recording(), request, language))
            .await
    }

    async fn listen(
        &self,
        request: ListenRequest,
        audio: mpsc::Receiver<Vec<f32>>,
        stop: Stop,
    ) -> Result<Events<ListenEvent>, EngineError> {
        live::listen(&self.slots, &self.detectors, self.hears, request, audio, stop)
    }
}
