//! The network of a voice, computed by ONNX Runtime.

use std::sync::{Arc, Mutex, PoisonError};

use camino::Utf8Path;
use ort::session::Session;
use ort::value::Tensor;
use tokio::sync::Semaphore;

use super::runtime;
use crate::{EngineError, ModelSpec};

/// One session for each slot: a session computes one clause at a time.
pub(super) struct Network {
    free: Mutex<Vec<Session>>,
    slots: Arc<Semaphore>,
}

impl Network {
    /// Loads the network once for each slot.
    pub(super) fn load(weights: &Utf8Path, spec: &ModelSpec) -> Result<Self, EngineError> {
        let environment = runtime::open(spec)?;
        let slots = spec.slots.max(1);
        let sessions: Result<Vec<_>, _> = (0..slots).map(|_| runtime::session(&environment, weights, spec)).collect();
        let sessions = sessions.map_err(|error| EngineError::Load(format!("`{weights}`: {error}")))?;
        Ok(Self { slots: Arc::new(Semaphore::new(sessions.len())), free: Mutex::new(sessions) })
    }

    /// The sound of phonemes. `scales` are the noise, the length and the noise of the lengths; `speaker` is given to a network
    /// with several. Dropping the future lets a computation under way end unheard; its session comes back all the same.
    pub(super) async fn compute(
        self: &Arc<Self>,
        ids: Vec<i64>,
        scales: [f32; 3],
        speaker: Option<i64>,
    ) -> Result<Vec<i16>, EngineError> {
        let ended = || EngineError::Failed("the voice was unloaded".to_owned());
        let permit = Arc::clone(&self.slots).acquire_owned().await.map_err(|_| ended())?;
        let network = Arc::clone(self);
        let computing = tokio::task::spawn_blocking(move || {
            let session = network.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut session = session.ok_or_else(ended)?;
            let sound = run(&mut session, ids, scales, speaker);
            network.free.lock().unwrap_or_else(PoisonError::into_inner).push(session);
            drop(permit);
            sound.map_err(|error| EngineError::Failed(format!("ONNX Runtime: {error}")))
        });
        computing.await.map_err(|error| EngineError::Failed(error.to_string()))?
    }
}

fn run(session: &mut Session, ids: Vec<i64>, scales: [f32; 3], speaker: Option<i64>) -> ort::Result<Vec<i16>> {
    let length = ids.len();
    let lengths = vec![i64::try_from(length).unwrap_or(i64::MAX)];
    let input = Tensor::from_array(([1, length], ids))?;
    let lengths = Tensor::from_array(([1], lengths))?;
    let scales = Tensor::from_array(([3], scales.to_vec()))?;
    let outputs = match speaker {
        None => session.run(ort::inputs![input, lengths, scales])?,
        Some(speaker) => {
            session.run(ort::inputs![input, lengths, scales, Tensor::from_array(([1], vec![speaker]))?])?
        }
    };
    // Exported voices give the sound as [1, 1, 1, samples] or [1, 1, samples]: all of it is one row.
    let (_, sound) = outputs[0].try_extract_tensor::<f32>()?;
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of 16 bits")]
    let samples = sound.iter().map(|sample| (sample.clamp(-1.0, 1.0) * 32767.0).round() as i16).collect();
    Ok(samples)
}
