//! The heartbeat: made every 200 ms and at once when a state changes, pushed to everybody who listens.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures::{Stream, StreamExt};
use protocol::Heartbeat;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_util::sync::CancellationToken;

use super::Api;
use crate::host::Host;

/// The longest silence.
const EVERY: Duration = Duration::from_millis(200);

/// Makes heartbeats until `stop`.
pub(crate) async fn beat(
    node: String,
    host: Arc<Host>,
    mut gpus: watch::Receiver<Arc<protocol::gpu::Snapshot>>,
    beats: watch::Sender<Arc<Heartbeat>>,
    stop: CancellationToken,
) {
    let incarnation = rand::random();
    let mut changes = host.changes();
    let mut ticks = tokio::time::interval(EVERY);
    let mut sequence = 0;
    let mut revision = 0;
    loop {
        sequence += 1;
        let snapshot = Arc::clone(&gpus.borrow_and_update());
        revision = snapshot.revision.max(revision);
        beats.send_replace(Arc::new(Heartbeat {
            node: node.clone(),
            incarnation,
            sequence,
            health: snapshot.worst(),
            models: host.loads(),
            gpus: host.gpu_loads(),
        }));
        // Readings alone wait for the next tick; a verdict does not.
        let verdict = async {
            while gpus.changed().await.is_ok() {
                if gpus.borrow().revision > revision {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
            _ = changes.changed() => {}
            () = verdict => {}
        }
    }
}

/// The heartbeats as server-sent events. A slow reader misses some, never sees an old one late.
pub(super) async fn stream(State(api): State<Arc<Api>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let beats = WatchStream::new(api.heartbeat.clone());
    Sse::new(beats.map(|beat| {
        let event = Event::default().event("heartbeat");
        Ok(event.json_data(&*beat).unwrap_or_default())
    }))
}
