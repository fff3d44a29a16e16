//! The languages in which citizens are answered.

use serde::{Deserialize, Serialize};

/// A language of service, named by its ISO 639-1 code on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Romanian, the default.
    #[default]
    Ro,
    /// Hungarian.
    Hu,
    /// English.
    En,
}

/// The text does not name a language of service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a language of service; use ro, hu or en")]
pub struct UnknownLanguage(pub String);

impl Language {
    /// Every language of service, Romanian first.
    pub const ALL: [Self; 3] = [Self::Ro, Self::Hu, Self::En];

    /// ISO 639-1 code: `ro`, `hu` or `en`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Ro => "ro",
            Self::Hu => "hu",
            Self::En => "en",
        }
    }

    /// The language's own name for itself, as a language switch shows it.
    #[must_use]
    pub fn endonym(self) -> &'static str {
        match self {
            Self::Ro => "Română",
            Self::Hu => "Magyar",
            Self::En => "English",
        }
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.code())
    }
}

impl std::str::FromStr for Language {
    type Err = UnknownLanguage;

    /// Accepts a code with or without a region (`ro`, `ro-RO`, `HU_hu`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let primary = text.split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|language| language.code().eq_ignore_ascii_case(primary))
            .ok_or_else(|| UnknownLanguage(text.to_owned()))
    }
}

/// A text that every citizen reads in his own language.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Localized<T> {
    /// Romanian.
    pub ro: T,
    /// Hungarian.
    pub hu: T,
    /// English.
    pub en: T,
}

impl<T> Localized<T> {
    /// The text in `language`.
    pub fn get(&self, language: Language) -> &T {
        match language {
            Language::Ro => &self.ro,
            Language::Hu => &self.hu,
            Language::En => &self.en,
        }
    }
}
