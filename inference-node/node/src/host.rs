//! The models of this node: what there is, what is loaded, who may use it.

mod admission;
mod catalogue;
mod chosen;
mod hosted;
mod supervisor;
mod vram;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use ::models::Store;
use camino::Utf8PathBuf;
use engines::worker::WorkerCommand;
use protocol::{GpuLoad, ModelDescription, ModelLoad, Task};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use admission::{Permit, Refusal};
pub(crate) use catalogue::{Catalogue, Entry};
pub(crate) use chosen::NotThere;
pub(crate) use hosted::{Command, Hosted, NotAdmitted, Work};
use vram::Ledger;

use crate::config::Config;

/// How often the store is looked at for models that were imported or removed meanwhile.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the host works with.
pub(crate) struct HostParts {
    /// The store of models.
    pub(crate) store: Store,
    /// How workers are started.
    pub(crate) worker: WorkerCommand,
    /// How workers are started whose model is computed on a GPU, where there is a program for it.
    pub(crate) gpu_worker: Option<WorkerCommand>,
    /// Where workers' sockets are.
    pub(crate) sockets: Utf8PathBuf,
    /// The latest telemetry of the GPUs.
    pub(crate) gpus: watch::Receiver<Arc<protocol::gpu::Snapshot>>,
    /// What is loaded, and how.
    pub(crate) config: Config,
}

/// The models of this node.
pub(crate) struct Host {
    models: RwLock<BTreeMap<String, Supervised>>,
    parts: Arc<HostParts>,
    ledger: Arc<Ledger>,
    changes: watch::Sender<u64>,
    supervisors: TaskTracker,
    stop: CancellationToken,
}

/// A model with what ends its supervisor.
struct Supervised {
    hosted: Arc<Hosted>,
    stop: CancellationToken,
}

impl Host {
    /// Starts a supervisor for each model of the store, which loads those that the configuration wants loaded.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn start(parts: HostParts, stop: CancellationToken) -> anyhow::Result<Self> {
        let (changes, _) = watch::channel(0);
        let ledger = Arc::new(Ledger::new(parts.gpus.clone()));
        let host = Self {
            models: RwLock::default(),
            parts: Arc::new(parts),
            ledger,
            changes,
            supervisors: TaskTracker::new(),
            stop,
        };
        host.refresh()?;
        Ok(host)
    }

    /// Takes up what was imported, and lets go what was removed or replaced.
    fn refresh(&self) -> anyhow::Result<()> {
        let catalogue = Catalogue::read(&self.parts.config, &self.parts.store)?;
        let mut models = self.models.write().unwrap_or_else(PoisonError::into_inner);
        models.retain(|id, supervised| {
            let stays = catalogue.entries.iter().any(|entry| entry == supervised.hosted.entry());
            if !stays {
                tracing::info!(model = id, "model removed or replaced");
                supervised.stop.cancel();
            }
            stays
        });
        for entry in catalogue.entries {
            if !models.contains_key(&entry.id) {
                models.insert(entry.id.clone(), self.supervise(entry));
            }
        }
        drop(models);
        self.changes.send_modify(|count| *count += 1);
        Ok(())
    }

    fn supervise(&self, entry: Entry) -> Supervised {
        let wanted = self.parts.config.models.loads(&entry.id);
        let (hosted, commands) = Hosted::new(entry, self.parts.config.admission.queue, self.changes.clone());
        let (hosted, stop) = (Arc::new(hosted), self.stop.child_token());
        self.supervisors.spawn(supervisor::run(supervisor::Supervised {
            hosted: Arc::clone(&hosted),
            commands,
            wanted,
            parts: Arc::clone(&self.parts),
            ledger: Arc::clone(&self.ledger),
            stop: stop.clone(),
        }));
        Supervised { hosted, stop }
    }

    /// Looks at the store until the node stops: a model that is imported is served without a restart.
    pub(crate) async fn follow_store(&self) {
        let manifests = self.parts.store.root().join("manifests");
        let changed = || std::fs::metadata(&manifests).and_then(|data| data.modified()).ok();
        let mut seen = changed();
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let now = changed();
            if now != seen {
                seen = now;
                if let Err(error) = self.refresh() {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "the store cannot be read; the models stay as they are"
                    );
                }
            }
        }
    }

    fn models(&self) -> RwLockReadGuard<'_, BTreeMap<String, Supervised>> {
        self.models.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The model of that name.
    pub(crate) fn get(&self, id: &str) -> Option<Arc<Hosted>> {
        self.models().get(id).map(|supervised| Arc::clone(&supervised.hosted))
    }

    /// Every model, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Hosted>> {
        self.models().values().map(|supervised| Arc::clone(&supervised.hosted)).collect()
    }

    /// The models for a task, those that serve first.
    pub(crate) fn for_task(&self, task: Task) -> Vec<Arc<Hosted>> {
        let mut found = self.all();
        found.retain(|hosted| hosted.task() == task);
        found.sort_by_key(|hosted| (!hosted.is_ready(), hosted.preference()));
        found
    }

    /// What each model is.
    pub(crate) fn descriptions(&self) -> Vec<ModelDescription> {
        self.all().iter().map(|hosted| hosted.describe()).collect()
    }

    /// How busy each model is.
    pub(crate) fn loads(&self) -> Vec<ModelLoad> {
        self.all().iter().map(|hosted| hosted.load()).collect()
    }

    /// How each GPU is doing.
    pub(crate) fn gpu_loads(&self) -> Vec<GpuLoad> {
        self.ledger.loads()
    }

    /// Grows whenever a model changes its state.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Waits until every worker has ended; the node was told to stop before.
    pub(crate) async fn ended(&self) {
        self.supervisors.close();
        self.supervisors.wait().await;
    }
}
