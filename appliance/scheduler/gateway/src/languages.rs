//! The domain's languages and the wire's: the same three, each crate with a type of its own.

use desk::language::Language;

pub(crate) fn to_wire(language: Language) -> protocol::Language {
    match language {
        Language::Ro => protocol::Language::Ro,
        Language::Hu => protocol::Language::Hu,
        Language::En => protocol::Language::En,
    }
}

pub(crate) fn from_wire(language: protocol::Language) -> Language {
    match language {
        protocol::Language::Ro => Language::Ro,
        protocol::Language::Hu => Language::Hu,
        protocol::Language::En => Language::En,
    }
}
