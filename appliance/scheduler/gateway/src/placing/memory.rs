//! What no single heartbeat tells: since when what is there, and what failed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use placement::{Model, ModelId, NodeName, Slot};
use protocol::gpu::UnixMillis;
use protocol::{ModelLoad, ModelState};
use tokio::time::Instant;

use super::picture::Heard;
use super::refusals::Refusals;
use super::way::Key;

/// An engine that ends again and again for so long does not serve, and its model is better off elsewhere.
const RESTARTING_LIMIT: Duration = Duration::from_secs(60);

/// What is remembered from round to round.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Since when each node is there without a break, with its incarnation.
    pub(super) nodes_since: BTreeMap<NodeName, (u64, UnixMillis)>,
    /// Since when each replica lies where it lies.
    pub(super) replicas_since: BTreeMap<(ModelId, Slot), UnixMillis>,
    /// Nodes that are left alone with a model.
    pub(super) refusals: Refusals,
    /// Failures that were noted, until the model does something else.
    noted: BTreeSet<Key>,
    restarting: BTreeMap<Key, Instant>,
}

impl Memory {
    /// Takes note of what is there. `under_way`: what is told of a model by what was begun with it.
    pub(super) fn remember(
        &mut self,
        now: Instant,
        at: UnixMillis,
        heard: &[Heard],
        catalogue: &[Model],
        under_way: impl Fn(&Key) -> bool,
    ) {
        let mut nodes_since = BTreeMap::new();
        let mut replicas_since = BTreeMap::new();
        for node in heard {
            let incarnation = node.beat.incarnation;
            let before = self.nodes_since.get(&node.name).filter(|(known, _)| *known == incarnation);
            if before.is_none() {
                self.refusals.forget_node(&node.name);
            }
            nodes_since.insert(node.name.clone(), before.copied().unwrap_or((incarnation, at)));
            for model in catalogue {
                if let Some(gpu) = node.gpu_of(&model.id) {
                    let lies = (model.id.clone(), Slot { node: node.name.clone(), gpu });
                    let since = self.replicas_since.get(&lies).copied().unwrap_or(at);
                    replicas_since.insert(lies, since);
                }
                let key = (model.id.clone(), node.name.clone());
                if let Some(load) = node.load(&model.id) {
                    let under_way = under_way(&key);
                    self.notice(now, &key, load, under_way);
                }
            }
        }
        (self.nodes_since, self.replicas_since) = (nodes_since, replicas_since);
    }

    /// What fails without our doing is a refusal all the same.
    fn notice(&mut self, now: Instant, key: &Key, load: &ModelLoad, under_way: bool) {
        let (model, node) = key;
        if load.state != ModelState::Restarting {
            self.restarting.remove(key);
        }
        let reason = || load.reason.clone().unwrap_or_else(|| "it failed there".to_owned());
        match load.state {
            ModelState::Ready => {
                self.noted.remove(key);
                self.refusals.forget(model, node);
            }
            _ if under_way => {}
            ModelState::Failed if self.noted.contains(key) => {}
            ModelState::Failed => self.failed(now, key, &reason()),
            ModelState::Restarting => {
                let since = *self.restarting.entry(key.clone()).or_insert(now);
                if now > since + RESTARTING_LIMIT && self.refusals.why(model, node, now).is_none() {
                    self.failed(now, key, &reason());
                }
            }
            ModelState::Loading | ModelState::Draining | ModelState::Unloaded => {
                self.noted.remove(key);
            }
        }
    }

    /// A model failed on a node, which is left alone with it for a while.
    pub(super) fn failed(&mut self, now: Instant, key: &Key, reason: &str) {
        let (model, node) = key;
        let left_alone_s = self.refusals.note(model, node, reason.to_owned(), now).as_secs();
        self.noted.insert(key.clone());
        tracing::warn!(%model, %node, reason, left_alone_s, "placement: a model failed; its node is left alone with it");
    }
}
