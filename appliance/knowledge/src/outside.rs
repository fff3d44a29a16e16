//! Subjects that the institution does not answer, as the institution lists them: the background against which its own
//! subjects stand out. A question that is nearer to one of them than to any article is left to a person.
//!
//! ```toml
//! [[subject]]
//! id = "permis-de-vanatoare"
//! name = { ro = "Permis de vânătoare", hu = "Vadászengedély", en = "Hunting licence" }
//! asked_as.ro = ["cum devin vânător", "permis pentru vânătoare"]
//! asked_as.hu = ["vadász akarok lenni"]
//! asked_as.en = ["how do I become a hunter"]
//! ```

use std::collections::BTreeSet;

use desk::language::{Language, Localized};
use serde::{Deserialize, Serialize};

use crate::toml_text::{Toml, localized, quoted};

/// The subjects that are not answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outside {
    /// In the order in which the institution lists them.
    #[serde(default, rename = "subject")]
    pub subjects: Vec<OutsideSubject>,
}

/// One subject that is not answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutsideSubject {
    /// Names it in the list.
    pub id: String,
    /// What operators read.
    pub name: Localized<String>,
    /// How citizens ask for it.
    pub asked_as: Localized<Vec<String>>,
}

/// Why a list of outside subjects is refused.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// It is not the TOML that is expected.
    #[error("failed to parse the list of outside subjects")]
    Parse(#[source] toml::de::Error),
    /// An id is missing or there twice.
    #[error("outside subject {place} needs an id that no other one has")]
    Id {
        /// Its place in the list, from 1.
        place: usize,
    },
    /// A subject that cannot be recognised.
    #[error("the outside subject `{id}` needs a name and a phrasing in `{language}`")]
    Empty {
        /// The subject.
        id: String,
        /// What is missing.
        language: Language,
    },
}

impl Outside {
    /// Reads and checks a list.
    ///
    /// # Errors
    /// [`OutsideError`] with the place of the first defect.
    pub fn from_toml(text: &str) -> Result<Self, OutsideError> {
        let outside: Self = toml::from_str(text).map_err(OutsideError::Parse)?;
        let mut ids = BTreeSet::new();
        for (index, subject) in outside.subjects.iter().enumerate() {
            if subject.id.trim().is_empty() || !ids.insert(&subject.id) {
                return Err(OutsideError::Id { place: index + 1 });
            }
            for language in Language::ALL {
                let asked_as = subject.asked_as.get(language);
                let blank = asked_as.is_empty() || asked_as.iter().any(|phrasing| phrasing.trim().is_empty());
                if blank || subject.name.get(language).trim().is_empty() {
                    return Err(OutsideError::Empty { id: subject.id.clone(), language });
                }
            }
        }
        Ok(outside)
    }

    /// The list as the institution edits it.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = Toml::default();
        for subject in &self.subjects {
            text.line("[[subject]]");
            text.text("id", &subject.id);
            text.raw("name", &localized(&subject.name, |name| quoted(name)));
            for language in Language::ALL {
                text.list(&format!("asked_as.{language}"), subject.asked_as.get(language));
            }
            text.line("");
        }
        text.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "[[subject]]\nid = \"vanatoare\"\nname = { ro = \"Vânătoare\", hu = \"Vadászat\", en = \"Hunting\" }\n\
                       asked_as = { ro = [\"cum devin vânător\"], hu = [\"vadász lennék\"], en = [\"to hunt\"] }\n";

    #[test]
    fn a_list_survives_being_written_and_read() {
        let outside = Outside::from_toml(ONE).unwrap();
        assert_eq!(outside.subjects.len(), 1);
        assert_eq!(Outside::from_toml(&outside.to_toml()).unwrap(), outside);
    }

    #[test]
    fn what_cannot_be_recognised_is_refused_with_its_place() {
        let twice = format!("{ONE}\n{ONE}");
        assert!(matches!(Outside::from_toml(&twice), Err(OutsideError::Id { place: 2 })));
        let mute = ONE.replace("[\"to hunt\"]", "[]");
        assert!(matches!(Outside::from_toml(&mute), Err(OutsideError::Empty { language: Language::En, .. })));
    }
}
