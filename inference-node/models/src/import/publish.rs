//! The step in which a model begins to exist.

use std::fs;

use super::{Layout, Manifest, StoreError, durable, read_manifest, removal};
use crate::{locks, view};

/// Whether the store has this very model.
pub(super) fn is_there(layout: &Layout, manifest: &Manifest) -> Result<bool, StoreError> {
    match read_manifest(layout, &manifest.id) {
        // Compared as text: two settings that are not a number would never be equal.
        Ok(stored) => Ok(to_toml(layout, &stored)? == to_toml(layout, manifest)?),
        Err(StoreError::Unknown { .. }) => Ok(false),
        // It cannot be used, so it is to be replaced.
        Err(StoreError::Manifest { .. } | StoreError::Misnamed { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Refuses early what publishing would refuse after hours of copying.
pub(super) fn permitted(layout: &Layout, manifest: &Manifest, replace: bool) -> Result<(), StoreError> {
    match read_manifest(layout, &manifest.id) {
        Ok(_) if !replace => Err(StoreError::Exists { id: manifest.id.clone() }),
        Err(StoreError::Unknown { .. }) => Ok(()),
        // An import is what mends a manifest that cannot be used.
        _ => locks::change(layout, &manifest.id).map(drop),
    }
}

/// Makes the model exist. Its blobs are there.
pub(super) fn publish(layout: &Layout, manifest: &Manifest, replace: bool) -> Result<(), StoreError> {
    if is_there(layout, manifest)? {
        return view::materialise(layout, manifest);
    }
    permitted(layout, manifest, replace)?;
    let _changing = locks::change(layout, &manifest.id)?;
    let path = layout.manifest(&manifest.id);
    if path.exists() {
        let old = removal::free_name(layout, &manifest.id);
        fs::hard_link(&path, &old)
            .and_then(|()| durable::sync_entry(&old))
            .map_err(|source| StoreError::Link { path: old, source })?;
    }
    durable::write_file(layout, &path, to_toml(layout, manifest)?.as_bytes())?;
    // From here on the model exists; a folder that is not finished is mended when the model is opened.
    view::materialise(layout, manifest)
}

fn to_toml(layout: &Layout, manifest: &Manifest) -> Result<String, StoreError> {
    manifest.to_toml().map_err(|source| StoreError::Manifest { path: layout.manifest(&manifest.id), source })
}
