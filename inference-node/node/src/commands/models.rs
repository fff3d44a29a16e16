//! `inference-node models …`.

use std::process::ExitCode;

use anyhow::Context;
use camino::{Utf8Path, Utf8PathBuf};
use indicatif::HumanBytes;
use models::{
    BundleImport, BundleOptions, FolderImport, Imported, KeygenOptions, Languages, ModelId, ModelSummary, SigningKey,
    Store, Trust, TrustedKeys, generate_keys, inspect_bundle,
};
use serde_json::json;

use super::progress::Bars;
use super::{EXIT_WRONG, print};
use crate::cli::ModelsCommand;
use crate::config::Config;

/// Opens the password of a secret key, where it has one.
const PASSWORD: &str = "SFETNIC_KEY_PASSWORD";

/// Works on the store; a running node sees what has changed.
///
/// # Errors
/// Says what could not be done.
pub(crate) fn run(command: ModelsCommand, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let store = || Store::at(config.store_folder()).context("failed to open the store of models");
    match command {
        ModelsCommand::List => list(&store()?, json),
        ModelsCommand::Show { id } => {
            let manifest = store()?.show(&named(&id)?)?;
            if json {
                print::json(&manifest)?;
            } else {
                print::line(toml::to_string_pretty(&manifest)?.trim_end());
            }
            Ok(ExitCode::SUCCESS)
        }
        ModelsCommand::Import { path, replace, allow_unsigned, trusted } => {
            let trusted = trust(config, &trusted)?;
            let imported = import(&store()?, &path, &trusted, allow_unsigned, replace)?;
            report_import(&imported, json)
        }
        ModelsCommand::Bundle { ids, output, key } => bundle(&store()?, &ids, &output, key.as_deref(), json),
        ModelsCommand::Inspect { bundle, trusted } => inspect(&bundle, &trust(config, &trusted)?, json),
        ModelsCommand::Verify { id } => verify(&store()?, id.as_deref(), json),
        ModelsCommand::Remove { id } => {
            let removed = store()?.remove(&named(&id)?)?;
            if json {
                print::json(&json!({ "removed": removed.id, "bytes": removed.bytes }))?;
            } else {
                print::line(format!("removed `{}`: {} freed", removed.id, HumanBytes(removed.bytes)));
            }
            Ok(ExitCode::SUCCESS)
        }
        ModelsCommand::Prune => {
            let pruned = store()?.prune()?;
            if json {
                print::json(&json!({ "files": pruned.files, "bytes": pruned.bytes }))?;
            } else {
                print::line(format!("deleted {} files: {} freed", pruned.files, HumanBytes(pruned.bytes)));
            }
            Ok(ExitCode::SUCCESS)
        }
        ModelsCommand::Keygen { secret } => keygen(&secret),
    }
}

fn named(id: &str) -> anyhow::Result<ModelId> {
    id.parse().with_context(|| format!("`{id}` cannot be a model"))
}

fn trust(config: &Config, more: &[String]) -> anyhow::Result<TrustedKeys> {
    let all: Vec<&String> = config.models.trusted_keys.iter().chain(more).collect();
    TrustedKeys::load(&all).context("failed to read a trusted key (models.trusted_keys, --trust)")
}

fn list(store: &Store, json: bool) -> anyhow::Result<ExitCode> {
    let listing = store.list()?;
    if json {
        print::json(&listing.models)?;
    } else if listing.models.is_empty() {
        print::line(
            "No model is in the store. The built-in voices (espeak) speak without one.\n\
             `inference-node models import PATH` takes a bundle or a folder; docs/models.md says which models suit what.",
        );
    } else {
        show(&listing.models);
    }
    for (id, error) in listing.unusable {
        print::line(format!("`{id}` cannot be used: {:#}", anyhow::Error::new(error)));
    }
    Ok(ExitCode::SUCCESS)
}

fn show(models: &[ModelSummary]) {
    let rows = models.iter().map(|model| {
        let vram = model.memory.vram_bytes.map_or_else(|| "–".to_owned(), |bytes| HumanBytes(bytes).to_string());
        [
            model.id.to_string(),
            model.task.name().to_owned(),
            model.engine.name().to_owned(),
            languages(&model.languages),
            HumanBytes(model.size).to_string(),
            vram,
            model.licence.clone().unwrap_or_else(|| "–".to_owned()),
        ]
    });
    print::table(&["model", "task", "engine", "languages", "size", "GPU memory", "licence"], rows);
}

fn languages(languages: &Languages) -> String {
    match languages.bound_to() {
        [] => "any".to_owned(),
        bound => bound.iter().map(|language| language.code()).collect::<Vec<_>>().join(" "),
    }
}

fn import(
    store: &Store,
    path: &Utf8Path,
    trusted: &TrustedKeys,
    allow_unsigned: bool,
    replace: bool,
) -> anyhow::Result<Imported> {
    let bars = Bars::stopped_by_interrupt();
    let imported = if path.is_dir() {
        store.import_folder(FolderImport { folder: path, replace }, &bars)
    } else {
        store.import_bundle(BundleImport { bundle: path, trusted, allow_unsigned, replace }, &bars)
    };
    imported.with_context(|| format!("failed to import `{path}`"))
}

fn report_import(imported: &Imported, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        print::json(&json!({
            "models": imported.models, "unchanged": imported.unchanged, "copied_bytes": imported.copied,
            "resumed_bytes": imported.resumed, "shared_bytes": imported.shared,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(trust @ (Trust::Unsigned | Trust::UnknownKey(_))) = &imported.trust {
        print::line(format!("Warning: {}.", signed(trust)));
    }
    for id in &imported.models {
        print::line(format!("imported `{id}`; a running node serves it now"));
    }
    for id in &imported.unchanged {
        print::line(format!("`{id}` was there already"));
    }
    let (copied, resumed) = (HumanBytes(imported.copied), HumanBytes(imported.resumed));
    print::line(format!(
        "copied {copied}, kept {resumed} of an interrupted import, {} shared",
        HumanBytes(imported.shared)
    ));
    Ok(ExitCode::SUCCESS)
}

fn signed(trust: &Trust) -> String {
    match trust {
        Trust::Signed(key) => format!("signed by the trusted key {key}"),
        Trust::UnknownKey(key) => format!("signed by {key}, which is not trusted here"),
        Trust::Unsigned => "not signed: anybody could have made it".to_owned(),
    }
}

fn bundle(
    store: &Store,
    ids: &[String],
    output: &Utf8Path,
    key: Option<&Utf8Path>,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let ids = ids.iter().map(|id| named(id)).collect::<Result<Vec<_>, _>>()?;
    let password = service::config::variable(PASSWORD);
    let key = key.map(|path| SigningKey::load(path, password.as_deref())).transpose()?;
    let options = BundleOptions { models: &ids, output, key: key.as_ref() };
    let written = store.bundle(&options, &Bars::stopped_by_interrupt())?;
    if json {
        print::json(
            &json!({ "file": output, "bytes": written.size, "signed_by": written.signed_by.map(|key| key.to_string()) }),
        )?;
    } else {
        let by = written.signed_by.map_or_else(|| "not signed".to_owned(), |key| format!("signed by {key}"));
        print::line(format!("wrote `{output}`: {} models, {}, {by}", ids.len(), HumanBytes(written.size)));
    }
    Ok(ExitCode::SUCCESS)
}

fn inspect(bundle: &Utf8Path, trusted: &TrustedKeys, json: bool) -> anyhow::Result<ExitCode> {
    let contents = inspect_bundle(bundle, trusted)?;
    if json {
        print::json(
            &json!({ "created": contents.created, "trust": signed(&contents.trust), "models": contents.models }),
        )?;
    } else {
        print::line(format!("made {}, {}", contents.created, signed(&contents.trust)));
        show(&contents.models);
    }
    Ok(ExitCode::SUCCESS)
}

fn verify(store: &Store, id: Option<&str>, json: bool) -> anyhow::Result<ExitCode> {
    let id = id.map(named).transpose()?;
    let verified = store.verify(id.as_ref(), &Bars::stopped_by_interrupt())?;
    let whole = verified.iter().all(|model| model.damaged.is_empty());
    if json {
        let rows: Vec<_> = verified
            .iter()
            .map(|model| {
                let damaged: Vec<String> = model.damaged.iter().map(|damage| damage.path.to_string()).collect();
                json!({ "model": model.id, "damaged": damaged })
            })
            .collect();
        print::json(&rows)?;
    } else {
        for model in &verified {
            if model.damaged.is_empty() {
                print::line(format!("`{}` is whole", model.id));
            }
            for damage in &model.damaged {
                print::line(format!(
                    "`{}`: `{}` is missing or has changed; import the model again",
                    model.id, damage.path
                ));
            }
        }
        if verified.is_empty() {
            print::line("No model is in the store: nothing to check.");
        }
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(EXIT_WRONG) })
}

fn keygen(secret: &Utf8Path) -> anyhow::Result<ExitCode> {
    let public = Utf8PathBuf::from(format!("{secret}.pub"));
    let password = service::config::variable(PASSWORD);
    let id = generate_keys(KeygenOptions { secret, public: &public, password: password.as_deref() })?;
    print::line(format!(
        "made the key {id}: keep `{secret}` secret; name `{public}` in models.trusted_keys of each node"
    ));
    Ok(ExitCode::SUCCESS)
}
