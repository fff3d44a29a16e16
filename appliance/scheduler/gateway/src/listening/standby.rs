//! A session's second home, kept warm: a connection that is open before it is needed.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, SinkExt, StreamExt};
use reqwest_websocket::{Message, WebSocket};
use tokio::time::Instant;

use crate::client::Call;
use crate::dispatch::Replica;
use crate::error::{NodeError, chain};

/// How often a word is said, so that the node does not take the connection for dead: it waits a minute.
const WORD: Duration = Duration::from_secs(20);
/// The pause after an attempt that failed.
const AGAIN: Duration = Duration::from_secs(1);

/// The second home.
#[derive(Default)]
pub(super) struct Standby {
    /// The node that it is to be at.
    node: Option<String>,
    opening: Option<BoxFuture<'static, Result<WebSocket, NodeError>>>,
    socket: Option<WebSocket>,
    last_word: Option<Instant>,
    not_before: Option<Instant>,
}

impl Standby {
    /// It is to be at this replica; a change leaves the one before.
    pub(super) fn keep(&mut self, second: Option<Arc<Replica>>, call: &Call) {
        let Some(second) = second else {
            *self = Self::default();
            return;
        };
        if self.node.as_deref() != Some(second.node.as_str()) {
            *self = Self { node: Some(second.node.clone()), ..Self::default() };
        }
        let due = self.not_before.is_none_or(|at| Instant::now() >= at);
        if self.socket.is_none() && self.opening.is_none() && due {
            let call = call.clone();
            self.opening = Some(async move { second.client.listen(&call, true).await }.boxed());
        }
    }

    /// Opens the connection and keeps it open; never ends where there is nothing to do. Cancel safe.
    pub(super) async fn tend(&mut self) {
        if let Some(opening) = &mut self.opening {
            let opened = opening.await;
            self.opening = None;
            match opened {
                Ok(socket) => (self.socket, self.last_word) = (Some(socket), Some(Instant::now())),
                Err(error) => {
                    tracing::debug!(node = self.node, error = chain(&error), "no second home there");
                    self.not_before = Some(Instant::now() + AGAIN);
                }
            }
            return;
        }
        let Some(socket) = &mut self.socket else { return std::future::pending().await };
        let word = self.last_word.map_or_else(Instant::now, |last| last + WORD);
        let well = tokio::select! {
            event = socket.next() => !matches!(event, None | Some(Err(_) | Ok(Message::Close { .. }))),
            () = tokio::time::sleep_until(word) => {
                self.last_word = Some(Instant::now());
                // A word is a few bytes; where they do not fit the connection is stuck.
                matches!(socket.send(Message::Ping(bytes::Bytes::new())).now_or_never(), Some(Ok(())))
            }
        };
        if !well {
            self.socket = None;
            self.not_before = Some(Instant::now() + AGAIN);
        }
    }

    /// The connection, if it is to this node; the session moves in.
    pub(super) fn take(&mut self, node: &str) -> Option<WebSocket> {
        let here = self.node.as_deref() == Some(node);
        std::mem::take(self).socket.filter(|_| here)
    }
}
