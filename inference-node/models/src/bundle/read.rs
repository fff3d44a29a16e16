//! Reading a bundle: its plan is checked entry by entry, from headers alone, before any blob is read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek};

use camino::Utf8Path;
use tar::{Archive, Entry, EntryType};

use super::index::LARGEST_MANIFEST;
use super::signature::{self, Trust};
use super::{BundleError, BundleIndex, INDEX, SIGNATURE};
use crate::content_hash::ContentHash;
use crate::keys::TrustedKeys;
use crate::layout::Layout;
use crate::manifest::Manifest;

/// The largest index that is taken, in bytes; a thousand models have less.
const LARGEST_INDEX: u64 = 16 << 20;
/// The largest signature that is taken, in bytes.
const LARGEST_SIGNATURE: u64 = 4 << 10;

/// A bundle whose plan was found right. Its blobs were not read yet.
#[derive(Debug)]
pub(crate) struct Bundle {
    pub(crate) index: BundleIndex,
    pub(crate) trust: Trust,
    pub(crate) manifests: Vec<Manifest>,
    pub(crate) blobs: Vec<PlacedBlob>,
}

/// A blob and where it is in the file.
#[derive(Debug)]
pub(crate) struct PlacedBlob {
    /// Its name for people: that of the first file that has it.
    pub(crate) label: String,
    pub(crate) hash: ContentHash,
    pub(crate) size: u64,
    pub(crate) offset: u64,
}

/// Reads all of the bundle but its blobs.
pub(crate) fn read(path: &Utf8Path, trusted: &TrustedKeys, allow_unsigned: bool) -> Result<Bundle, BundleError> {
    let file = File::open(path).map_err(BundleError::Read)?;
    let size = file.metadata().map_err(BundleError::Read)?.len();
    let mut archive = Archive::new(file);
    // Raw: no entry may change what the next one is called or how long it is.
    let entries = archive.entries_with_seek().map_err(BundleError::Read)?.raw(true);
    let mut walk = Walk { entries, last: String::new(), size };

    let index =
        walk.next()?.filter(|entry| entry.name == INDEX).ok_or(BundleError::NotABundle)?.bytes(LARGEST_INDEX)?;
    let mut ahead = walk.next()?;
    let signature = match ahead.take_if(|entry| entry.name == SIGNATURE) {
        Some(entry) => {
            let text = String::from_utf8(entry.bytes(LARGEST_SIGNATURE)?);
            ahead = walk.next()?;
            Some(text.map_err(|_| BundleError::NotASignature(None))?)
        }
        None => None,
    };
    if ahead.is_none() {
        return Err(BundleError::CutOff { expected: "manifests".to_owned() });
    }
    let trust = signature::check(&index, signature.as_deref(), trusted)?;
    match trust {
        Trust::Unsigned if !allow_unsigned => return Err(BundleError::Unsigned),
        Trust::UnknownKey(signer) if !allow_unsigned => return Err(BundleError::UnknownKey { signer }),
        _ => {}
    }

    // Only now that somebody vouches for it is it looked into.
    let index = BundleIndex::parse(&String::from_utf8_lossy(&index))?;
    let mut manifests = Vec::new();
    for model in &index.models {
        let entry = walk.expect(&mut ahead, Layout::manifest_name(&model.id), model.size)?;
        let bytes = entry.bytes(LARGEST_MANIFEST)?;
        ahead = walk.next()?;
        let found = ContentHash::of(&bytes);
        if found != model.sha256 {
            return Err(BundleError::ManifestContent { id: model.id.clone(), expected: model.sha256, found });
        }
        let manifest = Manifest::parse(&String::from_utf8_lossy(&bytes))
            .map_err(|source| BundleError::Manifest { id: model.id.clone(), source })?;
        if manifest.id != model.id {
            return Err(BundleError::Misnamed { id: model.id.clone(), found: manifest.id });
        }
        manifests.push(manifest);
    }
    let labels = match_blobs(&index, &manifests)?;
    let mut blobs = Vec::new();
    for blob in &index.blobs {
        let entry = walk.expect(&mut ahead, Layout::blob_name(&blob.sha256), blob.size)?;
        let label = labels.get(&blob.sha256).cloned().unwrap_or_default();
        blobs.push(PlacedBlob { label, hash: blob.sha256, size: blob.size, offset: entry.offset });
        ahead = walk.next()?;
    }
    match ahead {
        Some(extra) => Err(BundleError::Extra { found: extra.name }),
        None => Ok(Bundle { index, trust, manifests, blobs }),
    }
}

/// Every file of a model has its blob, and every blob belongs to a model; gives each blob a name for people.
fn match_blobs(index: &BundleIndex, manifests: &[Manifest]) -> Result<BTreeMap<ContentHash, String>, BundleError> {
    let sizes: BTreeMap<_, _> = index.blobs.iter().map(|blob| (blob.sha256, blob.size)).collect();
    let mut labels = BTreeMap::new();
    for manifest in manifests {
        for file in &manifest.files {
            if sizes.get(&file.sha256) != Some(&file.size) {
                return Err(BundleError::NoBlob { id: manifest.id.clone(), path: file.path.to_string() });
            }
            labels.entry(file.sha256).or_insert_with(|| format!("{}/{}", manifest.id, file.path));
        }
    }
    match sizes.into_keys().find(|hash| !labels.contains_key(hash)) {
        Some(hash) => Err(BundleError::StrayBlob { hash }),
        None => Ok(labels),
    }
}

/// Goes from entry to entry.
struct Walk<'a, R: Read + Seek> {
    entries: tar::Entries<'a, R>,
    /// The name of the last entry.
    last: String,
    /// How long the file is.
    size: u64,
}

/// A plain file in the bundle, wholly there.
struct Found<'a, R: Read> {
    name: String,
    size: u64,
    offset: u64,
    entry: Entry<'a, R>,
}

impl<'a, R: Read + Seek> Walk<'a, R> {
    fn next(&mut self) -> Result<Option<Found<'a, R>>, BundleError> {
        let entry = match self.entries.next() {
            None => return Ok(None),
            Some(Ok(entry)) => entry,
            Some(Err(_)) if self.last.is_empty() => return Err(BundleError::NotABundle),
            Some(Err(source)) => return Err(BundleError::Entry { after: self.last.clone(), source }),
        };
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type() != EntryType::Regular {
            return Err(BundleError::Kind { name });
        }
        let (size, offset) = (entry.size(), entry.raw_file_position());
        if offset.checked_add(size).is_none_or(|end| end > self.size) {
            return Err(BundleError::CutOff { expected: name });
        }
        self.last.clone_from(&name);
        Ok(Some(Found { name, size, offset, entry }))
    }

    /// `found`, if it is the entry that the index says.
    fn expect(
        &self,
        found: &mut Option<Found<'a, R>>,
        expected: String,
        size: u64,
    ) -> Result<Found<'a, R>, BundleError> {
        match found.take() {
            None => Err(BundleError::CutOff { expected }),
            Some(found) if found.name != expected => Err(BundleError::Order { expected, found: found.name }),
            Some(found) if found.size != size => {
                Err(BundleError::EntrySize { name: expected, expected: size, found: found.size })
            }
            Some(found) => Ok(found),
        }
    }
}

impl<R: Read> Found<'_, R> {
    /// Its bytes, if there are not more than `limit`.
    fn bytes(mut self, limit: u64) -> Result<Vec<u8>, BundleError> {
        if self.size > limit {
            return Err(BundleError::Oversize { name: self.name, limit, found: self.size });
        }
        let mut bytes = Vec::new();
        self.entry.read_to_end(&mut bytes).map_err(BundleError::Read)?;
        if bytes.len() as u64 == self.size { Ok(bytes) } else { Err(BundleError::CutOff { expected: self.name }) }
    }
}
