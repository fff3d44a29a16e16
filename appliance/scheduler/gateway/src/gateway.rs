//! The gateway at work: the nodes it follows, and the choice among them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use desk::language::Language;
use desk::ports::speech::Speech;
use futures::future::{join_all, select_all};
use protocol::Task;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::client::NodeClient;
use crate::config::{CustomerConfig, InferenceConfig};
use crate::dispatch::Dispatchers;
use crate::error::chain;
use crate::follow::{Last, follow};
use crate::language::LanguageModels;
use crate::languages::to_wire;
use crate::openai::{self, Customers};
use crate::rank::{LINGER, rank};
use crate::role::{Peers, Role};
use crate::speech::NodesSpeech;
use crate::status::{ModelStatus, NodeStatus};

/// How long a request waits for a node to be heard again before it is told that there is none.
const WAIT: Duration = Duration::from_millis(1_500);

/// One configured node.
struct Known {
    name: String,
    last: watch::Receiver<Last>,
}

/// The nodes that are followed, and the tasks that do so.
pub(crate) struct Nodes {
    known: Vec<Known>,
    /// Who goes where.
    pub(crate) dispatchers: Arc<Dispatchers>,
    /// This server's part.
    pub(crate) role: watch::Sender<Role>,
    /// The other servers.
    pub(crate) peers: Peers,
    /// Seeds the hashes of prompts' blocks.
    pub(crate) prefix_seed: u64,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

/// Follows the inference nodes and has their models work. Start it once; clones are the same.
#[derive(Clone)]
pub struct Gateway {
    nodes: Arc<Nodes>,
    customers: Vec<CustomerConfig>,
}

impl Gateway {
    /// Begins to follow the nodes; those that cannot be reached are tried again for ever. Must be called within a tokio runtime.
    #[must_use]
    ///
    /// `peer_key` is the secret that the servers of a cluster share.
    pub fn start(config: &InferenceConfig, peer_key: Option<&[u8; 32]>) -> Self {
        service::choose_tls_provider();
        describe();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let dispatchers = Arc::new(Dispatchers::new(config.dispatch.clone(), tasks.clone(), stop.clone()));
        let known = config.all().into_iter().map(|node| {
            let (sender, last) = watch::channel(None);
            let (name, stop, dispatchers) = (node.name.clone(), stop.clone(), Arc::clone(&dispatchers));
            tasks.spawn(async move {
                tokio::select! {
                    () = follow(node, sender, &dispatchers) => {}
                    () = stop.cancelled() => {}
                }
            });
            Known { name, last }
        });
        let known = known.collect();
        let prefix_seed = rand::random();
        let peers = Peers::new(config, peer_key);
        let nodes =
            Nodes { known, dispatchers, role: watch::Sender::new(Role::Alone), peers, prefix_seed, tasks, stop };
        Self { nodes: Arc::new(nodes), customers: config.customers.clone() }
    }

    /// Speaks and hears by the nodes.
    #[must_use]
    pub fn speech(&self) -> Arc<dyn Speech> {
        Arc::new(NodesSpeech { nodes: Arc::clone(&self.nodes) })
    }

    /// Has language models write.
    #[must_use]
    pub fn language_models(&self) -> LanguageModels {
        LanguageModels { nodes: Arc::clone(&self.nodes) }
    }

    /// OpenAI's API for other systems, under `/v1`; without any system that has a key there is none.
    #[must_use]
    pub fn router(&self) -> Option<Router> {
        let peers = self.nodes.peers.key_sum;
        let customers =
            (!self.customers.is_empty() || peers.is_some()).then(|| Customers::new(&self.customers, peers))?;
        Some(openai::router(Arc::clone(&self.nodes), customers))
    }

    /// Tells this server its part in the dispatching.
    pub fn play(&self, role: Role) {
        if self.nodes.role.send_if_modified(|now| std::mem::replace(now, role) != role) {
            tracing::info!(?role, "dispatching");
        }
    }

    /// How the models are doing.
    #[must_use]
    pub fn status(&self) -> Vec<ModelStatus> {
        self.nodes.dispatchers.all().into_iter().map(|model| model.status()).collect()
    }

    /// How the nodes are doing, asked now.
    pub async fn node_status(&self) -> Vec<NodeStatus> {
        let asked = self.nodes.known.iter().map(|known| async {
            let last = known.last.borrow().clone();
            let (name, trouble) = (known.name.clone(), None);
            let Some(last) = last else {
                let trouble = Some("it was never heard; see the log for why".to_owned());
                return NodeStatus { name, silent_ms: None, description: None, trouble };
            };
            let silent = Instant::now().saturating_duration_since(last.node.heard);
            let silent_ms = Some(u64::try_from(silent.as_millis()).unwrap_or(u64::MAX));
            match last.client.describe().await {
                Ok(description) => NodeStatus { name, silent_ms, description: Some(description), trouble },
                Err(error) => NodeStatus { name, silent_ms, description: None, trouble: Some(chain(&error)) },
            }
        });
        join_all(asked).await
    }

    /// Leaves the nodes; what is being spoken breaks off.
    pub async fn stop(&self) {
        self.nodes.stop.cancel();
        self.nodes.tasks.close();
        self.nodes.tasks.wait().await;
    }
}

impl Nodes {
    /// Whether nobody set up a node.
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The model for a task where none is named: of those that are ready the first by name.
    pub(crate) fn first_model(&self, task: Task) -> Option<String> {
        let now = Instant::now();
        let lasts: Vec<Last> = self.known.iter().map(|known| known.last.borrow().clone()).collect();
        let able = lasts.iter().flatten().filter(|last| now.saturating_duration_since(last.node.heard) <= LINGER);
        let ready = able.flat_map(|last| &last.node.ready).filter(|ready| ready.task == task);
        ready.map(|ready| &ready.id).min().cloned()
    }

    /// Whether a node can do it, or could a moment ago.
    pub(crate) fn able(&self, task: Task, language: Language) -> bool {
        let now = Instant::now();
        self.known.iter().any(|known| {
            known.last.borrow().as_ref().is_some_and(|last| last.node.can(task, to_wire(language), now, LINGER))
        })
    }

    /// The nodes that can do it now, best first, with their names.
    fn able_now(&self, task: Task, language: Language) -> Vec<(String, NodeClient)> {
        let last: Vec<Last> = self.known.iter().map(|known| known.last.borrow().clone()).collect();
        let views = last.iter().map(|last| last.as_ref().map(|last| &last.node));
        let ranked = rank(views, task, to_wire(language), Instant::now());
        let found = ranked.into_iter().filter_map(|index| {
            let client = last.get(index)?.as_ref()?.client.clone();
            Some((self.known.get(index)?.name.clone(), client))
        });
        found.collect()
    }

    /// The nodes that can do it, best first; waits a moment for one that just fell silent. Empty when there is none.
    pub(crate) async fn find(&self, task: Task, language: Language) -> Vec<(String, NodeClient)> {
        let until = Instant::now() + WAIT;
        loop {
            let found = self.able_now(task, language);
            if !found.is_empty() || !self.able(task, language) {
                return found;
            }
            let mut lasts: Vec<_> = self.known.iter().map(|known| known.last.clone()).collect();
            let changed = select_all(lasts.iter_mut().map(|last| {
                last.mark_unchanged();
                Box::pin(last.changed())
            }));
            // Too late, or the nodes are followed no more.
            let Ok((Ok(()), ..)) = tokio::time::timeout_at(until, changed).await else { return Vec::new() };
        }
    }
}

fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_gauge!("sfetnic_inference_node_up", "Whether the node's heartbeat is heard");
    describe_histogram!("sfetnic_speech_first_sound_seconds", Unit::Seconds, "From a text to its first sound");
    describe_histogram!("sfetnic_hearing_seconds", Unit::Seconds, "From a recording to its words");
    describe_counter!("sfetnic_speech_failures_total", "Requests that a node failed, by node and what was asked");
}
