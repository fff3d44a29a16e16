//! Words and phrases that mean the same to a citizen, in groups per language that the institution edits.
//!
//! ```toml
//! ro = [["carte de identitate", "buletin", "CI"], ["permis de conducere", "carnet"]]
//! hu = []
//! en = []
//! ```

use serde::{Deserialize, Serialize};

use desk::language::{Language, Localized};

/// Groups of words and phrases, any of which stands for the others of its group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Synonyms(pub Localized<Vec<Vec<String>>>);

/// Why a list of synonyms is refused.
#[derive(Debug, thiserror::Error)]
pub enum SynonymsError {
    /// It is not the TOML that is expected.
    #[error("failed to parse the list of synonyms")]
    Parse(#[source] toml::de::Error),
    /// A group means nothing.
    #[error("group {group} of `{language}` needs two to twenty different, non-empty entries")]
    Group {
        /// Its language.
        language: Language,
        /// Its place in the list, from 1.
        group: usize,
    },
}

impl Synonyms {
    /// Reads and checks a list.
    ///
    /// # Errors
    /// [`SynonymsError`] with the place of the first defect.
    pub fn from_toml(text: &str) -> Result<Self, SynonymsError> {
        let synonyms: Self = toml::from_str(text).map_err(SynonymsError::Parse)?;
        for language in Language::ALL {
            for (index, group) in synonyms.0.get(language).iter().enumerate() {
                let mut folded: Vec<String> = group.iter().map(|entry| crate::fold(entry)).collect();
                folded.sort();
                folded.dedup();
                let blank = group.iter().any(|entry| entry.trim().is_empty());
                if blank || !(2..=20).contains(&group.len()) || folded.len() < 2 {
                    return Err(SynonymsError::Group { language, group: index + 1 });
                }
            }
        }
        Ok(synonyms)
    }

    /// The list as the institution edits it.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        for language in Language::ALL {
            text.push_str(&format!("{language} = [\n"));
            for group in self.0.get(language) {
                let entries: Vec<String> =
                    group.iter().map(|entry| toml::Value::from(entry.as_str()).to_string()).collect();
                text.push_str(&format!("    [{}],\n", entries.join(", ")));
            }
            text.push_str("]\n");
        }
        text
    }

    /// The groups of one language.
    #[must_use]
    pub fn groups(&self, language: Language) -> &[Vec<String>] {
        self.0.get(language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_survives_being_written_and_read() {
        let text = "ro = [[\"buletin\", \"carte de identitate\"]]\nhu = []\nen = [[\"car\", \"vehicle\"]]\n";
        let synonyms = Synonyms::from_toml(text).unwrap();
        assert_eq!(Synonyms::from_toml(&synonyms.to_toml()).unwrap(), synonyms);
    }

    #[test]
    fn a_group_of_one_word_is_refused_with_its_place() {
        let text = "ro = [[\"a\", \"b\"], [\"buletin\", \"Buletin\"]]\nhu = []\nen = []\n";
        let refused = Synonyms::from_toml(text).unwrap_err();
        assert!(matches!(refused, SynonymsError::Group { language: Language::Ro, group: 2 }));
    }
}
