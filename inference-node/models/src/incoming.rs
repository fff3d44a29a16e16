//! One blob on its way into the store.
//!
//! It is copied into `incoming/<sha256>.partial`, hashed on the way, and gets its name only when size and hash are right. An
//! interrupted copy is continued: what is there is hashed from our disk, which is quicker than reading it again from the disk
//! that somebody carried in, and the hash of the whole says at the end whether it was right. If it was not, all is copied once
//! more from the start, so that a bad beginning costs time and never correctness. The end of what is there, which a power
//! failure would spoil first, is compared with the source before.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest, Sha256};

use crate::content_hash::ContentHash;
use crate::durable;
use crate::error::StoreError;
use crate::hashing::{PIECE, hash_file, pump};
use crate::layout::Layout;
use crate::progress::Progress;
use crate::witness;

/// A blob that an import needs, and where its bytes are.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The file's name for people.
    pub(crate) label: String,
    pub(crate) hash: ContentHash,
    pub(crate) size: u64,
    /// The file that holds the bytes: the source's own, or a bundle.
    pub(crate) from: Utf8PathBuf,
    /// Where in it they begin.
    pub(crate) offset: u64,
}

impl Wanted {
    /// Whether the store has the blob already, and it is right: it is hashed unless a witness vouches for it.
    pub(crate) fn is_there(&self, layout: &Layout, progress: &dyn Progress) -> Result<bool, StoreError> {
        let Some(file) = witness::look(layout, &self.hash)? else { return Ok(false) };
        if witness::testifies(layout, &self.hash, &file) {
            return Ok(true);
        }
        if file.len() == self.size && hash_file(&layout.blob(&self.hash), &self.label, progress)?.0 == self.hash {
            witness::record(layout, &self.hash, &file)?;
            return Ok(true);
        }
        tracing::warn!(blob = %self.hash, "a damaged blob is replaced");
        Ok(false)
    }

    /// How many bytes must still be written.
    pub(crate) fn remaining(&self, layout: &Layout) -> u64 {
        let there = fs::metadata(layout.partial(&self.hash)).map_or(0, |partial| partial.len());
        self.size.saturating_sub(there)
    }

    /// Copies the blob into the store; durable when it returns. Gives how many bytes an earlier import had copied.
    pub(crate) fn bring_in(&self, layout: &Layout, progress: &dyn Progress) -> Result<u64, StoreError> {
        let path = layout.partial(&self.hash);
        let failed = |source| StoreError::Write { path: path.clone(), source };
        let mut partial =
            File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        let mut source = File::open(&self.from).map_err(|error| self.unreadable(error))?;
        let mut kept = self.usable(&mut partial, &mut source)?;
        loop {
            partial.set_len(kept).and_then(|()| partial.rewind()).map_err(failed)?;
            let found = self.copy(&path, &mut partial, kept, &mut source, progress).inspect_err(|_| {
                // What came so far serves the next import; if it is lost, that one copies it again.
                let _ = partial.sync_all();
            })?;
            if found == self.hash {
                break;
            }
            if kept == 0 {
                durable::remove_file(&path)?;
                let (expected, found) = (self.hash.to_string(), found.to_string());
                return Err(StoreError::Content { file: self.label.clone(), expected, found });
            }
            tracing::warn!(file = self.label, "what an interrupted import left is spoilt; copying it from the start");
            kept = 0;
        }
        self.settle(layout, &partial)?;
        Ok(kept)
    }

    /// How much of what an interrupted import left can be built upon.
    fn usable(&self, partial: &mut File, source: &mut File) -> Result<u64, StoreError> {
        let there = partial.metadata().map_err(|error| self.unreadable(error))?.len();
        if there == 0 || there > self.size {
            return Ok(0);
        }
        let start = there.saturating_sub(PIECE as u64);
        let tail = |file: &mut File, start| -> io::Result<Vec<u8>> {
            let mut tail = Vec::new();
            file.seek(SeekFrom::Start(start))?;
            file.take(PIECE as u64).read_to_end(&mut tail)?;
            Ok(tail)
        };
        let left = tail(partial, start).map_err(|error| self.unreadable(error))?;
        let mut right = tail(source, self.offset.saturating_add(start)).map_err(|error| self.unreadable(error))?;
        right.truncate(left.len());
        Ok(if left == right { there } else { 0 })
    }

    /// Hashes the first `kept` bytes of `partial` and appends the rest from `source`.
    fn copy(
        &self,
        path: &Utf8Path,
        partial: &mut File,
        kept: u64,
        source: &mut File,
        progress: &dyn Progress,
    ) -> Result<ContentHash, StoreError> {
        progress.start(&self.label, self.size);
        let mut hasher = Sha256::new();
        let hashed = pump(partial, kept, progress, |piece| {
            hasher.update(piece);
            Ok(())
        });
        hashed.map_err(|stop| stop.or(|error| self.unreadable(error)))?;
        source.seek(SeekFrom::Start(self.offset.saturating_add(kept))).map_err(|error| self.unreadable(error))?;
        let copied = pump(source, self.size - kept, progress, |piece| {
            hasher.update(piece);
            partial.write_all(piece).map_err(|source| StoreError::Write { path: path.to_owned(), source })
        });
        let copied = copied.map_err(|stop| stop.or(|error| self.unreadable(error)))?;
        if kept + copied < self.size {
            return Err(StoreError::Size { file: self.label.clone(), expected: self.size, found: kept + copied });
        }
        progress.finish();
        Ok(ContentHash::from_hasher(hasher))
    }

    /// Gives the finished copy its name.
    fn settle(&self, layout: &Layout, partial: &File) -> Result<(), StoreError> {
        let (path, blob) = (layout.partial(&self.hash), layout.blob(&self.hash));
        let failed = |source| StoreError::Write { path: path.clone(), source };
        partial.set_modified(a_second_ago()).map_err(failed)?;
        partial.sync_all().map_err(failed)?;
        if let Some(shelf) = blob.parent() {
            durable::create_folder(shelf)?;
        }
        durable::rename(&path, &blob)?;
        // Only now: were it done before and the process died between, the next import could not write the partial file.
        partial.set_permissions(Permissions::from_mode(0o444)).and_then(|()| partial.sync_all()).map_err(failed)?;
        witness::record(layout, &self.hash, &partial.metadata().map_err(failed)?)
    }

    fn unreadable(&self, source: io::Error) -> StoreError {
        StoreError::Read { path: self.from.clone(), source }
    }
}

/// A time that no later write can leave in place: within one tick of the clock a change would otherwise not show.
fn a_second_ago() -> SystemTime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs(now.as_secs().saturating_sub(1))
}
