//! What a call tells the dialogue. Each event comes with the time since the call was answered.

use std::time::Duration;

use desk::conversation::Owner;
use desk::ids::DepartmentId;
use desk::language::Language;
use desk::outcome::Reply;
use desk::ports::speech::Abilities;
use desk::reference::Reference;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::action::UtteranceId;
use crate::exact::Kind;

/// One thing that happened on the line, in the desk, or in time.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The call is connected both ways; everything else comes after.
    Answered,
    /// What the line sounds like, every 20 ms or so.
    Sound(SoundFrame),
    /// What was understood so far of what the caller is saying.
    Words(Words),
    /// A key: `0`–`9`, `*`, `#` (`A`–`D` are let pass).
    Digit(char),
    /// How far an utterance has come.
    Spoke(Spoke),
    /// A passed piece of the answer to a submission, before it is whole.
    ReplyPiece {
        /// The submission that it answers.
        submission: u64,
        /// The next piece of its text.
        text: String,
    },
    /// The answer to a submission, durable.
    Reply(Box<Answered>),
    /// The answer will not come.
    ReplyFailed {
        /// The submission that it would have answered.
        submission: u64,
    },
    /// Who owns the conversation now.
    Owner(Owner),
    /// How the wait for a person stands.
    Queue(QueueNews),
    /// How a transfer goes.
    Transfer(TransferNews),
    /// A call-back is promised, durable.
    CallBackBooked {
        /// The case that carries the promise.
        reference: Reference,
        /// The earliest moment at which we ring.
        from: Timestamp,
        /// The latest.
        until: Timestamp,
    },
    /// The promise of a call-back could not be kept in the desk.
    CallBackFailed,
    /// A message with what was said is on its way, or could not be sent.
    Sent {
        /// Whether it was handed over for delivery.
        delivered: bool,
    },
    /// A person or a procedure wants an exact value from the caller; [`crate::Action::Value`] follows once it is confirmed.
    Ask(Kind),
    /// What can be spoken and heard has changed: a node was lost or came back.
    Abilities(Abilities),
    /// The moment asked for by [`crate::Dialogue::due`] has come. Early or late ones do no harm.
    Tick,
    /// The line is gone.
    HungUp,
}

/// A stretch of sound of the caller.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoundFrame {
    /// How likely it is speech, 0 to 1.
    pub speech: f32,
    /// How loud, in decibels below full scale (0 is the loudest, −90 silence).
    pub level_db: f32,
    /// How long it lasts.
    pub length: Duration,
}

/// What was understood of one stretch of the caller's speech. A later one with `complete == false` replaces the one before;
/// a complete one closes the stretch, and the next begins another.
#[derive(Debug, Clone, PartialEq)]
pub struct Words {
    /// The text of the stretch so far.
    pub text: String,
    /// How many characters from its start are final.
    pub stable_chars: usize,
    /// Whether the stretch is over and its text final. An empty complete text is speech in which no word was found.
    pub complete: bool,
    /// How sure the recogniser is, 0 to 1, where it says so.
    pub confidence: Option<f32>,
    /// The language found, where it was looked for.
    pub language: Option<Language>,
}

/// How far an utterance has come. Sent when a clause begins, when it is through, and once at the end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spoke {
    /// Which.
    pub utterance: UtteranceId,
    /// How many of its clauses went out whole.
    pub clauses: usize,
    /// How much of the next went out, 0 to 1.
    pub partly: f32,
    /// How long the caller has heard it.
    pub heard: Duration,
    /// Whether it is over, and why.
    pub progress: Progress,
}

/// Whether an utterance goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It goes on, or is paused.
    Playing,
    /// All of it was said.
    Ended,
    /// It was stopped on our word.
    Stopped,
    /// It could not be spoken: no node, no prepared sound.
    Failed,
}

/// The answer to a submission.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The submission that it answers.
    pub submission: u64,
    /// The number of the answer's turn in the conversation: what a key picks from.
    pub turn: u64,
    /// What the assistant does.
    pub reply: Reply,
    /// The case that a hand-off opened.
    pub case: Option<CaseFacts>,
}

/// What a caller is told of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFacts {
    /// Its reference.
    pub reference: Reference,
    /// Whose matter it is.
    pub department: Option<DepartmentId>,
    /// The last day for the answer, where a term runs.
    pub due: Option<Date>,
}

/// How the wait for a person stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueNews {
    /// The caller waits.
    Waiting {
        /// His place, from 1.
        position: u32,
        /// How long it may take.
        estimate: Option<Duration>,
    },
    /// Nobody is there to take the call.
    Nobody,
    /// Somebody takes it: a transfer follows.
    Taken,
}

/// How a transfer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferNews {
    /// It rings at the person's.
    Ringing,
    /// Caller and person hear each other. We are silent.
    Answered,
    /// It did not come about: busy, no answer, refused.
    Failed,
    /// The person left, the caller is still there.
    Returned,
}
