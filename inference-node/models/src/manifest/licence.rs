//! Under which terms a model may be used.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The terms of a model: an SPDX expression, or a name and where the text is.
///
/// Many models come under terms of their publisher's own, which have no SPDX name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// An SPDX expression, such as `Apache-2.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spdx: Option<String>,
    /// The name of terms that have no SPDX name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the text is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl fmt::Display for Licence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.spdx, &self.name, &self.url) {
            (Some(spdx), ..) => f.write_str(spdx),
            (None, Some(name), Some(url)) => write!(f, "{name} ({url})"),
            (None, name, url) => f.write_str(name.as_ref().or(url.as_ref()).map_or("unknown", String::as_str)),
        }
    }
}
