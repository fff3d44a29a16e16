//! What an engine is told when it loads a model.

use camino::Utf8PathBuf;
use protocol::{EngineKind, Language, Task};
use serde::{Deserialize, Serialize};

/// Everything needed to load one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// Its name in requests.
    pub id: String,
    /// What it is for.
    pub task: Task,
    /// What computes it.
    pub engine: EngineKind,
    /// The languages it knows; empty when it is not bound to languages.
    pub languages: Vec<Language>,
    /// The folder with its files under their original names; absent for a model without files.
    pub folder: Option<Utf8PathBuf>,
    /// A folder in which the engine may keep what it unpacks.
    pub scratch: Option<Utf8PathBuf>,
    /// The file with the weights, in `folder`.
    pub weights: Option<String>,
    /// Where it is computed.
    pub device: Device,
    /// Threads for each computation on the CPU; at least 1.
    pub threads: u32,
    /// Requests computed at the same time; at least 1.
    pub slots: u32,
    /// The longest input and output together, in tokens, where the engine lets one choose.
    pub context: Option<u32>,
    /// The model that tells speech from everything else, for engines that use one.
    pub voice_activity: Option<Utf8PathBuf>,
    /// The other server, for the `remote` engine.
    pub remote: Option<RemoteServer>,
    /// Further settings of the engine, from the model's manifest.
    pub settings: serde_json::Map<String, serde_json::Value>,
}

impl ModelSpec {
    /// The path of the weights.
    ///
    /// # Errors
    /// [`crate::EngineError::Load`] when the manifest names none.
    pub fn weights_path(&self) -> Result<Utf8PathBuf, crate::EngineError> {
        match (&self.folder, &self.weights) {
            (Some(folder), Some(weights)) => Ok(folder.join(weights)),
            _ => Err(crate::EngineError::Load(format!(
                "the manifest of `{}` names no file with the role `weights`",
                self.id
            ))),
        }
    }

    /// The folder with the files.
    ///
    /// # Errors
    /// [`crate::EngineError::Load`] when the model has no files.
    pub fn folder_path(&self) -> Result<&Utf8PathBuf, crate::EngineError> {
        self.folder
            .as_ref()
            .ok_or_else(|| crate::EngineError::Load(format!("the manifest of `{}` names no files", self.id)))
    }
}

/// Where a model is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Device {
    /// The processor.
    Cpu,
    /// The GPU of that number.
    Cuda(u32),
}

/// A server that speaks OpenAI's API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteServer {
    /// Its address up to and including `/v1`.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// The file with the key to send, if it wants one.
    pub key_file: Option<Utf8PathBuf>,
}
