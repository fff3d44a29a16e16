//! A citizen's words in, a grounded answer, a question back or a person out; the same for every channel.
//!
//! [`pipeline`] lists the stages top to bottom. An answer is made of the knowledge base's own sentences; a model, where
//! there is one, may word them anew and is believed sentence by sentence. What is not known surely enough is asked about
//! once and then given to a person: nothing is invented, nobody is left without a reply.

mod alone;
pub mod confidence;
mod config;
mod context;
pub mod evaluation;
mod findings;
mod generator;
mod history;
mod lexicon;
mod personal;
mod phrases;
mod pipeline;
mod stages;
mod words;

pub use config::{AnswersConfig, GenerationConfig};
pub use generator::{GenerateError, Generator, Prompt, PromptPassage};
pub use personal::{PersonalKind, PersonalSpan, find_personal_data, is_valid_cnp, redact};
pub use pipeline::{Answers, Examined};
pub use stages::check::{Evidence, Violation, check};
