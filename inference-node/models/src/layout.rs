//! Where things lie in a store.

use std::io::{self, ErrorKind};

use camino::{Utf8Path, Utf8PathBuf};

use crate::content_hash::ContentHash;
use crate::error::StoreError;
use crate::model_id::ModelId;

/// What a manifest's file name ends in.
const TOML: &str = ".toml";
/// What the name of a blob that is being written ends in.
pub(crate) const PARTIAL: &str = ".partial";

/// The paths of a store.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: Utf8PathBuf,
}

impl Layout {
    pub(crate) fn new(root: Utf8PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// All folders that a store has from the start.
    pub(crate) fn folders(&self) -> [Utf8PathBuf; 7] {
        [self.blobs(), self.manifests(), self.views(), self.witnesses(), self.incoming(), self.removing(), self.locks()]
    }

    pub(crate) fn format(&self) -> Utf8PathBuf {
        self.root.join("format")
    }

    pub(crate) fn blobs(&self) -> Utf8PathBuf {
        self.root.join("blobs").join("sha256")
    }

    pub(crate) fn blob(&self, hash: &ContentHash) -> Utf8PathBuf {
        self.root.join(Self::blob_name(hash))
    }

    /// The blob's path below the root, which is also its name in a bundle.
    pub(crate) fn blob_name(hash: &ContentHash) -> String {
        let hash = hash.to_string();
        format!("blobs/sha256/{}/{hash}", &hash[..2])
    }

    pub(crate) fn manifests(&self) -> Utf8PathBuf {
        self.root.join("manifests")
    }

    pub(crate) fn manifest(&self, id: &ModelId) -> Utf8PathBuf {
        self.root.join(Self::manifest_name(id))
    }

    /// The manifest's path below the root, which is also its name in a bundle.
    pub(crate) fn manifest_name(id: &ModelId) -> String {
        format!("manifests/{id}{TOML}")
    }

    /// The model whose manifest has the file name `name`.
    pub(crate) fn id_of(name: &str) -> Option<ModelId> {
        name.strip_suffix(TOML)?.parse().ok()
    }

    pub(crate) fn views(&self) -> Utf8PathBuf {
        self.root.join("models")
    }

    pub(crate) fn view(&self, id: &ModelId) -> Utf8PathBuf {
        self.views().join(id.as_str())
    }

    pub(crate) fn witnesses(&self) -> Utf8PathBuf {
        self.root.join("witness")
    }

    pub(crate) fn witness(&self, hash: &ContentHash) -> Utf8PathBuf {
        self.witnesses().join(hash.to_string())
    }

    pub(crate) fn incoming(&self) -> Utf8PathBuf {
        self.root.join("incoming")
    }

    pub(crate) fn partial(&self, hash: &ContentHash) -> Utf8PathBuf {
        self.incoming().join(format!("{hash}{PARTIAL}"))
    }

    pub(crate) fn removing(&self) -> Utf8PathBuf {
        self.root.join("removing")
    }

    fn locks(&self) -> Utf8PathBuf {
        self.root.join("locks")
    }

    pub(crate) fn model_lock(&self, id: &ModelId) -> Utf8PathBuf {
        self.locks().join(format!("{id}.lock"))
    }

    pub(crate) fn write_lock(&self) -> Utf8PathBuf {
        self.root.join("write.lock")
    }

    /// The models that have a manifest, by name.
    pub(crate) fn ids(&self) -> Result<Vec<ModelId>, StoreError> {
        let folder = self.manifests();
        let names = names(&folder).map_err(|source| StoreError::Read { path: folder, source })?;
        Ok(names.iter().filter_map(|name| Self::id_of(name)).collect())
    }

    /// The hashes of all blobs.
    pub(crate) fn hashes(&self) -> Result<Vec<ContentHash>, StoreError> {
        let mut hashes = Vec::new();
        let list =
            |folder: &Utf8Path| names(folder).map_err(|source| StoreError::Read { path: folder.to_owned(), source });
        for shelf in list(&self.blobs())? {
            hashes.extend(list(&self.blobs().join(shelf))?.iter().filter_map(|name| name.parse::<ContentHash>().ok()));
        }
        Ok(hashes)
    }
}

/// The names in `folder`, in order. A name that is not UTF-8 is none of ours; a folder that is not there is empty.
pub(crate) fn names(folder: &Utf8Path) -> io::Result<Vec<String>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}
