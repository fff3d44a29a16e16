//! What is derived from the master key: each content's own key and the name of its object (HKDF-SHA256, RFC 5869).

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::content::{ContentDigest, hex};

/// From which everything is derived; never printed, wiped when dropped.
pub(crate) struct MasterKey(Zeroizing<[u8; 32]>);

/// The key of one content.
pub(crate) type ContentKey = Zeroizing<[u8; 32]>;

impl MasterKey {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// The key that seals this content and no other.
    pub(crate) fn content_key(&self, digest: &ContentDigest) -> ContentKey {
        self.derive(b"sfetnic blob content key 1", digest)
    }

    /// Where the object of this content is stored: two levels of folders, then the name, which tells nothing of the digest
    /// to who lacks the master key.
    pub(crate) fn object_path(&self, digest: &ContentDigest) -> String {
        let name = hex(self.derive(b"sfetnic blob object name 1", digest).as_slice());
        format!("{}/{}/{name}", &name[..2], &name[2..4])
    }

    fn derive(&self, purpose: &[u8], digest: &ContentDigest) -> Zeroizing<[u8; 32]> {
        let mut derived = Zeroizing::new([0; 32]);
        #[expect(clippy::expect_used, reason = "32 bytes are within the 255 * 32 that HKDF-SHA256 can give")]
        Hkdf::<Sha256>::new(None, self.0.as_slice())
            .expand_multi_info(&[purpose, &digest.0], derived.as_mut_slice())
            .expect("32 bytes can be had");
        derived
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MasterKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_s_name_tells_neither_digest_nor_key() {
        let (one, other) = (MasterKey::new([1; 32]), MasterKey::new([2; 32]));
        let digest = ContentDigest::of(b"a file that everybody knows");
        let path = one.object_path(&digest);
        assert!(!path.contains(&digest.id().0[..8]));
        assert!(!path.contains(&hex(one.content_key(&digest).as_slice())[..8]));
        assert_ne!(path, other.object_path(&digest), "it can be computed with the master key only");
        assert_ne!(path, one.object_path(&ContentDigest::of(b"another")));
    }

    #[test]
    fn an_object_lies_two_folders_deep() {
        let path = MasterKey::new([7; 32]).object_path(&ContentDigest::of(b""));
        let parts: Vec<_> = path.split('/').collect();
        assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [2, 2, 64]);
        assert_eq!(parts[2][..4], [parts[0], parts[1]].concat());
    }

    #[test]
    fn the_key_is_not_printed() {
        assert_eq!(format!("{:?}", MasterKey::new([7; 32])), "MasterKey");
    }
}
