//! Silero's voice activity model, computed by whisper.cpp.
//!
//! whisper.cpp clears the state of the model's LSTM at the start of each call, so pieces of a stream cannot be given to it one
//! by one. [`Silero`] gives it the last second again as a run-up before each piece: right for pieces of seconds, wasteful for
//! single frames.

use camino::{Utf8Path, Utf8PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use whisper_rs::{WhisperVadContext, WhisperVadContextParams};

use super::RATE;
use super::model_file::check_voice_activity_model;
use super::voice_activity::{Earshot, VoiceActivity};
use crate::EngineError;

/// 32 ms: what the model hears at once.
const FRAME: usize = 512;
/// What is heard again before each piece: one second, in whole frames.
const RUN_UP: usize = RATE as usize / FRAME * FRAME;

/// Silero's detector.
pub(crate) struct Silero {
    model: Lent,
    /// The end of what was heard, up to [`RUN_UP`] samples.
    before: Vec<f32>,
}

impl VoiceActivity for Silero {
    fn frame(&self) -> usize {
        FRAME
    }

    fn hear(&mut self, samples: &[f32]) -> Vec<f32> {
        let samples = &samples[..samples.len() / FRAME * FRAME];
        let Some(model) = self.model.context.as_mut().filter(|_| !samples.is_empty()) else { return Vec::new() };
        let run_up = self.before.len() / FRAME;
        self.before.extend_from_slice(samples);
        let probabilities = match model.detect_speech(&self.before) {
            Ok(()) => model.probabilities().get(run_up..).unwrap_or_default().to_vec(),
            Err(error) => {
                tracing::warn!(%error, "voice activity failed; all of it counts as speech");
                vec![1.0; samples.len() / FRAME]
            }
        };
        let old = self.before.len().saturating_sub(RUN_UP);
        self.before.drain(..old);
        probabilities
    }
}

/// Makes detectors, and keeps loaded models for the next use.
#[derive(Clone)]
pub(crate) struct Detectors {
    model: Option<Arc<Models>>,
}

struct Models {
    path: Utf8PathBuf,
    idle: Mutex<Vec<WhisperVadContext>>,
}

/// A loaded model that goes back when it is dropped.
struct Lent {
    from: Arc<Models>,
    context: Option<WhisperVadContext>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut idle = self.from.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.context.take());
    }
}

impl Detectors {
    /// Detectors with Silero's model in that file, or without one.
    ///
    /// # Errors
    /// When the file is no such model.
    pub(crate) fn new(model: Option<&Utf8Path>) -> Result<Self, EngineError> {
        let Some(path) = model else { return Ok(Self { model: None }) };
        check_voice_activity_model(path).map_err(|error| EngineError::Load(error.to_string()))?;
        let models = Models { path: path.to_owned(), idle: Mutex::default() };
        let first = models.load()?;
        models.idle.lock().unwrap_or_else(PoisonError::into_inner).push(first);
        Ok(Self { model: Some(Arc::new(models)) })
    }

    /// Silero's detector, when there is a model.
    pub(crate) fn silero(&self) -> Option<Silero> {
        let models = self.model.as_ref()?;
        let idle = models.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let context = match idle.map_or_else(|| models.load(), Ok) {
            Ok(context) => Some(context),
            Err(error) => {
                tracing::warn!(%error, "voice activity goes on without its model");
                return None;
            }
        };
        Some(Silero { model: Lent { from: Arc::clone(models), context }, before: Vec::new() })
    }

    /// The best detector there is for a recording.
    pub(crate) fn for_recording(&self) -> Box<dyn VoiceActivity> {
        match self.silero() {
            Some(silero) => Box::new(silero),
            None => Box::new(Earshot::new()),
        }
    }
}

impl Models {
    fn load(&self) -> Result<WhisperVadContext, EngineError> {
        let mut params = WhisperVadContextParams::new();
        // The model is so small that a second thread costs more than it brings, and a GPU more still.
        params.set_n_threads(1);
        params.set_use_gpu(false);
        if self.path.as_str().contains('\0') {
            return Err(EngineError::Load(format!("`{}` is no path", self.path)));
        }
        WhisperVadContext::new(self.path.as_str(), params)
            .map_err(|_| EngineError::Load(format!("whisper.cpp refused the voice activity model `{}`", self.path)))
    }
}
