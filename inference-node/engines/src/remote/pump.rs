//! Carries what the server sends to whoever asked, and leaves the server as soon as nobody asks any more.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::mpsc;

use super::connection::Connection;
use crate::model::EVENTS_AHEAD;
use crate::{EngineError, Events, Stop};

/// Where pieces go.
pub(super) type Sink<T> = mpsc::Sender<Result<T, EngineError>>;

/// What is left to do once whoever asked has everything.
pub(super) type Rest = BoxFuture<'static, ()>;

/// Runs `work` in a task of its own, which ends with it, when the receiver is dropped, or with `stop`. In the last two cases
/// `work` is dropped and with it its connection.
pub(super) fn pump<T, F>(connection: Arc<Connection>, stop: Stop, work: impl FnOnce(Sink<T>) -> F) -> Events<T>
where
    T: Send + 'static,
    F: Future<Output = Result<Rest, EngineError>> + Send + 'static,
{
    let (sender, events) = mpsc::channel(EVENTS_AHEAD);
    let work = work(sender.clone());
    tokio::spawn(async move {
        let outcome = tokio::select! {
            biased;
            () = sender.closed() => return,
            () = stop.cancelled() => Err(EngineError::Cancelled),
            outcome = work => outcome,
        };
        match connection.health.noting(outcome) {
            Ok(rest) => {
                drop(sender);
                rest.await;
            }
            Err(error) => {
                // Fails when nobody listens, and then nobody needs it.
                let _ = sender.send(Err(error)).await;
            }
        }
    });
    events
}

/// Hands a piece over, and waits while the receiver is behind.
pub(super) async fn hand_over<T>(sink: &Sink<T>, piece: T) -> Result<(), EngineError> {
    sink.send(Ok(piece)).await.map_err(|_| EngineError::Cancelled)
}
