//! Telephone calls, durable: begun, changed a few times, ended, found again.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::call::{Call, Ended, Quality, Recording, Standing, TransferTarget, TurnTiming};
use crate::ids::{BlobId, CallId, ConversationId, DepartmentId};
use crate::language::Language;
use crate::ports::PortResult;

/// What changes of a call while it goes on; what is `None` stays. Values are absolute, so that a repeated change is harmless.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallChange {
    /// The conversation that it carries.
    pub conversation: Option<ConversationId>,
    /// The language spoken from here on.
    pub language: Option<Language>,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// Who has the citizen.
    pub standing: Option<Standing>,
    /// Whose matter it is.
    pub department: Option<DepartmentId>,
    /// Where it was handed on to.
    pub transferred_to: Option<TransferTarget>,
}

/// What is known of a call once it has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallEnd {
    /// When and how.
    pub ended: Ended,
    /// Its sound, or why there is none; a recording that is still being kept follows by [`Calls::attach_recording`].
    pub recording: Recording,
    /// What each answer took; those after [`MAX_TIMINGS`](crate::call::MAX_TIMINGS) are dropped.
    pub timings: Vec<TurnTiming>,
    /// How well it was heard.
    pub quality: Quality,
}

/// Which calls a list is to hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CallScope {
    /// Those that go on.
    Live,
    /// Those that have ended.
    Ended,
    /// Both.
    #[default]
    All,
}

/// What a list of calls is to hold, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallFilter {
    /// Live ones, ended ones or both.
    pub scope: CallScope,
    /// Only those of these departments, and those that are nobody's yet; `None`: all.
    pub departments: Option<Vec<DepartmentId>>,
    /// Only those that ended so.
    pub how: Option<crate::call::Ending>,
    /// Only those with a recording.
    pub recorded: bool,
    /// Only those spoken in this language.
    pub language: Option<Language>,
    /// Only those of a caller whose number ends with these digits.
    pub caller_ends_with: Option<String>,
    /// Only those that began at this moment or after it.
    pub from: Option<Timestamp>,
    /// Only those that began before it.
    pub until: Option<Timestamp>,
    /// Only those older than this one, which must be the last of the page before.
    pub before: Option<CallId>,
    /// At most so many.
    pub limit: u32,
}

/// A recording whose time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleRecording {
    /// The call.
    pub call: CallId,
    /// Its sound.
    pub parts: Vec<BlobId>,
}

/// Calls, durable. Every write is one transaction with its journal row, which names the call as its subject.
#[async_trait]
pub trait Calls: Send + Sync {
    /// Keeps a call that has begun. A repeated call with the same id changes nothing and returns what stands.
    async fn begin(&self, call: Call) -> PortResult<Call>;

    /// Writes what has changed.
    ///
    /// # Errors
    /// `Conflict` when the call has ended, `NotFound` when it was never begun.
    async fn change(&self, id: CallId, change: CallChange) -> PortResult<Call>;

    /// Writes that it ended. A call that has ended stays as it ended first, and what stands is returned.
    async fn end(&self, id: CallId, end: CallEnd) -> PortResult<Call>;

    /// The call called `id`.
    async fn call(&self, id: CallId) -> PortResult<Call>;

    /// Calls that fit `filter`, newest first.
    async fn list(&self, filter: CallFilter) -> PortResult<Vec<Call>>;

    /// The calls of a conversation, oldest first.
    async fn of_conversation(&self, id: ConversationId) -> PortResult<Vec<Call>>;

    /// Writes where the sound of a call is as far as it has come, or why there is none; also after its end.
    async fn attach_recording(&self, id: CallId, recording: Recording) -> PortResult<()>;

    /// Recordings to be erased at `now`, at most `limit`. Whoever erases the bytes says so by [`Calls::attach_recording`]
    /// with [`NotRecorded::Erased`](crate::call::NotRecorded::Erased).
    async fn stale_recordings(&self, now: Timestamp, limit: u32) -> PortResult<Vec<StaleRecording>>;

    /// Ends, as lost with their server, the calls of `server` that began before `before`: a server says so of its own calls
    /// when it starts, the holder of the call-backs' lease of those of a server that is gone. Returns them, at most `limit`.
    async fn close_lost(&self, server: u64, before: Timestamp, limit: u32) -> PortResult<Vec<Call>>;
}
