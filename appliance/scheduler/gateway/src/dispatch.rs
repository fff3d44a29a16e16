//! The live dispatchers, one for each model: the pure policy of the crate `policy` with clocks, locks and channels around it.
//!
//! Everything that happens — a request comes, a node beats, a first token arrives — is handed to the model's policy under its
//! lock, and what the policy decides is told to those who wait. The lock is held for the decision alone, some tens of
//! microseconds; no work is done under it.

pub(crate) mod meters;
mod model;
mod ticket;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use policy::PolicyConfig;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use model::{Beat, ModelDispatcher, Replica};
pub(crate) use ticket::{Order, Ticket};

/// What a dispatcher's requests are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Single requests.
    Requests,
    /// Live streams, of which many share a slot.
    Live,
}

/// All dispatchers of a kind.
pub(crate) struct Dispatchers {
    kind: Kind,
    models: RwLock<BTreeMap<String, Arc<ModelDispatcher>>>,
    config: PolicyConfig,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Dispatchers {
    /// None yet; each model's begins when a node is heard that has it.
    pub(crate) fn new(kind: Kind, config: PolicyConfig, tasks: TaskTracker, stop: CancellationToken) -> Self {
        Self { kind, models: RwLock::default(), config, tasks, stop }
    }

    /// The dispatcher of a model, if some node has it.
    pub(crate) fn get(&self, model: &str) -> Option<Arc<ModelDispatcher>> {
        self.models.read().unwrap_or_else(PoisonError::into_inner).get(model).cloned()
    }

    /// The dispatcher of a model; begins it where there is none. Must be called within a tokio runtime.
    pub(crate) fn of(&self, model: &str) -> Arc<ModelDispatcher> {
        if let Some(known) = self.get(model) {
            return known;
        }
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        let begin = || {
            let dispatcher = Arc::new(ModelDispatcher::new(model, self.kind, self.config.clone()));
            let (timed, stop) = (Arc::clone(&dispatcher), self.stop.clone());
            self.tasks.spawn(async move {
                tokio::select! {
                    () = timed.keep_time() => {}
                    () = stop.cancelled() => {}
                }
            });
            dispatcher
        };
        Arc::clone(models.entry(model.to_owned()).or_insert_with(begin))
    }

    /// All of them, in the order of their models' names.
    pub(crate) fn all(&self) -> Vec<Arc<ModelDispatcher>> {
        self.models.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}
