//! Making a bundle of stored models.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::index::SCHEMA;
use super::{BlobEntry, BundleIndex, INDEX, ModelEntry, SIGNATURE};
use crate::content_hash::ContentHash;
use crate::durable;
use crate::error::StoreError;
use crate::hashing::PIECE;
use crate::keys::{KeyId, SigningKey};
use crate::layout::Layout;
use crate::manifest::Manifest;
use crate::model_id::ModelId;
use crate::progress::Progress;
use crate::space;
use crate::store::{Store, read_manifest};

/// Which bundle to make.
#[derive(Debug)]
pub struct BundleOptions<'a> {
    /// Its models.
    pub models: &'a [ModelId],
    /// Its file; it must not be there yet.
    pub output: &'a Utf8Path,
    /// Who signs it; without a key every import must allow unsigned bundles.
    pub key: Option<&'a SigningKey>,
}

/// What bundle was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleWritten {
    /// Its index.
    pub index: BundleIndex,
    /// Its size in bytes.
    pub size: u64,
    /// Who signed it.
    pub signed_by: Option<KeyId>,
}

impl Store {
    /// Makes a bundle. Every blob is hashed on the way: a damaged one does not travel.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], [`StoreError::Damaged`], [`StoreError::OutputExists`], [`StoreError::Space`],
    /// [`StoreError::Cancelled`]: no file is left then.
    pub fn bundle(&self, options: &BundleOptions<'_>, progress: &dyn Progress) -> Result<BundleWritten, StoreError> {
        let output = options.output;
        if output.exists() {
            return Err(StoreError::OutputExists { path: output.to_owned() });
        }
        let plan = Plan::make(&self.layout, options.models)?;
        let folder = output.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
        space::ensure(folder, plan.index.blobs.iter().fold(0, |sum: u64, blob| sum.saturating_add(blob.size)))?;
        let unfinished = Utf8PathBuf::from(format!("{output}.unfinished"));
        let written = plan.write(&self.layout, &unfinished, options.key, progress).and_then(|size| {
            fs::rename(&unfinished, output)
                .and_then(|()| durable::sync_entry(output))
                .map_err(|source| StoreError::Write { path: output.to_owned(), source })?;
            Ok(size)
        });
        let size = written.inspect_err(|_| {
            // The error that matters is the one that is returned.
            let _ = fs::remove_file(&unfinished);
        })?;
        Ok(BundleWritten { index: plan.index, size, signed_by: options.key.map(SigningKey::id) })
    }
}

/// Everything that a bundle will hold.
struct Plan {
    index: BundleIndex,
    /// The manifests' texts, in the order of the index.
    manifests: Vec<String>,
    /// Each blob's model and file, for people.
    owners: BTreeMap<ContentHash, (ModelId, String)>,
}

impl Plan {
    fn make(layout: &Layout, models: &[ModelId]) -> Result<Self, StoreError> {
        let ids: BTreeSet<&ModelId> = models.iter().collect();
        if ids.is_empty() {
            return Err(StoreError::NothingToBundle);
        }
        let mut index =
            BundleIndex { schema: SCHEMA, created: jiff::Timestamp::now(), models: Vec::new(), blobs: Vec::new() };
        let (mut manifests, mut owners, mut sizes) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        for id in ids {
            let manifest: Manifest = read_manifest(layout, id)?;
            let text =
                manifest.to_toml().map_err(|source| StoreError::Manifest { path: layout.manifest(id), source })?;
            let sha256 = ContentHash::of(text.as_bytes());
            index.models.push(ModelEntry { id: id.clone(), size: text.len() as u64, sha256 });
            manifests.push(text);
            for file in &manifest.files {
                sizes.insert(file.sha256, file.size);
                owners.entry(file.sha256).or_insert_with(|| (id.clone(), file.path.to_string()));
            }
        }
        index.blobs = sizes.into_iter().map(|(sha256, size)| BlobEntry { sha256, size }).collect();
        Ok(Self { index, manifests, owners })
    }

    fn write(
        &self,
        layout: &Layout,
        output: &Utf8Path,
        key: Option<&SigningKey>,
        progress: &dyn Progress,
    ) -> Result<u64, StoreError> {
        let failed = |source| StoreError::Write { path: output.to_owned(), source };
        let index = toml::to_string(&self.index).map_err(StoreError::WriteIndex)?;
        let file = File::create(output).map_err(failed)?;
        let mut tar = Builder::new(BufWriter::with_capacity(PIECE, file));
        self.append(&mut tar, INDEX, index.len() as u64, index.as_bytes()).map_err(failed)?;
        if let Some(key) = key {
            let comment = format!("bundle of models created {}", self.index.created);
            let signature = key.sign(index.as_bytes(), &comment).map_err(StoreError::Sign)?;
            self.append(&mut tar, SIGNATURE, signature.len() as u64, signature.as_bytes()).map_err(failed)?;
        }
        for (model, text) in self.index.models.iter().zip(&self.manifests) {
            self.append(&mut tar, &Layout::manifest_name(&model.id), model.size, text.as_bytes()).map_err(failed)?;
        }
        for blob in &self.index.blobs {
            self.append_blob(layout, &mut tar, blob, progress, output)?;
        }
        let mut written = tar.into_inner().map_err(failed)?;
        written.flush().map_err(failed)?;
        let file = written.get_ref();
        file.sync_all().and_then(|()| file.metadata()).map(|file| file.len()).map_err(failed)
    }

    fn append_blob<W: Write>(
        &self,
        layout: &Layout,
        tar: &mut Builder<W>,
        blob: &BlobEntry,
        progress: &dyn Progress,
        output: &Utf8Path,
    ) -> Result<(), StoreError> {
        let Some((id, path)) = self.owners.get(&blob.sha256) else { return Ok(()) };
        let damaged = |damage: String| StoreError::Damaged { id: id.clone(), path: path.clone(), damage };
        let stored = layout.blob(&blob.sha256);
        let file = File::open(&stored).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => damaged("is missing".to_owned()),
            _ => StoreError::Read { path: stored.clone(), source: error },
        })?;
        progress.start(&format!("{id}/{path}"), blob.size);
        let mut watched =
            Watched { from: file.take(blob.size), hasher: Sha256::new(), read: 0, progress, cancelled: false };
        let appended = self.append(tar, &Layout::blob_name(&blob.sha256), blob.size, &mut watched);
        if watched.cancelled {
            return Err(StoreError::Cancelled);
        }
        appended.map_err(|source| StoreError::Write { path: output.to_owned(), source })?;
        let found = ContentHash::from_hasher(watched.hasher);
        if watched.read != blob.size {
            return Err(damaged(format!("has {} bytes instead of {}", watched.read, blob.size)));
        }
        if found != blob.sha256 {
            return Err(damaged(format!("has the SHA-256 {found} instead of {}", blob.sha256)));
        }
        progress.finish();
        Ok(())
    }

    fn append<W: Write>(&self, tar: &mut Builder<W>, name: &str, size: u64, bytes: impl Read) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(u64::try_from(self.index.created.as_second()).unwrap_or(0));
        header.set_size(size);
        tar.append_data(&mut header, name, bytes)
    }
}

/// A file that is hashed while it is read, and that ends with an error when somebody asks to stop.
struct Watched<'a, R> {
    from: R,
    hasher: Sha256,
    read: u64,
    progress: &'a dyn Progress,
    cancelled: bool,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.progress.cancelled() {
            self.cancelled = true;
            return Err(io::Error::other("cancelled"));
        }
        let count = self.from.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.read += count as u64;
        self.progress.advance(count as u64);
        Ok(count)
    }
}
