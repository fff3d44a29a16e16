//! Why a bundle is refused.

use std::io;

use crate::content_hash::ContentHash;
use crate::keys::KeyId;
use crate::manifest::ManifestError;
use crate::model_id::ModelId;

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It cannot be read.
    #[error("failed to read it")]
    Read(#[source] io::Error),
    /// It does not begin with an index.
    #[error("it does not begin with `bundle.toml`: it is no bundle of models")]
    NotABundle,
    /// An entry's header is broken.
    #[error("the entry after `{after}` is unreadable: the file is damaged; copy it again")]
    Entry {
        /// The last entry that could be read.
        after: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It ends too early.
    #[error("it ends before or within `{expected}`: the file was cut off; copy it again")]
    CutOff {
        /// What should be there.
        expected: String,
    },
    /// Another entry than the index says.
    #[error("it has `{found}` where its index says `{expected}`: it was tampered with or badly made")]
    Order {
        /// What the index says.
        expected: String,
        /// What is there.
        found: String,
    },
    /// More entries than the index says.
    #[error("it has `{found}` after all that its index lists: it was tampered with or badly made")]
    Extra {
        /// What is there.
        found: String,
    },
    /// An entry that is no plain file.
    #[error("its entry `{name}` is no plain file")]
    Kind {
        /// The entry.
        name: String,
    },
    /// An entry of another size than the index says.
    #[error("its entry `{name}` has {found} bytes and its index says {expected}: it was tampered with or badly made")]
    EntrySize {
        /// The entry.
        name: String,
        /// What the index says, in bytes.
        expected: u64,
        /// What is there, in bytes.
        found: u64,
    },
    /// An entry larger than any of its kind.
    #[error("its entry `{name}` has {found} bytes; at most {limit} are taken")]
    Oversize {
        /// The entry.
        name: String,
        /// The limit, in bytes.
        limit: u64,
        /// What is there, in bytes.
        found: u64,
    },
    /// It has no signature.
    #[error("nobody has signed it; have it made again with a trusted key, or allow unsigned bundles explicitly")]
    Unsigned,
    /// The signature is not readable as one.
    #[error("its signature is no minisign signature")]
    NotASignature(#[source] Option<minisign::PError>),
    /// It is signed by a key that is not trusted.
    #[error(
        "it is signed by the key {signer}, which is not trusted; add that key to the trusted ones if you know whose it is, or \
         allow unsigned bundles explicitly"
    )]
    UnknownKey {
        /// The key's number, as the signature claims.
        signer: KeyId,
    },
    /// The signature is not that of the index.
    #[error("its signature is not the one of the trusted key {signer}: it was tampered with")]
    BadSignature {
        /// The key that the signature claims.
        signer: KeyId,
        /// Why.
        #[source]
        source: minisign::PError,
    },
    /// The index is not one.
    #[error("failed to parse its index")]
    Index(#[source] Box<toml::de::Error>),
    /// The index is of another format.
    #[error("its index has the `schema` {found}; this release knows 1")]
    Schema {
        /// Its format.
        found: i64,
    },
    /// The index contradicts itself.
    #[error("its index is wrong: `{key}` {why}")]
    IndexRule {
        /// The key, such as `blobs[2].size`.
        key: String,
        /// What is wrong with it, to follow the key in a sentence.
        why: &'static str,
    },
    /// A manifest is not the one that the index pins.
    #[error("its manifest of `{id}` has the SHA-256 {found}; its index says {expected}: it was tampered with")]
    ManifestContent {
        /// The model.
        id: ModelId,
        /// What the index says.
        expected: ContentHash,
        /// What is there.
        found: ContentHash,
    },
    /// A manifest is not usable.
    #[error("its manifest of `{id}` is not usable")]
    Manifest {
        /// The model.
        id: ModelId,
        /// Why.
        #[source]
        source: ManifestError,
    },
    /// A manifest is another model's.
    #[error("its manifest of `{id}` is that of `{found}`")]
    Misnamed {
        /// The model that the index says.
        id: ModelId,
        /// The model that the manifest says.
        found: ModelId,
    },
    /// A model's file is not among the blobs.
    #[error("it lacks `{path}` of the model `{id}`, or has it in another size")]
    NoBlob {
        /// The model.
        id: ModelId,
        /// The file.
        path: String,
    },
    /// A blob that no model has.
    #[error("its blob {hash} belongs to none of its models")]
    StrayBlob {
        /// The blob.
        hash: ContentHash,
    },
}
