//! As much of a request as sending it to the right place needs.

use std::borrow::Cow;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use axum::http::HeaderValue;
use bytes::Bytes;
use policy::{BlockHash, SessionKey};
use protocol::Task;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::ApiError;
use crate::speech::SOUND_BYTES_PER_TOKEN;

/// Bytes of a prompt's block: some 128 tokens. Large enough that a long prompt has a hundred of them, small enough that a
/// system's preface of a page is known again.
pub(crate) const BLOCK_BYTES: usize = 512;
/// Bytes of text that make a token, on average over Romanian, Hungarian and English with the vocabularies of today's models.
const BYTES_PER_TOKEN: usize = 4;
/// Tokens of an answer where no limit is set.
const USUAL_ANSWER: u32 = 300;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Chat,
    Embeddings,
    Speech,
    Transcription,
}

impl Kind {
    /// The path, here and at the node.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Embeddings => "/v1/embeddings",
            Self::Speech => "/v1/audio/speech",
            Self::Transcription => "/v1/audio/transcriptions",
        }
    }

    /// What its models are for.
    pub(super) fn task(self) -> Task {
        match self {
            Self::Chat => Task::Chat,
            Self::Embeddings => Task::Embeddings,
            Self::Speech => Task::Speech,
            Self::Transcription => Task::Transcription,
        }
    }
}

/// What was read of a request.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) model: String,
    pub(super) streamed: bool,
    pub(super) prompt_tokens: u32,
    pub(super) output_tokens: u32,
    pub(super) prefix: Vec<BlockHash>,
    pub(super) session: Option<SessionKey>,
}

/// The fields that matter here; the node checks all others.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    max_tokens: Option<u32>,
    #[serde(default)]
    max_completion_tokens: Option<u32>,
    #[serde(borrow, default)]
    messages: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
    /// OpenAI's name for what keeps a conversation's requests together.
    #[serde(borrow, default)]
    prompt_cache_key: Option<Cow<'a, str>>,
}

/// Reads a request.
pub(super) fn read(kind: Kind, media_type: Option<&HeaderValue>, body: &Bytes, seed: u64) -> Result<Read, ApiError> {
    if kind == Kind::Transcription {
        return recording(media_type, body);
    }
    let fields: Fields<'_> = serde_json::from_slice(body).map_err(|error| {
        ApiError::request("body", format!("the body cannot be read as JSON with a `model`: {error}"))
    })?;
    let text = match kind {
        Kind::Chat => fields.messages.ok_or_else(|| ApiError::request("messages", "`messages` is missing"))?,
        _ => fields.input.ok_or_else(|| ApiError::request("input", "`input` is missing"))?,
    };
    let text = text.get().as_bytes();
    let prefix = if kind == Kind::Chat { BlockHash::chain(seed, text, BLOCK_BYTES) } else { Vec::new() };
    let output_tokens = match kind {
        Kind::Chat => fields.max_completion_tokens.or(fields.max_tokens).unwrap_or(USUAL_ANSWER).min(USUAL_ANSWER),
        _ => 1,
    };
    Ok(Read {
        model: fields.model.into_owned(),
        // Speech is always sent as it is made.
        streamed: fields.stream || kind == Kind::Speech,
        prompt_tokens: tokens(text.len()),
        output_tokens,
        prefix,
        session: fields.prompt_cache_key.map(|key| session(&key)),
    })
}

/// Tokens of a text of that many bytes, about.
pub(crate) fn tokens(bytes: usize) -> u32 {
    u32::try_from(bytes / BYTES_PER_TOKEN + 1).unwrap_or(u32::MAX)
}

/// A session's name as a number; the same on every server.
pub(crate) fn session(key: &str) -> SessionKey {
    SessionKey(BuildHasherDefault::<DefaultHasher>::default().hash_one(key))
}

/// A recording comes as a form, of which the model's name alone is read: the rest is passed on as it is.
fn recording(media_type: Option<&HeaderValue>, body: &Bytes) -> Result<Read, ApiError> {
    let form = media_type.is_some_and(|value| value.as_bytes().starts_with(b"multipart/form-data"));
    if !form {
        return Err(ApiError::request("content-type", "a recording is sent as `multipart/form-data`"));
    }
    let model = field(body, "model").ok_or_else(|| ApiError::request("model", "the form has no field `model`"))?;
    Ok(Read {
        model,
        streamed: false,
        prompt_tokens: u32::try_from(body.len() / SOUND_BYTES_PER_TOKEN + 1).unwrap_or(u32::MAX),
        output_tokens: 1,
        prefix: Vec::new(),
        session: None,
    })
}

/// A short text field of a form.
fn field(body: &[u8], name: &str) -> Option<String> {
    let head = format!("name=\"{name}\"");
    let from = memchr::memmem::find(body, head.as_bytes())? + head.len();
    let rest = body.get(from..)?;
    let value = rest.get(memchr::memmem::find(rest, b"\r\n\r\n")? + 4..)?;
    let value = value.get(..memchr::memmem::find(value, b"\r\n")?)?;
    (value.len() <= 200).then(|| String::from_utf8_lossy(value).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chat(messages: &str) -> Read {
        let body = format!("{{\"model\":\"m\",\"stream\":true,\"messages\":{messages},\"max_tokens\":9}}");
        read(Kind::Chat, None, &Bytes::from(body), 1).unwrap_or_else(|error| panic!("{error:?}"))
    }

    #[test]
    fn a_conversation_that_goes_on_shares_the_blocks_of_its_beginning() {
        let preface = "Sunteți asistentul primăriei. ".repeat(60);
        let first = chat(&format!(
            "[{{\"role\":\"system\",\"content\":\"{preface}\"}},{{\"role\":\"user\",\"content\":\"A\"}}]"
        ));
        let second = chat(&format!(
            "[{{\"role\":\"system\",\"content\":\"{preface}\"}},{{\"role\":\"user\",\"content\":\"A\"}},\
             {{\"role\":\"assistant\",\"content\":\"B\"}},{{\"role\":\"user\",\"content\":\"{preface}\"}}]"
        ));
        assert!(first.prefix.len() >= 3 && second.prefix.len() > first.prefix.len());
        assert_eq!(first.prefix[..], second.prefix[..first.prefix.len()]);
        assert!(first.streamed && first.output_tokens == 9);
    }

    #[test]
    fn a_form_tells_its_model() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF\r\n\
                    --x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n--x--\r\n";
        let media_type = HeaderValue::from_static("multipart/form-data; boundary=x");
        let read = read(Kind::Transcription, Some(&media_type), &Bytes::from(body), 1)
            .unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(read.model, "whisper");
    }

    #[test]
    fn what_is_missing_is_named() {
        for (kind, body) in [(Kind::Chat, "{\"model\":\"m\"}"), (Kind::Speech, "{\"model\":\"m\"}"), (Kind::Chat, "[]")]
        {
            assert!(read(kind, None, &Bytes::from(body), 1).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), form: bool) {
            let media_type = HeaderValue::from_static("multipart/form-data; boundary=x");
            let kind = if form { Kind::Transcription } else { Kind::Chat };
            let _ = read(kind, Some(&media_type), &Bytes::from(bytes), 1);
        }
    }
}
