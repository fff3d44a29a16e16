//! A promise to ring somebody: the case it is for, the number, and by when. It is kept, or the case is raised; it is never
//! forgotten.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{CallBackId, CallId, CaseId, DepartmentId, OperatorId};
use crate::language::Language;
use crate::phone_number::PhoneNumber;

/// Why it was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallBackReason {
    /// Every line was taken.
    AllBusy,
    /// The citizen preferred it to waiting for a person.
    InsteadOfWaiting,
    /// The department was closed.
    Closed,
    /// The citizen asked for it.
    Requested,
    /// The call broke off in the middle.
    CutOff,
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallBackState {
    /// It waits for its time.
    Waiting,
    /// It is being dialled.
    Dialling,
    /// The citizen was reached.
    Kept,
    /// The citizen could not be reached: the case was raised.
    GivenUp,
    /// Nobody needs it any more: the citizen rang, or the case was closed.
    Cancelled,
}

impl CallBackState {
    /// Whether it is still owed.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Dialling)
    }
}

/// A promise to ring somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallBack {
    /// Its id.
    pub id: CallBackId,
    /// The case it is for.
    pub case: CaseId,
    /// The number to dial. Personal data.
    pub number: PhoneNumber,
    /// Whose matter it is.
    pub department: DepartmentId,
    /// The language to speak.
    pub language: Language,
    /// Why it was promised.
    pub reason: CallBackReason,
    /// Not before then.
    pub not_before: Timestamp,
    /// By then, as the citizen was told.
    pub not_after: Timestamp,
    /// When it is dialled next, or when a dialler that says nothing is taken for dead.
    pub next_at: Timestamp,
    /// Where it stands.
    pub state: CallBackState,
    /// How often it was dialled.
    pub attempts: u32,
    /// The last call that was made for it.
    pub last_call: Option<CallId>,
    /// Who is rung once the citizen answers; `None`: the assistant speaks first.
    pub operator: Option<OperatorId>,
    /// Counts every change; what a compare-and-swap compares.
    pub version: u64,
    /// When it was promised.
    pub created_at: Timestamp,
}

/// How a promise is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallBackPolicy {
    /// How often the citizen is dialled at most.
    pub attempts: u32,
    /// How long after an attempt the next one follows, in seconds; each further one waits twice as long.
    pub retry_seconds: u64,
}

impl Default for CallBackPolicy {
    fn default() -> Self {
        Self { attempts: 3, retry_seconds: 5 * 60 }
    }
}

impl CallBackPolicy {
    /// When to dial again after the attempt that has just failed, `attempts` counting it; `None`: give up.
    #[must_use]
    pub fn next(&self, attempts: u32, now: Timestamp) -> Option<Timestamp> {
        if attempts >= self.attempts {
            return None;
        }
        let doublings = attempts.saturating_sub(1).min(10);
        now.checked_add(Duration::from_secs(self.retry_seconds.saturating_mul(1 << doublings))).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_does_not_answer_is_tried_with_growing_pauses_and_then_given_to_a_person() {
        let (policy, now) = (CallBackPolicy::default(), Timestamp::UNIX_EPOCH);
        let seconds = |attempts| policy.next(attempts, now).map(Timestamp::as_second);
        assert_eq!([1, 2, 3].map(seconds), [Some(300), Some(600), None]);
    }
}
