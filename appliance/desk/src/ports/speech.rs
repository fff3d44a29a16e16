//! Speech for those who would rather listen than read, and rather talk than write.
//!
//! Nothing is decided here about which machine computes it: the port says what can be done now, and does it or says why not.
//! Whoever offers it on a page asks [`Speech::abilities`] first, so that no button leads nowhere.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::language::Language;

/// What can be done now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Abilities {
    /// The languages that can be spoken.
    pub spoken: Vec<Language>,
    /// The languages that can be heard.
    pub heard: Vec<Language>,
}

impl Abilities {
    /// Whether a text in `language` can be spoken.
    #[must_use]
    pub fn speaks(&self, language: Language) -> bool {
        self.spoken.contains(&language)
    }

    /// Whether somebody who talks `language` is understood.
    #[must_use]
    pub fn hears(&self, language: Language) -> bool {
        self.heard.contains(&language)
    }
}

/// A text as sound, sent while it is made. Dropping it stops the making.
pub struct Spoken {
    /// The media type: `audio/wav`.
    pub media_type: String,
    /// The encoded bytes; an error ends them.
    pub sound: BoxStream<'static, Result<Bytes, SpeechError>>,
}

/// What somebody said, recorded.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The encoded bytes.
    pub bytes: Bytes,
    /// Their media type: `audio/wav`, `audio/ogg`, `audio/webm`.
    pub media_type: &'static str,
}

/// What was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The words; empty where nobody spoke.
    pub text: String,
    /// In which language.
    pub language: Language,
}

/// Why nothing is spoken or heard.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// Nobody set it up here: asking again changes nothing.
    #[error("{what} is not set up")]
    NotOffered {
        /// What was asked for.
        what: &'static str,
    },
    /// It cannot be done now; the same call may succeed later, and repeating it is harmless.
    #[error("{what} is not available now")]
    Unavailable {
        /// What was asked for.
        what: &'static str,
        /// When it may be.
        retry_after: Duration,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What was asked cannot be done, now or later: a recording that cannot be read, a text without words.
    #[error("it was refused: {reason}")]
    Refused {
        /// Why, for the log; not in the citizen's language.
        reason: String,
    },
}

/// Speaks and hears.
#[async_trait]
pub trait Speech: Send + Sync {
    /// What can be done now. Cheap: asked for each page.
    fn abilities(&self) -> Abilities;

    /// Speaks `text`, plain and without marks. Returns once the first sound is there.
    ///
    /// # Errors
    /// [`SpeechError`] when it cannot begin.
    async fn speak(&self, text: &str, language: Language) -> Result<Spoken, SpeechError>;

    /// Writes down what was said, expected to be in `language`.
    ///
    /// # Errors
    /// [`SpeechError`].
    async fn hear(&self, recording: Recording, language: Language) -> Result<Heard, SpeechError>;
}

/// Neither speaks nor hears.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSpeech;

#[async_trait]
impl Speech for NoSpeech {
    fn abilities(&self) -> Abilities {
        Abilities::default()
    }

    async fn speak(&self, _text: &str, _language: Language) -> Result<Spoken, SpeechError> {
        Err(SpeechError::NotOffered { what: "speaking" })
    }

    async fn hear(&self, _recording: Recording, _language: Language) -> Result<Heard, SpeechError> {
        Err(SpeechError::NotOffered { what: "hearing" })
    }
}
