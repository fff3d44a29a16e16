//! From text to terms: the same steps for articles and questions.

pub(crate) mod counts;
pub(crate) mod document;
pub(crate) mod folding;
pub(crate) mod lexicon;
pub(crate) mod lookup;
pub(crate) mod similar;
pub(crate) mod stemming;
pub(crate) mod tokens;
pub(crate) mod windows;
