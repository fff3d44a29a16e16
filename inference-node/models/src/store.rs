//! The store: a folder of models.

use std::fs;
use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};

use crate::durable;
use crate::error::StoreError;
use crate::layout::Layout;
use crate::manifest::Manifest;
use crate::model_id::ModelId;
use crate::summary::{Listing, ModelSummary};

/// The format of the folder.
const FORMAT: &str = "1";

/// A folder of models. Any number of processes may have it open.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) layout: Layout,
}

impl Store {
    /// Opens the store in the folder `root`, and makes an empty one if there is none.
    ///
    /// # Errors
    /// When the folder cannot be made, or holds a store of a later release.
    pub fn at(root: impl Into<Utf8PathBuf>) -> Result<Self, StoreError> {
        let layout = Layout::new(root.into());
        for folder in layout.folders() {
            durable::create_folder(&folder)?;
        }
        let path = layout.format();
        match fs::read_to_string(&path) {
            Ok(found) if found.trim() == FORMAT => {}
            Ok(found) => {
                return Err(StoreError::Format { root: layout.root().to_owned(), found: found.trim().to_owned() });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                durable::write_file(&layout, &path, format!("{FORMAT}\n").as_bytes())?;
            }
            Err(source) => return Err(StoreError::Read { path, source }),
        }
        Ok(Self { layout })
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Utf8Path {
        self.layout.root()
    }

    /// All models, by name. A manifest that cannot be used hides no other.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn list(&self) -> Result<Listing, StoreError> {
        let mut listing = Listing::default();
        for id in self.layout.ids()? {
            match read_manifest(&self.layout, &id) {
                Ok(manifest) => listing.models.push(ModelSummary::of(&manifest)),
                // Removed since the folder was listed.
                Err(StoreError::Unknown { .. }) => {}
                Err(error) => listing.unusable.push((id, error)),
            }
        }
        Ok(listing)
    }

    /// The manifest of a model.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], or when the manifest cannot be used.
    pub fn show(&self, id: &ModelId) -> Result<Manifest, StoreError> {
        read_manifest(&self.layout, id)
    }
}

/// The stored manifest of `id`.
pub(crate) fn read_manifest(layout: &Layout, id: &ModelId) -> Result<Manifest, StoreError> {
    let path = layout.manifest(id);
    let manifest = match fs::read_to_string(&path) {
        Ok(text) => Manifest::parse(&text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(StoreError::Unknown { id: id.clone() }),
        Err(source) => return Err(StoreError::Read { path, source }),
    };
    match manifest {
        Ok(manifest) if manifest.id == *id => Ok(manifest),
        Ok(manifest) => Err(StoreError::Misnamed { path, id: manifest.id }),
        Err(source) => Err(StoreError::Manifest { path, source }),
    }
}
