//! A backup is checked, or unpacked into an empty folder from which the server then starts.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;

use camino::{Utf8Path, Utf8PathBuf};
use desk::ids::BlobId;
use desk::ports::attachments::Attachments;
use sha2::{Digest, Sha256};

use super::archive::{End, Entry, next_head, odd, whole};
use super::make::{Scratch, blocking};
use super::sealed::SealedReader;
use super::{BackupError, BackupKey, Manifest, OnProgress, Progress, Summary, copy};
use crate::restored;

type Unpacker = SealedReader<BufReader<File>>;

/// Checks a backup whole: that it opens with `key`, that nothing is missing, that the database in it is sound and every
/// attachment is what its name says. For the time of the check the database is unpacked, readable by its owner alone, into
/// `scratch`.
///
/// # Errors
/// [`BackupError`] says what is wrong with it.
pub async fn verify(
    file: &Utf8Path,
    key: &BackupKey,
    scratch: &Utf8Path,
    progress: OnProgress<'_>,
) -> Result<Summary, BackupError> {
    let database = Scratch(scratch.join(format!("verify-{}.db", uuid::Uuid::now_v7())));
    unpack(file, key, &database.0, None, progress).await
}

/// Unpacks a backup into the empty folder `target` and its attachments into `attachments`. The server that opens `target`
/// next takes it over.
///
/// # Errors
/// [`BackupError`]; then `target` is as empty as before, while attachments that were kept already stay: they are only the
/// same bytes again when it is repeated.
pub async fn restore(
    file: &Utf8Path,
    key: &BackupKey,
    target: &Utf8Path,
    attachments: &dyn Attachments,
    progress: OnProgress<'_>,
) -> Result<Summary, BackupError> {
    let write = |source| BackupError::Write { path: target.to_owned(), source };
    std::fs::create_dir_all(target).map_err(write)?;
    if std::fs::read_dir(target).map_err(write)?.next().is_some() {
        return Err(BackupError::NotEmpty(target.to_owned()));
    }
    let part = Scratch(target.join("restored.part"));
    let summary = unpack(file, key, &part.0, Some(attachments), progress).await?;
    let whole = target.join(restored::FILE);
    std::fs::rename(&part.0, &whole)
        .and_then(|()| File::open(target)?.sync_all())
        .map_err(|source| BackupError::Write { path: whole, source })?;
    Ok(summary)
}

fn read_error(file: &Utf8Path, source: io::Error) -> BackupError {
    match source.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => BackupError::Sealed(file.to_owned()),
        _ => BackupError::Read { path: file.to_owned(), source },
    }
}

async fn unpack(
    file: &Utf8Path,
    key: &BackupKey,
    database: &Utf8Path,
    attachments: Option<&dyn Attachments>,
    progress: OnProgress<'_>,
) -> Result<Summary, BackupError> {
    let (path, key) = (file.to_owned(), key.clone());
    let mut from = blocking(move || {
        let file = File::open(&path).map_err(|source| BackupError::Read { path: path.clone(), source })?;
        let reader = BufReader::with_capacity(256 * 1024, file);
        SealedReader::new(reader, &key).map_err(|source| read_error(&path, source))?.ok_or(BackupError::Format(path))
    })
    .await?;
    let (mut manifest, mut unpacked, mut count): (Option<Manifest>, bool, u64) = (None, false, 0);
    loop {
        let (unpacker, entry) = next(from, file).await?;
        from = unpacker;
        match (entry, &manifest) {
            (Unpacked::Manifest(found), None) => manifest = Some(found),
            (Unpacked::Database(bytes), Some(_)) if !unpacked => {
                from = unpack_database(from, file, database, bytes, progress).await?;
                unpacked = true;
            }
            (Unpacked::Attachment(id, bytes), Some(manifest)) if unpacked => {
                check_and_keep(id, bytes, attachments).await?;
                count += 1;
                progress(Progress::Attachments { done: count, total: manifest.attachments });
            }
            (Unpacked::End(end), Some(manifest)) if unpacked && end.attachments == count => {
                let missing = end.missing.into_iter().map(BlobId).collect();
                return Ok(Summary { manifest: manifest.clone(), attachments: count, missing });
            }
            _ => return Err(BackupError::Sealed(file.to_owned())),
        }
    }
}

enum Unpacked {
    Manifest(Manifest),
    Database(u64),
    Attachment(BlobId, Vec<u8>),
    End(End),
}

async fn next(mut from: Unpacker, file: &Utf8Path) -> Result<(Unpacker, Unpacked), BackupError> {
    let path = file.to_owned();
    blocking(move || {
        let read = |from: &mut Unpacker| -> io::Result<Unpacked> {
            let json = |error: serde_json::Error| odd(&error.to_string());
            Ok(match next_head(from)? {
                Entry::Manifest { bytes } => {
                    Unpacked::Manifest(serde_json::from_slice(&whole(from, bytes)?).map_err(json)?)
                }
                Entry::Database { bytes } => Unpacked::Database(bytes),
                Entry::Attachment { id, bytes } => Unpacked::Attachment(BlobId(id), whole(from, bytes)?),
                Entry::End { bytes } => {
                    let end = serde_json::from_slice(&whole(from, bytes)?).map_err(json)?;
                    // Nothing may follow, and the stream must have come to its marked end.
                    if from.read(&mut [0])? != 0 {
                        return Err(odd("something follows the end"));
                    }
                    Unpacked::End(end)
                }
            })
        };
        match read(&mut from) {
            Ok(entry) => Ok((from, entry)),
            Err(source) => Err(read_error(&path, source)),
        }
    })
    .await
}

async fn unpack_database(
    mut from: Unpacker,
    file: &Utf8Path,
    database: &Utf8Path,
    total: u64,
    progress: OnProgress<'_>,
) -> Result<Unpacker, BackupError> {
    let target = database.to_owned();
    let mut to = blocking(move || {
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&target)
            .map_err(|source| BackupError::Write { path: target, source })
    })
    .await?;
    let mut done = 0;
    while done < total {
        let (path, target) = (file.to_owned(), database.to_owned());
        let step = (total - done).min(16 * 1024 * 1024);
        (from, to) = blocking(move || {
            copy_exactly(&mut from, &mut to, step, &path, &target)?;
            Ok((from, to))
        })
        .await?;
        done += step;
        progress(Progress::DatabaseBytes { done, total });
    }
    progress(Progress::Database);
    let target = database.to_owned();
    blocking(move || {
        to.sync_all().map_err(|source| BackupError::Write { path: target.clone(), source })?;
        copy::check(&target)
    })
    .await?;
    Ok(from)
}

fn copy_exactly(
    from: &mut Unpacker,
    to: &mut File,
    bytes: u64,
    path: &Utf8Path,
    target: &Utf8PathBuf,
) -> Result<(), BackupError> {
    let mut left = bytes;
    let mut buffer = vec![0; 256 * 1024];
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let read = from.read(&mut buffer[..wanted]).map_err(|source| read_error(path, source))?;
        if read == 0 {
            return Err(BackupError::Sealed(path.to_owned()));
        }
        to.write_all(&buffer[..read]).map_err(|source| BackupError::Write { path: target.clone(), source })?;
        left -= read as u64;
    }
    Ok(())
}

async fn check_and_keep(id: BlobId, bytes: Vec<u8>, attachments: Option<&dyn Attachments>) -> Result<(), BackupError> {
    let damaged = || desk::ports::PortError::Damaged {
        what: "the attachment",
        source: "its digest does not fit its name".into(),
    };
    let kept = match attachments {
        Some(attachments) => attachments.keep(bytes).await,
        None => Ok(BlobId(crate::secrets::to_hex(&Sha256::digest(&bytes)))),
    };
    match kept {
        Ok(kept) if kept == id => Ok(()),
        Ok(_) => Err(BackupError::Attachment { id, source: damaged() }),
        Err(source) => Err(BackupError::Attachment { id, source }),
    }
}
