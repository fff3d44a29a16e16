//! The voices' data, unpacked where espeak-ng can read them.

use std::io;
use std::path::{Path, PathBuf};

include!(concat!(env!("OUT_DIR"), "/data.rs"));

/// Unpacks the data below `folder` unless they are there already; gives back the folder that espeak-ng is to be told.
///
/// Several processes may do so at the same time: each writes beside and renames, and the first one wins.
pub(crate) fn unpack(folder: &Path) -> io::Result<PathBuf> {
    let home = folder.join(format!("espeak-ng-{DIGEST}"));
    if home.join("espeak-ng-data").is_dir() {
        return Ok(home);
    }
    let beside = folder.join(format!(".espeak-ng-{DIGEST}-{}", std::process::id()));
    for (name, bytes) in FILES {
        let path = beside.join("espeak-ng-data").join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, bytes)?;
    }
    match std::fs::rename(&beside, &home) {
        Ok(()) => Ok(home),
        Err(_) if home.join("espeak-ng-data").is_dir() => {
            std::fs::remove_dir_all(&beside)?;
            Ok(home)
        }
        Err(error) => Err(error),
    }
}
