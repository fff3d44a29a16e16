//! Speech within a call: spoken while it is made, heard while it is said.
//!
//! Apart from [`super::speech`], whose sound is encoded for a page and whose recordings are whole: a call has samples, cannot
//! wait for the end of anything, and is the most urgent of all that the nodes do.

use async_trait::async_trait;
use futures::channel::mpsc;
use futures::stream::BoxStream;

use crate::language::Language;
use crate::ports::speech::{Abilities, SpeechError};

/// How fast a text is spoken: 1 is as usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace(pub f32);

impl Default for Pace {
    fn default() -> Self {
        Self(1.0)
    }
}

/// A text to be spoken into a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Words<'a> {
    /// What is said, plain and without marks.
    pub text: &'a str,
    /// In which language.
    pub language: Language,
    /// How fast.
    pub pace: Pace,
    /// Samples per second that are wanted: 8,000 or 16,000.
    pub rate: u32,
    /// Whether it is made ahead: then whoever waits on a line goes first.
    pub ahead: bool,
}

/// Mono samples of 16 bits, sent while they are made. Dropping them stops the making; an error ends them.
pub type Samples = BoxStream<'static, Result<Vec<i16>, SpeechError>>;

/// A call that is to be listened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// The language that is expected; `None`: it is found out.
    pub language: Option<Language>,
    /// Samples per second that will be sent.
    pub rate: u32,
    /// What keeps a call at its node.
    pub call: String,
}

/// An ear on a call. Dropping either end ends it.
pub struct Hearing {
    /// Takes the caller's mono samples of 16 bits as they come; what finds it full is to be dropped, for sound that waits is late.
    pub sound: mpsc::Sender<Vec<i16>>,
    /// What is understood; an error ends it.
    pub understood: BoxStream<'static, Result<Understood, SpeechError>>,
}

/// What is understood of a caller. Moments are milliseconds since the first sample that was sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Understood {
    /// Somebody began to speak.
    Began {
        /// When.
        at_ms: u64,
    },
    /// Words of the sentence that is being said.
    Partly {
        /// Those that will not change any more, from the sentence's beginning.
        stable: String,
        /// Those after them that may.
        unstable: String,
    },
    /// The sentence has ended; its words follow.
    Ended {
        /// When the speech ended.
        at_ms: u64,
    },
    /// The sentence, written down.
    Written {
        /// The words; empty where the sound was no speech after all.
        text: String,
        /// In which language.
        language: Option<Language>,
        /// The mean probability of its parts, 0 to 1: below one half it is better asked again.
        confidence: f32,
    },
}

/// Speaks into calls and listens to them.
#[async_trait]
pub trait LiveSpeech: Send + Sync {
    /// What can be done now: spoken at all, and heard while it is said. Cheap.
    fn abilities(&self) -> Abilities;

    /// Speaks `words`. Returns once the first sound is there.
    ///
    /// # Errors
    /// [`SpeechError`] when it cannot begin.
    async fn say(&self, words: Words<'_>) -> Result<Samples, SpeechError>;

    /// Listens to a call.
    ///
    /// # Errors
    /// [`SpeechError`] when nobody can listen now.
    async fn listen(&self, listen: Listen) -> Result<Hearing, SpeechError>;
}

/// Neither speaks nor listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLiveSpeech;

#[async_trait]
impl LiveSpeech for NoLiveSpeech {
    fn abilities(&self) -> Abilities {
        Abilities::default()
    }

    async fn say(&self, _words: Words<'_>) -> Result<Samples, SpeechError> {
        Err(SpeechError::NotOffered { what: "speaking" })
    }

    async fn listen(&self, _listen: Listen) -> Result<Hearing, SpeechError> {
        Err(SpeechError::NotOffered { what: "listening" })
    }
}
