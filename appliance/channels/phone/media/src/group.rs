//! Lines that hear each other: two by a bridge, several in a room.

use crate::Line;

/// Joins two lines until it is dropped; then each speaks for itself again. A sound played on one of them meanwhile goes to
/// that line instead of what the other says.
#[derive(Debug)]
#[must_use = "the bridge ends when it is dropped"]
pub struct Bridge {}

/// Joins several lines. A line leaves when it is closed, removed, or when the room is dropped.
#[derive(Debug)]
#[must_use = "the room ends when it is dropped"]
pub struct Room {}

/// What a line does in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Hears and is heard by every other party, and hears those who join.
    Party,
    /// Hears all, is heard by none.
    Listen,
    /// Hears all, is heard by those parties only that were added with [`Role::Coached`].
    Whisper,
    /// A party that also hears who whispers.
    Coached,
}

impl Room {
    /// Brings a line in, or changes its role.
    pub fn add(&self, _line: &Line, _role: Role) {
        unimplemented!()
    }

    /// Takes a line out; it speaks for itself again.
    pub fn remove(&self, _line: &Line) {
        unimplemented!()
    }
}
