//! The node's side: a [`Model`] whose work is done in a worker.

use async_trait::async_trait;
use camino::Utf8PathBuf;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;

use super::frame::{Ask, Opening, Receiver, Reply, Sender};
use crate::model::EVENTS_AHEAD;
use crate::tasks::{
    ChatEvent, ChatRequest, Embeddings, EmbeddingsRequest, ListenEvent, ListenRequest, SpeechPiece, SpeechRequest,
    Transcript, TranscriptionRequest,
};
use crate::{EngineError, Events, Facts, Model, Stop};

/// A model in a worker.
pub(super) struct WorkerModel {
    socket: Utf8PathBuf,
    facts: Facts,
}

impl WorkerModel {
    /// The model of the worker that listens on `socket`.
    pub(super) fn new(socket: Utf8PathBuf, facts: Facts) -> Self {
        Self { socket, facts }
    }

    async fn connect(&self) -> Result<Connection, EngineError> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| EngineError::Lost(error.to_string()))?;
        let (from, to) = stream.into_split();
        Ok(Connection { replies: Receiver::new(from), asks: Sender::new(to) })
    }

    /// Asks for one whole result.
    async fn once<T>(&self, ask: Ask, stop: Stop, take: fn(Reply) -> Option<T>) -> Result<T, EngineError> {
        let work = async {
            let mut connection = self.connect().await?;
            connection.open(ask).await?;
            take(connection.reply().await?).ok_or_else(out_of_order)
        };
        tokio::select! {
            result = work => result,
            () = stop.cancelled() => Err(EngineError::Cancelled),
        }
    }

    /// Asks for a stream; returns once it has started.
    async fn stream<T: Send + 'static>(
        &self,
        ask: Ask,
        audio: Option<mpsc::Receiver<Vec<f32>>>,
        stop: Stop,
        take: fn(Reply) -> Option<T>,
    ) -> Result<Events<T>, EngineError> {
        let begin = async {
            let mut connection = self.connect().await?;
            connection.open(ask).await?;
            match connection.reply().await? {
                Reply::Started => Ok(connection),
                _ => Err(out_of_order()),
            }
        };
        let connection = tokio::select! {
            connection = begin => connection?,
            () = stop.cancelled() => return Err(EngineError::Cancelled),
        };
        let (events, taken) = mpsc::channel(EVENTS_AHEAD);
        tokio::spawn(forward(connection, audio, stop, events, take));
        Ok(taken)
    }
}

/// One request's connection; dropping it cancels the request.
struct Connection {
    replies: Receiver<OwnedReadHalf>,
    asks: Sender<OwnedWriteHalf>,
}

impl Connection {
    /// Asks, and says for which trace.
    async fn open(&mut self, ask: Ask) -> Result<(), EngineError> {
        let opening = Opening { trace: service::trace::current().map(|parent| parent.to_string()), ask };
        self.asks.send(&opening).await.map_err(|error| EngineError::Lost(error.to_string()))
    }

    async fn reply(&mut self) -> Result<Reply, EngineError> {
        match self.replies.receive().await {
            Ok(Some(Reply::Failed(error))) => Err(error),
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => Err(EngineError::Lost("it closed the connection".to_owned())),
            Err(error) => Err(EngineError::Lost(error.to_string())),
        }
    }
}

fn out_of_order() -> EngineError {
    EngineError::Failed("the worker's reply does not fit the request".to_owned())
}

/// Carries a stream until its end, or until nobody takes it any more.
async fn forward<T: Send>(
    connection: Connection,
    audio: Option<mpsc::Receiver<Vec<f32>>>,
    stop: Stop,
    events: mpsc::Sender<Result<T, EngineError>>,
    take: fn(Reply) -> Option<T>,
) {
    let Connection { mut replies, asks } = connection;
    // Keeps the writing half open: closing it would cancel the request.
    let feeding = async {
        let mut asks = asks;
        if let Some(mut audio) = audio {
            while let Some(samples) = audio.recv().await {
                if !samples.is_empty() && asks.send(&Ask::Audio(samples)).await.is_err() {
                    break;
                }
            }
            drop(asks.send(&Ask::Audio(Vec::new())).await);
        }
        std::future::pending::<()>().await;
    };
    let reading = async {
        loop {
            let event = match replies.receive().await {
                Ok(Some(Reply::Ended)) => return,
                Ok(Some(Reply::Failed(error))) => Err(error),
                Ok(Some(reply)) => take(reply).ok_or_else(out_of_order),
                Ok(None) => Err(EngineError::Lost("it closed the connection".to_owned())),
                Err(error) => Err(EngineError::Lost(error.to_string())),
            };
            let last = event.is_err();
            if events.send(event).await.is_err() || last {
                return;
            }
        }
    };
    tokio::select! {
        () = reading => {}
        () = feeding => {}
        () = events.closed() => {}
        () = stop.cancelled() => drop(events.try_send(Err(EngineError::Cancelled))),
    }
}

#[async_trait]
impl Model for WorkerModel {
    fn facts(&self) -> Facts {
        self.facts.clone()
    }

    async fn chat(&self, request: ChatRequest, stop: Stop) -> Result<Events<ChatEvent>, EngineError> {
        let take = |reply| if let Reply::Chat(event) = reply { Some(event) } else { None };
        self.stream(Ask::Chat(request), None, stop, take).await
    }

    async fn embed(&self, request: EmbeddingsRequest, stop: Stop) -> Result<Embeddings, EngineError> {
        let take = |reply| if let Reply::Embeddings(vectors) = reply { Some(vectors) } else { None };
        self.once(Ask::Embed(request), stop, take).await
    }

    async fn speak(&self, request: SpeechRequest, stop: Stop) -> Result<Events<SpeechPiece>, EngineError> {
        let take = |reply| if let Reply::Speech(piece) = reply { Some(piece) } else { None };
        self.stream(Ask::Speak(request), None, stop, take).await
    }

    async fn transcribe(&self, request: TranscriptionRequest, stop: Stop) -> Result<Transcript, EngineError> {
        let take = |reply| if let Reply::Transcript(transcript) = reply { Some(transcript) } else { None };
        self.once(Ask::Transcribe(request), stop, take).await
    }

    async fn listen(
        &self,
        request: ListenRequest,
        audio: mpsc::Receiver<Vec<f32>>,
        stop: Stop,
    ) -> Result<Events<ListenEvent>, EngineError> {
        let take = |reply| if let Reply::Heard(event) = reply { Some(event) } else { None };
        self.stream(Ask::Listen(request), Some(audio), stop, take).await
    }
}
