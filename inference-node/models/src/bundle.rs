//! One file that carries models: a tar of an index, its signature, manifests and blobs, in this order.
//!
//! The order, the sizes and the hashes of all entries follow from the index, and the signature covers the index: so a reader
//! knows at each point what must come next, and refuses everything else. Nothing is ever unpacked by a name that a bundle
//! gives. Compression would gain little: weights do not compress.

mod describe;
mod error;
mod index;
mod read;
mod signature;
mod write;

pub use describe::{BundleContents, inspect_bundle};
pub use error::BundleError;
pub use index::{BlobEntry, BundleIndex, ModelEntry};
pub(crate) use read::read;
pub use signature::Trust;
pub use write::{BundleOptions, BundleWritten};

/// The name of the first entry.
const INDEX: &str = "bundle.toml";
/// The name of the second entry.
const SIGNATURE: &str = "bundle.toml.minisig";
