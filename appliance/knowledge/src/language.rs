//! Which language a citizen writes.

use desk::language::Language;

/// A guess at a text's language.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// The likeliest language.
    pub language: Language,
    /// How sure that is, from 0 to 1.
    pub confidence: f32,
}

/// x
#[must_use]
pub fn detect(_text: &str, _hint: Option<Language>) -> Detection { todo!() }
