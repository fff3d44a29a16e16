//! Import of a bundle: nothing is copied before its signature, its index and all its manifests were found right.

use super::{BundleImport, Imported, StoreError, Wanted, carry_out};
use crate::bundle::{self, Trust};
use crate::locks;
use crate::progress::Progress;
use crate::store::Store;

impl Store {
    /// Imports all models of a bundle, or none.
    ///
    /// # Errors
    /// [`StoreError::Bundle`] when it is not acceptable, [`StoreError::Content`], [`StoreError::Exists`],
    /// [`StoreError::InUse`], [`StoreError::Space`], [`StoreError::Busy`], [`StoreError::Cancelled`]: the models are then as
    /// they were.
    pub fn import_bundle(&self, import: BundleImport<'_>, progress: &dyn Progress) -> Result<Imported, StoreError> {
        let bundle = bundle::read(import.bundle, import.trusted, import.allow_unsigned)
            .map_err(|source| StoreError::Bundle { path: import.bundle.to_owned(), source: Box::new(source) })?;
        match &bundle.trust {
            Trust::Signed(key) => tracing::info!(bundle = %import.bundle, %key, "the bundle's signature is right"),
            trust => tracing::warn!(
                bundle = %import.bundle, ?trust,
                "importing a bundle that NO TRUSTED KEY HAS SIGNED: whoever could write to it decides what this node runs"
            ),
        }
        let _writing = locks::write(&self.layout)?;
        let wanted = bundle.blobs.into_iter().map(|blob| Wanted {
            label: blob.label,
            hash: blob.hash,
            size: blob.size,
            from: import.bundle.to_owned(),
            offset: blob.offset,
        });
        let imported = carry_out(&self.layout, &bundle.manifests, wanted.collect(), import.replace, progress)?;
        Ok(Imported { trust: Some(bundle.trust), ..imported })
    }
}
