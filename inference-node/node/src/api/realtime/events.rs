//! The events on the wire, as in OpenAI's reference of realtime transcription.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engines::tasks::{EndOfTurn, ListenEvent, ListenRequest};
use serde::Deserialize;
use serde_json::{Value, json};

use super::sound::{Form, Sound};
use crate::api::error::ApiError;

/// What a client says.
#[derive(Debug)]
pub(super) enum FromClient {
    /// More sound.
    Sound(Vec<u8>),
    /// Other settings.
    Update(Update),
    /// No more sound will come.
    End,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type")]
enum Wire {
    #[serde(rename = "input_audio_buffer.append")]
    Append { audio: String },
    #[serde(rename = "input_audio_buffer.commit")]
    Commit,
    #[serde(rename = "session.update", alias = "transcription_session.update")]
    Update { session: Update },
}

/// Settings that a client changes; what it leaves out stays.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Update {
    input_audio_format: Option<Form>,
    input_audio_transcription: Option<Transcription>,
    turn_detection: Option<TurnDetection>,
}

#[derive(Debug, Deserialize)]
struct Transcription {
    language: Option<String>,
    prompt: Option<String>,
}

#[derive(Debug, Deserialize)]
struct TurnDetection {
    threshold: Option<f32>,
    prefix_padding_ms: Option<u32>,
    silence_duration_ms: Option<u32>,
}

/// Reads what a client says in text.
pub(super) fn read(text: &str) -> Result<FromClient, ApiError> {
    let wire: Wire = serde_json::from_str(text)
        .map_err(|error| ApiError::request("type", format!("the event is not understood: {error}")))?;
    Ok(match wire {
        Wire::Append { audio } => {
            let bytes = STANDARD.decode(audio);
            FromClient::Sound(bytes.map_err(|_| ApiError::request("audio", "this is not base64"))?)
        }
        Wire::Commit => FromClient::End,
        Wire::Update { session } => FromClient::Update(session),
    })
}

impl Update {
    /// Changes the settings, unless the engine has begun to listen with them.
    pub(super) fn apply(self, settings: &mut ListenRequest, sound: &mut Sound, begun: bool) -> Result<(), ApiError> {
        if begun {
            return Err(ApiError::request("session", "settings are made before the first sound"));
        }
        if let Some(form) = self.input_audio_format {
            *sound =
                Sound::new(form, None).map_err(|message| ApiError::request("session.input_audio_format", message))?;
        }
        if let Some(transcription) = self.input_audio_transcription {
            settings.language = super::known(transcription.language.as_deref())?;
            settings.prompt = transcription.prompt.filter(|prompt| !prompt.is_empty());
        }
        if let Some(turn) = self.turn_detection {
            let usual = EndOfTurn::default();
            let end = EndOfTurn {
                silence_ms: turn.silence_duration_ms.unwrap_or(usual.silence_ms),
                padding_ms: turn.prefix_padding_ms.unwrap_or(usual.padding_ms),
                threshold: turn.threshold.unwrap_or(usual.threshold),
            };
            if !(100..=10_000).contains(&end.silence_ms)
                || end.padding_ms > 2_000
                || !(0.0..=1.0).contains(&end.threshold)
            {
                let message =
                    "silence_duration_ms is from 100 to 10000, prefix_padding_ms up to 2000, threshold from 0 to 1";
                return Err(ApiError::request("session.turn_detection", message));
            }
            settings.end_of_turn = end;
        }
        Ok(())
    }
}

/// What the node says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ToClient(Value);

impl fmt::Display for ToClient {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(to)
    }
}

impl ToClient {
    /// The conversation has begun.
    pub(super) fn created(session: &str, model: &str, settings: &ListenRequest) -> Self {
        Self::session("session.created", session, model, settings)
    }

    /// The settings have changed.
    pub(super) fn updated(session: &str, model: &str, settings: &ListenRequest) -> Self {
        Self::session("session.updated", session, model, settings)
    }

    fn session(kind: &str, session: &str, model: &str, settings: &ListenRequest) -> Self {
        let turn = settings.end_of_turn;
        Self(json!({
            "type": kind,
            "session": {
                "id": session, "object": "realtime.transcription_session",
                "input_audio_transcription": {
                    "model": model, "language": settings.language, "prompt": settings.prompt,
                },
                "turn_detection": {
                    "type": "server_vad", "threshold": turn.threshold, "prefix_padding_ms": turn.padding_ms,
                    "silence_duration_ms": turn.silence_ms,
                },
            },
        }))
    }

    /// Something is wrong; the conversation goes on where it can.
    pub(super) fn error(error: &ApiError) -> Self {
        Self(json!({ "type": "error", "error": error.body() }))
    }

    /// What an engine heard.
    pub(super) fn heard(session: &str, event: ListenEvent) -> Self {
        let item = |turn: u32| format!("item_{session}_{turn}");
        Self(match event {
            ListenEvent::SpeechStarted { turn, at_ms } => json!({
                "type": "input_audio_buffer.speech_started", "item_id": item(turn), "audio_start_ms": at_ms,
            }),
            ListenEvent::SpeechStopped { turn, at_ms } => json!({
                "type": "input_audio_buffer.speech_stopped", "item_id": item(turn), "audio_end_ms": at_ms,
            }),
            // `unstable` is ours: words that may still change, for a screen that wants to show them grey.
            ListenEvent::Partial { turn, stable, unstable } => json!({
                "type": "conversation.item.input_audio_transcription.delta", "item_id": item(turn), "content_index": 0,
                "delta": stable, "unstable": unstable,
            }),
            ListenEvent::Final { turn, text, language, words, confidence } => json!({
                "type": "conversation.item.input_audio_transcription.completed", "item_id": item(turn), "content_index": 0,
                "transcript": text, "language": language, "confidence": confidence,
                "words": words.iter().map(|word| json!({
                    "word": word.text, "start": word.start, "end": word.end, "probability": word.probability,
                })).collect::<Vec<_>>(),
            }),
        })
    }
}
