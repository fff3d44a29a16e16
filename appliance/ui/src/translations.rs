//! Texts in every language, typed: a struct per crate, filled from one embedded TOML file per language. A missing or unknown
//! key fails the test that calls [`Translations::check`].

use std::sync::OnceLock;

use desk::language::{Language, Localized};
use serde::de::DeserializeOwned;

/// The texts of one crate. `T` is a struct of strings (and structs of strings) with `#[serde(deny_unknown_fields)]`.
///
/// ```ignore
/// static TEXTS: Translations<Texts> = Translations::new(
///     include_str!("../texts/ro.toml"), include_str!("../texts/hu.toml"), include_str!("../texts/en.toml"));
/// let t: &'static Texts = TEXTS.get(Language::Hu);
/// ```
pub struct Translations<T> {
    files: [&'static str; 3],
    parsed: OnceLock<Localized<T>>,
}

/// Why texts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TranslationError {
    /// A file does not fit the struct.
    #[error("texts in `{language}` cannot be read: {source}")]
    Unreadable {
        /// The language.
        language: Language,
        /// Which key, and how.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// The same text asks for other values than in Romanian.
    #[error("`{key}` in `{language}` does not fill the same {{places}} as in Romanian")]
    Places {
        /// The language.
        language: Language,
        /// The key.
        key: String,
    },
    /// An empty text.
    #[error("`{key}` in `{language}` is empty")]
    Empty {
        /// The language.
        language: Language,
        /// The key.
        key: String,
    },
}

impl<T: DeserializeOwned> Translations<T> {
    /// Texts from the contents of three TOML files.
    #[must_use]
    pub const fn new(ro: &'static str, hu: &'static str, en: &'static str) -> Self {
        Self { files: [ro, hu, en], parsed: OnceLock::new() }
    }

    /// The texts in `language`.
    pub fn get(&self, language: Language) -> &T {
        #[expect(clippy::expect_used, reason = "every user checks its embedded files in a test")]
        let parsed = self.parsed.get_or_init(|| self.parse().expect("the embedded texts parse"));
        parsed.get(language)
    }

    fn parse(&self) -> Result<Localized<T>, TranslationError> {
        let read = |language, file| {
            toml::from_str(file).map_err(|source| TranslationError::Unreadable { language, source: Box::new(source) })
        };
        let [ro, hu, en] = self.files;
        Ok(Localized { ro: read(Language::Ro, ro)?, hu: read(Language::Hu, hu)?, en: read(Language::En, en)? })
    }

    /// Checks that every language has every text, none empty, each with the same places to fill.
    ///
    /// # Errors
    /// The first defect found.
    pub fn check(&self) -> Result<(), TranslationError> {
        self.parse()?;
        let [ro, ..] = self.files;
        let base = flat(ro);
        for (language, file) in Language::ALL.into_iter().zip(self.files) {
            for (key, text) in flat(file) {
                if text.trim().is_empty() {
                    return Err(TranslationError::Empty { language, key });
                }
                if base.iter().any(|(other, original)| *other == key && places(original) != places(&text)) {
                    return Err(TranslationError::Places { language, key });
                }
            }
        }
        Ok(())
    }
}

/// Puts values into a text's places: `fill("{n} zile", &[("n", "3")])`.
#[must_use]
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

fn places(text: &str) -> std::collections::BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect()
}

fn flat(file: &str) -> Vec<(String, String)> {
    fn walk(prefix: &str, value: &toml::Value, into: &mut Vec<(String, String)>) {
        match value {
            toml::Value::Table(table) => {
                for (key, value) in table {
                    let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                    walk(&key, value, into);
                }
            }
            toml::Value::String(text) => into.push((prefix.to_owned(), text.clone())),
            toml::Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    walk(&format!("{prefix}.{index}"), item, into);
                }
            }
            _ => {}
        }
    }
    let mut into = Vec::new();
    if let Ok(table) = toml::from_str::<toml::Table>(file) {
        walk("", &toml::Value::Table(table), &mut into);
    }
    into
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Texts {
        left: String,
    }

    #[test]
    fn texts_are_found_in_their_language_and_filled() {
        let texts: Translations<Texts> =
            Translations::new("left = 'mai sunt {n}'", "left = 'még {n}'", "left = '{n} left'");
        texts.check().unwrap();
        assert_eq!(fill(&texts.get(Language::Hu).left, &[("n", "3")]), "még 3");
    }

    #[test]
    fn a_missing_key_or_place_is_found() {
        let missing: Translations<Texts> = Translations::new("left = 'a'", "", "left = 'b'");
        assert!(matches!(missing.check(), Err(TranslationError::Unreadable { language: Language::Hu, .. })));
        let place: Translations<Texts> = Translations::new("left = '{n}'", "left = '{n}'", "left = 'n'");
        assert!(matches!(place.check(), Err(TranslationError::Places { language: Language::En, .. })));
    }
}
