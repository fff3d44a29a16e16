//! The loaded model and the states that compute with it: as many as the spec has slots, made once and used again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use protocol::Language;
use tokio::sync::Semaphore;
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState, WhisperTokenId,
};

use super::settings::Settings;
use crate::{Device, EngineError, ModelSpec, Stop};

/// The longest prompt that is looked at, in bytes. The decoder sees at most 224 tokens of it; and whisper.cpp splits it with
/// a regular expression that needs stack in proportion to its length.
const LONGEST_PROMPT: usize = 1_200;

/// A loaded model with its states.
#[derive(Clone)]
pub(crate) struct Slots(Arc<Inner>);

struct Inner {
    context: WhisperContext,
    settings: Settings,
    languages: Vec<Language>,
    suppress_blank: bool,
    threads: i32,
    idle: Mutex<Vec<Slot>>,
    permits: Arc<Semaphore>,
}

/// One state of whisper.cpp, which computes one thing at a time.
pub(crate) struct Slot {
    /// Absent once whisper.cpp has freed it by itself; such a slot is thrown away.
    pub(super) state: Option<WhisperState>,
    /// What whisper.cpp is told, for each language.
    ///
    /// Made once, because whisper-rs never gives back the memory of a language's name or of a callback that was set.
    params: Vec<(Language, FullParams<'static, 'static>)>,
    pub(super) stopping: Arc<Stopping>,
    pub(super) threads: usize,
    /// The first token that is no text: end of text, then start, languages, tasks and times.
    pub(super) first_special: WhisperTokenId,
    /// The token of the time 0; one more is 20 ms later.
    pub(super) first_time: WhisperTokenId,
}

impl Slots {
    /// Loads the model and makes its states; takes seconds and blocks.
    pub(crate) fn load(spec: &ModelSpec, settings: Settings, languages: Vec<Language>) -> Result<Self, EngineError> {
        let path = spec.weights_path()?;
        let mut how = WhisperContextParameters::new();
        how.flash_attn(settings.flash_attention.unwrap_or(matches!(spec.device, Device::Cuda(_))));
        match spec.device {
            Device::Cpu => how.use_gpu(false),
            Device::Cuda(_) if !cfg!(feature = "cuda") => {
                return Err(EngineError::Load(
                    "this program was built without `cuda`; choose the device `cpu`".to_owned(),
                ));
            }
            Device::Cuda(number) => how.use_gpu(true).gpu_device(i32::try_from(number).unwrap_or(i32::MAX)),
        };
        let context = WhisperContext::new_with_params(path.as_std_path(), how).map_err(|_| {
            EngineError::Load(format!("whisper.cpp refused `{path}`; its log says why (is there memory for it?)"))
        })?;
        // whisper.cpp looks the blank up and throws when the vocabulary has none.
        let has_blank = context.tokenize(" ", 1).is_ok_and(|tokens| tokens.len() == 1);
        let slots = spec.slots.max(1);
        let inner = Inner {
            suppress_blank: settings.suppress_blank.unwrap_or(true) && has_blank,
            threads: i32::try_from(spec.threads.max(1)).unwrap_or(i32::MAX),
            context,
            settings,
            languages,
            idle: Mutex::default(),
            permits: Arc::new(Semaphore::new(slots as usize)),
        };
        let states = (0..slots).map(|_| inner.slot()).collect::<Result<Vec<_>, _>>()?;
        inner.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(states);
        Ok(Self(Arc::new(inner)))
    }

    /// The languages that the model is used for.
    pub(crate) fn languages(&self) -> &[Language] {
        &self.0.languages
    }

    /// The settings from its manifest.
    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// A prompt in tokens; only its end when it is long.
    pub(crate) fn tokens(&self, prompt: &str) -> Vec<WhisperTokenId> {
        if self.0.settings.context_tokens == 0 {
            return Vec::new();
        }
        let prompt = prompt.replace('\0', " ");
        let start = prompt.len().saturating_sub(LONGEST_PROMPT);
        let start = (start..=prompt.len()).find(|at| prompt.is_char_boundary(*at)).unwrap_or(prompt.len());
        // As many tokens as bytes always suffice: whisper-rs must not be asked for fewer than there are.
        self.0.context.tokenize(&prompt[start..], LONGEST_PROMPT + 1).unwrap_or_default()
    }

    /// Computes `work` with a free state on a thread of its own.
    ///
    /// When `stop` is cancelled, or the future is dropped, the computation is told to stop; it then ends by itself within one
    /// step of encoder or decoder, and its state becomes free again.
    ///
    /// # Errors
    /// What `work` returns, or [`EngineError::Cancelled`].
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        stop: &Stop,
        work: impl FnOnce(&mut Slot) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let permit = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(EngineError::Cancelled),
            permit = Arc::clone(&self.0.permits).acquire_owned() => permit.map_err(|_| EngineError::Cancelled)?,
        };
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut slot = match idle {
            Some(slot) => slot,
            None => self.0.slot()?,
        };
        let running = Running { stopping: Arc::clone(&slot.stopping), number: slot.stopping.begin() };
        let inner = Arc::clone(&self.0);
        let span = tracing::Span::current();
        let mut computation = tokio::task::spawn_blocking(move || {
            let result = span.in_scope(|| work(&mut slot));
            if slot.state.is_some() {
                inner.idle.lock().unwrap_or_else(PoisonError::into_inner).push(slot);
            }
            drop(permit);
            result
        });
        let finished = tokio::select! {
            finished = &mut computation => finished,
            () = stop.cancelled() => {
                drop(running);
                computation.await
            }
        };
        match finished {
            Ok(_) if stop.is_cancelled() => Err(EngineError::Cancelled),
            Ok(result) => result,
            Err(error) => Err(EngineError::Failed(format!("its thread ended: {error}"))),
        }
    }
}

impl Inner {
    fn slot(&self) -> Result<Slot, EngineError> {
        let state = self.context.create_state().map_err(|_| {
            EngineError::OutOfMemory("a state of the model does not fit; give the model fewer slots".to_owned())
        })?;
        let stopping = Arc::new(Stopping::default());
        let params = self.languages.iter().map(|language| (*language, self.params(*language, &stopping))).collect();
        Ok(Slot {
            state: Some(state),
            params,
            stopping,
            threads: usize::try_from(self.threads).unwrap_or(1),
            first_special: self.context.token_eot(),
            first_time: self.context.token_beg(),
        })
    }

    fn params(&self, language: Language, stopping: &Arc<Stopping>) -> FullParams<'static, 'static> {
        let mut params = FullParams::new(match self.settings.beam_size {
            Some(beam_size) => SamplingStrategy::BeamSearch { beam_size, patience: -1.0 },
            None => SamplingStrategy::Greedy { best_of: self.settings.best_of },
        });
        params.set_language(Some(language.code()));
        params.set_n_threads(self.threads);
        params.set_n_max_text_ctx(self.settings.context_tokens);
        params.set_no_timestamps(!self.settings.timestamps);
        params.set_suppress_blank(self.suppress_blank);
        // Its probability of silence is read from a row that was not written when the language is given, so it must never
        // decide: no probability is above 1. Voice activity tells silence.
        params.set_no_speech_thold(1.0);
        params.set_print_progress(false);
        params.set_print_realtime(false);
        params.set_print_special(false);
        params.set_print_timestamps(false);
        // whisper-rs boxes the closure once more than it unboxes it: sound only if it is such a box already.
        let stopping = Arc::clone(stopping);
        let asked: Box<dyn FnMut() -> bool> = Box::new(move || stopping.asked());
        params.set_abort_callback_safe::<_, Box<dyn FnMut() -> bool>>(asked);
        params
    }
}

impl Slot {
    /// What whisper.cpp is told for that language.
    pub(super) fn params(&self, language: Language) -> Option<FullParams<'static, 'static>> {
        self.params.iter().find(|(known, _)| *known == language).map(|(_, params)| params.clone())
    }
}

/// Whether the computation that runs in a slot is to stop.
///
/// Computations are numbered, so that one who gives up late never stops the next one in the same slot. whisper.cpp asks often
/// and across the language border: atomic numbers cannot block or panic.
#[derive(Debug, Default)]
pub(crate) struct Stopping {
    running: AtomicU64,
    stopped: AtomicU64,
}

impl Stopping {
    fn begin(&self) -> u64 {
        self.running.fetch_add(1, Ordering::AcqRel) + 1
    }

    fn stop(&self, number: u64) {
        self.stopped.fetch_max(number, Ordering::AcqRel);
    }

    /// Whether it is.
    pub(super) fn asked(&self) -> bool {
        self.stopped.load(Ordering::Acquire) >= self.running.load(Ordering::Acquire)
    }
}

/// Stops its computation when it is dropped, which does nothing to one that has ended.
struct Running {
    stopping: Arc<Stopping>,
    number: u64,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopping.stop(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gives_up_late_does_not_stop_the_next_computation() {
        let stopping = Arc::new(Stopping::default());
        let first = Running { stopping: Arc::clone(&stopping), number: stopping.begin() };
        assert!(!stopping.asked());
        let second = Running { stopping: Arc::clone(&stopping), number: stopping.begin() };
        drop(first);
        assert!(!stopping.asked());
        drop(second);
        assert!(stopping.asked());
        stopping.begin();
        assert!(!stopping.asked());
    }
}
