//! The key of backups: a file with at least 32 bytes that nobody can guess, kept away from the backups.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use camino::Utf8Path;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::BackupError;

/// What backups are encrypted with.
#[derive(Clone)]
pub struct BackupKey(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for BackupKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("BackupKey")
    }
}

impl BackupKey {
    /// Reads the key in `path`: all its bytes, without white space around them.
    ///
    /// # Errors
    /// [`BackupError::Key`] or [`BackupError::ShortKey`].
    pub fn read(path: &Utf8Path) -> Result<Self, BackupError> {
        let bytes = std::fs::read(path).map_err(|source| BackupError::Key { path: path.to_owned(), source })?;
        let bytes = Zeroizing::new(bytes);
        let trimmed = bytes.trim_ascii();
        if trimmed.len() < 32 {
            return Err(BackupError::ShortKey(path.to_owned()));
        }
        Ok(Self(Zeroizing::new(trimmed.to_vec())))
    }

    /// Makes a new key in `path`, readable by its owner alone; a file that is there is left as it is and refused.
    ///
    /// # Errors
    /// [`BackupError::Key`].
    pub fn make(path: &Utf8Path) -> Result<Self, BackupError> {
        let key = |source| BackupError::Key { path: path.to_owned(), source };
        let text = Zeroizing::new(crate::secrets::to_hex(&rand::random::<[u8; 32]>()));
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(key)?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.write_all(b"\n"))
            .and_then(|()| file.sync_all())
            .map_err(key)?;
        Self::read(path)
    }

    /// The key of one backup alone.
    pub(super) fn derive(&self, salt: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        let mut derived = Zeroizing::new([0; 32]);
        #[expect(clippy::expect_used, reason = "32 bytes are less than 255 times the hash, HKDF's only limit")]
        Hkdf::<Sha256>::new(Some(salt), &self.0).expand(b"sfetnic backup 1", derived.as_mut_slice()).expect("32 bytes");
        derived
    }
}
