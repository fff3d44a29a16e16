//! Files and folders that are still there after a power failure.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};

use crate::error::StoreError;
use crate::layout::Layout;

/// Makes `folder` and those above it; their entries are durable when it returns.
pub(crate) fn create_folder(folder: &Utf8Path) -> Result<(), StoreError> {
    create(folder).map_err(|source| StoreError::Write { path: folder.to_owned(), source })
}

fn create(folder: &Utf8Path) -> io::Result<()> {
    match DirBuilder::new().create(folder) {
        Ok(()) => sync_entry(folder),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let above = folder.parent().filter(|above| !above.as_str().is_empty()).ok_or(error)?;
            create(above)?;
            create(folder)
        }
        Err(error) => Err(error),
    }
}

/// Writes `bytes` as `target`, whole or not at all.
pub(crate) fn write_file(layout: &Layout, target: &Utf8Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = temporary(layout);
    // A process that had the same number may have left one, which may be a link to a blob: never write into it.
    remove_file(&temporary)?;
    let written = File::create_new(&temporary)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, target))
        .and_then(|()| sync_entry(target));
    written.map_err(|source| {
        // If this fails too, pruning removes it.
        let _ = fs::remove_file(&temporary);
        StoreError::Write { path: target.to_owned(), source }
    })
}

/// Moves a file to `target` in the same store, durably.
pub(crate) fn rename(from: &Utf8Path, target: &Utf8Path) -> Result<(), StoreError> {
    let moved = fs::rename(from, target).and_then(|()| sync_entry(target)).and_then(|()| sync_entry(from));
    moved.map_err(|source| StoreError::Write { path: target.to_owned(), source })
}

/// Removes a file; one that is not there is no error. Gives whether it was there.
pub(crate) fn remove_file(path: &Utf8Path) -> Result<bool, StoreError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(StoreError::Remove { path: path.to_owned(), source }),
    }
}

/// Makes the entry of `path` in its folder durable.
pub(crate) fn sync_entry(path: &Utf8Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// A name for a file that will be renamed: no other thread or process uses it.
pub(crate) fn temporary(layout: &Layout) -> Utf8PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    layout.incoming().join(format!("{}-{number}.new", std::process::id()))
}
