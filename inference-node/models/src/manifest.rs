//! What a model is and needs: a TOML file, written by people, pinned by the store.
//!
//! There are two kinds. A [`Draft`] is what a person writes as `model.toml` beside the files; sizes and hashes may be left
//! out. A [`Manifest`] is what the store keeps and bundles carry; every file is pinned. Both obey the same rules (`rules.rs`),
//! and unknown keys are errors in both.

mod languages;
mod licence;
mod rules;

use std::collections::BTreeMap;

use protocol::{EngineKind, Task};
use serde::{Deserialize, Serialize};

use crate::content_hash::ContentHash;
use crate::model_id::ModelId;
use crate::model_path::ModelPath;
pub use languages::Languages;
pub use licence::Licence;

/// The format that this release reads and writes.
pub(crate) const SCHEMA: u32 = 1;

/// A model whose files are pinned by size and SHA-256.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest<F = ModelFile> {
    /// The format of the manifest: 1.
    pub schema: u32,
    /// Its name.
    pub id: ModelId,
    /// What it is for.
    pub task: Task,
    /// What computes it.
    pub engine: EngineKind,
    /// The languages it knows.
    pub languages: Languages,
    /// Requests that it computes at the same time, 1 to 1024.
    #[serde(default = "one")]
    pub parallel: u32,
    /// The longest input and output together, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<u32>,
    /// The memory it needs.
    #[serde(default, skip_serializing_if = "Memory::is_empty")]
    pub memory: Memory,
    /// The voice, of a model that speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<Voice>,
    /// Under which terms it may be used; needed when there are files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<Licence>,
    /// Where it comes from; needed when there are files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The server that computes it, for [`EngineKind::Remote`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<Remote>,
    /// What only its engine understands.
    #[serde(default, skip_serializing_if = "toml::Table::is_empty")]
    pub settings: toml::Table,
    /// Its files.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<F>,
}

/// A model as a person wrote it down: sizes and hashes may be missing.
pub type Draft = Manifest<DraftFile>;

/// The memory that a model needs while it is loaded, in bytes, with the state of all its parallel requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    /// GPU memory, when it runs on a GPU; absent: it does not run on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vram_bytes: Option<u64>,
    /// Main memory, when it runs on the CPU; absent: it does not run there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ram_bytes: Option<u64>,
}

/// The voice of a model that speaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voice {
    /// Its name.
    pub name: String,
    /// Samples per second that it makes.
    pub sample_rate: u32,
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Where it was published.
    pub url: String,
    /// Who published it.
    pub publisher: String,
    /// When: `YYYY-MM-DD`.
    pub date: jiff::civil::Date,
}

/// A model that another server computes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remote {
    /// The base address of its OpenAI-compatible API, such as `http://10.0.0.7:8000/v1`.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// The name of the credential that holds its API key; never the key itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<String>,
}

/// What a file is to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileRole {
    /// Weights.
    Weights,
    /// Configuration.
    Config,
    /// The tokenizer.
    Tokenizer,
    /// The chat template.
    Template,
    /// Anything else, such as the text of the licence.
    Other,
}

/// A file, pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Its path in the model's folder.
    pub path: ModelPath,
    /// What it is to the model.
    pub role: FileRole,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its content.
    pub sha256: ContentHash,
}

/// A file in a [`Draft`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftFile {
    /// Its path in the model's folder, and in the folder imported from.
    pub path: ModelPath,
    /// What it is to the model.
    pub role: FileRole,
    /// Its size in bytes, where known: the file must have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The SHA-256 of its content, where known: the file must have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<ContentHash>,
}

/// Why a text is no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is not TOML, a key is missing, unknown or of another type; the source names it.
    #[error("failed to parse the manifest")]
    Parse(#[source] Box<toml::de::Error>),
    /// It is of another format.
    #[error("the manifest's `schema` is {found}; this release knows {SCHEMA}")]
    Schema {
        /// Its format.
        found: i64,
    },
    /// A value breaks a rule.
    #[error("`{key}` {why}")]
    Invalid {
        /// The key, such as `files[2].path`.
        key: String,
        /// What is wrong with it, to follow the key in a sentence.
        why: String,
    },
    /// It cannot be written as TOML.
    #[error("failed to write the manifest as TOML")]
    Write(#[source] toml::ser::Error),
}

/// What both kinds of files have.
pub(crate) trait Listed {
    fn path(&self) -> &ModelPath;
    fn role(&self) -> FileRole;
}

impl Listed for ModelFile {
    fn path(&self) -> &ModelPath {
        &self.path
    }

    fn role(&self) -> FileRole {
        self.role
    }
}

impl Listed for DraftFile {
    fn path(&self) -> &ModelPath {
        &self.path
    }

    fn role(&self) -> FileRole {
        self.role
    }
}

impl Manifest {
    /// Reads and checks the manifest of a stored model.
    ///
    /// # Errors
    /// When it is not one; the error names the key.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = read(text)?;
        rules::check(&manifest)?;
        rules::check_pins(&manifest.files)?;
        Ok(manifest)
    }

    /// As TOML, always the same text for the same model.
    pub(crate) fn to_toml(&self) -> Result<String, ManifestError> {
        toml::to_string(self).map_err(ManifestError::Write)
    }

    /// The sum of its files' sizes, each content counted once.
    #[must_use]
    pub fn size(&self) -> u64 {
        let sizes: BTreeMap<_, _> = self.files.iter().map(|file| (file.sha256, file.size)).collect();
        sizes.values().fold(0, |sum: u64, size| sum.saturating_add(*size))
    }
}

impl Draft {
    /// Reads and checks a manifest that a person wrote.
    ///
    /// # Errors
    /// When it is not one; the error names the key.
    pub fn parse_draft(text: &str) -> Result<Self, ManifestError> {
        let draft: Self = read(text)?;
        rules::check(&draft)?;
        Ok(draft)
    }

    /// The same model with these files.
    pub(crate) fn pinned(self, files: Vec<ModelFile>) -> Manifest {
        Manifest {
            schema: self.schema,
            id: self.id,
            task: self.task,
            engine: self.engine,
            languages: self.languages,
            parallel: self.parallel,
            context: self.context,
            memory: self.memory,
            voice: self.voice,
            licence: self.licence,
            source: self.source,
            remote: self.remote,
            settings: self.settings,
            files,
        }
    }
}

impl Memory {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn one() -> u32 {
    1
}

/// The schema is looked at first: of a later format nothing else is known, and its new keys would be what is complained about.
fn read<F: for<'de> Deserialize<'de>>(text: &str) -> Result<Manifest<F>, ManifestError> {
    let table: toml::Table = text.parse().map_err(parse_error)?;
    match table.get("schema").and_then(toml::Value::as_integer) {
        Some(found) if found != i64::from(SCHEMA) => Err(ManifestError::Schema { found }),
        // Read from the text once more, so that errors show line and column.
        _ => toml::from_str(text).map_err(parse_error),
    }
}

fn parse_error(error: toml::de::Error) -> ManifestError {
    ManifestError::Parse(Box::new(error))
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use proptest::prelude::*;

    use super::*;

    pub(super) const WHISPER: &str = r#"
schema = 1
id = "whisper-large-v3-turbo"
task = "transcription"
engine = "whisper"
languages = ["ro", "hu", "en"]
parallel = 2

[memory]
vram_bytes = 2_500_000_000
ram_bytes = 2_200_000_000

[licence]
spdx = "MIT"

[source]
url = "https://example.org/whisper"
publisher = "Example"
date = "2024-10-01"

[settings]
beam_size = 5

[[files]]
path = "ggml-large-v3-turbo.bin"
role = "weights"
"#;

    pub(super) fn complaint(text: &str) -> String {
        let error = Draft::parse_draft(text).unwrap_err();
        let source = error.source().map(ToString::to_string).unwrap_or_default();
        format!("{error} {source}")
    }

    #[test]
    fn a_draft_may_leave_hashes_out_and_a_manifest_may_not() {
        let draft = Draft::parse_draft(WHISPER).unwrap();
        assert_eq!(draft.files[0].sha256, None);
        assert_eq!(draft.settings["beam_size"].as_integer(), Some(5));
        let error = Manifest::parse(WHISPER).unwrap_err();
        assert!(error.source().unwrap().to_string().contains("size"), "{error:?}");
    }

    #[test]
    fn a_pinned_manifest_reads_back_as_it_was_written() {
        let draft = Draft::parse_draft(WHISPER).unwrap();
        let file = ModelFile {
            path: draft.files[0].path.clone(),
            role: FileRole::Weights,
            size: 1 << 40,
            sha256: ContentHash::of(b"weights"),
        };
        let manifest = draft.pinned(vec![file]);
        let text = manifest.to_toml().unwrap();
        assert_eq!(Manifest::parse(&text).unwrap(), manifest);
        assert_eq!(Manifest::parse(&text).unwrap().to_toml().unwrap(), text);
    }

    #[test]
    fn an_error_names_the_key() {
        for (from, to, key) in [
            ("schema = 1\n", "", "schema"),
            ("task =", "tusk =", "tusk"),
            ("parallel = 2", "parallel = \"two\"", "parallel"),
            ("vram_bytes =", "vram =", "vram"),
            ("role = \"weights\"", "role = \"soul\"", "soul"),
            ("role = \"weights\"", "", "role"),
            ("path = \"ggml", "path = \"../ggml", "path"),
            ("id = \"whisper", "id = \"Whisper", "id"),
            ("engine = \"whisper\"", "engine = \"vosk\"", "engine"),
            ("[\"ro\", \"hu\"", "[\"ro\", \"de\"", "languages"),
            ("date = \"2024-10-01\"", "date = \"2024-13-01\"", "date"),
        ] {
            let wrong = WHISPER.replacen(from, to, 1);
            assert_ne!(wrong, WHISPER);
            let said = complaint(&wrong);
            assert!(said.contains(key), "{to}: {said}");
        }
    }

    #[test]
    fn a_later_format_is_named_before_its_unknown_keys() {
        let later = WHISPER.replace("schema = 1", "schema = 2\nmood = \"fair\"");
        assert!(matches!(Draft::parse_draft(&later), Err(ManifestError::Schema { found: 2 })));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            let _ = Draft::parse_draft(&text);
            let _ = Manifest::parse(&text);
        }

        #[test]
        fn no_damaged_manifest_makes_the_parser_panic(at in 0..WHISPER.len(), with in "\\PC{0,8}", cut in 0usize..12) {
            let mut text = WHISPER.to_owned();
            text.replace_range(at..(at + cut).min(WHISPER.len()), &with);
            if let Ok(draft) = Draft::parse_draft(&text) {
                let again = toml::to_string(&draft).unwrap();
                prop_assert_eq!(Draft::parse_draft(&again).unwrap(), draft);
            }
        }
    }
}
