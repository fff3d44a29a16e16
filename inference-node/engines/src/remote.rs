//! Another server that speaks OpenAI's API, as an engine of this node: vLLM, llama.cpp's server, a whisper server, another
//! inference node. A site can so use a different engine for each model, while its clients see one node.
//!
//! [`connection`] knows HTTP and nothing of models; each kind of work ([`chat`], [`embeddings`], [`speech`],
//! [`transcription`]) knows its own JSON and nothing of connections. The other server is not trusted: whatever it sends is
//! bounded in size and time, and what it says of errors is cleaned before it is passed on. HTTP/1.1 only: there, leaving a
//! request closes its connection, which is the one sign that makes every server stop computing.

mod chat;
mod connection;
mod embeddings;
mod health;
mod listing;
mod pump;
mod refusal;
mod settings;
mod speech;
mod transcription;

use std::sync::Arc;

use async_trait::async_trait;
use protocol::Task;
use tokio_util::task::AbortOnDropHandle;

use self::connection::Connection;
use self::settings::Settings;
use crate::tasks::{
    ChatEvent, ChatRequest, Embeddings, EmbeddingsRequest, SpeechPiece, SpeechRequest, Transcript, TranscriptionRequest,
};
use crate::{EngineError, Events, Facts, Model, ModelSpec, Stop};

/// A model that another server computes.
pub(crate) struct Remote {
    id: String,
    task: Task,
    connection: Arc<Connection>,
    facts: Facts,
    _watch: AbortOnDropHandle<()>,
}

impl Remote {
    /// Makes sure that the server answers and has the model, and watches it from then on.
    pub(crate) async fn load(spec: ModelSpec) -> Result<Self, EngineError> {
        let server = spec.remote.as_ref().ok_or_else(|| {
            EngineError::Load(format!("the manifest of `{}` names no server; give it `url` and `model`", spec.id))
        })?;
        let settings = Settings::read(&spec)?;
        let connection = Arc::new(Connection::open(&spec.id, server, settings, spec.slots).await?);
        let listed = listing::at_load(&connection).await?;
        let mut facts = Facts {
            context: spec.context.or(listed.context),
            sample_rate: (spec.task == Task::Speech).then_some(connection.settings.sample_rate),
            voices: connection.settings.voices.clone(),
            ..Facts::default()
        };
        if spec.task == Task::Embeddings {
            facts.dimensions = Some(embeddings::dimensions(&connection).await?);
        }
        let watch = AbortOnDropHandle::new(tokio::spawn(health::watch(Arc::clone(&connection))));
        Ok(Self { id: spec.id, task: spec.task, connection, facts, _watch: watch })
    }

    /// Refuses work that the manifest does not give to this model: the server would not know it is for another purpose.
    fn expects(&self, task: Task, work: &str) -> Result<&Arc<Connection>, EngineError> {
        if self.task == task {
            return Ok(&self.connection);
        }
        tracing::debug!(model = self.id, task = self.task.name(), "asked for other work than its own");
        Err(EngineError::Unsupported(work.to_owned()))
    }
}

#[async_trait]
impl Model for Remote {
    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    fn health(&self) -> Result<(), EngineError> {
        self.connection.health.now()
    }

    async fn chat(&self, request: ChatRequest, stop: Stop) -> Result<Events<ChatEvent>, EngineError> {
        let connection = self.expects(Task::Chat, "hold a conversation")?;
        chat::chat(connection, &request, stop).await.inspect_err(|error| connection.health.failed(error))
    }

    async fn embed(&self, request: EmbeddingsRequest, stop: Stop) -> Result<Embeddings, EngineError> {
        let connection = self.expects(Task::Embeddings, "make embeddings")?;
        connection.health.noting(embeddings::embed(connection, &request.texts, &stop).await)
    }

    async fn speak(&self, request: SpeechRequest, stop: Stop) -> Result<Events<SpeechPiece>, EngineError> {
        let connection = self.expects(Task::Speech, "speak")?;
        speech::speak(connection, &request, stop).await.inspect_err(|error| connection.health.failed(error))
    }

    async fn transcribe(&self, request: TranscriptionRequest, stop: Stop) -> Result<Transcript, EngineError> {
        let connection = self.expects(Task::Transcription, "transcribe")?;
        connection.health.noting(transcription::transcribe(connection, request, &stop).await)
    }
}
