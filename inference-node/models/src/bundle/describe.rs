//! What a bundle holds, without importing it.

use camino::Utf8Path;
use serde::Serialize;

use super::{Trust, read};
use crate::error::StoreError;
use crate::keys::TrustedKeys;
use crate::summary::ModelSummary;

/// What a bundle holds.
#[derive(Debug, Clone, Serialize)]
pub struct BundleContents {
    /// When it was made, as it says.
    pub created: jiff::Timestamp,
    /// How far it can be believed.
    pub trust: Trust,
    /// Its models.
    pub models: Vec<ModelSummary>,
    /// The size of all its blobs, in bytes.
    pub size: u64,
}

/// Says what a bundle holds and who has signed it. Its blobs are not read: only an import finds them wrong.
///
/// # Errors
/// When its signature is wrong, or its plan is not right. That nobody trusted has signed it is in the answer.
pub fn inspect_bundle(path: &Utf8Path, trusted: &TrustedKeys) -> Result<BundleContents, StoreError> {
    let bundle = read(path, trusted, true)
        .map_err(|source| StoreError::Bundle { path: path.to_owned(), source: Box::new(source) })?;
    Ok(BundleContents {
        created: bundle.index.created,
        trust: bundle.trust,
        models: bundle.manifests.iter().map(ModelSummary::of).collect(),
        size: bundle.blobs.iter().fold(0, |sum: u64, blob| sum.saturating_add(blob.size)),
    })
}
