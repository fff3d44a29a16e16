//! The rules that a manifest must obey beyond its syntax. Each breach names the key.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{EngineKind, Task};

use super::{FileRole, Listed, Manifest, ManifestError, Memory, ModelFile};

/// More files than any model has; a bound on what a hostile manifest can ask for.
const MOST_FILES: usize = 1000;
/// The most parallel requests.
const MOST_PARALLEL: u32 = 1024;
/// The name of the manifest in a folder that is imported.
const OWN_NAME: &str = "model.toml";

/// Checks all that both kinds of manifest have.
pub(super) fn check<F: Listed>(manifest: &Manifest<F>) -> Result<(), ManifestError> {
    check_engine(manifest)?;
    if !(1..=MOST_PARALLEL).contains(&manifest.parallel) {
        return breach("parallel", format!("is {}; it must be 1 to {MOST_PARALLEL}", manifest.parallel));
    }
    match manifest.context {
        Some(0) => return breach("context", "is 0; it is the model's context length in tokens"),
        None if manifest.task == Task::Chat => {
            return breach("context", "is missing; a chat model needs it, in tokens");
        }
        _ => {}
    }
    check_voice(manifest)?;
    check_remote(manifest)?;
    check_files(&manifest.files)?;
    check_memory(manifest)?;
    check_licence(manifest)?;
    check_source(manifest)
}

/// Checks what only pinned files can breach.
pub(super) fn check_pins(files: &[ModelFile]) -> Result<(), ManifestError> {
    let mut sizes = BTreeMap::new();
    let mut sum: u64 = 0;
    for (at, file) in files.iter().enumerate() {
        if *sizes.entry(file.sha256).or_insert(file.size) != file.size {
            return breach(format!("files[{at}].size"), "differs from that of another file with the same `sha256`");
        }
        sum = match sum.checked_add(file.size) {
            Some(sum) if i64::try_from(sum).is_ok() => sum,
            _ => return breach(format!("files[{at}].size"), "is larger than any disk"),
        };
    }
    Ok(())
}

fn check_engine<F>(manifest: &Manifest<F>) -> Result<(), ManifestError> {
    let able: &[EngineKind] = match manifest.task {
        Task::Transcription => &[EngineKind::Whisper, EngineKind::Remote],
        Task::Speech => &[EngineKind::Piper, EngineKind::Espeak, EngineKind::Remote],
        Task::Chat | Task::Embeddings => &[EngineKind::Mistral, EngineKind::Remote],
        Task::VoiceActivity => &[EngineKind::Whisper],
    };
    if able.contains(&manifest.engine) {
        return Ok(());
    }
    let names: Vec<_> = able.iter().map(|engine| format!("`{}`", engine.name())).collect();
    let (engine, task) = (manifest.engine.name(), manifest.task.name());
    breach("engine", format!("is `{engine}`, which does not do `{task}`; that is done by {}", names.join(", ")))
}

fn check_voice<F>(manifest: &Manifest<F>) -> Result<(), ManifestError> {
    match (&manifest.voice, manifest.task == Task::Speech) {
        // Another server knows its own voices; its engine's settings can name them.
        (None, true) if manifest.engine == EngineKind::Remote => Ok(()),
        (None, true) => breach("voice", "is missing; a model for `speech` needs `name` and `sample_rate`"),
        (Some(_), false) => breach("voice", format!("means nothing for `{}`", manifest.task.name())),
        (Some(voice), true) if voice.name.trim().is_empty() => breach("voice.name", "is empty"),
        (Some(voice), true) if !(8_000..=192_000).contains(&voice.sample_rate) => {
            breach("voice.sample_rate", format!("is {}; it must be 8000 to 192000", voice.sample_rate))
        }
        _ => Ok(()),
    }
}

fn check_remote<F>(manifest: &Manifest<F>) -> Result<(), ManifestError> {
    let remote = match (&manifest.remote, manifest.engine == EngineKind::Remote) {
        (None, false) => return Ok(()),
        (Some(_), false) => {
            return breach("remote", format!("means nothing to the engine `{}`", manifest.engine.name()));
        }
        (None, true) => return breach("remote", "is missing; the engine `remote` needs `url` and `model`"),
        (Some(remote), true) => remote,
    };
    if !manifest.files.is_empty() {
        return breach("files", "must be absent; the engine `remote` has none");
    }
    check_url("remote.url", &remote.url)?;
    if remote.model.trim().is_empty() {
        return breach("remote.model", "is empty; it is the model's name on that server");
    }
    match &remote.key_file {
        Some(name) if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) => {
            breach("remote.key_file", "is not the bare name of a credential")
        }
        _ => Ok(()),
    }
}

fn check_files<F: Listed>(files: &[F]) -> Result<(), ManifestError> {
    if files.len() > MOST_FILES {
        return breach("files", format!("lists {}; at most {MOST_FILES} are taken", files.len()));
    }
    let mut paths = BTreeSet::new();
    for (at, file) in files.iter().enumerate() {
        if file.path().as_path() == OWN_NAME {
            return breach(format!("files[{at}].path"), format!("is `{OWN_NAME}`, the manifest's own name"));
        }
        if !paths.insert(file.path().as_path()) {
            return breach(format!("files[{at}].path"), format!("repeats `{}`", file.path()));
        }
    }
    for (at, file) in files.iter().enumerate() {
        if let Some(above) = file.path().as_path().ancestors().skip(1).find(|above| paths.contains(above)) {
            return breach(format!("files[{at}].path"), format!("lies in `{above}`, which is listed as a file"));
        }
    }
    Ok(())
}

fn check_memory<F: Listed>(manifest: &Manifest<F>) -> Result<(), ManifestError> {
    let Memory { vram_bytes, ram_bytes } = manifest.memory;
    for (key, bytes) in [("memory.vram_bytes", vram_bytes), ("memory.ram_bytes", ram_bytes)] {
        if bytes.is_some_and(|bytes| bytes == 0 || i64::try_from(bytes).is_err()) {
            return breach(key, "is no amount of memory; leave it out if the model does not run there");
        }
    }
    match manifest.engine {
        EngineKind::Whisper | EngineKind::Piper | EngineKind::Mistral => {
            if !manifest.files.iter().any(|file| file.role() == FileRole::Weights) {
                return breach("files", "lists none with `role = \"weights\"`");
            }
            if manifest.memory.is_empty() {
                return breach("memory", "is missing; give `vram_bytes` (on a GPU), `ram_bytes` (on the CPU) or both");
            }
        }
        EngineKind::Espeak | EngineKind::Remote if vram_bytes.is_some() => {
            return breach("memory.vram_bytes", format!("means nothing to the engine `{}`", manifest.engine.name()));
        }
        EngineKind::Espeak | EngineKind::Remote => {}
    }
    Ok(())
}

fn check_licence<F>(manifest: &Manifest<F>) -> Result<(), ManifestError> {
    let Some(licence) = &manifest.licence else {
        return if manifest.files.is_empty() {
            Ok(())
        } else {
            breach("licence", "is missing; give `spdx`, or `name` and `url`")
        };
    };
    match (&licence.spdx, &licence.name) {
        (Some(_), Some(_)) => return breach("licence", "has both `spdx` and `name`; give one"),
        (None, None) => return breach("licence", "is empty; give `spdx`, or `name` and `url`"),
        (Some(spdx), None) => {
            if let Err(error) = spdx::Expression::parse(spdx) {
                let why = format!("is `{spdx}`, no SPDX expression ({}); else give `name` and `url`", error.reason);
                return breach("licence.spdx", why);
            }
        }
        (None, Some(name)) if name.trim().is_empty() => return breach("licence.name", "is empty"),
        (None, Some(_)) if licence.url.is_none() => {
            return breach("licence.url", "is missing; say where the text of these terms is");
        }
        (None, Some(_)) => {}
    }
    licence.url.as_deref().map_or(Ok(()), |url| check_url("licence.url", url))
}

fn check_source<F>(manifest: &Manifest<F>) -> Result<(), ManifestError> {
    match &manifest.source {
        None if manifest.files.is_empty() => Ok(()),
        None => breach("source", "is missing; give `url`, `publisher` and `date`"),
        Some(source) if source.publisher.trim().is_empty() => breach("source.publisher", "is empty"),
        Some(source) => check_url("source.url", &source.url),
    }
}

fn check_url(key: &str, text: &str) -> Result<(), ManifestError> {
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
            if !url.username().is_empty() || url.password().is_some() {
                return breach(key, "holds a name or password; keep them in a credential");
            }
            Ok(())
        }
        Ok(_) => breach(key, format!("is `{text}`; it must begin with `http://` or `https://`")),
        Err(error) => breach(key, format!("is `{text}`, no address: {error}")),
    }
}

fn breach<T>(key: impl Into<String>, why: impl Into<String>) -> Result<T, ManifestError> {
    Err(ManifestError::Invalid { key: key.into(), why: why.into() })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{WHISPER, complaint};
    use super::super::{Draft, Manifest, ManifestError};

    const VOICE: &str = r#"
schema = 1
id = "piper-ro"
task = "speech"
engine = "piper"
languages = ["ro"]
memory.ram_bytes = 200_000_000
voice = { name = "mihai", sample_rate = 22_050 }
licence = { name = "Terms", url = "https://example.org/terms" }
source = { url = "https://example.org/", publisher = "Example", date = "2023-01-01" }
files = [{ path = "voice.onnx", role = "weights" }, { path = "voice.onnx.json", role = "config" }]
"#;

    const REMOTE: &str = r#"
schema = 1
id = "big-model"
task = "chat"
engine = "remote"
languages = ["*"]
context = 32_768
parallel = 16
remote = { url = "http://10.0.0.7:8000/v1", model = "org/big", key_file = "vllm.key" }
"#;

    fn breached(text: &str, from: &str, to: &str) -> String {
        let wrong = text.replacen(from, to, 1);
        assert_ne!(wrong, text, "{from}");
        match Draft::parse_draft(&wrong) {
            Err(ManifestError::Invalid { key, .. }) => key,
            other => panic!("{to}: {other:?}"),
        }
    }

    #[test]
    fn the_examples_obey_the_rules() {
        for text in [WHISPER, VOICE, REMOTE] {
            Draft::parse_draft(text).unwrap();
        }
        Manifest::parse(REMOTE).unwrap();
    }

    #[test]
    fn each_breach_names_its_key() {
        for (text, from, to, key) in [
            (WHISPER, "engine = \"whisper\"", "engine = \"piper\"", "engine"),
            (WHISPER, "parallel = 2", "parallel = 0", "parallel"),
            (WHISPER, "parallel = 2", "parallel = 5000", "parallel"),
            (WHISPER, "parallel = 2", "context = 0", "context"),
            (WHISPER, "[memory]\nvram_bytes = 2_500_000_000\nram_bytes = 2_200_000_000\n", "", "memory"),
            (WHISPER, "ram_bytes = 2_200_000_000", "ram_bytes = 0", "memory.ram_bytes"),
            (WHISPER, "role = \"weights\"", "role = \"other\"", "files"),
            (WHISPER, "spdx = \"MIT\"", "spdx = \"Gemma\"", "licence.spdx"),
            (WHISPER, "spdx = \"MIT\"", "name = \"Gemma\"", "licence.url"),
            (WHISPER, "spdx = \"MIT\"", "", "licence"),
            (WHISPER, "[licence]\nspdx = \"MIT\"\n", "", "licence"),
            (WHISPER, "https://example.org/whisper", "ftp://example.org", "source.url"),
            (WHISPER, "https://example.org/whisper", "somewhere", "source.url"),
            (WHISPER, "publisher = \"Example\"", "publisher = \" \"", "source.publisher"),
            (WHISPER, "ggml-large-v3-turbo.bin", "model.toml", "files[0].path"),
            (VOICE, "voice = {", "settings = {", "voice"),
            (VOICE, "22_050", "22", "voice.sample_rate"),
            (VOICE, "voice.onnx.json", "voice.onnx", "files[1].path"),
            (VOICE, "voice.onnx.json", "voice.onnx/config.json", "files[1].path"),
            (REMOTE, "context = 32_768", "", "context"),
            (REMOTE, "remote = {", "settings = {", "remote"),
            (REMOTE, "http://10", "http://user:word@10", "remote.url"),
            (REMOTE, "org/big", "", "remote.model"),
            (REMOTE, "vllm.key", "../vllm.key", "remote.key_file"),
            (REMOTE, "parallel", "files = [{ path = \"a\", role = \"weights\" }]\nparallel", "files"),
            (REMOTE, "parallel", "memory.vram_bytes = 1\nparallel", "memory.vram_bytes"),
            (REMOTE, "parallel", "voice = { name = \"x\", sample_rate = 8000 }\nparallel", "voice"),
        ] {
            assert_eq!(breached(text, from, to), key, "{to}");
        }
    }

    #[test]
    fn a_breach_says_how_to_mend_it() {
        let wrong = WHISPER.replace("engine = \"whisper\"", "engine = \"piper\"");
        let said = complaint(&wrong);
        assert!(said.contains("does not do `transcription`; that is done by `whisper`, `remote`"), "{said}");
    }

    #[test]
    fn pins_that_contradict_each_other_are_refused() {
        let hash = crate::ContentHash::of(b"x");
        let pinned = |first: u64, second: u64| {
            let files = format!(
                "files = [{{ path = \"a\", role = \"weights\", size = {first}, sha256 = \"{hash}\" }}, \
                 {{ path = \"b\", role = \"other\", size = {second}, sha256 = \"{hash}\" }}]"
            );
            let start = VOICE.find("files =").unwrap();
            Manifest::parse(&format!("{}{files}", &VOICE[..start]))
        };
        assert!(pinned(1, 1).is_ok());
        assert!(matches!(pinned(1, 2), Err(ManifestError::Invalid { key, .. }) if key == "files[1].size"));
        let most = i64::MAX.unsigned_abs();
        assert!(matches!(pinned(most, most), Err(ManifestError::Invalid { key, .. }) if key == "files[1].size"));
    }
}
