//! Which files of a model's folder the engine opens, and whether they are whole.
//!
//! The engine's own search begins with the folder's name and goes on to a public server when a file is missing. So the
//! paths are put together here and the search is never asked: what is missing is an error that names it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;

use super::{gguf, safetensors};
use crate::{EngineError, ModelSpec};

/// The files of a model, checked.
#[derive(Debug)]
pub(crate) struct Files {
    /// The weights, in the order of their parts.
    pub(crate) weights: Vec<Utf8PathBuf>,
    /// The bytes that the weights take in memory: as stored for GGUF, otherwise the count of numbers.
    pub(crate) size: Size,
    /// The tokenizer; absent when it comes from the GGUF file.
    pub(crate) tokenizer: Option<Utf8PathBuf>,
    /// `config.json`; absent for GGUF.
    pub(crate) config: Option<Utf8PathBuf>,
    /// Where the chat template and the special tokens are; absent when they come from the GGUF file.
    pub(crate) template: Option<Utf8PathBuf>,
    /// `chat_template.json`, for a template that is nowhere else.
    pub(crate) template_json: Option<Utf8PathBuf>,
    /// `generation_config.json`, which may name further tokens that end a message.
    pub(crate) generation: Option<Utf8PathBuf>,
    /// The longest context that the model was made for, in tokens.
    pub(crate) context: Option<u64>,
    /// Removed when the model is loaded.
    _written: Option<NamedTempFile>,
}

/// How large the weights are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// In bytes.
    Bytes(u64),
    /// In numbers.
    Elements(u64),
}

/// Whether that is the name of a GGUF file.
pub(crate) fn is_gguf(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".gguf")
}

/// Finds and checks the files of a language model.
///
/// # Errors
/// [`EngineError::Load`] when one is missing or damaged.
pub(crate) fn language_model(spec: &ModelSpec) -> Result<Files, EngineError> {
    let folder = spec.folder_path()?;
    match &spec.weights {
        Some(weights) if is_gguf(weights) => gguf_files(folder, weights, spec.scratch.as_deref()),
        _ => {
            let mut files = safetensors_files(folder, spec.weights.as_deref())?;
            files.template =
                present(folder, "chat_template.jinja").or_else(|| present(folder, "tokenizer_config.json"));
            files.template_json = present(folder, "chat_template.json");
            files.generation = present(folder, "generation_config.json");
            if let Some(path) = &files.template_json {
                read_json(path)?;
            }
            if let Some(path) = present(folder, "tokenizer_config.json") {
                read_json(&path)?;
            }
            Ok(files)
        }
    }
}

/// Finds and checks the files of a model for embeddings, and its parts as the engine wants to be told of them.
///
/// # Errors
/// [`EngineError::Load`] when one is missing or damaged, or a part is of an unknown kind.
pub(crate) fn embedding_model(spec: &ModelSpec) -> Result<(Files, Value), EngineError> {
    let folder = spec.folder_path()?;
    if spec.weights.as_deref().is_some_and(is_gguf) {
        return Err(EngineError::Load(format!(
            "`{}` is a GGUF file; this engine reads models for embeddings from safetensors only",
            spec.id
        )));
    }
    let files = safetensors_files(folder, spec.weights.as_deref())?;
    let modules = read_json(&required(folder, "modules.json")?)?;
    let mut parts = Vec::new();
    for module in modules.as_array().into_iter().flatten() {
        let path = module["path"].as_str().unwrap_or_default();
        let kind = module["type"].as_str().unwrap_or_default();
        let config = || required(folder, &format!("{path}/config.json"));
        parts.push(match kind.rsplit('.').next().unwrap_or_default() {
            "Transformer" => json!({"Transformer": {"path": path}}),
            "Pooling" => json!({"Pooling": {"path": path, "config": config()?}}),
            "Normalize" => json!({"Normalize": {"path": path}}),
            "Dense" => {
                let model = required(folder, &format!("{path}/model.safetensors"))?;
                safetensors::count_elements(&model)?;
                json!({"Dense": {"path": path, "config": config()?, "model": model}})
            }
            _ => {
                return Err(EngineError::Load(format!(
                    "`{folder}/modules.json` has a part of the kind `{kind}`; Transformer, Pooling, Dense and Normalize are known"
                )));
            }
        });
    }
    if parts.first().is_none_or(|part| part.get("Transformer").is_none()) {
        return Err(EngineError::Load(format!("`{folder}/modules.json` does not begin with a Transformer")));
    }
    Ok((files, Value::Array(parts)))
}

fn gguf_files(folder: &Utf8Path, weights: &str, scratch: Option<&Utf8Path>) -> Result<Files, EngineError> {
    let weights = parts(weights).iter().map(|part| required(folder, part)).collect::<Result<Vec<_>, _>>()?;
    let mut headers = weights.iter().map(|path| gguf::Header::read(path)).collect::<Result<Vec<_>, _>>()?;
    let bytes = weights.iter().filter_map(|path| std::fs::metadata(path).ok()).map(|file| file.len()).sum();
    let header = headers.swap_remove(0);
    let architecture = header.check_architecture()?;
    let context = header.number(&format!("{architecture}.context_length"));
    let tokenizer = present(folder, "tokenizer.json");
    if tokenizer.is_none() && !header.has_tokenizer() {
        return Err(EngineError::Load(format!(
            "the GGUF file brings no tokenizer that this engine can use, and there is no `{folder}/tokenizer.json`"
        )));
    }
    let written = gguf_template(folder, &header, tokenizer.is_some(), scratch)?;
    let template = written
        .as_ref()
        .map(|file| Utf8PathBuf::from_path_buf(file.path().to_owned()))
        .transpose()
        .map_err(|path| EngineError::Load(format!("the path `{}` is no UTF-8", path.display())))?;
    Ok(Files {
        weights,
        size: Size::Bytes(bytes),
        tokenizer,
        config: None,
        template,
        template_json: None,
        generation: present(folder, "generation_config.json"),
        context,
        _written: written,
    })
}

/// Puts the chat template and the special tokens of a GGUF model together, when they are not to be taken from the file
/// alone: a file beside it goes before it, and with a tokenizer from elsewhere the engine would not know which token ends
/// a message.
fn gguf_template(
    folder: &Utf8Path,
    header: &gguf::Header,
    other_tokenizer: bool,
    scratch: Option<&Utf8Path>,
) -> Result<Option<NamedTempFile>, EngineError> {
    let mut config = match present(folder, "tokenizer_config.json") {
        Some(path) => match read_json(&path)? {
            Value::Object(config) => config,
            _ => return Err(EngineError::Load(format!("`{path}` is no JSON object"))),
        },
        None => Map::new(),
    };
    let mut template = config.remove("chat_template").filter(|template| !template.is_null());
    if let Some(path) = present(folder, "chat_template.json") {
        template = template.or(read_json(&path)?.get_mut("chat_template").map(Value::take));
    }
    if let Some(path) = present(folder, "chat_template.jinja") {
        template = Some(Value::String(read(&path)?));
    }
    if template.is_none() && !other_tokenizer {
        return Ok(None);
    }
    let template = template.or_else(|| header.text("tokenizer.chat_template").map(Value::from));
    config.extend(template.map(|template| ("chat_template".to_owned(), template)));
    for (name, key) in [("bos_token", "bos"), ("eos_token", "eos"), ("unk_token", "unknown")] {
        if config.get(name).is_none_or(Value::is_null)
            && let Some(token) = header.token(&format!("tokenizer.ggml.{key}_token_id"))
        {
            config.insert(name.to_owned(), Value::from(token));
        }
    }
    let failed = |error: std::io::Error| EngineError::Load(format!("failed to write the chat template: {error}"));
    let folder = scratch.map_or_else(std::env::temp_dir, |scratch| scratch.to_owned().into_std_path_buf());
    let mut file = tempfile::Builder::new().prefix("template-").suffix(".json").tempfile_in(folder).map_err(failed)?;
    file.write_all(Value::Object(config).to_string().as_bytes()).map_err(failed)?;
    Ok(Some(file))
}

fn safetensors_files(folder: &Utf8Path, weights: Option<&str>) -> Result<Files, EngineError> {
    let config_path = required(folder, "config.json")?;
    let config = read_json(&config_path)?;
    let index = present(folder, "model.safetensors.index.json");
    let names: BTreeSet<String> = match (&index, weights) {
        (Some(index), _) => {
            let mut index = read_json(index)?;
            let map: BTreeMap<String, String> = serde_json::from_value(index["weight_map"].take())
                .map_err(|error| EngineError::Load(format!("`{folder}/model.safetensors.index.json`: {error}")))?;
            map.into_values().collect()
        }
        (None, Some(weights)) => parts(weights).into_iter().collect(),
        (None, None) => BTreeSet::from(["model.safetensors".to_owned()]),
    };
    let weights = names.iter().map(|name| required(folder, name)).collect::<Result<Vec<_>, _>>()?;
    let mut elements = 0_u64;
    for path in &weights {
        elements = elements.saturating_add(safetensors::count_elements(path)?);
    }
    Ok(Files {
        weights,
        size: Size::Elements(elements),
        tokenizer: Some(required(folder, "tokenizer.json")?),
        context: config["max_position_embeddings"]
            .as_u64()
            .or_else(|| config["text_config"]["max_position_embeddings"].as_u64()),
        config: Some(config_path),
        template: None,
        template_json: None,
        generation: None,
        _written: None,
    })
}

/// The names of all parts of a file that is split as `name-00001-of-00003.gguf`, or the one name.
fn parts(name: &str) -> Vec<String> {
    let split = || {
        let (stem, extension) = name.rsplit_once('.')?;
        let (rest, count) = stem.rsplit_once("-of-")?;
        let (base, number) = rest.rsplit_once('-')?;
        let digits = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(number) || !digits(count) {
            return None;
        }
        let parts: u32 = count.parse().ok().filter(|parts| (1..=1000).contains(parts))?;
        Some((1..=parts).map(|part| format!("{base}-{part:05}-of-{count}.{extension}")).collect())
    };
    split().unwrap_or_else(|| vec![name.to_owned()])
}

fn present(folder: &Utf8Path, name: &str) -> Option<Utf8PathBuf> {
    Some(folder.join(name)).filter(|path| path.is_file())
}

fn required(folder: &Utf8Path, name: &str) -> Result<Utf8PathBuf, EngineError> {
    present(folder, name).ok_or_else(|| EngineError::Load(format!("the file `{}` is missing", folder.join(name))))
}

fn read(path: &Utf8Path) -> Result<String, EngineError> {
    std::fs::read_to_string(path).map_err(|error| EngineError::Load(format!("failed to read `{path}`: {error}")))
}

fn read_json(path: &Utf8Path) -> Result<Value, EngineError> {
    serde_json::from_str(&read(path)?).map_err(|error| EngineError::Load(format!("`{path}` is no JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_file_has_all_its_parts() {
        assert_eq!(
            parts("qwen-00001-of-00003.gguf"),
            ["qwen-00001-of-00003.gguf", "qwen-00002-of-00003.gguf", "qwen-00003-of-00003.gguf"]
        );
        assert_eq!(parts("qwen-1-of-3.gguf"), ["qwen-1-of-3.gguf"]);
        assert_eq!(parts("model.safetensors"), ["model.safetensors"]);
    }

    #[test]
    fn a_missing_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        for weights in [Some("model.gguf"), Some("model.safetensors"), None] {
            let spec: ModelSpec = serde_json::from_value(json!({
                "id": "model", "task": protocol::Task::Chat, "engine": protocol::EngineKind::Mistral, "languages": [],
                "folder": folder, "weights": weights, "device": "cpu", "threads": 1, "slots": 1, "settings": {},
            }))
            .unwrap();
            let error = language_model(&spec).unwrap_err().to_string();
            assert!(error.contains("is missing") && error.contains(folder.as_str()), "{error}");
        }
    }
}
