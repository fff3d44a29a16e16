//! Objects as files of a local folder.
//!
//! A file is written under another name, synced, and renamed; then its folder is synced, and the folders above it, until
//! each is known to be durable: when `keep` returns, a power failure loses nothing of it. Everything here blocks; the caller
//! moves it off the runtime's workers.

use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use camino::{Utf8Path, Utf8PathBuf};

use crate::error::BlobError;
use crate::sealing::Opening;

/// Where files are written before they get their name: in the same file system, so that the rename is one step, and in one
/// place, so that what a killed process left is found without a walk through all objects.
const INCOMING: &str = "incoming";
/// What lies there for so long was left by a process that is no more.
const LEFT_OVER: Duration = Duration::from_secs(24 * 60 * 60);
/// How much of a file is read at once.
const PIECE: usize = 64 * 1024;

/// Objects as files of a folder.
#[derive(Debug)]
pub(crate) struct Folder {
    root: Utf8PathBuf,
    /// Folders whose entry in the folder above is known to be durable; there are at most 65,792.
    durable: Mutex<HashSet<Utf8PathBuf>>,
}

impl Folder {
    /// Opens the folder, makes it if it is not there, and tries whether it can be written.
    pub(crate) fn open(root: &Utf8Path) -> Result<Self, BlobError> {
        let incoming = root.join(INCOMING);
        create(&incoming).map_err(|source| BlobError::CreateFolder { path: incoming.clone(), source })?;
        let mode = fs::metadata(root).map_or(0, |metadata| metadata.permissions().mode());
        if mode & 0o077 != 0 {
            tracing::warn!(folder = %root, mode = format!("{:o}", mode & 0o777), "the folder of attachments is open to others");
        }
        remove_left_over(&incoming, SystemTime::now())
            .map_err(|source| BlobError::ListFolder { path: incoming, source })?;
        let folder = Self { root: root.to_owned(), durable: Mutex::default() };
        let probe = folder.write(b"")?;
        fs::remove_file(&probe).map_err(|source| BlobError::RemoveFile { path: probe, source })?;
        Ok(folder)
    }

    pub(crate) fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// Keeps `object` as `path`; durable when it returns. One that is there and the same is left alone, one that is damaged
    /// is replaced.
    pub(crate) fn keep(&self, path: &str, object: &[u8]) -> Result<(), BlobError> {
        let target = self.root.join(path);
        let failed = |source| BlobError::WriteFile { path: target.clone(), source };
        match holds(&target, object) {
            Ok(true) => {}
            Ok(false) => self.replace(&target, object)?,
            Err(source) => return Err(BlobError::ReadFile { path: target, source }),
        }
        // Also for one that was there: its writer may not have come this far yet.
        self.settle(&target).map_err(failed)
    }

    /// Hands the object at `path` to `opening`.
    pub(crate) fn read(&self, path: &str, mut opening: Opening) -> Result<Vec<u8>, BlobError> {
        let path = self.root.join(path);
        let failed = |source: io::Error| match source.kind() {
            ErrorKind::NotFound => BlobError::Missing,
            _ => BlobError::ReadFile { path: path.clone(), source },
        };
        let mut file = File::open(&path).map_err(failed)?;
        let mut piece = vec![0; PIECE];
        loop {
            match file.read(&mut piece) {
                Ok(0) => return opening.finish().map_err(BlobError::Damaged),
                Ok(count) => opening.take(&piece[..count]).map_err(BlobError::Damaged)?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// Removes the object at `path`, durably; one that is not there is no error.
    pub(crate) fn delete(&self, path: &str) -> Result<(), BlobError> {
        let path = self.root.join(path);
        let removed = match fs::remove_file(&path) {
            Ok(()) => sync_folder_of(&path),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        removed.map_err(|source| BlobError::RemoveFile { path, source })
    }

    fn replace(&self, target: &Utf8Path, object: &[u8]) -> Result<(), BlobError> {
        if let Some(folder) = target.parent() {
            create(folder).map_err(|source| BlobError::CreateFolder { path: folder.to_owned(), source })?;
        }
        let written = self.write(object)?;
        fs::rename(&written, target).map_err(|source| {
            // Otherwise it is removed when it has become old.
            let _ = fs::remove_file(&written);
            BlobError::WriteFile { path: target.to_owned(), source }
        })
    }

    /// Writes `object` as a file without a name of its own, and syncs it.
    fn write(&self, object: &[u8]) -> Result<Utf8PathBuf, BlobError> {
        let path = self.root.join(INCOMING).join(format!("{:032x}", rand::random::<u128>()));
        let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).and_then(|mut file| {
            file.write_all(object)?;
            file.sync_all()
        });
        match written {
            Ok(()) => Ok(path),
            Err(source) => {
                let _ = fs::remove_file(&path);
                Err(BlobError::WriteFile { path, source })
            }
        }
    }

    /// Makes the entry of `target` durable, and those of the folders that it lies in.
    fn settle(&self, target: &Utf8Path) -> io::Result<()> {
        sync_folder_of(target)?;
        for folder in target.ancestors().skip(1).take_while(|folder| *folder != self.root) {
            if self.durable.lock().unwrap_or_else(PoisonError::into_inner).contains(folder) {
                break;
            }
            sync_folder_of(folder)?;
        }
        if let Some(folder) = target.parent() {
            // Who finds it here can stop: those above it are durable as well.
            self.durable.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
        }
        Ok(())
    }
}

/// Whether the file at `path` is there and is `object`.
fn holds(path: &Utf8Path, object: &[u8]) -> io::Result<bool> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut there = file.metadata()?.len() == object.len() as u64;
    let mut piece = vec![0; PIECE];
    for expected in object.chunks(PIECE) {
        if !there {
            break;
        }
        let found = &mut piece[..expected.len()];
        there = match file.read_exact(found) {
            Ok(()) => found == expected,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => false,
            Err(error) => return Err(error),
        };
    }
    if !there {
        tracing::warn!(object = %path, "a damaged object is replaced by its content, which came again");
    }
    Ok(there)
}

/// Makes `folder` and those above it, for the owner alone; their entries are durable when it returns.
fn create(folder: &Utf8Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => sync_folder_of(folder),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let above = folder.parent().filter(|above| !above.as_str().is_empty()).ok_or(error)?;
            create(above)?;
            create(folder)
        }
        Err(error) => Err(error),
    }
}

fn sync_folder_of(path: &Utf8Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

fn remove_left_over(incoming: &Utf8Path, now: SystemTime) -> io::Result<()> {
    for entry in incoming.read_dir_utf8()? {
        let entry = entry?;
        let written = entry.metadata().and_then(|metadata| metadata.modified());
        // A file that another server of this folder just renamed away is no error, nor is a clock that was set back.
        let old = written.is_ok_and(|written| now.duration_since(written).is_ok_and(|age| age > LEFT_OVER));
        if old && fs::remove_file(entry.path()).is_ok() {
            tracing::info!(file = %entry.path(), "removed what an earlier process left half written");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::ContentDigest;
    use crate::keys::MasterKey;

    fn temporary() -> (tempfile::TempDir, Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("data/blobs")).unwrap();
        (folder, path)
    }

    fn mode(path: &Utf8Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn incoming(root: &Utf8Path) -> usize {
        root.join(INCOMING).read_dir_utf8().unwrap().count()
    }

    #[test]
    fn files_and_folders_are_for_their_owner_alone() {
        let (_temporary, root) = temporary();
        let folder = Folder::open(&root).unwrap();
        folder.keep("ab/cd/abcd", b"object").unwrap();
        for path in ["", "ab", "ab/cd", INCOMING] {
            assert_eq!(mode(&root.join(path)), 0o700, "{path}");
        }
        assert_eq!(mode(&root.join("ab/cd/abcd")), 0o600);
        assert_eq!(incoming(&root), 0, "nothing is left beside");
    }

    #[test]
    fn the_same_object_again_leaves_the_file_alone() {
        let (_temporary, root) = temporary();
        let folder = Folder::open(&root).unwrap();
        folder.keep("ab/cd/abcd", b"object").unwrap();
        let first = fs::metadata(root.join("ab/cd/abcd")).unwrap();
        folder.keep("ab/cd/abcd", b"object").unwrap();
        let again = fs::metadata(root.join("ab/cd/abcd")).unwrap();
        assert_eq!(std::os::unix::fs::MetadataExt::ino(&first), std::os::unix::fs::MetadataExt::ino(&again));
        assert_eq!(first.modified().unwrap(), again.modified().unwrap());
    }

    #[test]
    fn a_damaged_object_heals_when_its_content_comes_again() {
        let (_temporary, root) = temporary();
        let folder = Folder::open(&root).unwrap();
        for damaged in [&b"objecT"[..], b"obj", b"", b"object and more"] {
            folder.keep("ab/cd/abcd", b"object").unwrap();
            fs::write(root.join("ab/cd/abcd"), damaged).unwrap();
            folder.keep("ab/cd/abcd", b"object").unwrap();
            assert_eq!(fs::read(root.join("ab/cd/abcd")).unwrap(), b"object");
        }
    }

    #[test]
    fn what_a_killed_process_left_is_removed_after_a_day() {
        let (_temporary, root) = temporary();
        drop(Folder::open(&root).unwrap());
        let (old, young) = (root.join(INCOMING).join("old"), root.join(INCOMING).join("young"));
        fs::write(&young, "half").unwrap();
        fs::write(&old, "half").unwrap();
        let yesterday = SystemTime::now() - LEFT_OVER - Duration::from_secs(60);
        File::options().write(true).open(&old).unwrap().set_modified(yesterday).unwrap();
        drop(Folder::open(&root).unwrap());
        assert!(!old.exists());
        assert!(young.exists(), "another process may still write it");
    }

    #[test]
    fn a_place_that_is_no_folder_fails_at_the_start() {
        let (temporary, _) = temporary();
        let file = Utf8PathBuf::from_path_buf(temporary.path().join("file")).unwrap();
        fs::write(&file, "").unwrap();
        assert!(matches!(Folder::open(&file), Err(BlobError::CreateFolder { .. })));
    }

    #[test]
    fn what_is_deleted_is_missing_and_may_be_deleted_again() {
        let (_temporary, root) = temporary();
        let folder = Folder::open(&root).unwrap();
        folder.keep("ab/cd/abcd", b"object").unwrap();
        folder.delete("ab/cd/abcd").unwrap();
        folder.delete("ab/cd/abcd").unwrap();
        folder.delete("ee/ff/never").unwrap();
        let digest = ContentDigest::of(b"");
        let opening = Opening::new(&MasterKey::new([7; 32]).content_key(&digest), digest);
        assert!(matches!(folder.read("ab/cd/abcd", opening), Err(BlobError::Missing)));
    }
}
