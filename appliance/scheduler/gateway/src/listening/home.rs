//! Where a session is: the connection to a replica that the dispatcher chose, or to the server that dispatches.

use std::sync::Arc;
use std::time::Duration;

use futures::SinkExt;
use policy::Request;
use reqwest_websocket::{Message, WebSocket};

use super::Wish;
use super::standby::Standby;
use crate::dispatch::{ModelDispatcher, Order, Replica, Ticket};
use crate::error::NodeError;
use crate::gateway::Nodes;
use crate::role::Role;
use crate::work::WorkError;

/// How long a session waits for a place.
const PLACE: Duration = Duration::from_secs(2);
/// How long a node may take in nothing.
const TAKING: Duration = Duration::from_secs(1);
/// As which a session counts where its replica's load is weighed, in tokens: it lasts as a long answer does.
const AS_TOKENS: u32 = 300;

/// Why a session has no home.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    /// No replica, or none in time.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// What is asked is wrong.
    #[error("the node refused: {0}")]
    Refused(String),
    /// The way there broke.
    #[error("the inference node failed while it listened: {0}")]
    BrokeOff(&'static str),
}

/// A session's home.
pub(crate) struct Home {
    pub(super) socket: WebSocket,
    /// None where another server dispatches.
    place: Option<(Arc<Replica>, u32)>,
    pub(super) ticket: Option<Ticket>,
}

impl Home {
    /// The replica, where this server chose it.
    pub(super) fn replica(&self) -> Option<&Arc<Replica>> {
        self.place.as_ref().map(|(replica, _)| replica)
    }

    pub(super) fn node(&self) -> &str {
        self.replica().map_or("the dispatching server", |replica| &replica.node)
    }

    /// Sends something.
    ///
    /// # Errors
    /// Why it could not be sent.
    pub(super) async fn send(&mut self, message: Message) -> Result<(), &'static str> {
        match tokio::time::timeout(TAKING, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err("broke_off"),
            Err(_) => Err("stuck"),
        }
    }

    /// The session is over, and all went well.
    pub(super) fn leave(&mut self) {
        if let (Some(ticket), Some((_, attempt))) = (self.ticket.take(), &self.place) {
            ticket.finished(*attempt, AS_TOKENS);
        }
    }

    /// The session leaves for another home.
    pub(super) fn give_up(&mut self, suspect: bool) {
        if let (Some(ticket), Some((_, attempt))) = (self.ticket.take(), &self.place)
            && suspect
        {
            ticket.failed(*attempt, true);
        }
    }
}

/// What the dispatcher orders; never, where another server dispatches. Cancel safe.
pub(super) async fn order(ticket: Option<&mut Ticket>) -> Order {
    match ticket {
        Some(ticket) => ticket.order().await,
        None => std::future::pending().await,
    }
}

/// Finds a home: by this server's dispatcher, or at the server that dispatches.
///
/// # Errors
/// [`ListenError`] where there is none now.
pub(super) async fn find(nodes: &Nodes, wish: &Wish, standby: &mut Standby) -> Result<Home, ListenError> {
    let role = *nodes.role.borrow();
    let epoch = match role {
        Role::Alone => None,
        Role::Dispatcher { epoch } => Some(epoch),
        // Passed on once already: whoever did so looks again.
        Role::Follower { .. } if wish.passed_on => return Err(WorkError::NotDispatcher.into()),
        Role::Follower { dispatcher } => {
            let peer = dispatcher.and_then(|server| nodes.peers.client(server)).ok_or(WorkError::NotDispatcher)?;
            let socket = peer.listen(&wish.call, false).await.map_err(|error| match error {
                NodeError::Refused { message } => ListenError::Refused(message),
                _ => WorkError::NotDispatcher.into(),
            })?;
            return Ok(Home { socket, place: None, ticket: None });
        }
    };
    let model = nodes.live.get(&wish.model).ok_or(WorkError::NoModel)?;
    at_replica(&model, wish, epoch, standby).await
}

async fn at_replica(
    model: &Arc<ModelDispatcher>,
    wish: &Wish,
    epoch: Option<u64>,
    standby: &mut Standby,
) -> Result<Home, ListenError> {
    let request = Request {
        id: model.name_request(),
        class: wish.call.class,
        deadline: Some(model.now() + PLACE),
        prompt_tokens: 1,
        expected_output_tokens: AS_TOKENS,
        prefix: Vec::new(),
        session: Some(wish.session),
    };
    let call = crate::client::Call { epoch, ..wish.call.clone() };
    let mut ticket = model.submit(request);
    loop {
        let (replica, attempt) = match ticket.order().await {
            Order::Go { replica, attempt } => (replica, attempt),
            Order::Back => continue,
            Order::Reject { reason, retry_after } => return Err(WorkError::Rejected { reason, retry_after }.into()),
            Order::Lost => return Err(WorkError::Lost.into()),
        };
        let opened = match standby.take(&replica.node) {
            Some(socket) => Ok(socket),
            None => replica.client.listen(&call, false).await,
        };
        match opened {
            Ok(socket) => {
                ticket.first_token(attempt, None);
                return Ok(Home { socket, place: Some((replica, attempt)), ticket: Some(ticket) });
            }
            Err(NodeError::Refused { message }) => {
                ticket.finished(attempt, 0);
                return Err(ListenError::Refused(message));
            }
            Err(NodeError::Succeeded) => return Err(WorkError::Succeeded.into()),
            Err(error) => {
                tracing::warn!(node = replica.node, error = crate::error::chain(&error), "a node does not listen");
                ticket.failed(attempt, !matches!(error, NodeError::Busy { .. }));
            }
        }
    }
}
