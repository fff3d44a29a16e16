//! A model's folder as engines want it: files under their own names, as hard links to the blobs.
//!
//! It is derived from the manifest and can be rebuilt at any time. Each file is put in place by itself in one step, so that
//! two processes may do so at once, also while an engine reads.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;

use camino::{Utf8Path, Utf8PathBuf};

use crate::durable;
use crate::error::StoreError;
use crate::layout::Layout;
use crate::manifest::Manifest;
use crate::witness::is_missing;

/// Makes the folder hold the files of `manifest` and nothing else. Its blobs must be there.
pub(crate) fn materialise(layout: &Layout, manifest: &Manifest) -> Result<(), StoreError> {
    let view = layout.view(&manifest.id);
    if fs::symlink_metadata(&view).is_ok_and(|found| !found.is_dir()) {
        durable::remove_file(&view)?;
    }
    durable::create_folder(&view)?;
    let files: BTreeSet<&Utf8Path> = manifest.files.iter().map(|file| file.path.as_path()).collect();
    let folders: BTreeSet<&Utf8Path> = files.iter().flat_map(|file| file.ancestors().skip(1)).collect();
    clear(&view, Utf8Path::new(""), &files, &folders)?;
    for file in &manifest.files {
        link(layout, &layout.blob(&file.sha256), &view.join(file.path.as_path()))?;
    }
    Ok(())
}

/// Removes the folder; one that is not there is no error.
pub(crate) fn remove(view: &Utf8Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(view) {
        Err(error) if !is_missing(&error) => Err(StoreError::Remove { path: view.to_owned(), source: error }),
        _ => Ok(()),
    }
}

/// Removes from the folder at `below` all that the model does not have.
fn clear(
    view: &Utf8Path,
    below: &Utf8Path,
    files: &BTreeSet<&Utf8Path>,
    folders: &BTreeSet<&Utf8Path>,
) -> Result<(), StoreError> {
    let folder = view.join(below);
    let failed = |source| StoreError::Read { path: folder.clone(), source };
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        let name = Utf8PathBuf::from_path_buf(entry.file_name().into()).ok().map(|name| below.join(name));
        match name {
            Some(name) if is_folder && folders.contains(name.as_path()) => clear(view, &name, files, folders)?,
            Some(name) if !is_folder && files.contains(name.as_path()) => {}
            _ => {
                let path = entry.path();
                let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                removed.map_err(|source| StoreError::Remove { path: folder.clone(), source })?;
                tracing::warn!(path = %path.display(), "removed from a model's folder what the model does not have");
            }
        }
    }
    Ok(())
}

/// Makes `target` a link to `blob`, if it is not one yet.
fn link(layout: &Layout, blob: &Utf8Path, target: &Utf8Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Link { path: target.to_owned(), source };
    let wanted = fs::symlink_metadata(blob).map_err(failed)?;
    let linked = |path| fs::symlink_metadata(path).is_ok_and(|found: fs::Metadata| found.ino() == wanted.ino());
    if linked(target) {
        return Ok(());
    }
    if let Some(folder) = target.parent() {
        durable::create_folder(folder)?;
    }
    let temporary = durable::temporary(layout);
    // Left by an earlier process that had the same number.
    durable::remove_file(&temporary)?;
    fs::hard_link(blob, &temporary).map_err(failed)?;
    let moved = fs::rename(&temporary, target).and_then(|()| durable::sync_entry(target)).map_err(failed);
    // Renaming leaves it when another process linked the same blob meanwhile.
    durable::remove_file(&temporary)?;
    moved
}
