//! Who may come in: a key for everybody, and over TLS a certificate of one of our authorities as well.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::sync::Arc;

use anyhow::Context;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use camino::Utf8Path;
use rand::Rng;
use rand::distr::Alphanumeric;
use service::ClientCertificate;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Api;
use super::error::ApiError;

/// Begins every key that we make, so that a key found in a wrong place is known for one.
const PREFIX: &str = "sfn-";
/// Random characters after it: 238 bits.
const RANDOM: usize = 40;
/// The shortest key that is taken.
const SHORTEST: usize = 24;

/// The keys, known by their sums only.
pub(crate) struct Keys {
    sums: Vec<[u8; 32]>,
}

impl Keys {
    /// Reads the keys, one a line; makes the file with one key if it is not there.
    ///
    /// # Errors
    /// When the file cannot be read or made, others can read it, or it holds no key.
    pub(crate) fn read_or_make(path: &Utf8Path) -> anyhow::Result<Self> {
        if !path.exists() {
            let random: String = rand::rng().sample_iter(Alphanumeric).take(RANDOM).map(char::from).collect();
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)
                .with_context(|| format!("failed to make the file of API keys `{path}`"))?;
            writeln!(file, "{PREFIX}{random}")
                .and_then(|()| file.sync_all())
                .with_context(|| format!("failed to write the API key to `{path}`"))?;
            tracing::info!(file = %path, "made an API key");
        }
        let mode = fs::metadata(path).with_context(|| format!("failed to look at `{path}`"))?.permissions().mode();
        anyhow::ensure!(mode & 0o007 == 0, "everybody can read the API keys in `{path}`; run `chmod 600 {path}`");
        let text = fs::read_to_string(path).with_context(|| format!("failed to read the API keys in `{path}`"))?;
        let keys = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut sums = Vec::new();
        for key in keys {
            anyhow::ensure!(key.len() >= SHORTEST, "a key in `{path}` is shorter than {SHORTEST} characters");
            sums.push(sum(key));
        }
        anyhow::ensure!(!sums.is_empty(), "`{path}` holds no API key; delete it and one is made at the next start");
        Ok(Self { sums })
    }

    /// Whether it is one of the keys; takes the same time for every wrong one.
    fn know(&self, key: &str) -> bool {
        let sum = sum(key);
        self.sums.iter().fold(false, |known, one| known | bool::from(one.ct_eq(&sum)))
    }
}

fn sum(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// Lets a request pass that shows a key, and over TLS a certificate.
pub(super) async fn check(
    State(api): State<Arc<Api>>,
    certificate: Option<Extension<ClientCertificate>>,
    request: Request,
    next: Next,
) -> Response {
    if let Some(Extension(certificate)) = certificate
        && !certificate.shown
    {
        let message =
            "a client certificate of an authority that this node trusts is needed (http.tls.client_authorities)";
        return ApiError::access(message).into_response();
    }
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    match header.and_then(|value| value.strip_prefix("Bearer ")) {
        None => ApiError::access("an API key is needed: `Authorization: Bearer KEY`").into_response(),
        Some(key) if !api.keys.know(key.trim()) => ApiError::access("this API key is not known here").into_response(),
        Some(_) => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_known_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = camino::Utf8PathBuf::from_path_buf(folder.path().join("api-key")).unwrap();
        Keys::read_or_make(&path).unwrap();
        let key = fs::read_to_string(&path).unwrap();
        let keys = Keys::read_or_make(&path).unwrap();
        assert!(keys.know(key.trim()));
        assert!(!keys.know("sfn-0000000000000000000000000000000000000000"));
        assert!(!keys.know(""));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn keys_that_everybody_can_read_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = camino::Utf8PathBuf::from_path_buf(folder.path().join("api-key")).unwrap();
        Keys::read_or_make(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let Err(error) = Keys::read_or_make(&path) else { panic!("it was taken") };
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}
