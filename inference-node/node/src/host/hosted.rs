//! One model of the node: its state for all to see, its requests' way in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use engines::{Facts, Model};
use protocol::{Class, EngineKind, Language, ModelDescription, ModelLoad, ModelState, Task};
use tokio::sync::{mpsc, watch};

use super::admission::{Admission, Permit, Refusal};
use super::catalogue::Entry;
use super::vram::Reservation;

/// What a model's supervisor can be told.
#[derive(Debug)]
pub(crate) enum Command {
    /// Load it, or try again; in the memory that was set aside on a chosen GPU, where one was chosen.
    Load(Option<Reservation>),
    /// Let it finish what it has begun, then unload it.
    Unload,
}

/// Commands that wait for a supervisor.
const COMMANDS: usize = 8;

/// One model of the node.
pub(crate) struct Hosted {
    entry: Entry,
    commands: mpsc::Sender<Command>,
    longest_queue: usize,
    status: Mutex<Status>,
    changes: watch::Sender<u64>,
}

struct Status {
    state: ModelState,
    reason: Option<String>,
    gpu: Option<u32>,
    facts: Facts,
    serving: Option<Serving>,
}

#[derive(Clone)]
struct Serving {
    model: Arc<dyn Model>,
    admission: Arc<Admission>,
    /// Live streams compute a small part of the time: many of them share the slots.
    streams: Arc<Admission>,
}

/// Live streams for each slot: a stream is computed again about every half second, each time for a fraction of it.
const STREAMS_A_SLOT: u32 = 8;

/// What a request is admitted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// One computation.
    Request,
    /// Listening to somebody, for as long as he speaks.
    Stream,
}

/// A request's hold on a model: a slot of it.
pub(crate) struct Admitted {
    /// The model.
    pub(crate) model: Arc<dyn Model>,
    /// The slot; kept for as long as the model works on the request.
    pub(crate) permit: Permit,
}

/// Why a model does not take a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    /// It is not loaded, or not any more.
    NotReady {
        /// Where it is.
        state: ModelState,
        /// Why.
        reason: Option<String>,
    },
    /// It is busy.
    Refused(Refusal),
}

impl Hosted {
    /// A model that is not loaded yet, and what its supervisor listens to.
    pub(super) fn new(
        entry: Entry,
        longest_queue: usize,
        changes: watch::Sender<u64>,
    ) -> (Self, mpsc::Receiver<Command>) {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let facts = Facts { context: entry.context, sample_rate: entry.sample_rate, ..Facts::default() };
        let status = Status { state: ModelState::Unloaded, reason: None, gpu: None, facts, serving: None };
        (Self { entry, commands, longest_queue, status: Mutex::new(status), changes }, inbox)
    }

    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn id(&self) -> &str {
        &self.entry.id
    }

    pub(crate) fn task(&self) -> Task {
        self.entry.task
    }

    pub(crate) fn languages(&self) -> &[Language] {
        &self.entry.languages
    }

    pub(super) fn entry(&self) -> &Entry {
        &self.entry
    }

    pub(crate) fn state(&self) -> ModelState {
        self.status().state
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.state() == ModelState::Ready
    }

    pub(crate) fn facts(&self) -> Facts {
        self.status().facts.clone()
    }

    /// Which model is taken first where a request leaves it open: trained voices before the built-in ones.
    pub(super) fn preference(&self) -> u8 {
        u8::from(self.entry.engine == EngineKind::Espeak)
    }

    /// Tells the supervisor; `false` when it has too much to do already.
    pub(crate) fn command(&self, command: Command) -> bool {
        self.commands.try_send(command).is_ok()
    }

    /// Waits for a slot.
    pub(crate) async fn admit(&self, work: Work, class: Class, deadline: Instant) -> Result<Admitted, NotAdmitted> {
        let serving = {
            let status = self.status();
            status
                .serving
                .clone()
                .ok_or_else(|| NotAdmitted::NotReady { state: status.state, reason: status.reason.clone() })?
        };
        let admission = match work {
            Work::Request => &serving.admission,
            Work::Stream => &serving.streams,
        };
        match admission.admit(class, deadline).await {
            Ok(permit) => Ok(Admitted { model: serving.model, permit }),
            Err(Refusal::Closed) => {
                let status = self.status();
                Err(NotAdmitted::NotReady { state: status.state, reason: status.reason.clone() })
            }
            Err(refusal) => Err(NotAdmitted::Refused(refusal)),
        }
    }

    /// It cannot take requests now; those that wait are sent away.
    pub(super) fn set(&self, state: ModelState, reason: Option<String>) {
        {
            let mut status = self.status();
            status.state = state;
            status.reason = reason;
            if let Some(serving) = status.serving.take() {
                serving.admission.close();
                serving.streams.close();
            }
            if matches!(state, ModelState::Unloaded | ModelState::Failed) {
                status.gpu = None;
            }
        }
        self.changed();
    }

    /// Memory was set aside for it on a GPU, or it is computed on the processor.
    pub(super) fn placed(&self, gpu: Option<u32>) {
        self.status().gpu = gpu;
        self.changed();
    }

    /// The GPU that it is on or that it is being loaded on.
    pub(super) fn gpu(&self) -> Option<u32> {
        self.status().gpu
    }

    /// It takes requests; gives back where they and the live streams are counted.
    pub(super) fn serve(&self, model: Arc<dyn Model>, gpu: Option<u32>) -> [Arc<Admission>; 2] {
        let facts = model.facts();
        let slots = self.slots(&facts);
        let admission = Admission::new(slots, self.longest_queue);
        // A call that cannot be listened to now is told so at once.
        let streams = Admission::new(slots.saturating_mul(STREAMS_A_SLOT), 0);
        {
            let mut status = self.status();
            status.state = ModelState::Ready;
            status.reason = None;
            status.gpu = gpu;
            status.facts = facts;
            status.serving = Some(Serving { model, admission: Arc::clone(&admission), streams: Arc::clone(&streams) });
        }
        self.changed();
        [admission, streams]
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// How many requests it computes at the same time: as its manifest says, unless the engine can do fewer.
    fn slots(&self, facts: &Facts) -> u32 {
        facts.slots.map_or(self.entry.slots, |slots| slots.min(self.entry.slots))
    }

    /// What it is.
    pub(crate) fn describe(&self) -> ModelDescription {
        let status = self.status();
        ModelDescription {
            id: self.entry.id.clone(),
            task: self.entry.task,
            engine: self.entry.engine,
            languages: self.entry.languages.clone(),
            state: status.state,
            reason: status.reason.clone(),
            slots: self.slots(&status.facts),
            context: status.facts.context,
            sample_rate: status.facts.sample_rate,
            vram_bytes: self.entry.vram_bytes,
            gpu: status.gpu,
        }
    }

    /// How busy it is.
    pub(crate) fn load(&self) -> ModelLoad {
        let status = self.status();
        let load = status.serving.as_ref().map(|serving| serving.admission.load()).unwrap_or_default();
        let streams = status.serving.as_ref().map_or(0, |serving| serving.streams.load().active);
        let listens = status.serving.as_ref().is_some_and(|serving| serving.model.facts().listens);
        let stream_slots = if listens { self.slots(&status.facts).saturating_mul(STREAMS_A_SLOT) } else { 0 };
        ModelLoad {
            id: self.entry.id.clone(),
            state: status.state,
            active: load.active,
            queued: load.queued,
            slots: self.slots(&status.facts),
            streams,
            stream_slots,
            gpu: status.gpu,
            reason: status.reason.clone(),
        }
    }
}
