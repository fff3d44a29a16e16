//! Taking models in: all blobs first, each checked; then, model by model, the manifest that makes it exist.

mod folder;
mod from_bundle;
mod publish;

use std::collections::BTreeSet;

use camino::Utf8Path;

use crate::bundle::Trust;
use crate::durable;
use crate::error::StoreError;
use crate::incoming::Wanted;
use crate::keys::TrustedKeys;
use crate::layout::Layout;
use crate::manifest::Manifest;
use crate::model_id::ModelId;
use crate::progress::Progress;
use crate::store::read_manifest;
use crate::{removal, space};

/// Which folder to import.
#[derive(Debug, Clone, Copy)]
pub struct FolderImport<'a> {
    /// The folder with `model.toml` and the files that it lists.
    pub folder: &'a Utf8Path,
    /// Whether another model of the same name may be replaced.
    pub replace: bool,
}

/// Which bundle to import.
#[derive(Debug, Clone, Copy)]
pub struct BundleImport<'a> {
    /// The bundle.
    pub bundle: &'a Utf8Path,
    /// Whose signatures are believed.
    pub trusted: &'a TrustedKeys,
    /// Whether to take a bundle without a signature, or signed by an unknown key. Whoever could write to the disk that it
    /// came on then decides what the node runs. A signature of a trusted key that is wrong is refused all the same.
    pub allow_unsigned: bool,
    /// Whether other models of the same names may be replaced.
    pub replace: bool,
}

/// What an import has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The models that are new, or replaced another.
    pub models: Vec<ModelId>,
    /// The models that were there already; their files are right now, whatever they were before.
    pub unchanged: Vec<ModelId>,
    /// Bytes copied now.
    pub copied: u64,
    /// Bytes that an interrupted import had copied.
    pub resumed: u64,
    /// Bytes that the store had already, as other models' files.
    pub shared: u64,
    /// Whether a bundle's signature was believed; none for a folder.
    pub trust: Option<Trust>,
}

/// Imports `manifests`, whose blobs are `wanted`. The write lock is held.
fn carry_out(
    layout: &Layout,
    manifests: &[Manifest],
    wanted: Vec<Wanted>,
    replace: bool,
    progress: &dyn Progress,
) -> Result<Imported, StoreError> {
    if let Err(error) = removal::finish(layout) {
        // What is in the way of deleting is not in the way of importing.
        tracing::warn!(%error, "an interrupted removal cannot be finished");
    }
    let mut unchanged = Vec::new();
    for manifest in manifests {
        if publish::is_there(layout, manifest)? {
            unchanged.push(manifest.id.clone());
        } else {
            publish::permitted(layout, manifest, replace)?;
        }
    }

    let mut imported = Imported { models: Vec::new(), unchanged, copied: 0, resumed: 0, shared: 0, trust: None };
    let mut seen = BTreeSet::new();
    let mut missing = Vec::new();
    for blob in wanted.into_iter().filter(|blob| seen.insert(blob.hash)) {
        if blob.is_there(layout, progress)? {
            imported.shared += blob.size;
        } else {
            missing.push(blob);
        }
    }
    let needed = missing.iter().fold(0, |sum: u64, blob| sum.saturating_add(blob.remaining(layout)));
    space::ensure(layout.root(), needed)?;
    for blob in &missing {
        let resumed = blob.bring_in(layout, progress)?;
        imported.resumed += resumed;
        imported.copied += blob.size - resumed;
    }

    for manifest in manifests {
        publish::publish(layout, manifest, replace)?;
        if !imported.unchanged.contains(&manifest.id) {
            imported.models.push(manifest.id.clone());
        }
    }
    if let Err(error) = removal::finish(layout) {
        tracing::warn!(%error, "the blobs of a replaced model cannot be removed yet");
    }
    tracing::info!(
        models = imported.models.len(),
        unchanged = imported.unchanged.len(),
        copied_bytes = imported.copied,
        resumed_bytes = imported.resumed,
        shared_bytes = imported.shared,
        "imported"
    );
    Ok(imported)
}
