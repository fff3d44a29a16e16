//! The espeak-ng synthesiser behind a safe interface, with the voices of three languages inside.
//!
//! espeak-ng keeps its state in globals, so one thread owns it and everybody else sends it work: [`Synthesiser`]. The crate
//! exists to hold the calls into C; all of them are in `library`.

mod data;
mod library;
mod synthesiser;

pub use synthesiser::{EspeakError, SAMPLE_RATE, Synthesiser, Utterance, VARIANTS};
