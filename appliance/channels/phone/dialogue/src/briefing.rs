//! What a person should know before he takes a call, to read and to hear.

use desk::language::Language;
use desk::reference::Reference;

use crate::action::Why;

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
