//! Import of a folder: a `model.toml` beside the files that it lists.

use std::fs;
use std::io::ErrorKind;

use camino::Utf8Path;

use super::{FolderImport, Imported, Manifest, StoreError, Wanted, carry_out};
use crate::hashing::hash_file;
use crate::locks;
use crate::manifest::{Draft, DraftFile, ModelFile};
use crate::progress::Progress;
use crate::store::Store;
use crate::witness::is_missing;

/// What the manifest is called.
const DRAFT: &str = "model.toml";

impl Store {
    /// Imports a folder. Sizes and hashes that its `model.toml` gives are checked; those that it does not give are computed
    /// and pinned.
    ///
    /// # Errors
    /// [`StoreError::NoDraft`], [`StoreError::Manifest`], [`StoreError::NoFile`], [`StoreError::Size`],
    /// [`StoreError::Content`], [`StoreError::Exists`], [`StoreError::InUse`], [`StoreError::Space`], [`StoreError::Busy`],
    /// [`StoreError::Cancelled`]: the models are then as they were.
    pub fn import_folder(&self, import: FolderImport<'_>, progress: &dyn Progress) -> Result<Imported, StoreError> {
        let draft = read_draft(import.folder)?;
        let _writing = locks::write(&self.layout)?;
        let (manifest, wanted) = pin(import.folder, draft, progress)?;
        carry_out(&self.layout, &[manifest], wanted, import.replace, progress)
    }
}

fn read_draft(folder: &Utf8Path) -> Result<Draft, StoreError> {
    let path = folder.join(DRAFT);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && folder.is_dir() => {
            return Err(StoreError::NoDraft { folder: folder.to_owned() });
        }
        Err(source) => return Err(StoreError::Read { path, source }),
    };
    Draft::parse_draft(&text).map_err(|source| StoreError::Manifest { path, source })
}

/// Finds out what the draft leaves open.
fn pin(folder: &Utf8Path, mut draft: Draft, progress: &dyn Progress) -> Result<(Manifest, Vec<Wanted>), StoreError> {
    let listed = std::mem::take(&mut draft.files);
    // All sizes before any hash: what is missing shows at once.
    let sizes = listed.iter().map(|file| size(folder, file)).collect::<Result<Vec<_>, _>>()?;
    let mut files = Vec::new();
    let mut wanted = Vec::new();
    for (file, size) in listed.into_iter().zip(sizes) {
        let from = folder.join(file.path.as_path());
        let hash = match file.sha256 {
            Some(hash) => hash,
            None => hash_file(&from, file.path.as_path().as_str(), progress)?.0,
        };
        let label = format!("{}/{}", draft.id, file.path);
        wanted.push(Wanted { label, hash, size, from, offset: 0 });
        files.push(ModelFile { path: file.path, role: file.role, size, sha256: hash });
    }
    Ok((draft.pinned(files), wanted))
}

fn size(folder: &Utf8Path, file: &DraftFile) -> Result<u64, StoreError> {
    let path = folder.join(file.path.as_path());
    let found = match fs::metadata(&path) {
        Ok(found) if found.is_file() => found.len(),
        Ok(_) => return Err(StoreError::NoFile { path }),
        Err(error) if is_missing(&error) => return Err(StoreError::NoFile { path }),
        Err(source) => return Err(StoreError::Read { path, source }),
    };
    match file.size {
        Some(expected) if expected != found => Err(StoreError::Size { file: path.into_string(), expected, found }),
        _ => Ok(found),
    }
}
