//! Whether the signature of an index is to be believed.

use std::io::Cursor;

use minisign::SignatureBox;
use serde::Serialize;

use super::BundleError;
use crate::keys::{KeyId, TrustedKeys};

/// The length of a signature in Base64. minisign's reader takes any, and would panic on a shorter second one.
const ENCODED: usize = 88;

/// How far a bundle can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "state", content = "key")]
pub enum Trust {
    /// This trusted key has signed it.
    Signed(KeyId),
    /// It claims to be signed by this key, which is not trusted: that is not checked and means nothing.
    UnknownKey(KeyId),
    /// Nobody has signed it.
    Unsigned,
}

/// What the signature `text` says about `index`.
pub(super) fn check(index: &[u8], text: Option<&str>, trusted: &TrustedKeys) -> Result<Trust, BundleError> {
    let Some(text) = text else { return Ok(Trust::Unsigned) };
    let lines: Vec<_> = text.lines().collect();
    if lines.len() != 4 || lines[3].trim().len() != ENCODED {
        return Err(BundleError::NotASignature(None));
    }
    let signature = SignatureBox::from_string(text).map_err(|error| BundleError::NotASignature(Some(error)))?;
    let signer = KeyId::from_number(signature.keynum());
    let Some(key) = trusted.find(signature.keynum()) else { return Ok(Trust::UnknownKey(signer)) };
    minisign::verify(key, &signature, Cursor::new(index), true, false, false)
        .map_err(|source| BundleError::BadSignature { signer, source })?;
    Ok(Trust::Signed(signer))
}

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;
    use proptest::prelude::*;

    use super::*;
    use crate::keys::{KeygenOptions, SigningKey, generate_keys};

    fn signed(bytes: &[u8]) -> (TrustedKeys, String) {
        let folder = tempfile::tempdir().unwrap();
        let at = |name| Utf8PathBuf::from_path_buf(folder.path().join(name)).unwrap();
        let (secret, public) = (at("s"), at("p"));
        generate_keys(KeygenOptions { secret: &secret, public: &public, password: None }).unwrap();
        let text = SigningKey::load(&secret, None).unwrap().sign(bytes, "comment").unwrap();
        (TrustedKeys::load(&[public]).unwrap(), text)
    }

    #[test]
    fn a_signature_holds_for_its_bytes_and_its_comment_alone() {
        let (trusted, text) = signed(b"index");
        assert!(matches!(check(b"index", Some(&text), &trusted), Ok(Trust::Signed(_))));
        assert!(matches!(check(b"Index", Some(&text), &trusted), Err(BundleError::BadSignature { .. })));
        let other = text.replace("comment: comment", "comment: Comment");
        assert_ne!(other, text);
        assert!(matches!(check(b"index", Some(&other), &trusted), Err(BundleError::BadSignature { .. })));
        assert!(matches!(check(b"index", Some(&text), &TrustedKeys::default()), Ok(Trust::UnknownKey(_))));
        assert!(matches!(check(b"index", None, &trusted), Ok(Trust::Unsigned)));
    }

    #[test]
    fn a_signature_with_a_shortened_second_half_is_refused_and_does_not_panic() {
        let (trusted, text) = signed(b"index");
        let short: Vec<_> = text.lines().take(3).chain(["AAAA"]).collect();
        assert!(matches!(check(b"index", Some(&short.join("\n")), &trusted), Err(BundleError::NotASignature(_))));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_damaged_signature_panics_or_is_believed(at in 60usize..300, with in "[!-~]{1,3}") {
            let (trusted, text) = signed(b"index");
            let mut damaged = text.clone();
            let at = at.min(text.len() - 2);
            // The last letter of a base64 text has bits that mean nothing.
            prop_assume!(!matches!(text.as_bytes()[at + 1], b'\n' | b'='));
            damaged.replace_range(at..=at, &with);
            let verdict = check(b"index", Some(&damaged), &trusted);
            prop_assert!(damaged == text || !matches!(verdict, Ok(Trust::Signed(_))), "{damaged}");
        }
    }
}
