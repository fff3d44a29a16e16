//! Why the store could not do what it was asked.

use std::io;

use camino::Utf8PathBuf;

use crate::bundle::BundleError;
use crate::manifest::ManifestError;
use crate::model_id::ModelId;

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store was made by a later release.
    #[error(
        "the store `{root}` has the format `{found}`, which this release does not know; use the release that made it"
    )]
    Format {
        /// The store.
        root: Utf8PathBuf,
        /// Its format.
        found: String,
    },
    /// Another process writes.
    #[error("another process is importing into the store `{root}` or removing from it; try again when it is done")]
    Busy {
        /// The store.
        root: Utf8PathBuf,
    },
    /// A process has the model loaded.
    #[error("the model `{id}` is in use; unload it first")]
    InUse {
        /// The model.
        id: ModelId,
    },
    /// There is no such model.
    #[error("the store has no model `{id}`; `models list` shows those it has")]
    Unknown {
        /// The model asked for.
        id: ModelId,
    },
    /// There is one of that name, and it is another.
    #[error("the store has another model `{id}`; replace it explicitly, or import this one under another id")]
    Exists {
        /// The model.
        id: ModelId,
    },
    /// The folder to import has no manifest.
    #[error("`{folder}` has no `model.toml`; write one that says what the model is and lists its files")]
    NoDraft {
        /// The folder.
        folder: Utf8PathBuf,
    },
    /// A manifest is not one.
    #[error("`{path}` is not a usable manifest")]
    Manifest {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: ManifestError,
    },
    /// A manifest lies under another model's name.
    #[error("`{path}` is the manifest of `{id}`; import the model again and delete this file")]
    Misnamed {
        /// The file.
        path: Utf8PathBuf,
        /// Whose manifest it is.
        id: ModelId,
    },
    /// A file that the manifest lists is not there.
    #[error("`{path}`, which the manifest lists, is not there or is no file")]
    NoFile {
        /// The file.
        path: Utf8PathBuf,
    },
    /// A file's size is not the one that the manifest gives.
    #[error("`{file}` has {found} bytes; its manifest says {expected}: fetch it again")]
    Size {
        /// The file.
        file: String,
        /// What the manifest says, in bytes.
        expected: u64,
        /// What there is, in bytes.
        found: u64,
    },
    /// A file's content is not the one that the manifest gives.
    #[error("`{file}` has the SHA-256 {found}; its manifest says {expected}: fetch it again")]
    Content {
        /// The file.
        file: String,
        /// What the manifest says.
        expected: String,
        /// What there is.
        found: String,
    },
    /// The disk is too small.
    #[error("`{path}` has {available} bytes free and {needed} are needed; remove a model, or prune what imports left")]
    Space {
        /// The store, or the bundle's folder.
        path: Utf8PathBuf,
        /// What is needed, in bytes, with a reserve.
        needed: u64,
        /// What is free, in bytes.
        available: u64,
    },
    /// A stored file is missing or is not what was imported.
    #[error("`{path}` of the model `{id}` {damage}; import the model again")]
    Damaged {
        /// The model.
        id: ModelId,
        /// The file in the model.
        path: String,
        /// What is wrong with it, to follow it in a sentence.
        damage: String,
    },
    /// Somebody asked to stop.
    #[error("stopped on request; what was copied is kept, and the next import goes on from there")]
    Cancelled,
    /// Nothing was named that a bundle could hold.
    #[error("a bundle needs at least one model")]
    NothingToBundle,
    /// A bundle is already there.
    #[error("`{path}` is already there; name another file, or remove it")]
    OutputExists {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The bundle is not acceptable.
    #[error("the bundle `{path}` is refused")]
    Bundle {
        /// The bundle.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: Box<BundleError>,
    },
    /// The index of a bundle cannot be written as TOML.
    #[error("failed to write the bundle's index as TOML")]
    WriteIndex(#[source] toml::ser::Error),
    /// The index of a bundle cannot be signed.
    #[error("failed to sign the bundle's index")]
    Sign(#[source] minisign::PError),
    /// A lock cannot be taken.
    #[error("failed to lock `{path}`")]
    Lock {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The free space cannot be asked for.
    #[error("failed to ask for the free space of `{path}`")]
    FreeSpace {
        /// The folder.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file or folder cannot be read.
    #[error("failed to read `{path}`")]
    Read {
        /// The file or folder.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file or folder cannot be written or made durable.
    #[error("failed to write `{path}`")]
    Write {
        /// The file or folder.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file or folder cannot be removed.
    #[error("failed to remove `{path}`")]
    Remove {
        /// The file or folder.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A hard link cannot be made.
    #[error("failed to link `{path}` to its blob; the store needs one file system that knows hard links")]
    Link {
        /// The file in the model's folder.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}
