//! What is remembered of a GPU between two readings.

use std::collections::BTreeMap;

use protocol::gpu::{UnixMillis, XidTally};

use crate::condition::Condition;
use crate::policy::Policy;

/// The past of one GPU, as far as a verdict needs it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    pub(crate) conditions: BTreeMap<Condition, Course>,
    pub(crate) xids: BTreeMap<u32, XidCourse>,
    /// The most NVLinks that were up at the same time.
    pub(crate) links_up: usize,
}

/// How a condition went on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Course {
    pub(crate) since: UnixMillis,
    pub(crate) last: UnixMillis,
    /// It lasted long enough to count.
    pub(crate) standing: bool,
    pub(crate) message: String,
}

/// How often an XID error came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct XidCourse {
    pub(crate) count: u64,
    pub(crate) since: UnixMillis,
    pub(crate) last: UnixMillis,
    /// No reset since.
    pub(crate) standing: bool,
}

impl History {
    /// Notes an XID error.
    pub fn note_xid(&mut self, code: u32, at: UnixMillis) {
        let course = self.xids.entry(code).or_insert(XidCourse { count: 0, since: at, last: at, standing: false });
        if !course.standing {
            course.since = at;
        }
        course.count += 1;
        course.last = course.last.max(at);
        course.standing = true;
    }

    /// The GPU was reset (or the driver loaded anew, or the card came back): what stood until then no longer does.
    pub fn note_reset(&mut self) {
        self.conditions.clear();
        self.links_up = 0;
        for course in self.xids.values_mut() {
            course.standing = false;
        }
    }

    /// The XID errors so far, with their meaning in `policy`.
    #[must_use]
    pub fn tallies(&self, policy: &Policy) -> Vec<XidTally> {
        let tally = |(code, course): (&u32, &XidCourse)| XidTally {
            xid: *code,
            meaning: policy.xid(*code).meaning.clone(),
            count: course.count,
            last_unix_ms: course.last,
        };
        self.xids.iter().map(tally).collect()
    }
}
