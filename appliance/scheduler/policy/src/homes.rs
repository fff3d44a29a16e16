//! Where a session is at home, and where it would go if that replica failed.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::request::{ReplicaId, SessionKey};

/// A session's replicas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Homes {
    /// Where it was served last.
    pub first: Option<ReplicaId>,
    /// Where it goes if that one fails: what is kept warm there (a call's speech session, its prefix) is found again.
    pub second: Option<ReplicaId>,
}

/// The last replica of each session, the sessions unused for longest forgotten first.
#[derive(Debug)]
pub(crate) struct Sessions {
    capacity: usize,
    clock: u64,
    last: FxHashMap<SessionKey, (usize, u64)>,
    by_use: BTreeMap<u64, SessionKey>,
}

impl Sessions {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), clock: 0, last: FxHashMap::default(), by_use: BTreeMap::new() }
    }

    /// The session is served at this seat.
    pub(crate) fn served(&mut self, session: SessionKey, seat: usize) {
        self.clock += 1;
        if let Some((_, used)) = self.last.insert(session, (seat, self.clock)) {
            self.by_use.remove(&used);
        }
        self.by_use.insert(self.clock, session);
        while self.last.len() > self.capacity
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.last.remove(&oldest);
        }
    }

    /// Where it was served last.
    pub(crate) fn home(&self, session: SessionKey) -> Option<usize> {
        self.last.get(&session).map(|(seat, _)| *seat)
    }
}

/// How much a session likes a replica, by rendezvous hashing (Thaler and Ravishankar, 1998): a replica that leaves moves only
/// the sessions that were its own.
pub(crate) fn liking(session: SessionKey, replica: ReplicaId) -> u64 {
    // The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    let mut mixed = session.0 ^ (u64::from(replica.0) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
