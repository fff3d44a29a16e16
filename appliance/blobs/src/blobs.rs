//! The desk's [`Attachments`], in a folder or in an S3-compatible store.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use camino::Utf8Path;
use desk::ids::BlobId;
use desk::ports::PortResult;
use desk::ports::attachments::Attachments;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

use crate::config::BlobsConfig;
use crate::content::ContentDigest;
use crate::error::{BlobError, Damage};
use crate::folder::Folder;
use crate::keys::MasterKey;
use crate::s3::{Patience, S3};
use crate::sealing::{Opening, seal};

/// Where the object lies that opens under the right master key only, and what it holds.
const KEY_CHECK: (&str, &[u8]) = ("key.check", b"sfetnic");
/// How long the start waits for a store that does not answer, before it goes on without.
const START: Duration = Duration::from_secs(5);

/// Bytes by the digest of their content. Clones share the store.
#[derive(Debug, Clone)]
pub struct Blobs {
    place: Place,
    key: Arc<MasterKey>,
    key_checked: Arc<OnceCell<()>>,
    max_bytes: u64,
}

#[derive(Debug, Clone)]
enum Place {
    Folder(Arc<Folder>),
    S3(S3),
}

impl Blobs {
    /// Opens the configured place; `key` is the master key that everything in it is sealed under. An S3-compatible store
    /// that does not answer now is no error: until it does, what is kept or fetched is `Unavailable`.
    ///
    /// # Errors
    /// When the configuration is wrong, the folder or a credential cannot be used, or the place was filled under another key.
    pub async fn open(config: &BlobsConfig, key: [u8; 32]) -> Result<Self, BlobError> {
        config.check()?;
        let place = match &config.s3 {
            Some(s3) => Place::S3(S3::new(s3, Patience::default())?),
            None => {
                let root = config.folder.clone();
                Place::Folder(Arc::new(blocking(move || Folder::open(&root)).await?))
            }
        };
        let blobs = Self {
            place,
            key: Arc::new(MasterKey::new(key)),
            key_checked: Arc::default(),
            max_bytes: config.max_bytes,
        };
        match (tokio::time::timeout(START, blobs.ready()).await, &blobs.place) {
            (Ok(Ok(())), _) => {}
            (Ok(Err(error)), Place::Folder(_)) => return Err(error),
            (Ok(Err(error @ BlobError::WrongKey { .. })), Place::S3(_)) => return Err(error),
            (Ok(Err(error)), Place::S3(s3)) => {
                let error = &error as &(dyn std::error::Error + 'static);
                tracing::warn!(error, "{} cannot be used yet; attachments wait for it", s3.place());
            }
            (Err(_), _) => tracing::warn!("the store of attachments does not answer yet; attachments wait for it"),
        }
        Ok(blobs)
    }

    /// The local folder, for backups: its files as they are, without `incoming/`. `None` where an S3-compatible store is
    /// used, which has its own.
    #[must_use]
    pub fn folder(&self) -> Option<&Utf8Path> {
        match &self.place {
            Place::Folder(folder) => Some(folder.root()),
            Place::S3(_) => None,
        }
    }

    /// The most bytes that one content may have.
    #[must_use]
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Whether the place answers and is sealed under our key; for readiness.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub async fn check(&self) -> Result<(), BlobError> {
        let (path, content) = KEY_CHECK;
        let digest = ContentDigest::of(content);
        match self.read(path.to_owned(), digest).await {
            Ok(_) => Ok(()),
            Err(BlobError::Damaged(Damage::Chunk(_))) => Err(BlobError::WrongKey { place: self.place_name() }),
            Err(error) => Err(error),
        }
    }

    /// Deletes the bytes called `id`, for good; such that are not there are no error. Who calls makes sure that nothing else
    /// refers to the same content and that it is not being kept at this moment.
    ///
    /// # Errors
    /// When the store does not answer or does not allow it.
    pub async fn delete(&self, id: &BlobId) -> Result<(), BlobError> {
        let Some(digest) = ContentDigest::parse(id) else { return Ok(()) };
        self.ready().await?;
        let path = self.key.object_path(&digest);
        match &self.place {
            Place::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking(move || folder.delete(&path)).await
            }
            Place::S3(s3) => s3.delete(&path).await,
        }
    }

    /// Makes sure, once, that the place is sealed under our key; an empty place becomes ours.
    async fn ready(&self) -> Result<(), BlobError> {
        let checked = self.key_checked.get_or_try_init(|| async {
            match self.check().await {
                Err(BlobError::Missing) => {}
                known => return known,
            }
            let (path, content) = KEY_CHECK;
            self.write(path.to_owned(), seal(&self.key.content_key(&ContentDigest::of(content)), content)).await?;
            // Another server may have begun at the same moment with another key.
            self.check().await
        });
        checked.await.copied()
    }

    async fn write(&self, path: String, object: Vec<u8>) -> Result<(), BlobError> {
        match &self.place {
            Place::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking(move || folder.keep(&path, &object)).await
            }
            Place::S3(s3) => s3.keep(&path, object).await,
        }
    }

    async fn read(&self, path: String, digest: ContentDigest) -> Result<Vec<u8>, BlobError> {
        let opening = Opening::new(&self.key.content_key(&digest), digest);
        match &self.place {
            Place::Folder(folder) => {
                let folder = Arc::clone(folder);
                blocking(move || folder.read(&path, opening)).await
            }
            Place::S3(s3) => s3.read(&path, opening).await,
        }
    }

    fn place_name(&self) -> String {
        match &self.place {
            Place::Folder(folder) => format!("the folder `{}`", folder.root()),
            Place::S3(s3) => s3.place(),
        }
    }

    async fn put(&self, bytes: Vec<u8>) -> Result<BlobId, BlobError> {
        let count = bytes.len() as u64;
        if count > self.max_bytes {
            return Err(BlobError::TooLarge { bytes: count, limit: self.max_bytes });
        }
        self.ready().await?;
        let key = Arc::clone(&self.key);
        let (digest, object) = blocking(move || {
            let digest = ContentDigest::of(&bytes);
            Ok((digest, seal(&key.content_key(&digest), &bytes)))
        })
        .await?;
        self.write(self.key.object_path(&digest), object).await?;
        Ok(digest.id())
    }

    async fn get(&self, id: &BlobId) -> Result<Vec<u8>, BlobError> {
        let digest = ContentDigest::parse(id).ok_or(BlobError::Missing)?;
        self.ready().await?;
        self.read(self.key.object_path(&digest), digest).await
    }
}

/// Runs what blocks off the runtime's workers.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    spawn_blocking(work).await.map_err(BlobError::Interrupted)?
}

#[async_trait]
impl Attachments for Blobs {
    async fn keep(&self, bytes: Vec<u8>) -> PortResult<BlobId> {
        Ok(self.put(bytes).await?)
    }

    async fn fetch(&self, id: &BlobId) -> PortResult<Vec<u8>> {
        Ok(self.get(id).await?)
    }

    async fn forget(&self, id: &BlobId) -> PortResult<()> {
        Ok(self.delete(id).await?)
    }
}
