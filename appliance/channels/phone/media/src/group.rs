//! Lines that hear each other: two by a bridge, several in a room.
//!
//! Both are a group; a bridge is one of two parties. All lines of a group are moved to one media thread, so that no packet
//! crosses threads. Two parties alone with the same codec are relayed packet by packet, without jitter buffer or decoding.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use crate::Line;
use crate::shared::Command;

/// Joins two lines until it is dropped; then each speaks for itself again. A sound played on one of them meanwhile goes to
/// that line instead of what the other says.
#[derive(Debug)]
#[must_use = "the bridge ends when it is dropped"]
pub struct Bridge {
    room: Room,
}

/// Joins several lines. A line leaves when it is closed, removed, joined elsewhere, or when the room is dropped.
#[derive(Debug)]
#[must_use = "the room ends when it is dropped"]
pub struct Room {
    group: Arc<Group>,
}

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

impl Role {
    /// Whether a line in this role hears one in that role.
    pub(crate) fn hears(self, speaker: Self) -> bool {
        match speaker {
            Self::Party | Self::Coached => true,
            Self::Whisper => self == Self::Coached,
            Self::Listen => false,
        }
    }
}

impl Room {
    pub(crate) fn new() -> Self {
        Self { group: Arc::new(Group::default()) }
    }

    /// Brings a line in, or changes its role.
    pub fn add(&self, line: &Line, role: Role) {
        let home = line.shared().worker.load(Ordering::Acquire);
        let _settled = self.group.home.compare_exchange(NOWHERE, home, Ordering::AcqRel, Ordering::Acquire);
        line.shared().command(Command::Join(Seat { group: Arc::clone(&self.group), role }));
    }

    /// Takes a line out; it speaks for itself again.
    pub fn remove(&self, line: &Line) {
        line.shared().command(Command::Leave(self.group.id));
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.group.ended.store(true, Ordering::Release);
    }
}

impl Bridge {
    pub(crate) fn new(a: &Line, b: &Line) -> Self {
        let room = Room::new();
        room.add(a, Role::Party);
        room.add(b, Role::Party);
        Self { room }
    }

    /// Makes a room of it, so that others can come in; nothing is interrupted.
    pub fn into_room(self) -> Room {
        self.room
    }
}

/// No thread yet.
const NOWHERE: usize = usize::MAX;

/// What the lines of a group share.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: u64,
    /// The media thread where they meet.
    pub(crate) home: AtomicUsize,
    pub(crate) ended: AtomicBool,
}

impl Default for Group {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { id, home: AtomicUsize::new(NOWHERE), ended: AtomicBool::new(false) }
    }
}

/// A line's place in a group.
#[derive(Debug, Clone)]
pub(crate) struct Seat {
    pub(crate) group: Arc<Group>,
    pub(crate) role: Role,
}
