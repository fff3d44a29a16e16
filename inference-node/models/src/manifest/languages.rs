//! The languages that a model knows.

use protocol::Language;
use serde::{Deserialize, Serialize};

/// The languages that a model knows: `["ro", "hu"]`, or `["*"]` for one that is not bound to languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub enum Languages {
    /// Any.
    Any,
    /// These.
    Only(Vec<Language>),
}

/// A list that names no languages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`languages` lists some of `ro`, `hu`, `en`, each once, or is [\"*\"]")]
pub struct NotLanguages;

impl Languages {
    /// Whether it knows `language`.
    #[must_use]
    pub fn cover(&self, language: Language) -> bool {
        match self {
            Self::Any => true,
            Self::Only(languages) => languages.contains(&language),
        }
    }

    /// The languages it is bound to; none when it is bound to none.
    #[must_use]
    pub fn bound_to(&self) -> &[Language] {
        match self {
            Self::Any => &[],
            Self::Only(languages) => languages,
        }
    }
}

impl TryFrom<Vec<String>> for Languages {
    type Error = NotLanguages;

    fn try_from(codes: Vec<String>) -> Result<Self, NotLanguages> {
        if codes == ["*"] {
            return Ok(Self::Any);
        }
        let mut languages = Vec::new();
        for code in codes {
            let language = Language::ALL.into_iter().find(|language| language.code() == code).ok_or(NotLanguages)?;
            if languages.contains(&language) {
                return Err(NotLanguages);
            }
            languages.push(language);
        }
        if languages.is_empty() { Err(NotLanguages) } else { Ok(Self::Only(languages)) }
    }
}

impl From<Languages> for Vec<String> {
    fn from(languages: Languages) -> Self {
        match languages {
            Languages::Any => vec!["*".to_owned()],
            Languages::Only(languages) => languages.iter().map(|language| language.code().to_owned()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(codes: &[&str]) -> Result<Languages, NotLanguages> {
        codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>().try_into()
    }

    #[test]
    fn a_list_names_each_language_once_or_all() {
        assert_eq!(list(&["*"]), Ok(Languages::Any));
        assert_eq!(list(&["hu", "ro"]), Ok(Languages::Only(vec![Language::Hu, Language::Ro])));
        for wrong in [&[][..], &["*", "ro"], &["ro", "ro"], &["de"], &["RO"], &[""]] {
            assert_eq!(list(wrong), Err(NotLanguages), "{wrong:?}");
        }
    }

    #[test]
    fn a_model_for_any_language_covers_each_and_is_bound_to_none() {
        assert!(Language::ALL.into_iter().all(|language| Languages::Any.cover(language)));
        assert!(Languages::Any.bound_to().is_empty());
        assert!(!Languages::Only(vec![Language::Ro]).cover(Language::Hu));
    }
}
