//! Hashing everything again: what finds a disk that forgets.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::content_hash::ContentHash;
use crate::error::StoreError;
use crate::manifest::Manifest;
use crate::model_id::ModelId;
use crate::model_path::ModelPath;
use crate::open::{Finding, examine};
use crate::progress::Progress;
use crate::store::{Store, read_manifest};

/// What verification found of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The model.
    pub id: ModelId,
    /// Its files that are not what was imported; none: all is well.
    pub damaged: Vec<Damage>,
}

/// A file that is not what was imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// The file in the model.
    pub path: ModelPath,
    /// Its size in bytes as imported.
    pub expected_size: u64,
    /// Its size now; absent: it is missing.
    pub found_size: Option<u64>,
    /// The SHA-256 of its content as imported.
    pub expected: ContentHash,
    /// The SHA-256 now; absent when its size shows the damage already.
    pub found: Option<ContentHash>,
}

impl Store {
    /// Hashes every file of the model `id`, or of all models. A damaged file is refused from then on at loading, until the
    /// model is imported again.
    ///
    /// # Errors
    /// When a manifest or file cannot be read. That a file is damaged is no error: it is in the answer.
    pub fn verify(&self, id: Option<&ModelId>, progress: &dyn Progress) -> Result<Vec<Verified>, StoreError> {
        let ids = match id {
            Some(id) => vec![id.clone()],
            None => self.layout.ids()?,
        };
        let mut seen = BTreeMap::new();
        let mut verified = Vec::new();
        for each in ids {
            match read_manifest(&self.layout, &each) {
                Ok(manifest) => verified.push(self.verify_one(&manifest, &mut seen, progress)?),
                // Removed since the folder was listed.
                Err(StoreError::Unknown { .. }) if id.is_none() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(verified)
    }

    /// `seen` holds what was found of each content, so that what models share is hashed once.
    fn verify_one(
        &self,
        manifest: &Manifest,
        seen: &mut BTreeMap<ContentHash, Finding>,
        progress: &dyn Progress,
    ) -> Result<Verified, StoreError> {
        let mut damaged = Vec::new();
        for file in &manifest.files {
            let finding = match seen.get(&file.sha256) {
                Some(finding) => *finding,
                None => {
                    let finding = examine(&self.layout, manifest, file, progress)?;
                    seen.insert(file.sha256, finding);
                    finding
                }
            };
            let (found_size, found) = match finding {
                Finding::Right => continue,
                Finding::Missing => (None, None),
                Finding::Size(size) => (Some(size), None),
                Finding::Content(hash) => (Some(file.size), Some(hash)),
            };
            let (path, expected_size, expected) = (file.path.clone(), file.size, file.sha256);
            damaged.push(Damage { path, expected_size, found_size, expected, found });
        }
        Ok(Verified { id: manifest.id.clone(), damaged })
    }
}
