//! Those who wait: for each class by deadline, the earliest first (EDF, Liu and Layland 1973).

use std::collections::BTreeMap;

use protocol::Class;

use crate::request::{Request, RequestId};
use crate::share::rank;
use crate::time::Moment;

/// Where a request stands in its class: those worth their work first, then by deadline, then by arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    /// It costs more than it is worth at the present price of work: it takes what is left over.
    pub(crate) stands_by: bool,
    pub(crate) deadline: Moment,
    pub(crate) sequence: u64,
}

/// A request that is not over, and what became of it so far.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) request: Request,
    pub(crate) turn: Turn,
    pub(crate) attempts: u32,
    pub(crate) failures: u32,
    /// Where it failed last.
    pub(crate) failed_at: Option<usize>,
    pub(crate) withdrawals: u32,
    pub(crate) matched: Matched,
    /// Tokens to read at the replica that held most of the prompt when it came.
    pub(crate) reading: f64,
    /// Seconds of all of a replica's slots that it will probably take.
    pub(crate) guess: f64,
    pub(crate) place: Place,
}

/// How many blocks each replica holds, as of one version of the index.
#[derive(Debug, Default)]
pub(crate) struct Matched {
    pub(crate) version: u64,
    pub(crate) blocks: Vec<u32>,
}

/// Where a request is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Waiting,
    At {
        seat: usize,
        /// Blocks of its prompt that the replica held when it came.
        held: usize,
        /// Work charged for it.
        charged: f64,
        streaming: bool,
        /// Since when.
        since: Moment,
    },
}

/// The queues.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    classes: [BTreeMap<Turn, RequestId>; 4],
}

impl Queues {
    pub(crate) fn push(&mut self, class: Class, turn: Turn, request: RequestId) {
        self.classes[rank(class)].insert(turn, request);
    }

    pub(crate) fn remove(&mut self, class: Class, turn: Turn) {
        self.classes[rank(class)].remove(&turn);
    }

    pub(crate) fn len(&self, class: Class) -> usize {
        self.classes[rank(class)].len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.classes.iter().all(BTreeMap::is_empty)
    }

    /// Which classes wait.
    pub(crate) fn waits(&self) -> [bool; 4] {
        [0, 1, 2, 3].map(|at| !self.classes[at].is_empty())
    }

    /// One class's requests in their order.
    pub(crate) fn of(&self, class: Class) -> impl DoubleEndedIterator<Item = (Turn, RequestId)> {
        self.classes[rank(class)].iter().map(|(turn, request)| (*turn, *request))
    }
}
