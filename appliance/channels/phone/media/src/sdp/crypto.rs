//! SRTP keys in session descriptions (RFC 4568, suites of RFC 7714).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use rand::RngCore as _;

use super::KeyOffer;

/// A cipher suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suite {
    AeadAes256Gcm,
    AeadAes128Gcm,
    AesCm128HmacSha1With80,
    AesCm128HmacSha1With32,
}

impl Suite {
    /// In the order in which we offer them.
    pub(crate) const ALL: [Self; 4] =
        [Self::AeadAes256Gcm, Self::AeadAes128Gcm, Self::AesCm128HmacSha1With80, Self::AesCm128HmacSha1With32];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AesCm128HmacSha1With80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1With32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    pub(crate) fn key_bytes(self) -> usize {
        if self == Self::AeadAes256Gcm { 32 } else { 16 }
    }

    /// Bytes after the index of a control packet: the tag of AES-CM; GCM's lies before it (RFC 7714 §9.2).
    pub(crate) fn control_tag_bytes(self) -> usize {
        match self {
            Self::AeadAes256Gcm | Self::AeadAes128Gcm => 0,
            Self::AesCm128HmacSha1With80 | Self::AesCm128HmacSha1With32 => 10,
        }
    }

    fn salt_bytes(self) -> usize {
        match self {
            Self::AeadAes256Gcm | Self::AeadAes128Gcm => 12,
            Self::AesCm128HmacSha1With80 | Self::AesCm128HmacSha1With32 => 14,
        }
    }
}

/// A master key with its salt. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key(Box<[u8]>);

impl Key {
    /// A fresh key from the system's random numbers.
    pub(crate) fn generate(suite: Suite) -> Self {
        let mut bytes = vec![0; suite.key_bytes() + suite.salt_bytes()];
        rand::rng().fill_bytes(&mut bytes);
        Self(bytes.into())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl KeyOffer {
    /// Reads the value of an `a=crypto` line. `None` for what we do not understand: such lines are passed over, as RFC 4568
    /// §7.1.2 wants it. Key identifiers (MKI), several keys in a line and parameters that weaken the suite are among them.
    pub(crate) fn read(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let tag = words.next()?.parse().ok().filter(|tag| *tag < 1_000_000_000)?;
        let name = words.next()?;
        let suite = Suite::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))?;
        let inline = words.next()?.strip_prefix("inline:")?;
        if inline.contains(';') || words.any(|parameter| !parameter.starts_with("WSH=")) {
            return None;
        }
        let mut parts = inline.split('|');
        let encoded = parts.next()?;
        let bytes = STANDARD.decode(encoded).or_else(|_| STANDARD_NO_PAD.decode(encoded)).ok()?;
        if bytes.len() != suite.key_bytes() + suite.salt_bytes() || parts.any(|part| part.contains(':')) {
            return None;
        }
        Some(Self { tag, suite, key: Key(bytes.into()) })
    }

    /// The value of the `a=crypto` line.
    pub(crate) fn write(&self) -> String {
        format!("{} {} inline:{}", self.tag, self.suite.name(), STANDARD.encode(self.key.bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        for (tag, suite) in (1..).zip(Suite::ALL) {
            let offer = KeyOffer { tag, suite, key: Key::generate(suite) };
            assert_eq!(KeyOffer::read(&offer.write()), Some(offer));
        }
    }

    #[test]
    fn lines_that_we_do_not_understand_are_passed_over() {
        let key = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
        for (value, understood) in [
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{key}"), true),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{key}|2^20"), true),
            (format!("1 aes_cm_128_hmac_sha1_32 inline:{key}|2^20 WSH=64"), true),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{key}|2^20|1:4"), false),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{key}|1:4"), false),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{key} UNENCRYPTED_SRTP"), false),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{key};inline:{key}"), false),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{}", &key[4..]), false),
            (format!("1 F8_128_HMAC_SHA1_80 inline:{key}"), false),
            (format!("x AES_CM_128_HMAC_SHA1_80 inline:{key}"), false),
            ("1".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(KeyOffer::read(&value).is_some(), understood, "{value}");
        }
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", Key::generate(Suite::AeadAes128Gcm)), "Key(…)");
    }
}
