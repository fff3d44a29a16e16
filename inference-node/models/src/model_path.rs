//! The name of a file inside a model's folder.

use std::fmt;

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

/// The longest path, in bytes; the limit of a single name in common file systems.
const LONGEST: usize = 255;

/// The path of a file inside a model's folder: relative, without `.` and `..`, of plain characters.
///
/// Paths come from outside, in manifests and bundles, and are joined to a folder of ours: what could lead out of it, or mean
/// something to a shell, cannot be made into this type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelPath(String);

/// A path that must not be used inside a model's folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a safe path inside a model: use a relative path of letters, digits and `._-+@=`, without `..`, at most 255"
)]
pub struct UnsafePath(String);

impl ModelPath {
    /// The path.
    #[must_use]
    pub fn as_path(&self) -> &Utf8Path {
        Utf8Path::new(&self.0)
    }
}

impl fmt::Display for ModelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ModelPath {
    type Error = UnsafePath;

    fn try_from(text: String) -> Result<Self, UnsafePath> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+@=".contains(&byte);
        let safe = |name: &str| !name.is_empty() && name != "." && name != ".." && name.bytes().all(plain);
        if text.len() <= LONGEST && text.split('/').all(safe) { Ok(Self(text)) } else { Err(UnsafePath(text)) }
    }
}

impl From<ModelPath> for String {
    fn from(path: ModelPath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_folder() {
        for good in ["model.gguf", "1_Pooling/config.json", "ro_RO-mihai-medium.onnx.json", ".gitattributes", "a..b"] {
            assert!(ModelPath::try_from(good.to_owned()).is_ok(), "{good}");
        }
        let long = "a".repeat(256);
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "a/../b",
            "a//b",
            "a/",
            "./a",
            "a\\b",
            "a\0b",
            "a b",
            "a\nb",
            "ă",
            "C:a",
            &long,
        ] {
            assert!(ModelPath::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }
}
