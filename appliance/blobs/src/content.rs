//! The digest that names a content.

use std::fmt::Write;

use desk::ids::BlobId;
use sha2::{Digest, Sha256};

/// SHA-256 of what is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContentDigest(pub(crate) [u8; 32]);

impl ContentDigest {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest that `id` spells; `None` if it is not 64 lower-case hexadecimal digits.
    pub(crate) fn parse(id: &BlobId) -> Option<Self> {
        let digits = id.0.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(digits.chunks(2)) {
            *byte = pair.iter().try_fold(0, |byte, digit| Some(byte << 4 | value(*digit)?))?;
        }
        Some(Self(digest))
    }

    pub(crate) fn id(&self) -> BlobId {
        BlobId(hex(&self.0))
    }
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// `bytes` in lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_name_of_a_content_is_its_sha_256() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(ContentDigest::of(b"abc").id().0, known);
    }

    #[test]
    fn what_is_no_digest_is_not_taken_for_one() {
        for name in ["", "../../etc/passwd", &"A".repeat(64), &"é".repeat(32), &"a".repeat(63), &"g".repeat(64)] {
            assert_eq!(ContentDigest::parse(&BlobId(name.to_owned())), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_digest_is_read_as_it_was_written(digest: [u8; 32]) {
            prop_assert_eq!(ContentDigest::parse(&ContentDigest(digest).id()), Some(ContentDigest(digest)));
        }

        #[test]
        fn no_name_panics(name: String) {
            let _ = ContentDigest::parse(&BlobId(name));
        }
    }
}
