//! Models in short, for lists.

use protocol::{EngineKind, Task};
use serde::Serialize;

use crate::error::StoreError;
use crate::manifest::{Languages, Manifest, Memory, Voice};
use crate::model_id::ModelId;

/// All models of a store.
#[derive(Debug, Default)]
pub struct Listing {
    /// Those with a usable manifest, by name.
    pub models: Vec<ModelSummary>,
    /// Those without, and why.
    pub unusable: Vec<(ModelId, StoreError)>,
}

/// A model in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelSummary {
    /// Its name.
    pub id: ModelId,
    /// What it is for.
    pub task: Task,
    /// What computes it.
    pub engine: EngineKind,
    /// The languages it knows.
    pub languages: Languages,
    /// Requests that it computes at the same time.
    pub parallel: u32,
    /// The longest input and output together, in tokens.
    pub context: Option<u32>,
    /// The memory it needs.
    pub memory: Memory,
    /// Its voice, when it speaks.
    pub voice: Option<Voice>,
    /// Its terms, in words.
    pub licence: Option<String>,
    /// Who published it.
    pub publisher: Option<String>,
    /// How many files it has.
    pub files: usize,
    /// How large they are together, in bytes; other models may share some.
    pub size: u64,
}

impl ModelSummary {
    /// `manifest` in short.
    #[must_use]
    pub fn of(manifest: &Manifest) -> Self {
        Self {
            id: manifest.id.clone(),
            task: manifest.task,
            engine: manifest.engine,
            languages: manifest.languages.clone(),
            parallel: manifest.parallel,
            context: manifest.context,
            memory: manifest.memory,
            voice: manifest.voice.clone(),
            licence: manifest.licence.as_ref().map(ToString::to_string),
            publisher: manifest.source.as_ref().map(|source| source.publisher.clone()),
            files: manifest.files.len(),
            size: manifest.size(),
        }
    }
}
