//! The one trait behind which every engine stands.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::EngineError;
use crate::tasks::{
    ChatEvent, ChatRequest, Embeddings, EmbeddingsRequest, ListenEvent, ListenRequest, SpeechPiece, SpeechRequest,
    Transcript, TranscriptionRequest,
};

/// What comes out of an engine piece by piece. Bounded: an engine waits when nobody takes what it made, and stops when the
/// receiver is dropped.
pub type Events<T> = mpsc::Receiver<Result<T, EngineError>>;

/// Tells an engine that nobody wants the result any more. An engine looks at it at least once for each token, clause or
/// encoder pass.
pub type Stop = CancellationToken;

/// How many pieces wait in [`Events`] before an engine is held back.
pub(crate) const EVENTS_AHEAD: usize = 64;

/// What is known of a model once it is loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The longest input and output together, in tokens.
    pub context: Option<u32>,
    /// Samples per second of the speech it makes.
    pub sample_rate: Option<u32>,
    /// The names of its voices.
    pub voices: Vec<String>,
    /// Whether it can listen to live audio.
    pub listens: bool,
    /// Numbers in a vector that it makes.
    pub dimensions: Option<u32>,
    /// How many calls it computes at the same time, where that is fewer than its spec has slots.
    pub slots: Option<u32>,
}

/// A loaded model. It does the kinds of work of its task and refuses the others with [`EngineError::Unsupported`].
///
/// An implementation admits as many calls at the same time as [`Facts::slots`] says, else as its spec has slots; the node
/// holds the others back.
#[async_trait]
pub trait Model: Send + Sync + 'static {
    /// What is known of it.
    fn facts(&self) -> Facts;

    /// Whether it can serve now. An engine in this process can as long as the process lives.
    ///
    /// # Errors
    /// Why it cannot, for one that computes elsewhere.
    fn health(&self) -> Result<(), EngineError> {
        Ok(())
    }

    /// Continues a conversation.
    ///
    /// # Errors
    /// When the request is wrong or the engine fails before the first piece; later failures come as an event.
    async fn chat(&self, _request: ChatRequest, _stop: Stop) -> Result<Events<ChatEvent>, EngineError> {
        Err(EngineError::Unsupported("hold a conversation".to_owned()))
    }

    /// Turns texts into vectors.
    ///
    /// # Errors
    /// When the request is wrong or the engine fails.
    async fn embed(&self, _request: EmbeddingsRequest, _stop: Stop) -> Result<Embeddings, EngineError> {
        Err(EngineError::Unsupported("make embeddings".to_owned()))
    }

    /// Speaks a text, clause by clause.
    ///
    /// # Errors
    /// When the request is wrong or the engine fails before the first clause; later failures come as an event.
    async fn speak(&self, _request: SpeechRequest, _stop: Stop) -> Result<Events<SpeechPiece>, EngineError> {
        Err(EngineError::Unsupported("speak".to_owned()))
    }

    /// Writes down a recording.
    ///
    /// # Errors
    /// When the request is wrong or the engine fails.
    async fn transcribe(&self, _request: TranscriptionRequest, _stop: Stop) -> Result<Transcript, EngineError> {
        Err(EngineError::Unsupported("transcribe".to_owned()))
    }

    /// Writes down live audio as it comes: 16 kHz mono samples in, events out. The end of `audio` ends it after the last
    /// words were written down.
    ///
    /// # Errors
    /// When the request is wrong or the engine fails before the first event; later failures come as an event.
    async fn listen(
        &self,
        _request: ListenRequest,
        _audio: mpsc::Receiver<Vec<f32>>,
        _stop: Stop,
    ) -> Result<Events<ListenEvent>, EngineError> {
        Err(EngineError::Unsupported("transcribe live audio".to_owned()))
    }
}
