//! What a node could load: the models of its store and the voices built into it.

use anyhow::Context;
use camino::{Utf8Path, Utf8PathBuf};
use engines::RemoteServer;
use models::{FileRole, Manifest, ModelId, Store};
use protocol::{EngineKind, Language, Task};

use crate::config::Config;

/// The name of the voices that need no file.
pub(crate) const BUILT_IN_VOICES: &str = "espeak";
/// Utterances that the built-in voices take up at the same time; they are computed one after the other, faster than anybody
/// listens.
const BUILT_IN_SLOTS: u32 = 32;

/// Everything that could be loaded.
pub(crate) struct Catalogue {
    pub(crate) entries: Vec<Entry>,
}

/// A model before it is placed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) task: Task,
    pub(crate) engine: EngineKind,
    pub(crate) languages: Vec<Language>,
    pub(crate) slots: u32,
    pub(crate) threads: u32,
    pub(crate) context: Option<u32>,
    pub(crate) sample_rate: Option<u32>,
    pub(crate) vram_bytes: u64,
    pub(crate) weights: Option<String>,
    pub(crate) remote: Option<RemoteServer>,
    pub(crate) settings: serde_json::Map<String, serde_json::Value>,
    /// In the store; the built-in voices are not.
    pub(crate) stored: Option<ModelId>,
    /// The model that a recogniser of speech uses to tell it from noise.
    pub(crate) voice_activity: Option<ModelId>,
    /// Where its engine may unpack things.
    pub(crate) scratch: Utf8PathBuf,
}

impl Entry {
    /// Whether it is computed on a GPU where there is one.
    pub(super) fn wants_gpu(&self) -> bool {
        let on_processor = self.settings.get("device").and_then(|device| device.as_str()) == Some("cpu");
        !on_processor && self.vram_bytes > 0
    }
}

impl Catalogue {
    /// Reads the store. A model with a manifest that cannot be read is reported and left out.
    ///
    /// # Errors
    /// When the store cannot be read at all.
    pub(crate) fn read(config: &Config, store: &Store) -> anyhow::Result<Self> {
        let listing = store.list().context("failed to list the models")?;
        for (id, error) in listing.unusable {
            tracing::error!(model = %id, error = format!("{:#}", anyhow::Error::new(error)), "a model cannot be used");
        }
        let scratch = config.data.folder.join("scratch");
        let mut manifests = Vec::new();
        for summary in &listing.models {
            manifests.push(
                store.show(&summary.id).with_context(|| format!("failed to read the manifest of `{}`", summary.id))?,
            );
        }
        let voice_activity =
            manifests.iter().find(|manifest| manifest.task == Task::VoiceActivity).map(|found| found.id.clone());
        let mut entries = built_in(&scratch);
        let servable = manifests.into_iter().filter(|manifest| manifest.task != Task::VoiceActivity);
        for manifest in servable {
            if manifest.id.as_str() == BUILT_IN_VOICES {
                tracing::error!(
                    model = BUILT_IN_VOICES,
                    "this name belongs to the built-in voices; the stored model is not served"
                );
                continue;
            }
            entries.push(entry(manifest, config, voice_activity.clone(), &scratch)?);
        }
        Ok(Self { entries })
    }
}

fn built_in(scratch: &Utf8Path) -> Vec<Entry> {
    if !engines::built_in().contains(&EngineKind::Espeak) {
        return Vec::new();
    }
    vec![Entry {
        id: BUILT_IN_VOICES.to_owned(),
        task: Task::Speech,
        engine: EngineKind::Espeak,
        languages: Language::ALL.to_vec(),
        slots: BUILT_IN_SLOTS,
        threads: 1,
        context: None,
        sample_rate: None,
        vram_bytes: 0,
        weights: None,
        remote: None,
        settings: serde_json::Map::new(),
        stored: None,
        voice_activity: None,
        scratch: scratch.join("espeak"),
    }]
}

fn entry(
    manifest: Manifest,
    config: &Config,
    voice_activity: Option<ModelId>,
    scratch: &Utf8Path,
) -> anyhow::Result<Entry> {
    let serde_json::Value::Object(settings) =
        serde_json::to_value(&manifest.settings).context("failed to read a manifest's settings")?
    else {
        anyhow::bail!("the settings of `{}` are no table", manifest.id);
    };
    let weights = manifest.files.iter().find(|file| file.role == FileRole::Weights).map(|file| file.path.to_string());
    // The voices' data are the same for all that use them.
    let scratch = match manifest.engine {
        EngineKind::Piper => scratch.join("espeak"),
        _ => scratch.join(manifest.id.as_str()),
    };
    Ok(Entry {
        id: manifest.id.to_string(),
        task: manifest.task,
        engine: manifest.engine,
        languages: manifest.languages.bound_to().to_vec(),
        slots: manifest.parallel.max(1),
        threads: config.models.threads(),
        context: manifest.context,
        sample_rate: manifest.voice.as_ref().map(|voice| voice.sample_rate),
        vram_bytes: manifest.memory.vram_bytes.unwrap_or(0),
        weights,
        remote: manifest.remote.map(|remote| RemoteServer {
            url: remote.url,
            model: remote.model,
            key_file: remote.key_file.map(Utf8PathBuf::from),
        }),
        settings,
        voice_activity: voice_activity.filter(|_| manifest.task == Task::Transcription),
        stored: Some(manifest.id),
        scratch,
    })
}
