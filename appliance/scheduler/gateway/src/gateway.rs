//! The gateway at work: the nodes it follows, and the choice among them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use desk::language::Language;
use desk::ports::live_speech::LiveSpeech;
use desk::ports::speech::Speech;
use futures::future::{join_all, select_all};
use protocol::Task;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ability::{LINGER, SILENCE, Wanted, models};
use crate::config::{CustomerConfig, InferenceConfig};
use crate::directions::Directions;
use crate::dispatch::{Dispatchers, Kind, meters};
use crate::error::chain;
use crate::follow::{Ears, Followed, Last, follow};
use crate::language::LanguageModels;
use crate::languages::to_wire;
use crate::openai::{self, Customers};
use crate::placing::{self, PlacementStatus};
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
    /// Which live stream goes where: they are counted apart from single requests.
    pub(crate) live: Arc<Dispatchers>,
    /// Who is given nothing new though he could serve.
    pub(crate) directions: Arc<Directions>,
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
    placement: watch::Receiver<PlacementStatus>,
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
        let dispatchers = |kind| Arc::new(Dispatchers::new(kind, config.dispatch.clone(), tasks.clone(), stop.clone()));
        let (dispatchers, live) = (dispatchers(Kind::Requests), dispatchers(Kind::Live));
        let directions = Arc::new(Directions::default());
        let known = config.all().into_iter().map(|node| {
            let (sender, last) = watch::channel(None);
            let (name, stop) = (node.name.clone(), stop.clone());
            let ears = Ears {
                dispatchers: Arc::clone(&dispatchers),
                live: Arc::clone(&live),
                directions: Arc::clone(&directions),
            };
            tasks.spawn(async move {
                tokio::select! {
                    () = follow(node, sender, &ears) => {}
                    () = stop.cancelled() => {}
                }
            });
            Known { name, last }
        });
        let known = known.collect();
        let prefix_seed = rand::random();
        let peers = Peers::new(config, peer_key);
        // Of several servers none acts before it holds the lease.
        let alone = config.peers.is_empty();
        let role = watch::Sender::new(if alone { Role::Alone } else { Role::Follower { dispatcher: None } });
        let nodes = Arc::new(Nodes { known, dispatchers, live, directions, role, peers, prefix_seed, tasks, stop });
        let (kinds, stopped) = ([Arc::clone(&nodes.dispatchers), Arc::clone(&nodes.live)], nodes.stop.clone());
        nodes.tasks.spawn(async move {
            tokio::select! {
                () = meters::watch(kinds) => {}
                () = stopped.cancelled() => {}
            }
        });
        let (status, placement) = watch::channel(PlacementStatus::default());
        // Checked with the rest of the configuration: one that contradicts itself starts no server.
        let catalogue = config.catalogue().inspect_err(|error| tracing::error!(error, "no model is placed"));
        if let Some(catalogue) = catalogue.ok().filter(|models| !models.is_empty() && !nodes.is_empty()) {
            nodes.tasks.spawn(placing::run(Arc::clone(&nodes), catalogue, config.placement.clone(), status));
        }
        Self { nodes, customers: config.customers.clone(), placement }
    }

    /// Speaks and hears by the nodes.
    #[must_use]
    pub fn speech(&self) -> Arc<dyn Speech> {
        Arc::new(NodesSpeech { nodes: Arc::clone(&self.nodes) })
    }

    /// Speaks into calls and listens to them, by the nodes.
    #[must_use]
    pub fn live_speech(&self) -> Arc<dyn LiveSpeech> {
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

    /// The nodes' names in the configuration.
    #[must_use]
    pub fn node_names(&self) -> Vec<String> {
        self.nodes.known.iter().map(|known| known.name.clone()).collect()
    }

    /// These nodes are drained, and no others: they are given nothing new, and their models move off.
    pub fn drain(&self, nodes: BTreeSet<String>) {
        let drained = nodes.clone();
        if self.nodes.directions.drain(nodes) {
            tracing::info!(?drained, "the drained nodes changed");
        }
    }

    /// How the models are placed, and what is still to be done.
    #[must_use]
    pub fn placement(&self) -> PlacementStatus {
        PlacementStatus { drained: self.nodes.directions.drained(), ..self.placement.borrow().clone() }
    }

    /// How the models are doing.
    #[must_use]
    pub fn status(&self) -> Vec<ModelStatus> {
        let models = self.nodes.dispatchers.all().into_iter().chain(self.nodes.live.all());
        models.map(|model| model.status()).collect()
    }

    /// How the nodes are doing, asked now.
    pub async fn node_status(&self) -> Vec<NodeStatus> {
        let asked = self.nodes.known.iter().map(|known| async {
            let last = known.last.borrow().clone();
            let (name, trouble) = (known.name.clone(), None);
            let drained = self.nodes.directions.is_drained(&name);
            let Some(last) = last else {
                let trouble = Some("it was never heard; see the log for why".to_owned());
                return NodeStatus { name, silent_ms: None, drained, description: None, trouble };
            };
            let silent = Instant::now().saturating_duration_since(last.node.heard);
            let silent_ms = Some(u64::try_from(silent.as_millis()).unwrap_or(u64::MAX));
            match last.client.describe().await {
                Ok(description) => NodeStatus { name, silent_ms, drained, description: Some(description), trouble },
                Err(error) => NodeStatus { name, silent_ms, drained, description: None, trouble: Some(chain(&error)) },
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

    /// How many nodes are configured.
    pub(crate) fn count(&self) -> usize {
        self.known.len()
    }

    /// Every node that was ever heard, by its name in the configuration, with what was last heard of it.
    pub(crate) fn followed(&self) -> Vec<(&str, Arc<Followed>)> {
        self.known.iter().filter_map(|known| Some((known.name.as_str(), known.last.borrow().clone()?))).collect()
    }

    /// The models for what is wanted, the best first, on nodes heard no longer ago than `patience`.
    pub(crate) fn models(&self, wanted: Wanted, patience: Duration) -> Vec<String> {
        let lasts: Vec<Last> = self.known.iter().map(|known| known.last.borrow().clone()).collect();
        models(lasts.iter().flatten().map(|last| &last.node), wanted, Instant::now(), patience)
    }

    /// The model for what is wanted where none is named.
    pub(crate) fn first_model(&self, wanted: Wanted) -> Option<String> {
        self.models(wanted, LINGER).into_iter().next()
    }

    /// Whether a node can do it, or could a moment ago.
    pub(crate) fn able(&self, task: Task, language: Language) -> bool {
        !self.models(Wanted::request(task, Some(to_wire(language))), LINGER).is_empty()
    }

    /// The models that do it, best first; waits a moment for a node that just fell silent. Empty when there is none.
    pub(crate) async fn find(&self, wanted: Wanted) -> Vec<String> {
        let until = Instant::now() + WAIT;
        loop {
            let found = self.models(wanted, SILENCE);
            if !found.is_empty() || self.models(wanted, LINGER).is_empty() {
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
    placing::describe();
    meters::describe();
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_gauge!("sfetnic_inference_node_up", "Whether the node's heartbeat is heard");
    describe_counter!(
        "sfetnic_gateway_requests_total",
        "Requests of other systems, by system and outcome of its quota"
    );
    describe_histogram!("sfetnic_speech_first_sound_seconds", Unit::Seconds, "From a text to its first sound");
    describe_histogram!("sfetnic_hearing_seconds", Unit::Seconds, "From a recording to its words");
    describe_counter!("sfetnic_speech_failures_total", "Requests that a model did not do, by model and what was asked");
    describe_gauge!("sfetnic_live_sessions", "Sessions of live transcription under way");
    describe_counter!("sfetnic_live_moves_total", "Live sessions that went to another node, by model and reason");
    describe_histogram!(
        "sfetnic_live_move_seconds",
        Unit::Seconds,
        "From a live session's loss of its node to the next"
    );
}
