//! What the dialogue wants done. The executor carries it out, in order, and has no choices left.

use std::time::Duration;

use desk::ids::DepartmentId;
use desk::language::Language;
use desk::outcome::GuidePosition;

use crate::briefing::Briefing;
use crate::exact::{Kind, Value};
use crate::prompts::PromptId;

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Say this. Never sent while another utterance is being said.
    Say(Utterance),
    /// More clauses for the utterance that is being said, which was begun before its answer was whole.
    Append {
        /// Which.
        utterance: UtteranceId,
        /// What follows.
        clauses: Vec<Clause>,
        /// Whether nothing more will follow.
        last: bool,
    },
    /// Be silent at once; the utterance is over.
    Stop {
        /// Which.
        utterance: UtteranceId,
    },
    /// Be silent at once, perhaps only for a moment.
    Pause {
        /// Which.
        utterance: UtteranceId,
    },
    /// Go on with a paused utterance.
    Resume {
        /// Which.
        utterance: UtteranceId,
        /// From the beginning of this clause, counted from 0.
        clause: usize,
    },
    /// Listen for words in this language. Repeated only when it changes.
    Hear {
        /// The language expected.
        language: Language,
        /// Whether the caller may be speaking another one: find out.
        detect: bool,
    },
    /// Words are not wanted now (a person has the call, or nothing is understood).
    HearNothing,
    /// The caller has finished: give the complete words of what was heard, soon.
    Conclude,
    /// Hand this to the desk; exactly one `Reply` or `ReplyFailed` is expected.
    Submit(Submission),
    /// What the caller heard of an answer, for the record.
    Heard(HeardOf),
    /// What was chosen and told by keypad, without the desk: for the record.
    Told(Told),
    /// Look for a person. `Queue` and `Transfer` events follow.
    Connect(Connect),
    /// Nobody was free in time: ask one level up as well.
    Overflow {
        /// The queue that the caller waits in.
        department: Option<DepartmentId>,
    },
    /// The caller waits no longer for a person.
    LeaveQueue,
    /// Play or end the music of waiting, below what is said.
    Music {
        /// Play it.
        on: bool,
    },
    /// Promise a call-back. `CallBackBooked` or `CallBackFailed` follows.
    BookCallBack(CallBackWish),
    /// An exact value that was asked for by [`crate::Event::Ask`]; `None` where the caller did not give it.
    Value {
        /// The kind that was asked for.
        kind: Kind,
        /// The value, read back and confirmed.
        value: Option<Value>,
    },
    /// Send what was said last to the caller, by message. `Sent` follows.
    SendMessage {
        /// The number to which it goes, E.164.
        number: String,
        /// In which language.
        language: Language,
    },
    /// Record the call, or stop recording and forget what was recorded.
    Record {
        /// Record it.
        on: bool,
    },
    /// The caller is served in this language from now on.
    SetLanguage(Language),
    /// End the call.
    HangUp(Ending),
    /// Something worth a line in the call's history or a figure; nothing has to be done.
    Note(Note),
}

/// Names one utterance of a call, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UtteranceId(pub u64);

/// Something to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Utterance {
    /// Its name.
    pub id: UtteranceId,
    /// In which language.
    pub language: Language,
    /// Piece by piece; never empty.
    pub clauses: Vec<Clause>,
    /// Whether nothing more follows; else `Append` does.
    pub complete: bool,
    /// Whether the caller may interrupt it. Keys and danger always do.
    pub interruptible: bool,
    /// How fast.
    pub pace: Pace,
    /// How much louder than usual, in decibels.
    pub gain_db: i8,
    /// The answer that it speaks, for [`Action::Heard`].
    pub answers: Option<u64>,
}

/// A piece that is spoken in one breath.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clause {
    /// A fixed text, rendered ahead: it can be said without any node.
    Prompt(PromptId),
    /// Words of this moment, plain; numbers and dates as written.
    Text(String),
}

/// How fast we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Pace {
    /// A quarter slower.
    Slow,
    /// As usual.
    #[default]
    Normal,
    /// A quarter faster.
    Fast,
}

impl Pace {
    /// The factor of the usual speed.
    #[must_use]
    pub fn factor(self) -> f32 {
        match self {
            Self::Slow => 0.8,
            Self::Normal => 1.0,
            Self::Fast => 1.25,
        }
    }
}

/// Something that the caller said or chose, for the desk.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// Counted from 1; with the call's id it makes the idempotency key.
    pub number: u64,
    /// What.
    pub said: Said,
    /// In which language.
    pub language: Language,
    /// How.
    pub via: Via,
    /// How sure the recogniser was, 0 to 1, where it says so.
    pub confidence: Option<f32>,
}

/// What the caller said or chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// In words.
    Text(String),
    /// A choice of an earlier answer.
    Pick {
        /// The number of the turn that offered it.
        turn: u64,
        /// Which of its choices, from 1.
        number: u8,
        /// Its label, for the transcript.
        label: String,
    },
}

/// How something was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Via {
    /// By voice.
    Voice,
    /// By key.
    Keypad,
}

/// What the caller really heard of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeardOf {
    /// The submission that was answered.
    pub submission: u64,
    /// The words that went out.
    pub text: String,
    /// Whether that was all that was to be said.
    pub whole: bool,
    /// Whether there is more of the answer, for whoever wants it.
    pub more: bool,
}

/// A step of a guide told by keypad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The step.
    pub position: GuidePosition,
    /// What the caller chose.
    pub chosen: String,
    /// What was said.
    pub said: String,
    /// In which language.
    pub language: Language,
}

/// A person is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Connect {
    /// Where; `None` is wherever the conversation's case lies, else the front desk.
    pub department: Option<DepartmentId>,
    /// Why.
    pub why: Why,
    /// What the person should know before the first word.
    pub briefing: Briefing,
}

/// Why a person is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// The caller asked for one.
    Asked,
    /// The answer was to hand it over.
    HandOff,
    /// Somebody is in danger.
    Danger,
    /// We did not understand each other.
    NotUnderstood,
    /// The assistant failed.
    Failure,
}

/// A wish to be called back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallBackWish {
    /// The number, E.164.
    pub number: String,
    /// Who should ring; `None` is wherever the conversation's case lies.
    pub department: Option<DepartmentId>,
    /// In which language.
    pub language: Language,
}

/// How a call ends by our hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// The caller said goodbye, or wanted nothing more.
    Goodbye,
    /// Nobody spoke or pressed a key for long.
    Silence,
    /// A machine answered or called, not a person.
    Machine,
    /// All was said: a call-back is booked, the house is full.
    CallBack,
    /// Nobody could be reached and no number was left.
    Nobody,
    /// The call lasted as long as calls may.
    TooLong,
}

/// Worth a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Note {
    /// The caller interrupted us.
    Interrupted {
        /// From the first sound of the caller's voice to the decision.
        decided_after: Duration,
    },
    /// It only sounded like an interruption.
    FalseInterruption,
    /// The caller finished speaking.
    TurnEnded {
        /// From the end of the voice to the decision.
        decided_after: Duration,
    },
    /// What was said was not understood well enough to act on.
    NotUnderstood,
    /// Words of danger.
    Danger,
    /// What the line sounds like has changed.
    Surroundings(crate::turn_taking::Surroundings),
    /// An exact value was confirmed.
    Confirmed(Kind),
    /// The language changed.
    Language(Language),
    /// It goes on by keypad.
    Keypad,
}
