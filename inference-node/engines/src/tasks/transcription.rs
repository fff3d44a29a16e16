//! Text from a recording.

use protocol::Language;
use serde::{Deserialize, Serialize};

/// A recording to be written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TranscriptionRequest {
    /// Mono samples, 16 kHz, from -1 to 1.
    #[serde(with = "super::samples")]
    pub samples: Vec<f32>,
    /// The language spoken; by default it is found out among those of the model.
    pub language: Option<Language>,
    /// Words and names that are likely to occur.
    pub prompt: Option<String>,
    /// How freely words are chosen; 0 takes the likeliest always.
    pub temperature: f32,
    /// Whether the times of single words are wanted.
    pub word_times: bool,
}

/// What was said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// All of it; empty when nobody spoke.
    pub text: String,
    /// The language spoken, given or found out.
    pub language: Option<Language>,
    /// The length of the recording.
    pub seconds: f64,
    /// Its parts with their times.
    pub segments: Vec<Segment>,
}

/// A part of a transcript, about a sentence.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// When it begins, in seconds of the recording.
    pub start: f64,
    /// When it ends.
    pub end: f64,
    /// What was said.
    pub text: String,
    /// The mean logarithm of the probability of its tokens.
    pub mean_log_probability: f32,
    /// How probable it is that nobody spoke, from voice activity.
    pub no_speech_probability: f32,
    /// Its words, when they were asked for.
    pub words: Vec<Word>,
}

/// A word with its time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// The word, without spaces around it.
    pub text: String,
    /// When it begins, in seconds of the recording.
    pub start: f64,
    /// When it ends.
    pub end: f64,
    /// How sure the model is of it.
    pub probability: f32,
}
