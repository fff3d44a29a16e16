//! What is asked of models that speak or write down, and how one is found that does it.

use std::time::Duration;

use bytes::Bytes;
use desk::ports::speech::{Recording, SpeechError};
use futures::TryStreamExt;
use protocol::{Class, Task};
use reqwest::header::HeaderValue;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{HEARING, NodesSpeech, SOUND_BYTES_PER_TOKEN};
use crate::ability::Wanted;
use crate::answer::{Answer, Body};
use crate::client;
use crate::error::{NodeError, chain};
use crate::openai::tokens;
use crate::work::{Work, WorkError};

/// How long the first sound may take.
const FIRST_SOUND: Duration = Duration::from_secs(5);
/// How long a whole text may take to be spoken, faster than it is heard.
const SPEAKING: Duration = Duration::from_secs(120);
/// The part of the time left that a model may take where another could do it after it.
const NOT_THE_LAST: f64 = 0.6;

/// A text, and how it is to sound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Saying<'a> {
    pub(super) text: &'a str,
    pub(super) language: protocol::Language,
    /// 1 is as usual.
    pub(super) pace: f32,
    /// Samples per second without a head; none: a WAV file at the voice's own rate.
    pub(super) rate: Option<u32>,
}

impl Saying<'_> {
    fn body(&self, model: &str) -> Value {
        let mut body = json!({
            "model": model, "input": self.text, "language": self.language.code(), "speed": self.pace,
            "response_format": if self.rate.is_some() { "pcm" } else { "wav" },
        });
        if let Some(rate) = self.rate {
            body["sample_rate"] = json!(rate);
        }
        body
    }
}

/// Why a model did not do it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("no inference node that could do it was heard from")]
    Nobody,
    #[error(transparent)]
    Work(#[from] WorkError),
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// What is asked of a model.
pub(super) enum Asked<'a> {
    Say(Saying<'a>),
    WriteDown(&'a Recording, protocol::Language),
}

impl Asked<'_> {
    /// What it is called in errors and metrics.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Say(_) => "speaking",
            Self::WriteDown(..) => "hearing",
        }
    }

    fn wanted(&self) -> Wanted {
        match self {
            Self::Say(Saying { language, .. }) => Wanted::request(Task::Speech, Some(*language)),
            Self::WriteDown(_, language) => Wanted::request(Task::Transcription, Some(*language)),
        }
    }

    fn path(&self) -> &'static str {
        match self {
            Self::Say(_) => "/v1/audio/speech",
            Self::WriteDown(..) => "/v1/audio/transcriptions",
        }
    }

    fn prompt_tokens(&self) -> u32 {
        match self {
            Self::Say(Saying { text, .. }) => tokens(text.len()),
            Self::WriteDown(recording, _) => {
                u32::try_from(recording.bytes.len() / SOUND_BYTES_PER_TOKEN + 1).unwrap_or(u32::MAX)
            }
        }
    }

    /// How long the first piece may take, and the whole.
    fn within(&self) -> (Duration, Duration) {
        match self {
            Self::Say(_) => (FIRST_SOUND, SPEAKING),
            Self::WriteDown(..) => (HEARING, HEARING),
        }
    }

    /// It as a node takes it, whole: where a replica fails, the next one gets the same bytes.
    async fn body(&self, model: &str) -> Result<(HeaderValue, Bytes), NodeError> {
        match self {
            Self::Say(saying) => {
                let body = saying.body(model).to_string();
                Ok((HeaderValue::from_static("application/json"), Bytes::from(body)))
            }
            Self::WriteDown(recording, language) => form(model, recording, *language).await,
        }
    }
}

impl NodesSpeech {
    /// Has the first model do it that can: each goes through its dispatcher, and where that rejects it the next is asked.
    pub(super) async fn ask(&self, asked: &Asked<'_>, class: Class) -> Result<Answer, SpeechError> {
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
                class,
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

pub(super) fn unavailable(what: &'static str, error: Failed) -> SpeechError {
    let retry_after = match &error {
        Failed::Work(WorkError::Rejected { retry_after, .. }) => *retry_after,
        _ => Duration::from_secs(5),
    };
    SpeechError::Unavailable { what, retry_after, source: Box::new(error) }
}
