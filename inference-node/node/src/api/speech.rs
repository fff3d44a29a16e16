//! `POST /v1/audio/speech`.

use std::sync::Arc;

use audio::{OutputFormat, StreamEncoder};
use axum::body::{Body as HttpBody, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use engines::tasks::{SpeechPiece, SpeechRequest};
use engines::{EngineError, Events};
use futures::Stream;
use protocol::{Language, Task};
use serde::Deserialize;

use super::Api;
use super::error::ApiError;
use super::lease::{Lease, choose, lease};
use super::request::{Body, Urgency};
use crate::host::Work;

/// The formats that can be asked for.
const FORMATS: [OutputFormat; 8] = [
    OutputFormat::Wav,
    OutputFormat::Pcm,
    OutputFormat::Opus,
    OutputFormat::Flac,
    OutputFormat::Alaw,
    OutputFormat::Ulaw,
    OutputFormat::WavAlaw,
    OutputFormat::WavUlaw,
];
/// Rates that a telephone, a browser or a file may want.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=48_000;

/// What is asked; `language` and `sample_rate` are ours.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    model: String,
    input: String,
    voice: Option<String>,
    #[serde(default = "usual_speed")]
    speed: f32,
    response_format: Option<String>,
    language: Option<String>,
    sample_rate: Option<u32>,
}

fn usual_speed() -> f32 {
    1.0
}

/// Speaks a text; the sound is sent as it is made.
pub(super) async fn speak(
    State(api): State<Arc<Api>>,
    urgency: Urgency,
    Body(asked): Body<Asked>,
) -> Result<Response, ApiError> {
    let format = format(asked.response_format.as_deref())?;
    if let Some(rate) = asked.sample_rate.filter(|rate| !RATES.contains(rate)) {
        let message = format!("{rate} is not from {} to {}", RATES.start(), RATES.end());
        return Err(ApiError::request("sample_rate", message));
    }
    let language = match &asked.language {
        None => None,
        Some(tag) => Some(Language::from_tag(tag).ok_or_else(|| {
            ApiError::request("language", format!("`{tag}` is not spoken here; there are: ro, hu, en"))
        })?),
    };
    // A voice may be named as its language's code, also where the node chooses the model.
    let spoken_by = language.or_else(|| Language::from_tag(asked.voice.as_deref()?.split('+').next()?));
    let hosted = choose(&api, Task::Speech, &asked.model, spoken_by)?;
    let lease = lease(&api, &hosted, Work::Request, urgency).await?;
    let voice = asked.voice.filter(|voice| known_by(&lease, voice, &asked.model));
    let request = SpeechRequest { text: asked.input, language: spoken_by, voice, speed: asked.speed };
    let pieces = match lease.model.speak(request, lease.stop.clone()).await {
        Ok(pieces) => pieces,
        Err(error) => return lease.finish(Err(error)),
    };
    let made = lease.model.facts().sample_rate.unwrap_or(22_050);
    let encoder = match asked.sample_rate {
        None => StreamEncoder::new(format, made),
        Some(rate) => StreamEncoder::with_rate(format, made, rate),
    };
    let encoder =
        encoder.map_err(|error| ApiError::request("sample_rate", format!("{:#}", anyhow::Error::new(error))))?;
    let mime = format.mime(encoder.output_rate());
    let mut speech = Spoken { pieces, encoder: Some(encoder), lease };
    // The first sound decides whether this is an answer or an error.
    let first = speech.next().await.unwrap_or_else(|| Ok(Bytes::new()));
    let first = match first {
        Ok(bytes) => bytes,
        Err(error) => return speech.lease.finish(Err(error)),
    };
    Response::builder()
        .header(CONTENT_TYPE, mime)
        .body(HttpBody::from_stream(speech.into_stream(first)))
        .map_err(|error| ApiError::request("response_format", error.to_string()))
}

/// Whether a voice is to be passed on: `auto` knows only the names of languages, and OpenAI's own names mean the default.
fn known_by(lease: &Lease, voice: &str, model: &str) -> bool {
    let facts = lease.model.facts();
    let strange = !facts.voices.iter().any(|known| known == voice);
    let is_language = Language::from_tag(voice).is_some() && voice.len() == 2;
    !(strange && (model == "auto" || is_language || OPENAI_VOICES.contains(&voice)))
}

/// Names that OpenAI's clients send because their server demands one; here they mean the model's own voice.
const OPENAI_VOICES: [&str; 11] =
    ["alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse"];

fn format(name: Option<&str>) -> Result<OutputFormat, ApiError> {
    let Some(name) = name else { return Ok(OutputFormat::Wav) };
    OutputFormat::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = FORMATS.iter().map(|format| format.name()).collect();
        ApiError::request("response_format", format!("`{name}` is not made here; there are: {}", known.join(", ")))
    })
}

/// Speech on its way: pieces in, encoded bytes out.
struct Spoken {
    pieces: Events<SpeechPiece>,
    encoder: Option<StreamEncoder>,
    lease: Lease,
}

impl Spoken {
    async fn next(&mut self) -> Option<Result<Bytes, EngineError>> {
        let failed = |error: audio::EncodeError| EngineError::Failed(format!("{:#}", anyhow::Error::new(error)));
        loop {
            let encoder = self.encoder.as_mut()?;
            let bytes = match self.pieces.recv().await {
                Some(Ok(piece)) => encoder.push_i16(&piece.samples).map_err(failed),
                Some(Err(error)) => Err(error),
                None => self.encoder.take()?.finish().map_err(failed),
            };
            match bytes {
                Ok(bytes) if bytes.is_empty() => {}
                Ok(bytes) => return Some(Ok(bytes.into())),
                Err(error) => {
                    self.encoder = None;
                    return Some(Err(error));
                }
            }
        }
    }

    fn into_stream(self, first: Bytes) -> impl Stream<Item = Result<Bytes, EngineError>> + Send {
        futures::stream::unfold((self, Some(first)), |(mut speech, first)| async move {
            if let Some(first) = first {
                return Some((Ok(first), (speech, None)));
            }
            match speech.next().await {
                None => {
                    speech.lease.done();
                    None
                }
                Some(Err(error)) => {
                    // The head is sent: breaking the connection off is the only way to say so.
                    speech.lease.failed(&ApiError::from(error.clone()));
                    tracing::warn!(%error, "speech broke off");
                    Some((Err(error), (speech, None)))
                }
                Some(bytes) => Some((bytes, (speech, None))),
            }
        })
    }
}
