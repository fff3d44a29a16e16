//! Speech from text.

use protocol::Language;
use serde::{Deserialize, Serialize};

/// A text to be spoken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpeechRequest {
    /// The text as it is written: the engine writes out numbers and abbreviations itself.
    pub text: String,
    /// The language it is in; by default that of the voice.
    pub language: Option<Language>,
    /// One of the model's voices; by default the language's own.
    pub voice: Option<String>,
    /// How fast: 1 is the voice's own pace, from 0.25 to 4.
    pub speed: f32,
}

/// The sound of one clause, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeechPiece {
    /// Mono samples at the rate in the model's facts.
    #[serde(with = "super::samples")]
    pub samples: Vec<i16>,
    /// Where the text that has been spoken once these samples are heard ends, in bytes of the request's text. Tells a
    /// conversation what was really heard.
    pub text_end: usize,
}
