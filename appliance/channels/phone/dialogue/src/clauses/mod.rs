//! An answer as it is spoken: short, clause by clause, without marks and addresses.
//!
//! Numbers, dates and abbreviations stay as they are written: the voice knows how its language says them.

mod cut;
mod outcome;
mod plain;
mod stream;

pub(crate) use outcome::{CHOICES, choices, outcome};
pub(crate) use plain::plain;
pub(crate) use stream::Stream;
