//! Text from live audio.

use protocol::Language;
use serde::{Deserialize, Serialize};

use super::Word;

/// How live audio is to be written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListenRequest {
    /// The language spoken; by default it is found out among those of the model, for each turn anew.
    pub language: Option<Language>,
    /// Words and names that are likely to occur.
    pub prompt: Option<String>,
    /// When a turn is over.
    pub end_of_turn: EndOfTurn,
}

/// When a speaker's turn is over.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EndOfTurn {
    /// Silence after which the turn is over, in milliseconds.
    pub silence_ms: u32,
    /// Audio kept from before the speech began, in milliseconds.
    pub padding_ms: u32,
    /// Probability from which a frame counts as speech, 0 to 1.
    pub threshold: f32,
}

impl Default for EndOfTurn {
    /// Half a second of silence, as OpenAI's server-side voice activity detection does.
    fn default() -> Self {
        Self { silence_ms: 500, padding_ms: 300, threshold: 0.5 }
    }
}

/// What is heard. Times are milliseconds since the audio began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ListenEvent {
    /// Somebody began to speak.
    SpeechStarted {
        /// The turn, counted from 0.
        turn: u32,
        /// When.
        at_ms: u64,
    },
    /// More words that will not change any more.
    Partial {
        /// The turn.
        turn: u32,
        /// The new words, with the space before them where one belongs.
        stable: String,
        /// What may still change and is not part of `stable`.
        unstable: String,
    },
    /// The speaker's turn is over.
    SpeechStopped {
        /// The turn.
        turn: u32,
        /// When the speech ended.
        at_ms: u64,
    },
    /// All that was said in a turn; comes once for each, after [`Self::SpeechStopped`]. Begins with all stable words of its
    /// partial results.
    Final {
        /// The turn.
        turn: u32,
        /// What was said; empty when the sound was no speech after all.
        text: String,
        /// The language spoken, given or found out.
        language: Option<Language>,
        /// Its words with their times in seconds since the audio began.
        words: Vec<Word>,
        /// How sure its least sure words are on the average: below one half it is better asked again.
        confidence: f32,
    },
}
