//! The one way to a model's files.

use std::os::unix::fs::MetadataExt;

use camino::{Utf8Path, Utf8PathBuf};

use crate::content_hash::ContentHash;
use crate::error::StoreError;
use crate::hashing::hash_file;
use crate::layout::Layout;
use crate::locks::{self, Lock};
use crate::manifest::{FileRole, Manifest, ModelFile};
use crate::model_id::ModelId;
use crate::progress::{Progress, Silent};
use crate::store::{Store, read_manifest};
use crate::{view, witness};

/// A model whose files were found right. While it is kept, the model can be neither replaced nor removed.
#[derive(Debug)]
pub struct OpenedModel {
    manifest: Manifest,
    folder: Utf8PathBuf,
    _lock: Lock,
}

impl OpenedModel {
    /// What the model is and needs.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The folder with its files under their own names.
    #[must_use]
    pub fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// The full paths of its files of one role, in the manifest's order.
    #[must_use]
    pub fn files(&self, role: FileRole) -> Vec<Utf8PathBuf> {
        let files = self.manifest.files.iter().filter(|file| file.role == role);
        files.map(|file| self.folder.join(file.path.as_path())).collect()
    }
}

impl Store {
    /// Opens a model for loading.
    ///
    /// Its files are as they were when they were last found right, by size, time and inode; one that is not is hashed, which
    /// takes a second or two per gigabyte. Its folder is mended if it is not as it should be.
    ///
    /// # Errors
    /// [`StoreError::Unknown`]; [`StoreError::Damaged`] when a file is not what was imported: import the model again.
    pub fn open(&self, id: &ModelId) -> Result<OpenedModel, StoreError> {
        self.open_with(id, &Silent)
    }

    /// As [`Store::open`], telling `progress` of files that must be hashed.
    ///
    /// # Errors
    /// As [`Store::open`], and [`StoreError::Cancelled`].
    pub fn open_with(&self, id: &ModelId, progress: &dyn Progress) -> Result<OpenedModel, StoreError> {
        // Before the lock, so that asking for what is not there leaves nothing behind.
        read_manifest(&self.layout, id)?;
        let lock = locks::keep(&self.layout, id)?;
        let manifest = read_manifest(&self.layout, id)?;
        for file in &manifest.files {
            let damage = match inspect(&self.layout, &manifest, file, progress)? {
                Finding::Right => continue,
                Finding::Missing => "is missing".to_owned(),
                Finding::Size(found) => format!("has {found} bytes instead of {}", file.size),
                Finding::Content(found) => format!("has the SHA-256 {found} instead of {}", file.sha256),
            };
            return Err(StoreError::Damaged { id: id.clone(), path: file.path.to_string(), damage });
        }
        view::materialise(&self.layout, &manifest)?;
        Ok(OpenedModel { folder: self.layout.view(id), manifest, _lock: lock })
    }
}

/// What was found of a stored file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Finding {
    Right,
    Missing,
    Size(u64),
    Content(ContentHash),
}

/// Looks at a stored file; hashes it if nothing vouches for it.
fn inspect(
    layout: &Layout,
    manifest: &Manifest,
    file: &ModelFile,
    progress: &dyn Progress,
) -> Result<Finding, StoreError> {
    match witness::look(layout, &file.sha256)? {
        Some(found) if witness::testifies(layout, &file.sha256, &found) => Ok(Finding::Right),
        _ => examine(layout, manifest, file, progress),
    }
}

/// Hashes a stored file, and records or forgets that it is right.
pub(crate) fn examine(
    layout: &Layout,
    manifest: &Manifest,
    file: &ModelFile,
    progress: &dyn Progress,
) -> Result<Finding, StoreError> {
    let Some(before) = witness::look(layout, &file.sha256)? else { return Ok(Finding::Missing) };
    let finding = if before.len() == file.size {
        let label = format!("{}/{}", manifest.id, file.path);
        match hash_file(&layout.blob(&file.sha256), &label, progress)? {
            (found, _) if found == file.sha256 => Finding::Right,
            (found, _) => Finding::Content(found),
        }
    } else {
        Finding::Size(before.len())
    };
    if !matches!(finding, Finding::Right) {
        witness::forget(layout, &file.sha256)?;
    } else if !witness::testifies(layout, &file.sha256, &before) {
        // As it was before it was hashed: a change meanwhile shows the next time.
        tracing::info!(blob = %file.sha256, inode = before.ino(), "the file was touched, its content is right");
        if let Err(error) = witness::record(layout, &file.sha256, &before) {
            // The model is right all the same; it is hashed again the next time.
            tracing::warn!(%error, "failed to note that a file is right");
        }
    }
    Ok(finding)
}
