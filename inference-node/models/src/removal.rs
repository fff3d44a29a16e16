//! Taking models out, and with them the blobs that no other model has.
//!
//! A removal begins by moving the manifest to `removing/`: in that step the model is gone. What follows — the folder, the
//! blobs — is finished by the next writer if the process dies. Replacing a model leaves its old manifest there too.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use camino::Utf8Path;
use serde::Serialize;

use crate::content_hash::ContentHash;
use crate::durable;
use crate::error::StoreError;
use crate::layout::{Layout, PARTIAL, names};
use crate::locks;
use crate::manifest::Manifest;
use crate::model_id::ModelId;
use crate::store::{Store, read_manifest};
use crate::{view, witness};

/// What a removal has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// The model.
    pub id: ModelId,
    /// How many blobs were deleted; those that other models have stay.
    pub blobs: usize,
    /// How many bytes that freed.
    pub bytes: u64,
}

/// What a pruning has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Pruned {
    /// How many files were deleted.
    pub files: usize,
    /// How many bytes that freed.
    pub bytes: u64,
}

impl Store {
    /// Removes a model, and the blobs that no other model has.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], [`StoreError::InUse`], [`StoreError::Busy`]; or when another model's manifest cannot be read,
    /// for then nobody knows which blobs it has: nothing is removed.
    pub fn remove(&self, id: &ModelId) -> Result<Removed, StoreError> {
        let layout = &self.layout;
        let _writing = locks::write(layout)?;
        let usable = match read_manifest(layout, id) {
            Ok(_) => true,
            Err(error @ StoreError::Unknown { .. }) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "removing a model whose manifest cannot be used; its blobs are left to pruning");
                false
            }
        };
        if usable {
            referenced(layout, Some(id))?;
        }
        let _changing = locks::change(layout, id)?;
        durable::rename(&layout.manifest(id), &free_name(layout, id))?;
        let Pruned { files, bytes } = match finish(layout) {
            Ok(freed) => freed,
            // Two unusable manifests must not keep each other in the store.
            Err(_) if !usable => Pruned::default(),
            Err(error) => return Err(error),
        };
        tracing::info!(model = %id, blobs = files, bytes, "removed a model");
        Ok(Removed { id: id.clone(), blobs: files, bytes })
    }

    /// Deletes what belongs to no model: what abandoned imports left, and blobs without a manifest.
    ///
    /// # Errors
    /// [`StoreError::Busy`]; or when a manifest cannot be read: nothing is deleted.
    pub fn prune(&self) -> Result<Pruned, StoreError> {
        let layout = &self.layout;
        let _writing = locks::write(layout)?;
        let needed = referenced(layout, None)?;
        let mut pruned = finish(layout)?;
        for name in list(&layout.incoming())? {
            let path = layout.incoming().join(&name);
            // What is not a blob's beginning lives for a moment, and readers write such files too.
            if name.ends_with(PARTIAL) || is_old(&path) {
                pruned.count(delete(&path)?);
            }
        }
        for hash in layout.hashes()?.iter().filter(|hash| !needed.contains(hash)) {
            pruned.count(delete_blob(layout, hash)?);
        }
        for name in list(&layout.witnesses())? {
            if name.parse().is_ok_and(|hash: ContentHash| !needed.contains(&hash)) {
                durable::remove_file(&layout.witnesses().join(name))?;
            }
        }
        let ids = layout.ids()?;
        for name in list(&layout.views())?.iter().filter(|name| !ids.iter().any(|id| id.as_str() == name.as_str())) {
            view::remove(&layout.views().join(name))?;
        }
        tracing::info!(files = pruned.files, bytes = pruned.bytes, "pruned the store");
        Ok(pruned)
    }
}

impl Pruned {
    fn count(&mut self, freed: Option<u64>) {
        if let Some(bytes) = freed {
            self.files += 1;
            self.bytes += bytes;
        }
    }
}

/// Finishes what removals and replacements began. The write lock is held.
pub(crate) fn finish(layout: &Layout) -> Result<Pruned, StoreError> {
    let mut freed = Pruned::default();
    let pending = list(&layout.removing())?;
    if pending.is_empty() {
        return Ok(freed);
    }
    let needed = referenced(layout, None)?;
    for name in pending {
        let path = layout.removing().join(&name);
        let text = fs::read_to_string(&path).map_err(|source| StoreError::Read { path: path.clone(), source })?;
        let manifest = Manifest::parse(&text).ok();
        let id = manifest.as_ref().map(|manifest| manifest.id.clone()).or_else(|| named(&name));
        if let Some(id) = id
            && !layout.manifest(&id).exists()
        {
            view::remove(&layout.view(&id))?;
        }
        let hashes: BTreeSet<_> =
            manifest.iter().flat_map(|manifest| &manifest.files).map(|file| file.sha256).collect();
        for hash in hashes.difference(&needed) {
            freed.count(delete_blob(layout, hash)?);
        }
        durable::remove_file(&path)?;
    }
    Ok(freed)
}

/// A free name in `removing/` for a manifest of `id`.
pub(crate) fn free_name(layout: &Layout, id: &ModelId) -> camino::Utf8PathBuf {
    let free = (0..u64::MAX).map(|number| layout.removing().join(format!("{id}.{number}"))).find(|path| !path.exists());
    free.unwrap_or_else(|| layout.removing().join(id.as_str()))
}

/// The model for which `free_name` made `name`.
fn named(name: &str) -> Option<ModelId> {
    name.rsplit_once('.')?.0.parse().ok()
}

/// The blobs that models have, but for those of `except`.
fn referenced(layout: &Layout, except: Option<&ModelId>) -> Result<BTreeSet<ContentHash>, StoreError> {
    let mut needed = BTreeSet::new();
    for id in layout.ids()?.iter().filter(|id| Some(*id) != except) {
        needed.extend(read_manifest(layout, id)?.files.iter().map(|file| file.sha256));
    }
    Ok(needed)
}

fn delete_blob(layout: &Layout, hash: &ContentHash) -> Result<Option<u64>, StoreError> {
    let freed = delete(&layout.blob(hash))?;
    witness::forget(layout, hash)?;
    Ok(freed)
}

/// Whether a file has not been written to for an hour.
fn is_old(path: &Utf8Path) -> bool {
    let written = fs::symlink_metadata(path).and_then(|file| file.modified());
    written.is_ok_and(|written| written.elapsed().is_ok_and(|age| age > Duration::from_secs(3600)))
}

/// Deletes a file; gives its size if it was there.
fn delete(path: &Utf8Path) -> Result<Option<u64>, StoreError> {
    let size = fs::symlink_metadata(path).map_or(0, |file| file.len());
    Ok(durable::remove_file(path)?.then_some(size))
}

fn list(folder: &Utf8Path) -> Result<Vec<String>, StoreError> {
    names(folder).map_err(|source| StoreError::Read { path: folder.to_owned(), source })
}
