//! `POST /v1/audio/transcriptions`.

use std::sync::Arc;

use audio::{FormatHint, Limits};
use axum::Json;
use axum::body::Bytes;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use engines::tasks::{Transcript, TranscriptionRequest, Word};
use protocol::{Language, Task};
use serde_json::{Value, json};

use super::Api;
use super::error::ApiError;
use super::lease::{choose, lease};
use super::request::{Urgency, too_large_or_broken};
use super::subtitles;
use crate::host::Work;

/// The rate at which engines hear.
const RATE: u32 = 16_000;

/// What is asked.
struct Asked {
    file: Bytes,
    hint: Option<FormatHint>,
    model: String,
    language: Option<Language>,
    prompt: Option<String>,
    temperature: f32,
    form: Form,
    words: bool,
}

/// The form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Text,
    VerboseJson,
    Srt,
    Vtt,
}

/// Writes down a recording.
pub(super) async fn transcribe(
    State(api): State<Arc<Api>>,
    urgency: Urgency,
    request: Request,
) -> Result<Response, ApiError> {
    let asked = Asked::read(request).await?;
    let hosted = choose(&api, Task::Transcription, &asked.model, asked.language)?;
    let samples = decode(asked.file, asked.hint, api.longest_recording).await?;
    let lease = lease(&api, &hosted, Work::Request, urgency).await?;
    let request = TranscriptionRequest {
        samples,
        language: asked.language,
        prompt: asked.prompt,
        temperature: asked.temperature,
        word_times: asked.words,
    };
    let made = lease.model.transcribe(request, lease.stop.clone()).await;
    let transcript = lease.finish(made)?;
    Ok(written(&transcript, asked.form, asked.words))
}

/// Decoding is arithmetic: it has a thread of its own.
async fn decode(file: Bytes, hint: Option<FormatHint>, longest_seconds: u32) -> Result<Vec<f32>, ApiError> {
    let limits = Limits { max_seconds: f64::from(longest_seconds), ..Limits::default() };
    let decoding = tokio::task::spawn_blocking(move || audio::decode_at(&file, hint, limits, RATE));
    let decoded = decoding.await.map_err(|_| ApiError::request("file", "the recording could not be read"))?;
    decoded
        .map(|pcm| pcm.samples)
        .map_err(|error| ApiError::request("file", format!("{:#}", anyhow::Error::new(error))))
}

impl Asked {
    async fn read(request: Request) -> Result<Self, ApiError> {
        let mut parts = Multipart::from_request(request, &()).await.map_err(|error| {
            ApiError::request(
                "",
                format!("a form (multipart/form-data) with the recording is needed: {}", error.body_text()),
            )
        })?;
        let (mut file, mut hint, mut model, mut language, mut prompt) = (None, None, String::new(), None, None);
        let (mut temperature, mut form, mut words) = (0.0, Form::Json, false);
        while let Some(part) = parts.next_field().await.map_err(|error| broken(&error))? {
            let name = part.name().unwrap_or_default().to_owned();
            if name == "file" {
                hint = part
                    .content_type()
                    .and_then(FormatHint::from_mime)
                    .or_else(|| part.file_name().and_then(FormatHint::from_file_name));
                file = Some(part.bytes().await.map_err(|error| broken(&error))?);
                continue;
            }
            let text = part.text().await.map_err(|error| broken(&error))?;
            match name.as_str() {
                "model" => model = text,
                "language" if text.is_empty() => {}
                "language" => {
                    let known = Language::from_tag(&text);
                    let unknown =
                        || ApiError::request("language", format!("`{text}` is not known here; there are: ro, hu, en"));
                    language = Some(known.ok_or_else(unknown)?);
                }
                "prompt" => prompt = Some(text).filter(|text| !text.is_empty()),
                "temperature" => {
                    let number = text.parse().ok().filter(|number| (0.0..=1.0).contains(number));
                    temperature = number.ok_or_else(|| ApiError::request("temperature", "must be from 0 to 1"))?;
                }
                "response_format" => form = Form::from_name(&text)?,
                "timestamp_granularities[]" | "timestamp_granularities" => words |= text == "word",
                "stream" if text == "true" => {
                    let message = "a recording is answered as a whole; live audio goes to `/v1/realtime`";
                    return Err(ApiError::request("stream", message));
                }
                // What else OpenAI's clients send (`chunking_strategy`, `include[]`) changes nothing here.
                _ => {}
            }
        }
        if words && form != Form::VerboseJson {
            let message = "words have times in the format `verbose_json` only";
            return Err(ApiError::request("timestamp_granularities", message));
        }
        let file = file.ok_or_else(|| ApiError::request("file", "the form holds no part `file` with the recording"))?;
        Ok(Self { file, hint, model, language, prompt, temperature, form, words })
    }
}

fn broken(error: &MultipartError) -> ApiError {
    too_large_or_broken(error.status().as_u16(), &error.body_text())
}

impl Form {
    fn from_name(name: &str) -> Result<Self, ApiError> {
        match name {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            "verbose_json" => Ok(Self::VerboseJson),
            "srt" => Ok(Self::Srt),
            "vtt" => Ok(Self::Vtt),
            _ => {
                let message = format!("`{name}` is not made here; there are: json, text, verbose_json, srt, vtt");
                Err(ApiError::request("response_format", message))
            }
        }
    }
}

fn written(transcript: &Transcript, form: Form, words: bool) -> Response {
    let plain = |mime: &'static str, text: String| ([(CONTENT_TYPE, mime)], text).into_response();
    match form {
        Form::Json => Json(json!({ "text": transcript.text })).into_response(),
        Form::Text => plain("text/plain; charset=utf-8", format!("{}\n", transcript.text)),
        Form::Srt => plain("application/x-subrip; charset=utf-8", subtitles::srt(&transcript.segments)),
        Form::Vtt => plain("text/vtt; charset=utf-8", subtitles::vtt(&transcript.segments)),
        Form::VerboseJson => Json(verbose(transcript, words)).into_response(),
    }
}

fn verbose(transcript: &Transcript, words: bool) -> Value {
    let segments: Vec<Value> = transcript
        .segments
        .iter()
        .enumerate()
        .map(|(id, segment)| {
            json!({
                "id": id, "start": segment.start, "end": segment.end, "text": segment.text,
                "avg_logprob": segment.mean_log_probability, "no_speech_prob": segment.no_speech_probability,
            })
        })
        .collect();
    let mut body = json!({
        "task": "transcribe", "language": transcript.language.map(name), "duration": transcript.seconds,
        "text": transcript.text, "segments": segments,
    });
    if words {
        let all = transcript.segments.iter().flat_map(|segment| &segment.words);
        body["words"] = all.map(word).collect();
    }
    body
}

/// OpenAI names languages in English.
fn name(language: Language) -> &'static str {
    match language {
        Language::Ro => "romanian",
        Language::Hu => "hungarian",
        Language::En => "english",
    }
}

fn word(word: &Word) -> Value {
    json!({ "word": word.text, "start": word.start, "end": word.end, "probability": word.probability })
}
