//! What a telephone conversation is, pure: who speaks when, what is said and asked, when a person is called. No I/O, no
//! clock.
//!
//! The executor feeds a [`Dialogue`] with [`Event`]s and carries out the [`Action`]s that come back, in order; it sends
//! [`Event::Tick`] when [`Dialogue::due`] has come. Everything fixed that is ever said is a [`Clause::Prompt`], which is
//! rendered ahead ([`Prompts::all`]); only [`Clause::Text`] needs a node that speaks.

mod action;
mod briefing;
mod clarity;
mod clauses;
mod dialogue;
pub mod emergency;
mod event;
pub mod exact;
mod manner;
pub mod menus;
pub mod prompts;
mod queue;
mod settings;
mod setup;
mod standing;
pub mod turn_taking;
pub mod wishes;
mod words;

pub use action::{
    Action, CallBackWish, Clause, Connect, Ending, HeardOf, Note, Pace, Said, Submission, Told, Utterance, UtteranceId,
    Via, Why,
};
pub use briefing::Briefing;
pub use dialogue::Dialogue;
pub use event::{Answered, CaseFacts, Event, Progress, QueueNews, SoundFrame, Spoke, TransferNews, Words};
pub use menus::Menus;
pub use prompts::{PromptId, Prompts};
pub use settings::{Institution, Recording, Settings, Silence, Turns, Waiting};
pub use setup::{Caller, Direction, Setup};
pub use standing::Standing;
