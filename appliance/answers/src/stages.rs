//! The stages of the pipeline; [`crate::pipeline`] lists them in the order in which a turn meets them.

pub(crate) mod check;
pub(crate) mod compose;
pub(crate) mod decide;
pub(crate) mod finish;
pub(crate) mod follow_up;
pub(crate) mod generate;
pub(crate) mod guide;
pub(crate) mod language;
pub(crate) mod normalise;
pub(crate) mod patterns;
pub(crate) mod personal_data;
pub(crate) mod picks;
pub(crate) mod retrieve;
pub(crate) mod safety;
pub(crate) mod sentences;
pub(crate) mod wishes;
