//! Follows one node: connects, hears its heartbeat, and connects again when it is lost, for ever.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use protocol::{Heartbeat, ModelDescription, ModelLoad, ModelState, NodeDescription};
use rand::Rng;
use sse_stream::SseByteStream;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::ability::{Node, Ready};
use crate::client::NodeClient;
use crate::config::NodeConfig;
use crate::directions::Directions;
use crate::dispatch::{Beat, Dispatchers};
use crate::error::{NodeError, chain};

/// The pause before the first new attempt, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// A connection without a heartbeat for so long is taken for dead.
const DEAD: Duration = Duration::from_secs(2);
/// How long one connection is kept: then the key and the certificates are read again, for they are renewed in their files.
const RENEW: Duration = Duration::from_secs(3_600);

/// A node that was heard from: how it is, and the way to it.
#[derive(Debug, Clone)]
pub(crate) struct Followed {
    pub(crate) client: NodeClient,
    pub(crate) node: Node,
    pub(crate) beat: Heartbeat,
    /// What it said of itself when it was met, or when it named other models than before.
    pub(crate) described: Arc<NodeDescription>,
}

/// Whom what is heard is told.
pub(crate) struct Ears {
    pub(crate) dispatchers: Arc<Dispatchers>,
    /// Those of live streams.
    pub(crate) live: Arc<Dispatchers>,
    pub(crate) directions: Arc<Directions>,
}

/// What was last heard; `None` before the first heartbeat.
pub(crate) type Last = Option<Arc<Followed>>;

/// Follows `node` and tells `last`; ends only by being dropped.
pub(crate) async fn follow(node: NodeConfig, last: watch::Sender<Last>, ears: &Ears) {
    let mut pause = PAUSES.0;
    // A node that stays away is told of once.
    let mut told = false;
    loop {
        let mut heard = false;
        let ended = listen(&node, &last, ears, &mut heard).await;
        up(&node, false);
        // Whether it is gone or the line is cut, nothing new is sent where nothing is heard.
        for model in ears.dispatchers.all().into_iter().chain(ears.live.all()) {
            model.unheard(&node.name, policy::Health::AdmitNothing);
        }
        if heard {
            pause = PAUSES.0;
            told = false;
        }
        let Err(error) = ended else { continue };
        if !told {
            tracing::warn!(node = node.name, error = chain(&error), "an inference node cannot be heard; trying again");
            told = true;
        }
        // Not all servers at once.
        let jitter = rand::rng().random_range(0.5..1.5);
        tokio::time::sleep(pause.mul_f64(jitter)).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Hears one connection to its end: `Ok` when it is due to be renewed.
async fn listen(
    config: &NodeConfig,
    last: &watch::Sender<Last>,
    ears: &Ears,
    heard: &mut bool,
) -> Result<(), NodeError> {
    let client = NodeClient::open(config).await?;
    let mut described = Arc::new(client.describe().await?);
    let mut incarnation = None;
    let mut events = SseByteStream::new(client.heartbeat().await?);
    let until = Instant::now() + RENEW;
    while Instant::now() < until {
        let event = tokio::time::timeout(DEAD, events.next()).await.map_err(|_| NodeError::Stopped)?;
        let event = event.ok_or(NodeError::Stopped)?.map_err(NodeError::Heartbeat)?;
        let Some(data) = event.data else { continue };
        let beat: Heartbeat =
            serde_json::from_str(&data).map_err(|source| NodeError::Unreadable { what: "its heartbeat", source })?;
        // The heartbeat names models; what they are for is asked when it names others than before.
        if incarnation.is_some_and(|known| known != beat.incarnation) || !names_only(&beat, &described.models) {
            described = Arc::new(client.describe().await?);
        }
        incarnation = Some(beat.incarnation);
        if !*heard {
            *heard = true;
            up(config, true);
            tracing::info!(node = config.name, models = described.models.len(), "an inference node is heard");
        }
        tell(ears, &config.name, &client, &beat);
        let node = view(&config.name, &beat, &described.models, &ears.directions);
        let described = Arc::clone(&described);
        last.send_replace(Some(Arc::new(Followed { client: client.clone(), node, beat, described })));
    }
    Ok(())
}

/// Tells each model's dispatchers what the heartbeat says of it.
fn tell(ears: &Ears, node: &str, client: &NodeClient, beat: &Heartbeat) {
    for (dispatchers, slots) in [
        (&ears.dispatchers, (|load| load.slots) as fn(&ModelLoad) -> u32),
        (&ears.live, |load: &ModelLoad| load.stream_slots),
    ] {
        for load in &beat.models {
            match health(beat, load).filter(|_| slots(load) > 0) {
                Some(mut health) => {
                    let dispatcher = dispatchers.of(&load.id);
                    let withheld = || ears.directions.withholds(&load.id, node, dispatcher.serves_beside(node));
                    if health == policy::Health::Ok && withheld() {
                        health = policy::Health::Draining;
                    }
                    let beat = Beat { node, client, incarnation: beat.incarnation, slots: slots(load), health };
                    dispatcher.beat(&beat);
                }
                None => {
                    if let Some(model) = dispatchers.get(&load.id) {
                        model.unheard(node, policy::Health::Gone);
                    }
                }
            }
        }
        for model in dispatchers.all() {
            if !beat.models.iter().any(|load| load.id == model.model) {
                model.unheard(node, policy::Health::Gone);
            }
        }
    }
}

/// What may be done with a model on a node: as the worst of its own state, its GPU's and the node's; `None` where it cannot
/// serve.
fn health(beat: &Heartbeat, model: &ModelLoad) -> Option<policy::Health> {
    let gpu = beat.gpus.iter().find(|load| Some(load.index) == model.gpu);
    let hardware = gpu.map_or(beat.health, |load| load.health);
    match model.state {
        ModelState::Ready if hardware.admits() => Some(policy::Health::Ok),
        ModelState::Ready => Some(policy::Health::AdmitNothing),
        ModelState::Draining => Some(policy::Health::Draining),
        ModelState::Unloaded | ModelState::Loading | ModelState::Restarting | ModelState::Failed => None,
    }
}

fn up(node: &NodeConfig, up: bool) {
    metrics::gauge!("sfetnic_inference_node_up", "node" => node.name.clone()).set(if up { 1.0 } else { 0.0 });
}

fn names_only(beat: &Heartbeat, known: &[ModelDescription]) -> bool {
    beat.models.iter().all(|load| known.iter().any(|model| model.id == load.id))
}

/// What can be done with a node, from its heartbeat and what its models are.
fn view(name: &str, beat: &Heartbeat, known: &[ModelDescription], directions: &Directions) -> Node {
    let serves = |load: &&ModelLoad| load.state == ModelState::Ready && !directions.is_leaving(&load.id, name);
    let ready = beat.models.iter().filter(serves).filter_map(|load| {
        let model = known.iter().find(|model| model.id == load.id)?;
        Some(Ready {
            id: model.id.clone(),
            task: model.task,
            engine: model.engine,
            languages: model.languages.clone(),
            listens: load.stream_slots > 0,
        })
    });
    let admits = beat.health.admits() && !directions.is_drained(name);
    Node { heard: Instant::now(), admits, ready: ready.collect() }
}

#[cfg(test)]
mod tests {
    use protocol::gpu::Health;
    use protocol::{EngineKind, Language, ModelLoad, Task};

    use super::*;

    #[test]
    fn only_models_that_are_ready_and_known_serve() {
        let model = |id: &str, task| ModelDescription {
            id: id.to_owned(),
            task,
            engine: EngineKind::Espeak,
            languages: vec![Language::Ro],
            state: ModelState::Unloaded,
            reason: None,
            slots: 2,
            context: None,
            sample_rate: None,
            vram_bytes: 0,
            gpu: None,
        };
        let load = |id: &str, state| ModelLoad {
            id: id.to_owned(),
            state,
            active: 1,
            queued: 2,
            slots: 2,
            streams: 0,
            stream_slots: 0,
            gpu: None,
            reason: None,
        };
        let beat = Heartbeat {
            node: "n".to_owned(),
            incarnation: 1,
            sequence: 1,
            health: Health::Ok,
            models: vec![
                load("espeak", ModelState::Ready),
                load("whisper", ModelState::Loading),
                load("new", ModelState::Ready),
            ],
            gpus: Vec::new(),
        };
        let known = [model("espeak", Task::Speech), model("whisper", Task::Transcription)];
        assert!(!names_only(&beat, &known));
        let directions = Directions::default();
        let node = view("n", &beat, &known, &directions);
        assert!(node.admits);
        assert_eq!(node.ready.len(), 1);
        assert_eq!((node.ready[0].task, node.ready[0].listens), (Task::Speech, false));
        directions.drain(["n".to_owned()].into());
        assert!(!view("n", &beat, &known, &directions).admits, "a drained node is given nothing");
    }
}
