//! Who may do what at the same time.
//!
//! The **write lock** is held by an import, a removal or a pruning from beginning to end; a second one is told to come back.
//! A **model's lock** is held, shared, by everybody who has the model open, and exclusively for the moment in which it is
//! replaced or removed: so no engine finds half of one model and half of another in a folder. Readers need no other lock: a
//! manifest appears and disappears in one step.
//!
//! Locks are the kernel's (`flock`): they end with their process, however it ends. Lock files are never deleted, for whoever
//! waited on a deleted one would hold nothing.

use std::fs::{File, TryLockError};

use camino::Utf8PathBuf;

use crate::error::StoreError;
use crate::layout::Layout;
use crate::model_id::ModelId;

/// A lock; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// The right to change the store.
pub(crate) fn write(layout: &Layout) -> Result<Lock, StoreError> {
    let (path, file) = open(layout.write_lock())?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(StoreError::Busy { root: layout.root().to_owned() }),
        Err(TryLockError::Error(source)) => Err(StoreError::Lock { path, source }),
    }
}

/// Keeps the model from being replaced or removed. Waits while that is being done, which is a moment.
pub(crate) fn keep(layout: &Layout, id: &ModelId) -> Result<Lock, StoreError> {
    let (path, file) = open(layout.model_lock(id))?;
    match file.lock_shared() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(source) => Err(StoreError::Lock { path, source }),
    }
}

/// The right to replace or remove the model.
pub(crate) fn change(layout: &Layout, id: &ModelId) -> Result<Lock, StoreError> {
    let (path, file) = open(layout.model_lock(id))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { id: id.clone() }),
        Err(TryLockError::Error(source)) => Err(StoreError::Lock { path, source }),
    }
}

fn open(path: Utf8PathBuf) -> Result<(Utf8PathBuf, File), StoreError> {
    match File::options().read(true).append(true).create(true).open(&path) {
        Ok(file) => Ok((path, file)),
        Err(source) => Err(StoreError::Lock { path, source }),
    }
}
