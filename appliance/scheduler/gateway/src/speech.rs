//! The port of speech, by the nodes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use desk::language::Language;
use desk::ports::speech::{Abilities, Heard, Recording, Speech, SpeechError, Spoken};
use futures::{StreamExt, TryStreamExt};
use protocol::{Class, Task};
use reqwest::header::HeaderValue;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::Instrument;

use crate::ability::Wanted;
use crate::answer::{Answer, Body, Streamed};
use crate::client;
use crate::error::{NodeError, chain};
use crate::gateway::Nodes;
use crate::languages::{from_wire, to_wire};
use crate::openai::tokens;
use crate::work::{Work, WorkError};

/// How long the first sound may take.
const FIRST_SOUND: Duration = Duration::from_secs(5);
/// How long a whole text may take to be spoken, faster than it is heard.
const SPEAKING: Duration = Duration::from_secs(120);
/// How long a recording may take to be written down.
const HEARING: Duration = Duration::from_secs(60);
/// The part of the time left that a model may take where another could do it after it.
const NOT_THE_LAST: f64 = 0.6;
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

/// Why a model did not do it.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("no inference node that could do it was heard from")]
    Nobody,
    #[error(transparent)]
    Work(#[from] WorkError),
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// What is asked of a model.
enum Asked<'a> {
    Say(&'a str, protocol::Language),
    WriteDown(&'a Recording, protocol::Language),
}

impl Asked<'_> {
    /// What it is called in errors and metrics.
    fn what(&self) -> &'static str {
        match self {
            Self::Say(..) => "speaking",
            Self::WriteDown(..) => "hearing",
        }
    }

    fn wanted(&self) -> Wanted {
        match self {
            Self::Say(_, language) => Wanted::request(Task::Speech, Some(*language)),
            Self::WriteDown(_, language) => Wanted::request(Task::Transcription, Some(*language)),
        }
    }

    fn path(&self) -> &'static str {
        match self {
            Self::Say(..) => "/v1/audio/speech",
            Self::WriteDown(..) => "/v1/audio/transcriptions",
        }
    }

    fn prompt_tokens(&self) -> u32 {
        match self {
            Self::Say(text, _) => tokens(text.len()),
            Self::WriteDown(recording, _) => {
                u32::try_from(recording.bytes.len() / SOUND_BYTES_PER_TOKEN + 1).unwrap_or(u32::MAX)
            }
        }
    }

    /// How long the first piece may take, and the whole.
    fn within(&self) -> (Duration, Duration) {
        match self {
            Self::Say(..) => (FIRST_SOUND, SPEAKING),
            Self::WriteDown(..) => (HEARING, HEARING),
        }
    }

    /// It as a node takes it, whole: where a replica fails, the next one gets the same bytes.
    async fn body(&self, model: &str) -> Result<(HeaderValue, Bytes), NodeError> {
        match self {
            Self::Say(text, language) => {
                let body =
                    json!({ "model": model, "input": text, "language": language.code(), "response_format": "wav" });
                Ok((HeaderValue::from_static("application/json"), Bytes::from(body.to_string())))
            }
            Self::WriteDown(recording, language) => form(model, recording, *language).await,
        }
    }
}

#[async_trait]
impl Speech for NodesSpeech {
    fn abilities(&self) -> Abilities {
        let able = |task| Language::ALL.into_iter().filter(|language| self.nodes.able(task, *language)).collect();
        Abilities { spoken: able(Task::Speech), heard: able(Task::Transcription) }
    }

    async fn speak(&self, text: &str, language: Language) -> Result<Spoken, SpeechError> {
        let started = Instant::now();
        let asked = Asked::Say(text, to_wire(language));
        let answer = self.ask(&asked).await?;
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
        let answer = self.ask(&asked).await?;
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
    /// Has the first model do it that can: each goes through its dispatcher, and where that rejects it the next is asked.
    async fn ask(&self, asked: &Asked<'_>) -> Result<Answer, SpeechError> {
        let what = asked.what();
        if self.nodes.is_empty() {
            return Err(SpeechError::NotOffered { what });
        }
        let started = Instant::now();
        let models = self.nodes.find(asked.wanted()).await;
        let mut failed = Failed::Nobody;
        for (place, model) in models.iter().enumerate() {
            let body = asked.body(model).await;
            let (media_type, body) = body.map_err(|error| unavailable(what, error.into()))?;
            let (first, whole) = asked.within();
            let left = first.saturating_sub(started.elapsed());
            let patience = if place + 1 < models.len() { left.mul_f64(NOT_THE_LAST) } else { left };
            let work = Work {
                path: asked.path(),
                body,
                media_type,
                class: Class::Chat,
                deadline: Some(patience),
                life: Some(whole.saturating_sub(started.elapsed())),
                streamed: matches!(asked, Asked::Say(..)),
                prompt_tokens: asked.prompt_tokens(),
                output_tokens: 1,
                prefix: Vec::new(),
                session: None,
                trace: None,
                epoch: None,
                passed_on: false,
            };
            match self.nodes.carry_out(model, work).await {
                Ok(answer) if answer.status.is_success() => return Ok(answer),
                // The request itself is at fault: no other model would take it.
                Ok(Answer { body: Body::Whole(told), .. }) => {
                    return Err(SpeechError::Refused { reason: client::message(&told) });
                }
                Ok(_) => {}
                Err(error) => {
                    metrics::counter!("sfetnic_speech_failures_total", "model" => model.clone(), "what" => what)
                        .increment(1);
                    tracing::warn!(model, what, error = chain(&error), "a model did not do it");
                    failed = error.into();
                }
            }
        }
        Err(unavailable(what, failed))
    }

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

/// A recording and what is asked about it.
async fn form(
    model: &str,
    recording: &Recording,
    language: protocol::Language,
) -> Result<(HeaderValue, Bytes), NodeError> {
    const WHAT: &str = "to write a recording down";
    let broken = |source: reqwest::Error| NodeError::Ask { what: WHAT, source };
    let part = Part::bytes(recording.bytes.to_vec()).file_name("recording");
    let part = part.mime_str(recording.media_type).map_err(broken)?;
    let form = Form::new()
        .text("model", model.to_owned())
        .text("language", language.code())
        .text("response_format", "verbose_json")
        .part("file", part);
    let media_type = HeaderValue::from_str(&format!("multipart/form-data; boundary={}", form.boundary()));
    let media_type = media_type.unwrap_or(HeaderValue::from_static("multipart/form-data"));
    let pieces: Vec<Bytes> = form.into_stream().try_collect().await.map_err(broken)?;
    Ok((media_type, Bytes::from(pieces.concat())))
}

fn unavailable(what: &'static str, error: Failed) -> SpeechError {
    let retry_after = match &error {
        Failed::Work(WorkError::Rejected { retry_after, .. }) => *retry_after,
        _ => Duration::from_secs(5),
    };
    SpeechError::Unavailable { what, retry_after, source: Box::new(error) }
}
