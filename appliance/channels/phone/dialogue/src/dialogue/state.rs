//! What a conversation is about at each moment.

use std::time::Duration;

use desk::ids::DepartmentId;
use desk::outcome::Choice;

use crate::clauses::Stream;
use crate::exact::Entry;
use crate::menus::LevelId;
use crate::queue::Wait;

/// What the conversation is about at present.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mode {
    /// It rings.
    Ringing,
    /// The greeting; keys choose the language.
    Greeting,
    /// The caller asks, the assistant answers.
    Open,
    /// A menu is open.
    Menu { level: LevelId, page: u8 },
    /// We asked something of our own.
    Question { what: Question, again: bool },
    /// An exact value is taken.
    Value { entry: Entry, purpose: Purpose },
    /// A call-back is being noted.
    Booking,
    /// The caller waits for a person.
    Waiting(Wait),
    /// A person is being reached, until when.
    Transferring { until: Duration, wait: Option<Wait> },
    /// A person has the call.
    WithPerson,
    /// A machine is on the line; a message is left at its tone, or at this moment.
    Machine { until: Duration },
    /// It is over.
    Over,
}

/// What we asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Question {
    /// Whether we shall ring back.
    CallBack { department: Option<DepartmentId> },
    /// Whether we ring the number that the call came from.
    ThisNumber { department: Option<DepartmentId> },
    /// Whether to go on with a long answer.
    More,
}

/// What an exact value is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To ring back.
    CallBack { department: Option<DepartmentId> },
    /// To ask about a case.
    Case,
    /// Somebody else asked for it.
    Asked,
}

/// An answer on its way.
#[derive(Debug)]
pub(super) struct Thinking {
    pub(super) submission: u64,
    pub(super) since: Duration,
    pub(super) asked: String,
    /// How often the caller was told to wait.
    pub(super) moments: u8,
    pub(super) stream: Stream,
}

/// Choices that the last answer offers.
#[derive(Debug, Clone)]
pub(super) struct Offered {
    pub(super) turn: u64,
    pub(super) choices: Vec<Choice>,
    /// The first of those that were read out last.
    pub(super) from: usize,
}

/// What is left of a long answer.
#[derive(Debug, Clone)]
pub(super) struct Rest {
    pub(super) later: Vec<String>,
    pub(super) submission: u64,
}

/// What is said once in a call.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) noise: bool,
    pub(super) shouting: bool,
    /// Somebody shouted; nothing was said of it yet.
    pub(super) shouted: bool,
    pub(super) child: bool,
    pub(super) keypad: bool,
    pub(super) refused_recording: bool,
}
