//! The fixed texts of a telephone conversation. Each is rendered ahead in every language, so that losing every node is not
//! silence.

use std::sync::Arc;

use desk::language::Language;

use crate::menus::{LevelId, Menus};

/// Names a text that is rendered ahead. Its `Display` is stable: a file name, a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PromptId {
    /// One of the fixed texts, by its key in the prompts' files.
    Fixed(Fixed),
    /// A number from 0 to 99, said by itself.
    Number(u8),
    /// A line of a menu.
    Entry {
        /// Which menu.
        level: LevelId,
        /// The key.
        key: u8,
        /// The page, from 0.
        page: u8,
    },
    /// What a menu says before its lines: a guide's step, a subject.
    Head(LevelId),
}

/// The fixed texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fixed {
    /// Who answers, that it is a machine, and that a person can be asked for.
    Greeting,
}

/// All texts that are rendered ahead, with the menus that they speak.
#[derive(Debug)]
pub struct Prompts {
    menus: Arc<Menus>,
}

impl Prompts {
    /// The texts for an institution and its menus.
    #[must_use]
    pub fn new(institution: &crate::settings::Institution, menus: Menus) -> Self {
        let _ = institution;
        Self { menus: Arc::new(menus) }
    }

    /// The menus that the texts speak.
    #[must_use]
    pub fn menus(&self) -> &Menus {
        &self.menus
    }

    /// Every text in `language`, to be rendered ahead.
    #[must_use]
    pub fn all(&self, language: Language) -> Vec<(PromptId, String)> {
        let _ = language;
        Vec::new()
    }

    /// One text; empty for a name that no menu has.
    #[must_use]
    pub fn text(&self, id: &PromptId, language: Language) -> String {
        let _ = (id, language);
        String::new()
    }
}
