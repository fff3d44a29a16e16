//! Keys that sign bundles: minisign's, so that its own tools can make and check them too.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;

use camino::{Utf8Path, Utf8PathBuf};
use minisign::{KeyPair, PError, PublicKey, PublicKeyBox, SecretKey, SecretKeyBox};
use serde::{Serialize, Serializer};

/// How minisign's own text of a secret key begins when it is encrypted: `Ed` and `Sc` in Base64.
const ENCRYPTED: &str = "RWRT";

/// The number of a key, as minisign prints it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u64);

/// A key that signs bundles.
pub struct SigningKey {
    secret: SecretKey,
    public: PublicKey,
}

/// Whose signatures are believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedKeys {
    keys: Vec<PublicKey>,
}

/// Where a new pair of keys goes.
#[derive(Debug, Clone, Copy)]
pub struct KeygenOptions<'a> {
    /// The file for the secret key; it must not be there yet.
    pub secret: &'a Utf8Path,
    /// The file for the public key; it must not be there yet.
    pub public: &'a Utf8Path,
    /// Encrypts the secret key. Without one, whoever reads the file can sign.
    pub password: Option<&'a str>,
}

/// Why a key cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file cannot be read.
    #[error("failed to read the key `{path}`")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("failed to write the key `{path}`")]
    Write {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A key is already there.
    #[error("`{path}` is already there; a key is never overwritten")]
    Exists {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The system gives no random numbers, or no memory.
    #[error("failed to make a pair of keys")]
    Generate(#[source] PError),
    /// The secret key is encrypted.
    #[error("the key `{path}` is protected by a password; give it")]
    PasswordNeeded {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The text is no secret key, or the password is wrong.
    #[error("failed to open the secret key `{path}`")]
    Secret {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: PError,
    },
    /// The text is no public key.
    #[error("`{key}` is no minisign public key, nor a file with one")]
    Public {
        /// The text or file.
        key: String,
        /// Why.
        #[source]
        source: PError,
    },
}

/// Makes a pair of keys. The secret one is readable by its owner alone.
///
/// # Errors
/// When one of the files is there already or cannot be written.
pub fn generate_keys(options: KeygenOptions<'_>) -> Result<KeyId, KeyError> {
    // An absent password makes minisign ask on the terminal, so that case is its own.
    let pair = match options.password {
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password.to_owned())),
        None => KeyPair::generate_unencrypted_keypair(),
    };
    let pair = pair.map_err(KeyError::Generate)?;
    let id = KeyId::of(&pair.pk);
    let secret = pair.sk.to_box(Some("secret key that signs bundles of models")).map_err(KeyError::Generate)?;
    let public = pair.pk.to_box().map_err(KeyError::Generate)?;
    write_new(options.secret, 0o600, &secret.into_string())?;
    write_new(options.public, 0o644, &public.into_string()).inspect_err(|_| {
        // Half a pair is of no use; the secret one was never given out.
        let _ = fs::remove_file(options.secret);
    })?;
    Ok(id)
}

impl SigningKey {
    /// Reads a secret key.
    ///
    /// # Errors
    /// [`KeyError::PasswordNeeded`] when it is encrypted and `password` is absent.
    pub fn load(path: &Utf8Path, password: Option<&str>) -> Result<Self, KeyError> {
        let text = fs::read_to_string(path).map_err(|source| KeyError::Read { path: path.to_owned(), source })?;
        let encrypted = text.lines().nth(1).is_some_and(|key| key.starts_with(ENCRYPTED));
        let boxed = SecretKeyBox::from(text);
        let secret = match (encrypted, password) {
            (true, None) => return Err(KeyError::PasswordNeeded { path: path.to_owned() }),
            (true, Some(password)) => boxed.into_secret_key(Some(password.to_owned())),
            (false, _) => boxed.into_unencrypted_secret_key(),
        };
        let opened = secret.and_then(|secret| Ok((PublicKey::from_secret_key(&secret)?, secret)));
        let (public, secret) = opened.map_err(|source| KeyError::Secret { path: path.to_owned(), source })?;
        Ok(Self { secret, public })
    }

    /// Its number, which is also that of its public key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of(&self.public)
    }

    /// The signature of `bytes` in minisign's text form.
    pub(crate) fn sign(&self, bytes: &[u8], comment: &str) -> Result<String, PError> {
        let signature = minisign::sign(Some(&self.public), &self.secret, bytes, Some(comment), None)?;
        Ok(signature.into_string())
    }
}

impl fmt::Debug for SigningKey {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.id())
    }
}

impl TrustedKeys {
    /// Takes public keys, each the text of one (`RW…`, 56 characters) or the path of a file with one.
    ///
    /// # Errors
    /// When one is neither.
    pub fn load<K: AsRef<str>>(keys: &[K]) -> Result<Self, KeyError> {
        let keys = keys.iter().map(|key| public_key(key.as_ref().trim()));
        Ok(Self { keys: keys.collect::<Result<_, _>>()? })
    }

    /// Their numbers.
    #[must_use]
    pub fn ids(&self) -> Vec<KeyId> {
        self.keys.iter().map(KeyId::of).collect()
    }

    /// The trusted key with this number.
    pub(crate) fn find(&self, number: &[u8]) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.keynum() == number)
    }
}

impl KeyId {
    pub(crate) fn of(key: &PublicKey) -> Self {
        Self::from_number(key.keynum())
    }

    /// minisign prints the eight bytes as a little-endian number.
    pub(crate) fn from_number(number: &[u8]) -> Self {
        Self(number.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for KeyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn public_key(key: &str) -> Result<PublicKey, KeyError> {
    let wrong = |source| KeyError::Public { key: key.to_owned(), source };
    match PublicKey::from_base64(key) {
        Ok(public) => Ok(public),
        Err(source) => match fs::read_to_string(key) {
            Ok(text) => PublicKeyBox::from(text).into_public_key().map_err(wrong),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidFilename) => {
                Err(wrong(source))
            }
            Err(source) => Err(KeyError::Read { path: key.into(), source }),
        },
    }
}

fn write_new(path: &Utf8Path, mode: u32, text: &str) -> Result<(), KeyError> {
    let written = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).and_then(|mut file: File| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => KeyError::Exists { path: path.to_owned() },
        _ => KeyError::Write { path: path.to_owned(), source },
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    struct Pair {
        _folder: tempfile::TempDir,
        secret: Utf8PathBuf,
        public: Utf8PathBuf,
    }

    fn pair(password: Option<&str>) -> (Pair, KeyId) {
        let folder = tempfile::tempdir().unwrap();
        let at = |name| Utf8PathBuf::from_path_buf(folder.path().join(name)).unwrap();
        let pair = Pair { secret: at("site.key"), public: at("site.pub"), _folder: folder };
        let id = generate_keys(KeygenOptions { secret: &pair.secret, public: &pair.public, password }).unwrap();
        (pair, id)
    }

    #[test]
    fn a_pair_of_keys_reads_back_and_the_secret_is_for_its_owner_alone() {
        let (pair, id) = pair(None);
        assert_eq!(fs::metadata(&pair.secret).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(SigningKey::load(&pair.secret, None).unwrap().id(), id);
        let text = fs::read_to_string(&pair.public).unwrap();
        assert!(text.contains(&id.to_string()), "minisign's own comment names the same number");
        let trusted = TrustedKeys::load(&[pair.public.as_str(), text.lines().nth(1).unwrap()]).unwrap();
        assert_eq!(trusted.ids(), [id, id]);
    }

    #[test]
    fn a_password_protects_the_secret_key_and_nobody_is_asked_on_the_terminal() {
        let (pair, id) = pair(Some("parolă lungă"));
        assert!(matches!(SigningKey::load(&pair.secret, None), Err(KeyError::PasswordNeeded { .. })));
        assert!(matches!(SigningKey::load(&pair.secret, Some("alta")), Err(KeyError::Secret { .. })));
        assert_eq!(SigningKey::load(&pair.secret, Some("parolă lungă")).unwrap().id(), id);
    }

    #[test]
    fn a_key_is_never_overwritten() {
        let (pair, _) = pair(None);
        let before = fs::read(&pair.secret).unwrap();
        let again = KeygenOptions { secret: &pair.secret, public: &pair.public, password: None };
        assert!(matches!(generate_keys(again), Err(KeyError::Exists { path }) if path == pair.secret));
        let other = pair.secret.with_extension("new");
        let half = KeygenOptions { secret: &other, public: &pair.public, password: None };
        assert!(matches!(generate_keys(half), Err(KeyError::Exists { path }) if path == pair.public));
        assert!(!other.exists(), "half a pair is not left behind");
        assert_eq!(fs::read(&pair.secret).unwrap(), before);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let (pair, _) = pair(None);
        for wrong in ["", "RWQ", "/nowhere/site.pub", &"A".repeat(56).replace('A', "ă"), &"x".repeat(5000)] {
            assert!(TrustedKeys::load(&[wrong]).is_err(), "{wrong}");
        }
        assert!(matches!(TrustedKeys::load(&[pair.secret.as_str()]), Err(KeyError::Public { .. })));
        assert!(matches!(SigningKey::load(&pair.public, None), Err(KeyError::Secret { .. })));
        fs::write(&pair.secret, "").unwrap();
        assert!(matches!(SigningKey::load(&pair.secret, None), Err(KeyError::Secret { .. })));
    }
}
