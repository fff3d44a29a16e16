//! What travels over a worker's socket: MessagePack, each message preceded by its length.

use std::io;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

use crate::EngineError;
use crate::tasks::{
    ChatEvent, ChatRequest, Embeddings, EmbeddingsRequest, ListenEvent, ListenRequest, SpeechPiece, SpeechRequest,
    Transcript, TranscriptionRequest, samples,
};

/// The longest message: an hour of sound at 16 kHz.
const LONGEST: usize = 256 << 20;

/// The first message of a connection.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Opening {
    /// The trace that it belongs to, as in the header `traceparent`.
    pub(super) trace: Option<String>,
    /// What is asked.
    pub(super) ask: Ask,
}

/// What is asked, and for live audio what follows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Ask {
    Chat(ChatRequest),
    Embed(EmbeddingsRequest),
    Speak(SpeechRequest),
    Transcribe(TranscriptionRequest),
    Listen(ListenRequest),
    /// More live audio; an empty one ends it.
    Audio(#[serde(with = "samples")] Vec<f32>),
}

impl Ask {
    /// What it is for, as spans call it.
    pub(super) fn task(&self) -> &'static str {
        match self {
            Self::Chat(_) => "chat",
            Self::Embed(_) => "embeddings",
            Self::Speak(_) => "speech",
            Self::Transcribe(_) => "transcription",
            Self::Listen(_) | Self::Audio(_) => "listening",
        }
    }
}

/// What the worker sends back. A stream is `Started`, any number of pieces, `Ended`; everything may end in `Failed`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Started,
    Chat(ChatEvent),
    Speech(SpeechPiece),
    Heard(ListenEvent),
    Embeddings(Embeddings),
    Transcript(Transcript),
    Failed(EngineError),
    Ended,
}

fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(LONGEST).new_codec()
}

/// Writes messages.
pub(super) struct Sender<W>(FramedWrite<W, LengthDelimitedCodec>);

impl<W: AsyncWrite + Unpin> Sender<W> {
    pub(super) fn new(to: W) -> Self {
        Self(FramedWrite::new(to, codec()))
    }

    pub(super) async fn send<T: Serialize>(&mut self, message: &T) -> io::Result<()> {
        let bytes = rmp_serde::to_vec_named(message).map_err(io::Error::other)?;
        self.0.send(Bytes::from(bytes)).await
    }
}

/// Reads messages.
pub(super) struct Receiver<R>(FramedRead<R, LengthDelimitedCodec>);

impl<R: AsyncRead + Unpin> Receiver<R> {
    pub(super) fn new(from: R) -> Self {
        Self(FramedRead::new(from, codec()))
    }

    /// The next message; `None` when the other side has closed the connection. May be dropped while it waits.
    pub(super) async fn receive<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        match self.0.next().await {
            None => Ok(None),
            Some(bytes) => rmp_serde::from_slice(&bytes?).map(Some).map_err(io::Error::other),
        }
    }
}
