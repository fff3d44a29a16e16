//! One pass of whisper.cpp over audio: samples in, tokens out.

use protocol::Language;
use whisper_rs::{WhisperError, WhisperTokenId};

use super::RATE;
use super::slots::Slot;
use crate::EngineError;

/// Samples of the shortest audio that whisper.cpp makes something of: one second.
pub(crate) const SHORTEST: usize = RATE as usize;
/// Samples that the language is found out from: 30 seconds.
const HEARD_FOR_LANGUAGE: usize = 30 * RATE as usize;
/// The error with which whisper.cpp says that it ran out of memory and has freed the state.
const STATE_FREED: i32 = -7;
/// How probable a time must be among all times, and all times among all tokens, before it is believed.
const TIME_BELIEVED: f32 = 0.01;

/// What is to be computed.
pub(crate) struct Pass<'a> {
    /// At least [`SHORTEST`] samples at 16 kHz, finite, from -1 to 1.
    pub(crate) samples: &'a [f32],
    /// The language spoken.
    pub(crate) language: Language,
    /// What was said before, or words that are likely.
    pub(crate) prompt: &'a [WhisperTokenId],
    /// How freely words are chosen.
    pub(crate) temperature: f32,
    /// Whether a text that makes no sense is tried again with a higher temperature.
    pub(crate) insist: bool,
}

/// A part of the text as whisper.cpp cut it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Part {
    /// When it begins, in seconds.
    pub(crate) start: f64,
    /// When it ends.
    pub(crate) end: f64,
    /// Its text.
    pub(crate) tokens: Vec<Token>,
}

/// A token of the text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Token {
    /// Its bytes: a letter may be split between two tokens.
    pub(crate) bytes: Vec<u8>,
    /// How probable it was.
    pub(crate) probability: f32,
    /// The logarithm of that.
    pub(crate) log_probability: f32,
    /// When it begins, in seconds, if the model was sure of a time.
    pub(crate) time: Option<f64>,
}

impl Slot {
    /// Writes down audio.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] when it was told to stop, [`EngineError::OutOfMemory`], [`EngineError::Failed`].
    pub(crate) fn decode(&mut self, pass: &Pass<'_>) -> Result<Vec<Part>, EngineError> {
        let mut params = self
            .params(pass.language)
            .ok_or_else(|| EngineError::request("language", "the model does not know this language"))?;
        params.set_tokens(pass.prompt);
        params.set_temperature(pass.temperature);
        if !pass.insist {
            params.set_temperature_inc(0.0);
        }
        let state = self.state.as_mut().ok_or_else(|| EngineError::Failed("the slot lost its state".to_owned()))?;
        if let Err(error) = state.full(params, pass.samples) {
            return Err(self.failed(error));
        }
        // Stopped at the start of an encoder pass, whisper.cpp returns what it has as if it were all.
        if self.stopping.asked() {
            return Err(EngineError::Cancelled);
        }
        Ok(self.parts())
    }

    /// The probability of each language that whisper.cpp knows, by its number, from the beginning of `samples`.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`], [`EngineError::Failed`].
    pub(crate) fn languages(&mut self, samples: &[f32]) -> Result<Vec<f32>, EngineError> {
        let threads = self.threads;
        let state = self.state.as_mut().ok_or_else(|| EngineError::Failed("the slot lost its state".to_owned()))?;
        let detected = state
            .pcm_to_mel(&samples[..samples.len().min(HEARD_FOR_LANGUAGE)], threads)
            .and_then(|()| state.lang_detect(0, threads));
        if self.stopping.asked() {
            return Err(EngineError::Cancelled);
        }
        detected.map(|(_, probabilities)| probabilities).map_err(|error| self.failed(error))
    }

    fn failed(&mut self, error: WhisperError) -> EngineError {
        if let WhisperError::GenericError(STATE_FREED) = error {
            // Dropping the state would free it a second time.
            std::mem::forget(self.state.take());
            return EngineError::OutOfMemory("the text's memory does not fit; give the model fewer slots".to_owned());
        }
        if self.stopping.asked() {
            return EngineError::Cancelled;
        }
        EngineError::Failed(error.to_string())
    }

    fn parts(&self) -> Vec<Part> {
        let Some(state) = &self.state else { return Vec::new() };
        let mut parts = Vec::new();
        for segment in state.as_iter() {
            let (start, end) = (segment.start_timestamp(), segment.end_timestamp());
            let tokens: Vec<_> = (0..segment.n_tokens()).filter_map(|index| segment.get_token(index)).collect();
            // Times are counted from the start of the encoder's window; a part that ends with a time tells where that is.
            let window = tokens.last().map(whisper_rs::WhisperToken::token_id).filter(|last| *last > self.first_time);
            let window = window.map(|last| end - 2 * i64::from(last - self.first_time));
            let tokens = tokens.iter().filter(|token| token.token_id() < self.first_special).map(|token| {
                let data = token.token_data();
                let believed = data.pt > TIME_BELIEVED && data.ptsum > TIME_BELIEVED && data.tid > self.first_time;
                let time = window.filter(|_| believed).map(|window| window + 2 * i64::from(data.tid - self.first_time));
                Token {
                    bytes: token.to_bytes().unwrap_or_default().to_vec(),
                    probability: data.p,
                    log_probability: data.plog,
                    time: time.map(|hundredths| hundredths as f64 / 100.0),
                }
            });
            let tokens = tokens.collect();
            parts.push(Part { start: start as f64 / 100.0, end: end as f64 / 100.0, tokens });
        }
        parts
    }
}
