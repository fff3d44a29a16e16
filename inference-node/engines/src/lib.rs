//! The engines that compute: recognition and synthesis of speech, language models, embeddings, behind one trait.
//!
//! [`Model`] is the trait and [`load`] makes one from a [`ModelSpec`]. Each engine is a module and a cargo feature. Native
//! engines can crash or exhaust memory, so the node runs each model in a process of its own: [`worker`] carries the same
//! trait over a socket.

mod error;
#[cfg(feature = "espeak")]
mod espeak;
mod load;
#[cfg(feature = "mistral")]
mod mistral;
mod model;
#[cfg(feature = "piper")]
mod piper;
#[cfg(feature = "remote")]
mod remote;
mod spec;
#[cfg(feature = "espeak")]
mod speech;
pub mod tasks;
#[cfg(feature = "whisper")]
mod whisper;
pub mod worker;

pub use error::EngineError;
pub use load::{built_in, load};
pub use model::{Events, Facts, Model, Stop};
pub use spec::{Device, ModelSpec, RemoteServer};
