//! The node's content-addressed store of models: manifests, verified offline import, signed bundles.
//!
//! A site without internet gets its models on a disk that somebody carries in. What arrives is checked against SHA-256 sums
//! that a signature covers, is kept once however many models share it, and is checked again, cheaply, each time that it is
//! loaded. Everything here is synchronous and works on a folder; several processes may share one store.
//!
//! **Layout** of a store:
//!
//! | path | holds |
//! |---|---|
//! | `blobs/sha256/ab/abcd…` | the bytes, read-only, named by what they are |
//! | `manifests/<id>.toml` | one model each; a model exists if and only if this file does |
//! | `models/<id>/…` | hard links to the blobs under the files' own names: what engines open; derived, rebuilt when wrong |
//! | `witness/<sha256>` | size, time and inode of a blob when it was last found right: what makes loading cheap |
//! | `incoming/` | what is being written; `<sha256>.partial` is continued by the next import |
//! | `removing/` | manifests of models whose removal has begun: the next writer finishes it |
//! | `locks/`, `write.lock` | advisory locks; one process at a time writes, any number read |
//!
//! **Crashes.** Files are written under another name, synced and renamed, and a manifest is written after all that it names:
//! whatever is cut off in the middle leaves models whole or absent. What is derived (view, witness) is mended by
//! [`Store::open`].
//!
//! **Trust.** A bundle is a tar whose first entry, the index, pins the SHA-256 of everything else; its second entry is a
//! minisign signature of that index. So a bundle can be refused before any of its gigabytes are copied, and it can be made and
//! checked with public tools as well.

mod bundle;
mod content_hash;
mod durable;
mod error;
mod hashing;
mod import;
mod incoming;
mod keys;
mod layout;
mod locks;
mod manifest;
mod model_id;
mod model_path;
mod open;
mod progress;
mod removal;
mod space;
mod store;
mod summary;
mod verify;
mod view;
mod witness;

pub use bundle::{
    BlobEntry, BundleContents, BundleError, BundleIndex, BundleOptions, BundleWritten, ModelEntry, Trust,
    inspect_bundle,
};
pub use content_hash::{ContentHash, NotAHash};
pub use error::StoreError;
pub use import::{BundleImport, FolderImport, Imported};
pub use keys::{KeyError, KeyId, KeygenOptions, SigningKey, TrustedKeys, generate_keys};
pub use manifest::{
    Draft, DraftFile, FileRole, Languages, Licence, Manifest, ManifestError, Memory, ModelFile, Remote, Source, Voice,
};
pub use model_id::{ModelId, NotAModelId};
pub use model_path::{ModelPath, UnsafePath};
pub use open::OpenedModel;
pub use progress::{Progress, Silent};
pub use removal::{Pruned, Removed};
pub use store::Store;
pub use summary::{Listing, ModelSummary};
pub use verify::{Damage, Verified};
