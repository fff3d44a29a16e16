//! A model's name in the store.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest name, in bytes.
const LONGEST: usize = 64;

/// A model's name: `[a-z0-9][a-z0-9._-]*`, at most 64 characters. It is safe as the name of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelId(String);

/// A text that cannot name a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot name a model: use lower-case letters, digits, `.`, `_` and `-`, beginning with a letter or digit, at most 64"
)]
pub struct NotAModelId(String);

impl ModelId {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for ModelId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for ModelId {
    type Err = NotAModelId;

    fn from_str(text: &str) -> Result<Self, NotAModelId> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for ModelId {
    type Error = NotAModelId;

    fn try_from(text: String) -> Result<Self, NotAModelId> {
        let first = text.bytes().next().is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit());
        let rest = text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-'));
        if first && rest && text.len() <= LONGEST { Ok(Self(text)) } else { Err(NotAModelId(text)) }
    }
}

impl From<ModelId> for String {
    fn from(id: ModelId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_plain_and_safe_as_file_names() {
        for good in ["a", "7", "whisper-large-v3-turbo-q5_0", "qwen3-4b.q4_k_m", &"a".repeat(64)] {
            assert!(good.parse::<ModelId>().is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "-a", "_a", ".hidden", "A", "a/b", "a\\b", "a b", "ăa", "a\0", &"a".repeat(65)] {
            assert!(bad.parse::<ModelId>().is_err(), "{bad}");
        }
    }
}
