//! The index of a bundle: everything that follows it, pinned.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::BundleError;
use crate::content_hash::ContentHash;
use crate::model_id::ModelId;

/// The format that this release reads and writes.
pub(super) const SCHEMA: u32 = 1;
/// The largest manifest that is taken, in bytes.
pub(super) const LARGEST_MANIFEST: u64 = 1 << 20;

/// Everything that a bundle holds, in the order in which it holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleIndex {
    /// The format of the bundle: 1.
    pub schema: u32,
    /// When it was made.
    pub created: jiff::Timestamp,
    /// Its models.
    pub models: Vec<ModelEntry>,
    /// Its blobs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blobs: Vec<BlobEntry>,
}

/// A model in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// Its name.
    pub id: ModelId,
    /// The size of its manifest in bytes.
    pub size: u64,
    /// The SHA-256 of its manifest.
    pub sha256: ContentHash,
}

/// A blob in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlobEntry {
    /// Its SHA-256, which is also its name.
    pub sha256: ContentHash,
    /// Its size in bytes.
    pub size: u64,
}

impl BundleIndex {
    /// Reads and checks an index.
    ///
    /// # Errors
    /// When it is not one; the error names the key.
    pub(super) fn parse(text: &str) -> Result<Self, BundleError> {
        let table: toml::Table = text.parse().map_err(|error| BundleError::Index(Box::new(error)))?;
        match table.get("schema").and_then(toml::Value::as_integer) {
            Some(found) if found != i64::from(SCHEMA) => return Err(BundleError::Schema { found }),
            _ => {}
        }
        let index: Self = toml::from_str(text).map_err(|error| BundleError::Index(Box::new(error)))?;
        index.check()?;
        Ok(index)
    }

    fn check(&self) -> Result<(), BundleError> {
        let breach = |key: String, why| Err(BundleError::IndexRule { key, why });
        if self.models.is_empty() {
            return breach("models".to_owned(), "is empty");
        }
        let mut ids = BTreeSet::new();
        for (at, model) in self.models.iter().enumerate() {
            if !ids.insert(&model.id) {
                return breach(format!("models[{at}].id"), "is listed twice");
            }
            if model.size > LARGEST_MANIFEST {
                return breach(format!("models[{at}].size"), "is larger than any manifest");
            }
        }
        let mut hashes = BTreeSet::new();
        let mut sum: u64 = 0;
        for (at, blob) in self.blobs.iter().enumerate() {
            if !hashes.insert(blob.sha256) {
                return breach(format!("blobs[{at}].sha256"), "is listed twice");
            }
            sum = match sum.checked_add(blob.size) {
                Some(sum) if i64::try_from(sum).is_ok() => sum,
                _ => return breach(format!("blobs[{at}].size"), "is larger than any disk"),
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn index() -> BundleIndex {
        BundleIndex {
            schema: SCHEMA,
            created: "2025-01-02T03:04:05Z".parse().unwrap(),
            models: vec![ModelEntry { id: "a".parse().unwrap(), size: 5, sha256: ContentHash::of(b"hello") }],
            blobs: vec![BlobEntry { sha256: ContentHash::of(b"x"), size: 1 }],
        }
    }

    #[test]
    fn an_index_reads_back_as_it_was_written() {
        let text = toml::to_string(&index()).unwrap();
        assert_eq!(BundleIndex::parse(&text).unwrap(), index());
    }

    #[test]
    fn an_index_that_contradicts_itself_is_refused() {
        let breach = |change: fn(&mut BundleIndex)| {
            let mut index = index();
            change(&mut index);
            match BundleIndex::parse(&toml::to_string(&index).unwrap()) {
                Err(BundleError::IndexRule { key, .. }) => key,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(breach(|index| index.models.clear()), "models");
        assert_eq!(breach(|index| index.models.push(index.models[0].clone())), "models[1].id");
        assert_eq!(breach(|index| index.models[0].size = 1 << 30), "models[0].size");
        assert_eq!(breach(|index| index.blobs.push(index.blobs[0].clone())), "blobs[1].sha256");
        let huge = |index: &mut BundleIndex| {
            index.blobs[0].size = i64::MAX.unsigned_abs();
            index.blobs.push(BlobEntry { sha256: ContentHash::of(b"y"), size: 1 });
        };
        assert_eq!(breach(huge), "blobs[1].size");
    }

    #[test]
    fn a_later_format_is_named() {
        let text = toml::to_string(&index()).unwrap().replace("schema = 1", "schema = 2\nnew = true");
        assert!(matches!(BundleIndex::parse(&text), Err(BundleError::Schema { found: 2 })));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            let _ = BundleIndex::parse(&text);
        }

        #[test]
        fn no_damaged_index_makes_the_parser_panic(at in 0usize..300, with in "[ -~]{0,8}", cut in 0usize..12) {
            let mut text = toml::to_string(&index()).unwrap();
            let at = at.min(text.len());
            text.replace_range(at..(at + cut).min(text.len()), &with);
            if let Ok(index) = BundleIndex::parse(&text) {
                prop_assert_eq!(BundleIndex::parse(&toml::to_string(&index).unwrap()).unwrap(), index);
            }
        }
    }
}
