//! The worker's side: requests from the socket to the model.

use std::io;
use std::sync::Arc;

use service::trace::{self, TraceParent};
use tokio::net::UnixListener;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::frame::{Ask, Opening, Receiver, Reply, Sender};
use crate::model::EVENTS_AHEAD;
use crate::{EngineError, Events, Model, Stop};

/// Answers requests for as long as the process lives.
pub(super) async fn serve(listener: UnixListener, model: Arc<dyn Model>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let model = Arc::clone(&model);
        tokio::spawn(async move {
            let (from, to) = stream.into_split();
            let (mut asks, replies) = (Receiver::new(from), Sender::new(to));
            match asks.receive::<Opening>().await {
                Ok(Some(opening)) => {
                    let span = tracing::error_span!("work", trace = Empty, task = opening.ask.task());
                    trace::join(&span, opening.trace.as_deref().and_then(TraceParent::read));
                    answer(opening.ask, asks, replies, model).instrument(span).await;
                }
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "what was asked did not come"),
            }
        });
    }
}

async fn answer(ask: Ask, asks: Receiver<OwnedReadHalf>, mut replies: Sender<OwnedWriteHalf>, model: Arc<dyn Model>) {
    let stop = Stop::new();
    let (audio, heard) = mpsc::channel(EVENTS_AHEAD);
    let watching = tokio::spawn(watch(asks, audio, stop.clone()));
    let result = work(ask, heard, &*model, &stop, &mut replies).await;
    watching.abort();
    stop.cancel();
    match result {
        Ok(()) => tracing::debug!("a request was answered"),
        // The node left in the middle, which is how it cancels.
        Err(error) => tracing::debug!(%error, "a request ended early"),
    }
}

/// Reads what else the node sends: live audio, or the end of the connection, which cancels the request.
async fn watch(mut asks: Receiver<OwnedReadHalf>, audio: mpsc::Sender<Vec<f32>>, stop: Stop) {
    let mut audio = Some(audio);
    loop {
        match asks.receive::<Ask>().await {
            Ok(Some(Ask::Audio(samples))) if samples.is_empty() => audio = None,
            Ok(Some(Ask::Audio(samples))) => {
                if let Some(audio) = &audio
                    && audio.send(samples).await.is_err()
                {
                    // The engine has ended; what else comes is of no use, but the connection is still watched.
                    continue;
                }
            }
            Ok(Some(_) | None) | Err(_) => {
                stop.cancel();
                return;
            }
        }
    }
}

async fn work(
    ask: Ask,
    heard: mpsc::Receiver<Vec<f32>>,
    model: &dyn Model,
    stop: &Stop,
    replies: &mut Sender<OwnedWriteHalf>,
) -> io::Result<()> {
    match ask {
        Ask::Chat(request) => stream(model.chat(request, stop.clone()).await, Reply::Chat, replies).await,
        Ask::Speak(request) => stream(model.speak(request, stop.clone()).await, Reply::Speech, replies).await,
        Ask::Listen(request) => stream(model.listen(request, heard, stop.clone()).await, Reply::Heard, replies).await,
        Ask::Embed(request) => once(model.embed(request, stop.clone()).await.map(Reply::Embeddings), replies).await,
        Ask::Transcribe(request) => {
            once(model.transcribe(request, stop.clone()).await.map(Reply::Transcript), replies).await
        }
        Ask::Audio(_) => once(Err(EngineError::Failed("audio came before a request for it".to_owned())), replies).await,
    }
}

async fn once(result: Result<Reply, EngineError>, replies: &mut Sender<OwnedWriteHalf>) -> io::Result<()> {
    replies.send(&result.unwrap_or_else(Reply::Failed)).await
}

async fn stream<T>(
    begun: Result<Events<T>, EngineError>,
    wrap: fn(T) -> Reply,
    replies: &mut Sender<OwnedWriteHalf>,
) -> io::Result<()> {
    let mut events = match begun {
        Ok(events) => events,
        Err(error) => return replies.send(&Reply::Failed(error)).await,
    };
    replies.send(&Reply::Started).await?;
    let mut first = true;
    while let Some(event) = events.recv().await {
        if std::mem::take(&mut first) {
            trace::note(&Span::current(), "first piece", &[]);
        }
        match event {
            Ok(piece) => replies.send(&wrap(piece)).await?,
            Err(error) => return replies.send(&Reply::Failed(error)).await,
        }
    }
    replies.send(&Reply::Ended).await
}
