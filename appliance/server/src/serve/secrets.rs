//! The master key: one secret of the installation, from which others are derived by purpose.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use anyhow::{Context, ensure};
use camino::Utf8Path;
use hkdf::Hkdf;
use sha2::Sha256;

/// The installation's secret.
pub(super) struct MasterKey([u8; 32]);

impl MasterKey {
    /// Reads the key, 64 hexadecimal digits; makes it if the file is not there.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds something else.
    pub(super) fn read_or_make(path: &Utf8Path) -> anyhow::Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(path)?,
            Err(error) => return Err(error).with_context(|| format!("failed to read the master key `{path}`")),
        };
        let digits = text.trim();
        ensure!(
            digits.len() == 64 && digits.is_ascii(),
            "the master key `{path}` must be 64 hexadecimal digits; without the right one attachments cannot be read"
        );
        let mut key = [0; 32];
        for (byte, pair) in key.iter_mut().zip(digits.as_bytes().chunks(2)) {
            *byte = std::str::from_utf8(pair)
                .ok()
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
                .with_context(|| format!("the master key `{path}` must be 64 hexadecimal digits"))?;
        }
        Ok(Self(key))
    }

    /// The key for one purpose (HKDF, RFC 5869).
    pub(super) fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut key = [0; 32];
        #[expect(clippy::expect_used, reason = "32 bytes are within what HKDF-SHA256 can give")]
        Hkdf::<Sha256>::new(None, &self.0).expand(purpose.as_bytes(), &mut key).expect("32 bytes can be had");
        key
    }
}

/// Writes a new key that nobody else may read; durable before it is used.
fn make(path: &Utf8Path) -> anyhow::Result<String> {
    let key: [u8; 32] = rand::random();
    let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let written = || {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    written().with_context(|| format!("failed to make the master key `{path}`"))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("master.key");
        let (first, second) = (MasterKey::read_or_make(&path).unwrap(), MasterKey::read_or_make(&path).unwrap());
        assert_eq!(first.0, second.0);
        assert_ne!(first.derive("blobs"), first.derive("citizens"));
    }

    #[test]
    fn a_damaged_key_is_refused_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("master.key");
        std::fs::write(&path, "short").unwrap();
        assert!(MasterKey::read_or_make(&path).is_err());
        std::fs::write(&path, "g".repeat(64)).unwrap();
        assert!(MasterKey::read_or_make(&path).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "g".repeat(64));
    }
}
