//! From text to terms: the same steps for articles and questions.

pub(crate) mod folding;
