//! What a person should know before he takes a call, to read and to hear.

use desk::language::Language;
use desk::reference::Reference;

use crate::action::Why;
use crate::prompts::{Filled, dictated, filled};

/// What a person should know before the first word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Briefing {
    /// The caller's language.
    pub language: Language,
    /// Why a person is wanted.
    pub why: Why,
    /// What the caller asked, newest last; three at most.
    pub asked: Vec<String>,
    /// The case that it is about, if there is one.
    pub case: Option<Reference>,
    /// Whether words of danger were heard.
    pub danger: bool,
}

/// Characters of a question that are read out: the rest is on the screen.
const LONGEST: usize = 160;

impl Briefing {
    /// What is whispered to a person who speaks `language` before he hears the caller: some seconds.
    #[must_use]
    pub fn spoken(&self, language: Language) -> String {
        let mut said = Vec::new();
        if self.danger {
            said.push(filled(Filled::BriefingDanger, language, &[]));
        }
        if self.language != language {
            said.push(filled(Filled::BriefingCaller, language, &[("language", self.language.endonym())]));
        }
        if let Some(case) = self.case {
            said.push(filled(
                Filled::BriefingCase,
                language,
                &[("reference", &dictated(&String::from(case), language))],
            ));
        }
        if let Some(asked) = self.asked.last() {
            let asked: String = asked.trim_end_matches(['.', '?', '!']).chars().take(LONGEST).collect();
            said.push(filled(Filled::BriefingAsked, language, &[("asked", &asked)]));
        }
        said.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weightiest_comes_first_and_a_shared_language_is_not_mentioned() {
        let asked = vec!["Cât costă?".to_owned(), "Mi-a expirat buletinul.".to_owned()];
        let mut briefing = Briefing { language: Language::Hu, why: Why::Asked, asked, case: None, danger: true };
        let expected = "Atenție: posibil pericol. Apelant în limba Magyar. A întrebat: Mi-a expirat buletinul.";
        assert_eq!(briefing.spoken(Language::Ro), expected);
        (briefing.danger, briefing.language) = (false, Language::Ro);
        assert_eq!(briefing.spoken(Language::Ro), "A întrebat: Mi-a expirat buletinul.");
    }
}
