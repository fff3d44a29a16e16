//! The ports of speech, by the nodes: for pages here, for calls in [`live`].

mod asking;
mod live;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use desk::language::Language;
use desk::ports::speech::{Abilities, Heard, Recording, Speech, SpeechError, Spoken};
use futures::StreamExt;
use protocol::{Class, Task};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::Instrument;

use crate::answer::{Body, Streamed};
use crate::error::{NodeError, chain};
use crate::gateway::Nodes;
use crate::languages::{from_wire, to_wire};
use asking::{Asked, Failed, Saying, unavailable};

/// How long a recording may take to be written down.
const HEARING: Duration = Duration::from_secs(60);
/// The most that a text may become: ten minutes at 24 kHz.
const MOST_SOUND: usize = 32 * 1024 * 1024;
/// The largest transcript.
const MOST_TEXT: usize = 1024 * 1024;
/// The longest pause in a stream of sound.
const PAUSE: Duration = Duration::from_secs(10);
/// How many pieces wait for a slow listener; then the node waits too.
const PIECES: usize = 4_096;
/// Bytes of a recording that weigh as much as a token: a second of sound at 16 kHz and 16 bits weighs what ten tokens do.
pub(crate) const SOUND_BYTES_PER_TOKEN: usize = 3_200;

/// Speaks and hears by the nodes.
pub(crate) struct NodesSpeech {
    pub(crate) nodes: Arc<Nodes>,
}

/// What a model understood.
#[derive(Deserialize)]
struct Transcript {
    text: String,
    /// In English: `romanian`.
    language: Option<String>,
}

#[async_trait]
impl Speech for NodesSpeech {
    fn abilities(&self) -> Abilities {
        let able = |task| Language::ALL.into_iter().filter(|language| self.nodes.able(task, *language)).collect();
        Abilities { spoken: able(Task::Speech), heard: able(Task::Transcription) }
    }

    async fn speak(&self, text: &str, language: Language) -> Result<Spoken, SpeechError> {
        let started = Instant::now();
        let asked = Asked::Say(Saying { text, language: to_wire(language), pace: 1.0, rate: None });
        let answer = self.ask(&asked, Class::Chat).await?;
        let Body::Streamed(sound) = answer.body else {
            return Err(unavailable(asked.what(), Failed::Nobody));
        };
        metrics::histogram!("sfetnic_speech_first_sound_seconds").record(started.elapsed().as_secs_f64());
        let media_type = answer.media_type.to_str().ok().filter(|value| value.starts_with("audio/"));
        let media_type = media_type.unwrap_or("audio/wav").to_owned();
        Ok(self.pass_on(media_type, sound))
    }

    async fn hear(&self, recording: Recording, language: Language) -> Result<Heard, SpeechError> {
        let started = Instant::now();
        let asked = Asked::WriteDown(&recording, to_wire(language));
        let answer = self.ask(&asked, Class::Chat).await?;
        let read = async {
            let bytes = answer.collect(MOST_TEXT).await?;
            serde_json::from_slice::<Transcript>(&bytes)
                .map_err(|source| NodeError::Unreadable { what: "a recording", source })
        };
        let heard = tokio::time::timeout_at(started + HEARING, read).await;
        let heard = heard.unwrap_or(Err(NodeError::Late { what: "to write a recording down", within: HEARING }));
        let heard = heard.map_err(|error| unavailable(asked.what(), error.into()))?;
        metrics::histogram!("sfetnic_hearing_seconds").record(started.elapsed().as_secs_f64());
        let spoken = heard.language.as_deref().and_then(protocol::Language::from_tag);
        let text = heard.text.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Heard { text, language: spoken.map_or(language, from_wire) })
    }
}

impl NodesSpeech {
    /// Takes the sound from the node as fast as it is made, so that a slow listener does not hold the node's model.
    fn pass_on(&self, media_type: String, mut sound: Streamed) -> Spoken {
        let (sender, receiver) = mpsc::channel::<Result<Bytes, SpeechError>>(PIECES);
        let stop = self.nodes.stop.clone();
        let passing = async move {
            let mut left = MOST_SOUND;
            loop {
                let piece = match tokio::time::timeout(PAUSE, sound.next()).await {
                    Ok(None) => return,
                    Ok(Some(Ok(bytes))) if bytes.len() > left => {
                        Err(NodeError::TooMuch { what: "speech", most: MOST_SOUND })
                    }
                    Ok(Some(Ok(bytes))) => {
                        left -= bytes.len();
                        Ok(bytes)
                    }
                    Ok(Some(Err(error))) => Err(error),
                    Err(_) => Err(NodeError::Late { what: "speech", within: PAUSE }),
                };
                let ended = piece.is_err();
                let piece = piece.map_err(|error| {
                    tracing::warn!(error = chain(&error), "speech broke off");
                    unavailable("speaking", error.into())
                });
                if sender.send(piece).await.is_err() || ended {
                    // Nobody listens any more, or there is nothing more: the connection to the node is dropped.
                    return;
                }
            }
        };
        self.nodes.tasks.spawn(
            async move {
                tokio::select! {
                    () = passing => {}
                    () = stop.cancelled() => {}
                }
            }
            .in_current_span(),
        );
        let sound = futures::stream::unfold(receiver, |mut pieces| async { Some((pieces.recv().await?, pieces)) });
        Spoken { media_type, sound: sound.boxed() }
    }
}
