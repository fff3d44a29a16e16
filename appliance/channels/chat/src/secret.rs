//! The secret with which a citizen comes back to a conversation, and the proof that a file was uploaded to it.
//!
//! A conversation's secret is derived from the client's idempotency key under a key that all servers share, so that a repeated
//! "begin" gets the same secret although only its digest is kept.

use desk::ids::{BlobId, ConversationId};
use desk::turn::Attachment;
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The key that all servers of an installation share.
#[derive(Clone)]
pub struct SecretKey(pub [u8; 32]);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretKey(…)")
    }
}

impl SecretKey {
    fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(purpose.as_bytes());
        mac.update(&hash.finalize());
        mac.finalize().into_bytes().into()
    }

    /// The secret of the conversation that was begun with `key`.
    #[must_use]
    pub fn conversation(&self, key: &str) -> String {
        hex(&self.mac("conversation", &[key.as_bytes()])[..20])
    }

    /// The random token that stands for the browser, as the contact's address.
    #[must_use]
    pub fn visitor(&self, key: &str) -> String {
        hex(&self.mac("visitor", &[key.as_bytes()])[..16])
    }

    /// A token that names `attachment` and proves that it was uploaded to `conversation`.
    #[must_use]
    pub fn upload_token(&self, conversation: ConversationId, attachment: &Attachment) -> String {
        let upload = Upload {
            blob: attachment.blob.0.clone(),
            name: attachment.name.clone(),
            media_type: attachment.media_type.clone(),
            bytes: attachment.bytes,
        };
        let body = serde_json::to_vec(&upload).unwrap_or_default();
        let mac = self.mac("upload", &[conversation.0.as_bytes(), &body]);
        format!("{}.{}", hex(&body), hex(&mac[..16]))
    }

    /// The attachment that `token` names, if it was uploaded to `conversation`.
    #[must_use]
    pub fn uploaded(&self, conversation: ConversationId, token: &str) -> Option<Attachment> {
        let (body, mac) = token.split_once('.')?;
        let (body, mac) = (unhex(body)?, unhex(mac)?);
        let expected = self.mac("upload", &[conversation.0.as_bytes(), &body]);
        if !bool::from(expected[..16].ct_eq(&mac)) {
            return None;
        }
        let upload: Upload = serde_json::from_slice(&body).ok()?;
        let Upload { blob, name, media_type, bytes } = upload;
        Some(Attachment { blob: BlobId(blob), name, media_type, bytes })
    }
}

#[derive(Serialize, Deserialize)]
struct Upload {
    blob: String,
    name: String,
    media_type: String,
    bytes: u64,
}

/// What is kept of a secret.
#[must_use]
pub(crate) fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    digits.chunks_exact(2).map(|pair| Some(value(pair[0])? << 4 | value(pair[1])?)).collect()
}

/// A random key, for forms and for clients that bring none.
#[must_use]
pub(crate) fn random_key() -> String {
    hex(&rand::random::<[u8; 16]>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attachment() -> Attachment {
        Attachment {
            blob: BlobId("ab".repeat(32)),
            name: "eroare portal.png".to_owned(),
            media_type: "image/png".to_owned(),
            bytes: 1234,
        }
    }

    #[test]
    fn a_repeated_begin_gets_the_same_secret() {
        let key = SecretKey([7; 32]);
        assert_eq!(key.conversation("abc"), key.conversation("abc"));
        assert_ne!(key.conversation("abc"), key.conversation("abd"));
        assert_ne!(key.conversation("abc"), SecretKey([8; 32]).conversation("abc"));
    }

    #[test]
    fn a_file_belongs_to_the_conversation_it_was_uploaded_to() {
        let key = SecretKey([7; 32]);
        let (mine, other) = (ConversationId::new(), ConversationId::new());
        let token = key.upload_token(mine, &attachment());
        assert_eq!(key.uploaded(mine, &token), Some(attachment()));
        assert_eq!(key.uploaded(other, &token), None);
    }

    proptest! {
        #[test]
        fn no_token_panics_or_passes(token in ".{0,80}|[0-9a-f]{0,40}\\.[0-9a-f]{0,32}") {
            prop_assert_eq!(SecretKey([7; 32]).uploaded(ConversationId::new(), &token), None);
        }
    }
}
