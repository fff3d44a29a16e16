//! Reading large files while hashing them, telling how far it is, and stopping when asked.

use std::fs::File;
use std::io::{self, ErrorKind, Read};

use camino::Utf8Path;
use sha2::{Digest, Sha256};

use crate::content_hash::ContentHash;
use crate::error::StoreError;
use crate::progress::Progress;

/// How much is read at once: enough that system calls cost nothing, little enough that progress is smooth.
pub(crate) const PIECE: usize = 1 << 20;

/// The hash of the whole file at `path`, and its size.
pub(crate) fn hash_file(
    path: &Utf8Path,
    label: &str,
    progress: &dyn Progress,
) -> Result<(ContentHash, u64), StoreError> {
    let failed = |source| StoreError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    progress.start(label, file.metadata().map_err(failed)?.len());
    let mut hasher = Sha256::new();
    let read = pump(&mut file, u64::MAX, progress, |piece| {
        hasher.update(piece);
        Ok(())
    });
    let size = read.map_err(|stop| stop.or(failed))?;
    progress.finish();
    Ok((ContentHash::from_hasher(hasher), size))
}

/// Why reading ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Somebody asked.
    Cancelled,
    /// Reading failed.
    Read(io::Error),
    /// What takes the pieces failed.
    Sink(StoreError),
}

impl Stop {
    /// As an error of the store; `failed` makes one of a failure to read.
    pub(crate) fn or(self, failed: impl FnOnce(io::Error) -> StoreError) -> StoreError {
        match self {
            Self::Cancelled => StoreError::Cancelled,
            Self::Read(error) => failed(error),
            Self::Sink(error) => error,
        }
    }
}

/// Hands at most `most` bytes of `from` to `sink`, piece by piece; gives how many there were.
pub(crate) fn pump(
    from: &mut impl Read,
    most: u64,
    progress: &dyn Progress,
    mut sink: impl FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<u64, Stop> {
    let mut buffer = vec![0; PIECE];
    let mut done = 0;
    while done < most {
        if progress.cancelled() {
            return Err(Stop::Cancelled);
        }
        let room = usize::try_from(most - done).unwrap_or(PIECE).min(PIECE);
        match from.read(&mut buffer[..room]) {
            Ok(0) => break,
            Ok(count) => {
                sink(&buffer[..count]).map_err(Stop::Sink)?;
                done += count as u64;
                progress.advance(count as u64);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Stop::Read(error)),
        }
    }
    Ok(done)
}
