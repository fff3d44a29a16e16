//! One dispatcher for the whole cluster: it holds a lease, the other servers pass requests on to it.
//!
//! Two dispatchers would each believe a replica free that the other has just filled. What protects is the lease's epoch: nodes
//! refuse an older one. Every server hears the nodes' heartbeats, so that whoever takes over knows them at once; the requests
//! that waited at a dispatcher that died are submitted again by the servers that had passed them on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::answer::Answer;
use crate::client::NodeClient;
use crate::config::InferenceConfig;
use crate::error::chain;
use crate::gateway::Nodes;
use crate::work::{self, Work, WorkError};

/// How long a request looks for the dispatcher where nobody is: a lease runs out and is taken in this time.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(100);

/// This server's part in the dispatching.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Role {
    /// There is one server.
    #[default]
    Alone,
    /// It dispatches for the cluster.
    Dispatcher {
        /// The epoch of its lease.
        epoch: u64,
    },
    /// Another server does, or nobody at this moment.
    Follower {
        /// The number of the server that does.
        dispatcher: Option<u64>,
    },
}

/// The other servers, and the key with which requests are passed on among them.
pub(crate) struct Peers {
    clients: BTreeMap<u64, NodeClient>,
    /// The SHA-256 of the key.
    pub(crate) key_sum: Option<[u8; 32]>,
}

impl Peers {
    /// Sets the clients up; connects with the first request.
    pub(crate) fn new(config: &InferenceConfig, key: Option<&[u8; 32]>) -> Self {
        let Some(key) = key else { return Self { clients: BTreeMap::new(), key_sum: None } };
        let key = hex::encode(key);
        let client = |(server, url): (&u64, &String)| {
            let client = NodeClient::peer(url, &key, config.peer_authorities.as_deref());
            client
                .inspect_err(|error| tracing::error!(server, error = chain(error), "cannot set up a peer"))
                .ok()
                .map(|client| (*server, client))
        };
        let clients = config.peers.iter().filter_map(client).collect();
        Self { clients, key_sum: Some(work::sum(&key)) }
    }
}

impl Peers {
    /// The way to a server.
    pub(crate) fn client(&self, server: u64) -> Option<&NodeClient> {
        self.clients.get(&server)
    }
}

impl Nodes {
    /// Has a request done: here where this server dispatches, else by the server that does.
    ///
    /// # Errors
    /// [`WorkError`] when nobody does it.
    pub(crate) async fn carry_out(self: &Arc<Self>, model: &str, mut work: Work) -> Result<Answer, WorkError> {
        let until = Instant::now() + work.deadline.unwrap_or(PATIENCE).min(PATIENCE);
        loop {
            let role = *self.role.borrow();
            let dispatcher = match role {
                Role::Alone => None,
                Role::Dispatcher { epoch } => {
                    work.epoch = Some(epoch);
                    None
                }
                Role::Follower { dispatcher } => Some(dispatcher.and_then(|server| self.peers.client(server))),
            };
            match dispatcher {
                None => {
                    let known = self.dispatchers.get(model).ok_or(WorkError::NoModel)?;
                    match work::carry_out(&known, work.clone()).await {
                        Err(WorkError::Succeeded) => {}
                        done => return done,
                    }
                }
                // Passed on once already: whoever did so looks again.
                Some(_) if work.passed_on => return Err(WorkError::NotDispatcher),
                Some(Some(peer)) => match work::pass_on(peer, &work).await {
                    Ok(answer) => return Ok(answer),
                    Err(error) => tracing::warn!(error = chain(&error), "the dispatcher did not take a request"),
                },
                Some(None) => {}
            }
            if Instant::now() >= until {
                return Err(WorkError::NotDispatcher);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
