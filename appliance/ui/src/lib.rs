//! What the citizens' and the operators' pages share: assets, layout, texts, dates as people say them, safe Markdown, security
//! headers and problem details.

pub mod assets;
pub mod dates;
pub mod layout;
pub mod markdown;
pub mod problem;
pub mod security;
pub mod translations;

pub use layout::{Html, Page, page};
pub use problem::{Problem, ProblemKind, chain};
pub use translations::{Translations, fill};
