//! A model whose calls are made within the span of their request, so that its worker learns whose they are.

use std::sync::Arc;

use async_trait::async_trait;
use engines::tasks::{
    ChatEvent, ChatRequest, Embeddings, EmbeddingsRequest, ListenEvent, ListenRequest, SpeechPiece, SpeechRequest,
    Transcript, TranscriptionRequest,
};
use engines::{EngineError, Events, Facts, Model, Stop};
use tokio::sync::mpsc;
use tracing::{Instrument, Span};

/// The model of one request.
pub(super) struct Within {
    pub(super) model: Arc<dyn Model>,
    pub(super) span: Span,
}

#[async_trait]
impl Model for Within {
    fn facts(&self) -> Facts {
        self.model.facts()
    }

    fn health(&self) -> Result<(), EngineError> {
        self.model.health()
    }

    async fn chat(&self, request: ChatRequest, stop: Stop) -> Result<Events<ChatEvent>, EngineError> {
        self.model.chat(request, stop).instrument(self.span.clone()).await
    }

    async fn embed(&self, request: EmbeddingsRequest, stop: Stop) -> Result<Embeddings, EngineError> {
        self.model.embed(request, stop).instrument(self.span.clone()).await
    }

    async fn speak(&self, request: SpeechRequest, stop: Stop) -> Result<Events<SpeechPiece>, EngineError> {
        self.model.speak(request, stop).instrument(self.span.clone()).await
    }

    async fn transcribe(&self, request: TranscriptionRequest, stop: Stop) -> Result<Transcript, EngineError> {
        self.model.transcribe(request, stop).instrument(self.span.clone()).await
    }

    async fn listen(
        &self,
        request: ListenRequest,
        audio: mpsc::Receiver<Vec<f32>>,
        stop: Stop,
    ) -> Result<Events<ListenEvent>, EngineError> {
        self.model.listen(request, audio, stop).instrument(self.span.clone()).await
    }
}
