//! A backup is made: copy, pack, encrypt; the file appears under its name only when it is whole and on the disk.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;

use camino::{Utf8Path, Utf8PathBuf};
use desk::ids::BlobId;
use desk::journal::{Actor, Event, NewEntry};
use desk::ports::PortError;
use desk::ports::attachments::Attachments;

use super::archive::{End, Entry, put_head};
use super::sealed::SealedWriter;
use super::{BackupError, BackupKey, Manifest, OnProgress, Progress, Summary, copy};
use crate::store::Store;
use crate::write::Write as Transaction;

type Packer = SealedWriter<BufWriter<File>>;

/// A file that is gone when it is no longer needed, whatever happens.
pub(super) struct Scratch(pub(super) Utf8PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may never have been made.
        let _ = std::fs::remove_file(&self.0);
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| BackupError::Interrupted)?
}

impl Store {
    /// Makes a backup of the running database and its attachments in `target`, encrypted with `key`. It covers everything
    /// acknowledged here before the call; others write on meanwhile.
    ///
    /// # Errors
    /// [`BackupError`]; then `target` is as it was.
    pub async fn back_up(
        &self,
        attachments: &dyn Attachments,
        target: &Utf8Path,
        key: &BackupKey,
        actor: Actor,
        progress: OnProgress<'_>,
    ) -> Result<Summary, BackupError> {
        progress(Progress::Database);
        // The copy is as readable as the database itself, so it stays in the database's folder.
        let scratch = Scratch(self.config().folder.join(format!("backup-{}.db", uuid::Uuid::now_v7())));
        let (live, to, now) = (self.config().database_file(), scratch.0.clone(), self.now());
        let manifest = blocking(move || copy::copy(&live, &to, now)).await?;

        let part = Scratch(Utf8PathBuf::from(format!("{target}.part")));
        let packer = open(&part.0, key, &manifest).await?;
        let packer = pack_database(packer, &part.0, &scratch.0, manifest.database_bytes, progress).await?;
        let from = scratch.0.clone();
        let names = blocking(move || copy::attachments(&from)).await?;
        drop(scratch);
        let (packer, end) = pack_attachments(packer, &part.0, names, attachments, progress).await?;
        finish(packer, &part.0, target, &end).await?;

        let mut write = Transaction::new();
        let entry = NewEntry::new(actor, Event::BackupMade)
            .detail(format!("position={} attachments={}", manifest.position, end.attachments));
        write.journal(entry, self.now()).map_err(BackupError::Journal)?;
        self.apply(write).await.map_err(BackupError::Journal)?;
        let missing = end.missing.into_iter().map(BlobId).collect();
        Ok(Summary { manifest, attachments: end.attachments, missing })
    }
}

async fn open(path: &Utf8Path, key: &BackupKey, manifest: &Manifest) -> Result<Packer, BackupError> {
    let (path, key, manifest) = (path.to_owned(), key.clone(), manifest.clone());
    blocking(move || {
        let fail = |source| BackupError::Write { path: path.clone(), source };
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(fail)?;
        let mut packer = SealedWriter::new(BufWriter::with_capacity(256 * 1024, file), &key).map_err(fail)?;
        let text = serde_json::to_vec(&manifest).map_err(|error| fail(error.into()))?;
        put_head(&mut packer, &Entry::Manifest { bytes: text.len() as u64 })
            .and_then(|()| packer.write_all(&text))
            .map_err(fail)?;
        Ok(packer)
    })
    .await
}

async fn pack_database(
    mut packer: Packer,
    part: &Utf8Path,
    database: &Utf8Path,
    total: u64,
    progress: OnProgress<'_>,
) -> Result<Packer, BackupError> {
    let (path, from) = (part.to_owned(), database.to_owned());
    let (mut packer, mut file) = blocking(move || {
        put_head(&mut packer, &Entry::Database { bytes: total })
            .map_err(|source| BackupError::Write { path, source })?;
        let file = File::open(&from).map_err(|source| BackupError::Read { path: from, source })?;
        Ok((packer, file))
    })
    .await?;
    let mut done = 0;
    while done < total {
        let (path, from) = (part.to_owned(), database.to_owned());
        let step = (total - done).min(16 * 1024 * 1024);
        (packer, file) = blocking(move || {
            let copied = std::io::copy(&mut (&mut file).take(step), &mut packer)
                .map_err(|source| BackupError::Write { path, source })?;
            if copied < step {
                let source = std::io::ErrorKind::UnexpectedEof.into();
                return Err(BackupError::Read { path: from, source });
            }
            Ok((packer, file))
        })
        .await?;
        done += step;
        progress(Progress::DatabaseBytes { done, total });
    }
    Ok(packer)
}

async fn pack_attachments(
    mut packer: Packer,
    part: &Utf8Path,
    names: Vec<String>,
    attachments: &dyn Attachments,
    progress: OnProgress<'_>,
) -> Result<(Packer, End), BackupError> {
    let mut end = End { attachments: 0, missing: Vec::new() };
    let total = names.len() as u64;
    for (done, name) in (1..).zip(names) {
        let id = BlobId(name);
        match attachments.fetch(&id).await {
            Ok(bytes) => {
                let path = part.to_owned();
                packer = blocking(move || {
                    put_head(&mut packer, &Entry::Attachment { id: id.0, bytes: bytes.len() as u64 })
                        .and_then(|()| packer.write_all(&bytes))
                        .map_err(|source| BackupError::Write { path, source })?;
                    Ok(packer)
                })
                .await?;
                end.attachments += 1;
            }
            // One lost attachment must not keep the rest from being saved; it is named in the end.
            Err(PortError::NotFound { .. } | PortError::Damaged { .. }) => end.missing.push(id.0),
            Err(source) => return Err(BackupError::Attachment { id, source }),
        }
        progress(Progress::Attachments { done, total });
    }
    Ok((packer, end))
}

async fn finish(mut packer: Packer, part: &Utf8Path, target: &Utf8Path, end: &End) -> Result<(), BackupError> {
    let (part, target, end) = (part.to_owned(), target.to_owned(), end.clone());
    blocking(move || {
        let fail = |source| BackupError::Write { path: target.clone(), source };
        let text = serde_json::to_vec(&end).map_err(|error| fail(error.into()))?;
        put_head(&mut packer, &Entry::End { bytes: text.len() as u64 })
            .and_then(|()| packer.write_all(&text))
            .map_err(fail)?;
        let file = packer.finish().and_then(|buffer| buffer.into_inner().map_err(Into::into)).map_err(fail)?;
        file.sync_all().and_then(|()| std::fs::rename(&part, &target)).map_err(fail)?;
        let folder = target.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail)
    })
    .await
}
