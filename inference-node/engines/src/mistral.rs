//! Language models and embeddings by mistral.rs, computed in this process.
//!
//! A model is a folder: a GGUF file (with tokenizer and chat template from its own header, or from `tokenizer.json`,
//! `tokenizer_config.json`, `chat_template.jinja` or `chat_template.json` beside it, which go before it), or safetensors with
//! their `config.json`. Nothing is ever fetched: the paths are put together in [`files`] and the library's search, which
//! would go on to a public server, is not asked. Files are checked before the library sees them, because it trusts every
//! length in them ([`gguf`], [`safetensors`]).
//!
//! The library is used below its comfortable surface, for reasons told where they matter: tokens are chosen by us, so that a
//! request's seed holds ([`sampling`]); messages end at stop texts by our own search ([`stop_texts`]); its memory of finished
//! requests is bounded by us on the processor ([`running`]). It has one thread for all requests of a model. It opens no
//! connection, installs no handler of signals and no logger; it logs much at the level `info` under the names
//! `mistralrs_core` and `mistralrs_quant`, and `mistralrs_core::engine` logs as errors what this engine returns as errors, so a
//! program's filter should hold back the former below `warn` and the latter entirely.
//!
//! Settings in a manifest: see [`settings`].

mod chat;
mod embed;
mod failure;
mod files;
mod gguf;
mod load;
mod running;
mod safetensors;
mod sampling;
mod settings;
mod stop_texts;

use std::sync::Arc;

use async_trait::async_trait;
use protocol::Task;

use crate::tasks::{ChatEvent, ChatRequest, Embeddings, EmbeddingsRequest};
use crate::{EngineError, Events, Facts, Model, ModelSpec, Stop};

/// A loaded model.
pub(crate) struct Mistral {
    running: Arc<running::Running>,
    task: Task,
    facts: Facts,
}

impl Mistral {
    /// Loads it.
    pub(crate) async fn load(spec: ModelSpec) -> Result<Self, EngineError> {
        let task = spec.task;
        let running = Arc::new(load::load(spec).await?);
        let mut facts =
            Facts { context: Some(running.told.context), slots: Some(running.told.slots), ..Facts::default() };
        if task == Task::Embeddings {
            // The first vector tells how long all are, and shows that the model works.
            let request = EmbeddingsRequest { texts: vec!["a".to_owned()] };
            let first = embed::embed(running.clone(), request, Stop::new()).await?;
            facts.dimensions = first.vectors.first().and_then(|vector| u32::try_from(vector.len()).ok());
        }
        Ok(Self { running, task, facts })
    }
}

#[async_trait]
impl Model for Mistral {
    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    async fn chat(&self, request: ChatRequest, stop: Stop) -> Result<Events<ChatEvent>, EngineError> {
        if self.task != Task::Chat {
            return Err(EngineError::Unsupported("hold a conversation".to_owned()));
        }
        chat::chat(self.running.clone(), request, stop).await
    }

    async fn embed(&self, request: EmbeddingsRequest, stop: Stop) -> Result<Embeddings, EngineError> {
        if self.task != Task::Embeddings {
            return Err(EngineError::Unsupported("make embeddings".to_owned()));
        }
        embed::embed(self.running.clone(), request, stop).await
    }
}
