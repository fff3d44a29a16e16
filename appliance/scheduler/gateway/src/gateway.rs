//! The gateway at work: the nodes it follows, and the choice among them.

use std::sync::Arc;
use std::time::Duration;

use desk::language::Language;
use desk::ports::speech::Speech;
use futures::future::select_all;
use protocol::Task;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::client::NodeClient;
use crate::config::InferenceConfig;
use crate::follow::{Last, follow};
use crate::languages::to_wire;
use crate::rank::{LINGER, rank};
use crate::speech::NodesSpeech;

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
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

/// Follows the inference nodes and has their models work. Start it once.
pub struct Gateway {
    nodes: Arc<Nodes>,
}

impl Gateway {
    /// Begins to follow the nodes; those that cannot be reached are tried again for ever. Must be called within a tokio runtime.
    #[must_use]
    pub fn start(config: &InferenceConfig) -> Self {
        service::choose_tls_provider();
        describe();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let known = config.all().into_iter().map(|node| {
            let (sender, last) = watch::channel(None);
            let (name, stop) = (node.name.clone(), stop.clone());
            tasks.spawn(async move {
                tokio::select! {
                    () = follow(node, sender) => {}
                    () = stop.cancelled() => {}
                }
            });
            Known { name, last }
        });
        let known = known.collect();
        Self { nodes: Arc::new(Nodes { known, tasks, stop }) }
    }

    /// Speaks and hears by the nodes.
    #[must_use]
    pub fn speech(&self) -> Arc<dyn Speech> {
        Arc::new(NodesSpeech { nodes: Arc::clone(&self.nodes) })
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
