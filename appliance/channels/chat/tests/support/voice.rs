//! A voice that speaks Romanian, hears Romanian and English, and says what it was given.

use std::time::Duration;

use async_trait::async_trait;
use desk::language::Language;
use desk::ports::speech::{Abilities, Heard, Recording, Speech, SpeechError, Spoken};
use futures::StreamExt;

/// A text with this word cannot be spoken now.
pub const BUSY: &str = "ocupat";

pub struct Voice;

#[async_trait]
impl Speech for Voice {
    fn abilities(&self) -> Abilities {
        Abilities { spoken: vec![Language::Ro], heard: vec![Language::Ro, Language::En] }
    }

    async fn speak(&self, text: &str, language: Language) -> Result<Spoken, SpeechError> {
        if text.contains(BUSY) {
            let source = "every slot is taken".into();
            return Err(SpeechError::Unavailable { what: "speaking", retry_after: Duration::from_secs(7), source });
        }
        let said = format!("{language}: {text}");
        let sound = futures::stream::iter([Ok("RIFF ".into()), Ok(said.into())]);
        Ok(Spoken { media_type: "audio/wav".to_owned(), sound: sound.boxed() })
    }

    async fn hear(&self, recording: Recording, language: Language) -> Result<Heard, SpeechError> {
        if recording.bytes.len() < 40 {
            return Err(SpeechError::Refused { reason: "no samples".to_owned() });
        }
        Ok(Heard { text: format!("{} bytes of {}", recording.bytes.len(), recording.media_type), language })
    }
}
