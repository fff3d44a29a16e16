//! What a blob looked like when its content was last found right: the cheap half of the check before each loading.
//!
//! Hashing a large model takes minutes; asking for a file's size, time and inode takes microseconds. While these are as
//! witnessed, nobody has written to the file through the file system. They do not show a disk that forgets: for that there is
//! `verify`.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;

use crate::content_hash::ContentHash;
use crate::durable;
use crate::error::StoreError;
use crate::layout::Layout;

/// Size in bytes, time of the last change in seconds and nanoseconds, and inode of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Witness {
    size: u64,
    seconds: i64,
    nanoseconds: i64,
    inode: u64,
}

impl Witness {
    fn of(file: &Metadata) -> Self {
        Self { size: file.len(), seconds: file.mtime(), nanoseconds: file.mtime_nsec(), inode: file.ino() }
    }

    fn to_line(self) -> String {
        format!("{} {} {} {}\n", self.size, self.seconds, self.nanoseconds, self.inode)
    }

    fn from_line(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let mut word = || words.next();
        let witness = Self {
            size: word()?.parse().ok()?,
            seconds: word()?.parse().ok()?,
            nanoseconds: word()?.parse().ok()?,
            inode: word()?.parse().ok()?,
        };
        word().is_none().then_some(witness)
    }
}

/// Whether the blob, which has the metadata `file`, is as it was when it was last found right.
pub(crate) fn testifies(layout: &Layout, hash: &ContentHash, file: &Metadata) -> bool {
    // One that cannot be read testifies to nothing: the blob is hashed.
    fs::read_to_string(layout.witness(hash)).is_ok_and(|line| Witness::from_line(&line) == Some(Witness::of(file)))
}

/// Records that the blob was found right.
pub(crate) fn record(layout: &Layout, hash: &ContentHash, file: &Metadata) -> Result<(), StoreError> {
    durable::write_file(layout, &layout.witness(hash), Witness::of(file).to_line().as_bytes())
}

/// Forgets that the blob was ever found right.
pub(crate) fn forget(layout: &Layout, hash: &ContentHash) -> Result<(), StoreError> {
    durable::remove_file(&layout.witness(hash)).map(drop)
}

/// The metadata of a blob; none when it is not there or is no file.
pub(crate) fn look(layout: &Layout, hash: &ContentHash) -> Result<Option<Metadata>, StoreError> {
    let path = layout.blob(hash);
    match fs::symlink_metadata(&path) {
        Ok(file) => Ok(file.is_file().then_some(file)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(source) => Err(StoreError::Read { path, source }),
    }
}

/// Whether a path is not there, or leads through something that is no folder.
pub(crate) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_reads_back_and_nonsense_testifies_to_nothing() {
        let witness = Witness { size: 1 << 40, seconds: -1, nanoseconds: 999_999_999, inode: u64::MAX };
        assert_eq!(Witness::from_line(&witness.to_line()), Some(witness));
        for wrong in ["", "1 2 3", "1 2 3 4 5", "-1 2 3 4", "a b c d"] {
            assert_eq!(Witness::from_line(wrong), None, "{wrong}");
        }
    }
}
