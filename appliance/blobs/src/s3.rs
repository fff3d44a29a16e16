//! Objects in a store that speaks S3.
//!
//! Every call ends: attempts are few, each has its time, and so has the whole.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8Path;
use futures::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{BackoffConfig, Certificate, ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use zeroize::Zeroizing;

use crate::config::S3Config;
use crate::error::BlobError;
use crate::sealing::Opening;

/// How long the store may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// To accept a connection.
    pub(crate) connect: Duration,
    /// To answer one attempt.
    pub(crate) attempt: Duration,
    /// With all attempts.
    pub(crate) whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(3), attempt: seconds(30), whole: seconds(45) }
    }
}

/// Attempts after the first one.
const RETRIES: usize = 3;

/// Objects in a bucket.
#[derive(Debug, Clone)]
pub(crate) struct S3 {
    store: Arc<dyn ObjectStore>,
    bucket: String,
    prefix: Path,
    patience: Patience,
}

impl S3 {
    /// Makes the client; the store is not reached yet.
    pub(crate) fn new(config: &S3Config, patience: Patience) -> Result<Self, BlobError> {
        let mut client = ClientOptions::new()
            .with_allow_http(config.allow_http)
            .with_connect_timeout(patience.connect)
            .with_timeout(patience.attempt);
        if let Some(path) = &config.ca_file {
            for certificate in certificates(path)? {
                client = client.with_root_certificate(certificate);
            }
        }
        let store = AmazonS3Builder::new()
            .with_endpoint(&config.endpoint)
            .with_region(&config.region)
            .with_bucket_name(&config.bucket)
            .with_access_key_id(credential(&config.access_key_file)?.as_str())
            .with_secret_access_key(credential(&config.secret_key_file)?.as_str())
            .with_client_options(client)
            .with_retry(RetryConfig {
                backoff: BackoffConfig {
                    init_backoff: Duration::from_millis(100),
                    max_backoff: Duration::from_secs(2),
                    base: 2.0,
                },
                max_retries: RETRIES,
                retry_timeout: patience.whole,
            })
            // Not every S3-compatible store knows the deletion of many objects at once.
            .with_disable_bulk_delete(true)
            .build()
            .map_err(BlobError::Client)?;
        Self::over(Arc::new(store), &config.bucket, &config.prefix, patience)
    }

    fn over(store: Arc<dyn ObjectStore>, bucket: &str, prefix: &str, patience: Patience) -> Result<Self, BlobError> {
        let prefix = Path::parse(prefix).map_err(|source| BlobError::Prefix { prefix: prefix.to_owned(), source })?;
        Ok(Self { store, bucket: bucket.to_owned(), prefix, patience })
    }

    /// For messages.
    pub(crate) fn place(&self) -> String {
        format!("the bucket `{}`", self.bucket)
    }

    /// Keeps `object` as `path`. One that is there in full length is left alone: the same content gives the same object.
    pub(crate) async fn keep(&self, path: &str, object: Vec<u8>) -> Result<(), BlobError> {
        self.in_time(async {
            let path = self.path(path);
            match self.store.head(&path).await {
                Ok(there) if there.size == object.len() as u64 => return Ok(()),
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(BlobError::Put(error)),
            }
            match self.store.put(&path, object.into()).await {
                Ok(_) => Ok(()),
                // There is no other reason not to find what is being written.
                Err(object_store::Error::NotFound { .. }) => Err(BlobError::NoBucket(self.bucket.clone())),
                Err(error) => Err(BlobError::Put(error)),
            }
        })
        .await
    }

    /// Hands the object at `path` to `opening`, as it arrives.
    pub(crate) async fn read(&self, path: &str, mut opening: Opening) -> Result<Vec<u8>, BlobError> {
        self.in_time(async {
            let object = self.store.get(&self.path(path)).await.map_err(|error| self.not_given(error))?;
            let mut pieces = object.into_stream();
            while let Some(piece) = pieces.try_next().await.map_err(|error| self.not_given(error))? {
                opening.take(&piece).map_err(BlobError::Damaged)?;
            }
            opening.finish().map_err(BlobError::Damaged)
        })
        .await
    }

    /// Deletes the object at `path`; one that is not there is no error.
    pub(crate) async fn delete(&self, path: &str) -> Result<(), BlobError> {
        self.in_time(async {
            match self.store.delete(&self.path(path)).await {
                Ok(()) => Ok(()),
                Err(error) if names_bucket(&error) => Err(BlobError::NoBucket(self.bucket.clone())),
                Err(object_store::Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(BlobError::Delete(error)),
            }
        })
        .await
    }

    fn path(&self, path: &str) -> Path {
        self.prefix.parts().chain(Path::from(path).parts()).collect()
    }

    fn not_given(&self, error: object_store::Error) -> BlobError {
        match error {
            error if names_bucket(&error) => BlobError::NoBucket(self.bucket.clone()),
            object_store::Error::NotFound { .. } => BlobError::Missing,
            error => BlobError::Get(error),
        }
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, BlobError>>) -> Result<T, BlobError> {
        let whole = self.patience.whole;
        tokio::time::timeout(whole, work).await.unwrap_or(Err(BlobError::Overdue(whole)))
    }
}

/// Whether it is the bucket that is missing: the status is the same as for an object, only the body of the answer tells.
fn names_bucket(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::NotFound { source, .. } if source.to_string().contains("NoSuchBucket"))
}

fn credential(path: &Utf8Path) -> Result<Zeroizing<String>, BlobError> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|source| unreadable(path, source))?;
    match text.trim() {
        "" => Err(BlobError::EmptyCredential(path.to_owned())),
        text => Ok(Zeroizing::new(text.to_owned())),
    }
}

fn certificates(path: &Utf8Path) -> Result<Vec<Certificate>, BlobError> {
    let text = std::fs::read(path).map_err(|source| unreadable(path, source))?;
    match Certificate::from_pem_bundle(&text) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(BlobError::Certificate { path: path.to_owned(), source: None }),
        Err(source) => Err(BlobError::Certificate { path: path.to_owned(), source: Some(source) }),
    }
}

fn unreadable(path: &Utf8Path, source: io::Error) -> BlobError {
    BlobError::ReadCredential { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
