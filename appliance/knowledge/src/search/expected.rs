//! What kind of thing a question asks for.

use serde::{Deserialize, Serialize};

/// The kind of thing that would answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Expected {
    /// Who.
    Person,
    /// When.
    Time,
    /// How many, how much, how long.
    Number,
    /// Where.
    Place,
}
