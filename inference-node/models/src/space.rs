//! Whether there is room on the disk, asked before anything is written.

use camino::Utf8Path;
use nix::sys::statvfs::statvfs;

use crate::error::StoreError;

/// What stays free beside the models: manifests, witnesses, the file system's own tables.
const RESERVE: u64 = 64 << 20;

/// Refuses when the file system of `folder` has no room for `bytes` more.
pub(crate) fn ensure(folder: &Utf8Path, bytes: u64) -> Result<(), StoreError> {
    if bytes == 0 {
        return Ok(());
    }
    let free = statvfs(folder.as_std_path())
        .map_err(|error| StoreError::FreeSpace { path: folder.to_owned(), source: error.into() })?;
    let available = free.blocks_available().saturating_mul(free.fragment_size());
    compare(folder, bytes, available)
}

fn compare(folder: &Utf8Path, bytes: u64, available: u64) -> Result<(), StoreError> {
    let needed = bytes.saturating_add(RESERVE);
    if needed <= available { Ok(()) } else { Err(StoreError::Space { path: folder.to_owned(), needed, available }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_room_for_the_model_and_a_reserve_is_refused() {
        let folder = Utf8Path::new("/store");
        assert!(compare(folder, 1000, 1000 + RESERVE).is_ok());
        let error = compare(folder, 1000, 999 + RESERVE).unwrap_err();
        assert!(matches!(error, StoreError::Space { needed, available, .. } if needed == available + 1));
    }

    #[test]
    fn more_than_any_disk_holds_is_refused_and_nothing_always_fits() {
        let here = Utf8Path::new(".");
        assert!(matches!(ensure(here, u64::MAX), Err(StoreError::Space { .. })));
        ensure(here, 0).unwrap();
    }
}
