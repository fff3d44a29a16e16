//! The calls that go on at this moment, as the server that has them knows them, and what operators may do with them.
//!
//! A live call belongs to one server. What changes many times a second — who speaks, half-heard words — stays there. A
//! command given in a console on another server travels through the database as an intent ([`CallIntents`]).

use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::call::{Direction, Ended, Standing, TransferTarget, TurnTiming};
use crate::ids::{CallId, ConversationId, DepartmentId, IntentId, OperatorId};
use crate::language::Language;
use crate::outcome::Quote;
use crate::phone_number::PhoneNumber;
use crate::ports::PortResult;
use crate::turn::Author;

/// How many lines of a live transcript are kept; the older ones stand in the conversation.
pub const MAX_LINES: usize = 300;

/// How long a command may wait for the server that has the call; an older one is never carried out.
pub const INTENT_PATIENCE: Duration = Duration::from_secs(15);

/// A call that goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveCall {
    /// The call.
    pub id: CallId,
    /// The conversation that it carries, once there is one.
    pub conversation: Option<ConversationId>,
    /// Who rang whom.
    pub direction: Direction,
    /// The citizen's number; `None` where it is withheld.
    pub caller: Option<PhoneNumber>,
    /// The language spoken.
    pub language: Language,
    /// Whose matter it is, once that is known.
    pub department: Option<DepartmentId>,
    /// When it came in.
    pub started_at: Timestamp,
    /// Who has the citizen, and what happens on the line.
    pub standing: Standing,
    /// Since when.
    pub standing_since: Timestamp,
    /// Whether it is being recorded.
    pub recorded: bool,
    /// Who of the staff listens, whispers or speaks along.
    pub supervisors: Vec<Supervisor>,
    /// The last command that came to nothing after it was under way; forgotten when the next one begins.
    pub trouble: Option<Trouble>,
}

/// A command that came to nothing: the citizen is where he was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    /// Who had given it.
    pub by: OperatorId,
    /// Why it came to nothing.
    pub error: CommandError,
    /// When.
    pub at: Timestamp,
}

/// Somebody of the staff on a call that another, or the assistant, leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supervisor {
    /// Who.
    pub operator: OperatorId,
    /// How.
    pub mode: Supervision,
}

/// How somebody of the staff takes part in a call that another, or the assistant, leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supervision {
    /// Hears both, is heard by nobody.
    Listen,
    /// Is heard by the colleague alone.
    Whisper,
    /// Is heard by both.
    Join,
}

/// Something said in a live call.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Its number in the call, from 1; a line that comes again with its number replaces the one before.
    pub number: u32,
    /// Who said it.
    pub author: Author,
    /// The words. Of an interrupted answer only what was really heard.
    pub text: String,
    /// When it began, counted from the start of the call, in milliseconds.
    pub began_ms: u64,
    /// Whether the citizen cut it short.
    pub interrupted: bool,
    /// The calibrated probability, 0 to 1, that the answer answers; `None` where nothing was answered.
    pub confidence: Option<f32>,
    /// What the answer rests on.
    pub sources: Vec<Quote>,
    /// What its stages took, where it is an answer.
    pub timing: Option<TurnTiming>,
}

/// A live call with what was said so far.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveTranscript {
    /// The call.
    pub call: LiveCall,
    /// What was said, oldest first, at most [`MAX_LINES`].
    pub lines: Vec<Line>,
    /// What the citizen is saying, as far as it was understood; empty while he is silent.
    pub partial: String,
}

/// Something that happens in a live call.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveNews {
    /// Everything that is known of the call apart from its words.
    Call(LiveCall),
    /// The citizen's words so far; empty: they became a line, or were none.
    Partial(String),
    /// The next line, or one in place of an earlier one.
    Line(Line),
    /// It ended; nothing follows.
    Ended(Ended),
    /// The follower was too slow: take the transcript afresh.
    Lagged,
}

/// What an operator wants of a live call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum CallCommand {
    /// The operator's extension rings, and the citizen is his.
    TakeOver,
    /// The citizen goes to another department, person or number.
    Transfer(TransferTarget),
    /// The call ends, after a spoken goodbye.
    HangUp,
    /// The operator's extension rings, and he takes part so; given again with another way it changes the way.
    Supervise {
        /// How.
        mode: Supervision,
    },
    /// The operator no longer takes part.
    LeaveSupervision,
}

impl CallCommand {
    /// A name for the journal.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::TakeOver => "take_over",
            Self::Transfer(_) => "transfer",
            Self::HangUp => "hang_up",
            Self::Supervise { mode: Supervision::Listen } => "listen",
            Self::Supervise { mode: Supervision::Whisper } => "whisper",
            Self::Supervise { mode: Supervision::Join } => "join",
            Self::LeaveSupervision => "leave_supervision",
        }
    }
}

/// Why a command was not carried out, or came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum CommandError {
    /// The call is not, or no longer, on this server.
    #[error("the call is not on this server")]
    NotHere,
    /// The operator has no extension to ring.
    #[error("the operator has no extension")]
    NoExtension,
    /// The extension, or the number, did not answer; the citizen is where he was.
    #[error("nobody answered at the other end")]
    NotAnswered,
    /// The institution's rules do not allow it.
    #[error("the rules do not allow it")]
    NotAllowed,
    /// The call stands so that it cannot be done: it is being handed on already, a colleague has it.
    #[error("the call stands so that it cannot be done")]
    NotNow,
    /// It failed; the citizen is where he was.
    #[error("it failed")]
    Failed,
    /// The server that has the call did not take the command in time; it was not carried out.
    #[error("the server that has the call did not answer in time")]
    Expired,
}

/// What this installation allows on live calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallAbilities {
    /// Whether there is a telephone at all.
    pub telephone: bool,
    /// Whether the staff may listen, whisper and join.
    pub supervision: bool,
    /// Whether calls may be handed on to any number.
    pub transfer_to_numbers: bool,
}

/// The live calls of this server.
#[async_trait]
pub trait LiveCalls: Send + Sync {
    /// What may be done. Cheap: asked for each page.
    fn abilities(&self) -> CallAbilities;

    /// The calls that go on here, oldest first.
    fn list(&self) -> Vec<LiveCall>;

    /// A call of this server with what was said so far.
    fn transcript(&self, call: CallId) -> Option<LiveTranscript>;

    /// What happens in a call from this moment on; ends with it, and at once where the call is not here. Bounded: a slow
    /// follower gets [`LiveNews::Lagged`].
    fn follow(&self, call: CallId) -> BoxStream<'static, LiveNews>;

    /// Yields after something changed in what [`LiveCalls::list`] tells; changes that come together are one.
    fn changes(&self) -> BoxStream<'static, ()>;

    /// Begins what an operator wants; whether he may was checked before. Returns within a second or two, as soon as it is
    /// under way: a take-over once the operator's extension is being rung. How it goes on is seen in the call's standing,
    /// and where it comes to nothing in its [`Trouble`].
    ///
    /// # Errors
    /// [`CommandError`] when it cannot begin; the citizen is then where he was.
    async fn command(&self, call: CallId, by: OperatorId, command: CallCommand) -> Result<(), CommandError>;
}

/// A server without telephone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCalls;

#[async_trait]
impl LiveCalls for NoCalls {
    fn abilities(&self) -> CallAbilities {
        CallAbilities::default()
    }

    fn list(&self) -> Vec<LiveCall> {
        Vec::new()
    }

    fn transcript(&self, _call: CallId) -> Option<LiveTranscript> {
        None
    }

    fn follow(&self, _call: CallId) -> BoxStream<'static, LiveNews> {
        futures::stream::empty().boxed()
    }

    fn changes(&self) -> BoxStream<'static, ()> {
        futures::stream::pending().boxed()
    }

    async fn command(&self, _call: CallId, _by: OperatorId, _command: CallCommand) -> Result<(), CommandError> {
        Err(CommandError::NotHere)
    }
}

/// A command on its way to the server that has the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallIntent {
    /// Its id, chosen by whoever posts it: posted twice it is one.
    pub id: IntentId,
    /// The call.
    pub call: CallId,
    /// The number of the server that has it.
    pub server: u64,
    /// Who wants it.
    pub by: OperatorId,
    /// What.
    pub command: CallCommand,
    /// When it was posted.
    pub at: Timestamp,
}

/// What became of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentResult {
    /// It is done, or under way.
    Done,
    /// It could not begin.
    Failed(CommandError),
}

/// Commands on their way between servers, durable for the moments that it takes.
#[async_trait]
pub trait CallIntents: Send + Sync {
    /// Sends a command on its way; noted in the journal, which is how its server learns of it.
    async fn post(&self, intent: CallIntent) -> PortResult<()>;

    /// Takes what was posted for `server` since `now` − [`INTENT_PATIENCE`], oldest first; each is taken once. What is older is
    /// settled as expired.
    async fn take(&self, server: u64, now: Timestamp, limit: u32) -> PortResult<Vec<CallIntent>>;

    /// Says whether it could begin.
    async fn settle(&self, id: IntentId, result: IntentResult) -> PortResult<()>;

    /// What became of it; `None` while it is on its way.
    async fn result(&self, id: IntentId) -> PortResult<Option<IntentResult>>;
}
