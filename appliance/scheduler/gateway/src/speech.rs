//! The port of speech, by the nodes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use desk::language::Language;
use desk::ports::speech::{Abilities, Heard, Recording, Speech, SpeechError, Spoken};
use futures::StreamExt;
use protocol::Task;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::client::Sound;
use crate::error::{NodeError, chain};
use crate::gateway::Nodes;
use crate::languages::{from_wire, to_wire};

/// How long the first sound may take.
const FIRST_SOUND: Duration = Duration::from_secs(5);
/// How long a whole text may take to be spoken, faster than it is heard.
const SPEAKING: Duration = Duration::from_secs(120);
/// How long a recording may take to be written down.
const HEARING: Duration = Duration::from_secs(60);
/// The most that a text may become: ten minutes at 24 kHz.
const MOST_SOUND: usize = 32 * 1024 * 1024;
/// How many pieces wait for a slow listener; then the node waits too.
const PIECES: usize = 4_096;

/// Speaks and hears by the nodes.
pub(crate) struct NodesSpeech {
    pub(crate) nodes: Arc<Nodes>,
}

#[async_trait]
impl Speech for NodesSpeech {
    fn abilities(&self) -> Abilities {
        let able = |task| Language::ALL.into_iter().filter(|language| self.nodes.able(task, *language)).collect();
        Abilities { spoken: able(Task::Speech), heard: able(Task::Transcription) }
    }

    async fn speak(&self, text: &str, language: Language) -> Result<Spoken, SpeechError> {
        const WHAT: &str = "speaking";
        self.offered(WHAT)?;
        let started = Instant::now();
        let late = || NodeError::Late { what: "to speak", within: FIRST_SOUND };
        let mut failed = NodeError::Nobody;
        for (name, client) in self.nodes.find(Task::Speech, language).await {
            let asked = client.speak(text, to_wire(language), SPEAKING, MOST_SOUND);
            let sound = tokio::time::timeout_at(started + FIRST_SOUND, asked).await.unwrap_or_else(|_| Err(late()));
            match sound {
                Ok(sound) => {
                    metrics::histogram!("sfetnic_speech_first_sound_seconds").record(started.elapsed().as_secs_f64());
                    return Ok(self.pass_on(sound));
                }
                Err(error) => failed = passed_over(&name, WHAT, error)?,
            }
        }
        Err(unavailable(WHAT, failed))
    }

    async fn hear(&self, recording: Recording, language: Language) -> Result<Heard, SpeechError> {
        const WHAT: &str = "hearing";
        self.offered(WHAT)?;
        let started = Instant::now();
        let mut failed = NodeError::Nobody;
        for (name, client) in self.nodes.find(Task::Transcription, language).await {
            let left = HEARING.saturating_sub(started.elapsed());
            let bytes = recording.bytes.clone();
            match client.transcribe(bytes, recording.media_type, to_wire(language), left).await {
                Ok(heard) => {
                    metrics::histogram!("sfetnic_hearing_seconds").record(started.elapsed().as_secs_f64());
                    let spoken = heard.language.as_deref().and_then(protocol::Language::from_tag);
                    let text = heard.text.split_whitespace().collect::<Vec<_>>().join(" ");
                    return Ok(Heard { text, language: spoken.map_or(language, from_wire) });
                }
                Err(error) => failed = passed_over(&name, WHAT, error)?,
            }
        }
        Err(unavailable(WHAT, failed))
    }
}

impl NodesSpeech {
    fn offered(&self, what: &'static str) -> Result<(), SpeechError> {
        if self.nodes.is_empty() { Err(SpeechError::NotOffered { what }) } else { Ok(()) }
    }

    /// Takes the sound from the node as fast as it is made, so that a slow listener does not hold the node's model.
    fn pass_on(&self, mut sound: Sound) -> Spoken {
        let media_type = sound.media_type.clone();
        let (sender, receiver) = mpsc::channel::<Result<Bytes, SpeechError>>(PIECES);
        let stop = self.nodes.stop.clone();
        let passing = async move {
            loop {
                let piece = match sound.next().await {
                    Ok(None) => return,
                    Ok(Some(bytes)) => Ok(bytes),
                    Err(error) => {
                        tracing::warn!(error = chain(&error), "speech broke off");
                        Err(unavailable("speaking", error))
                    }
                };
                let ended = piece.is_err();
                if sender.send(piece).await.is_err() || ended {
                    // Nobody listens any more, or there is nothing more: the connection to the node is dropped.
                    return;
                }
            }
        };
        self.nodes.tasks.spawn(async move {
            tokio::select! {
                () = passing => {}
                () = stop.cancelled() => {}
            }
        });
        let sound = futures::stream::unfold(receiver, |mut pieces| async { Some((pieces.recv().await?, pieces)) });
        Spoken { media_type, sound: sound.boxed() }
    }
}

/// A node failed: another may do it, unless the request itself is at fault.
fn passed_over(node: &str, what: &'static str, error: NodeError) -> Result<NodeError, SpeechError> {
    metrics::counter!("sfetnic_speech_failures_total", "node" => node.to_owned(), "what" => what).increment(1);
    if let NodeError::Refused { message } = error {
        return Err(SpeechError::Refused { reason: message });
    }
    tracing::warn!(node, what, error = chain(&error), "an inference node failed a request");
    Ok(error)
}

fn unavailable(what: &'static str, error: NodeError) -> SpeechError {
    SpeechError::Unavailable { what, retry_after: error.retry_after(), source: Box::new(error) }
}
