//! The fake model servers behind HTTP: OpenAI's chat completions, and what routers ask a server before they trust it.
//!
//! All servers of a process live on one thread and cost next to nothing: a server wakes when an iteration ends, at most once a
//! millisecond, and hands every sequence all its tokens of that time in one event.

mod api;
mod body;
mod fault;
mod journal;
mod server;
mod stats;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use camino::Utf8PathBuf;
pub use fault::Fault;
use journal::{Journal, Step};
pub use server::{ServeError, serve};
pub use stats::{ProcessStats, WorkerStats};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

use crate::engine::{CostModel, Engine, Output, PrefixCache};

/// Requests written down since a server's health has changed, at most.
const LOG: usize = 10_000;

/// How the servers of one process work.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// The name of the model they claim to serve.
    pub model: String,
    /// What work costs them.
    pub cost: CostModel,
    /// Blocks in each prefix cache; none for no limit.
    pub cache_blocks: Option<usize>,
    /// Their time runs so many times faster, so that an hour's trace can be replayed in a minute.
    pub speed: f64,
    /// Real time between two events of one answer, at least: what is generated meanwhile comes in one event.
    pub event_interval: Duration,
    /// Whether all answers are there at once, without cost: for what a proxy adds.
    pub instant: bool,
    /// Seed of the spells of [`Fault::Stall`].
    pub seed: u64,
    /// Where each request's fate is written down, a line of JSON for each step.
    pub journal: Option<Utf8PathBuf>,
}

/// One fake model server.
pub(crate) struct Worker {
    pub(crate) config: WorkerConfig,
    pub(crate) port: u16,
    pub(crate) engine: RefCell<Engine>,
    pub(crate) fault: watch::Sender<Fault>,
    started: Instant,
    next_id: Cell<u64>,
    answers: RefCell<HashMap<u64, mpsc::UnboundedSender<Output>>>,
    submitted: Notify,
    prefill: RefCell<stats::Outstanding>,
    instant: Cell<(u64, u64)>,
    health: RefCell<Health>,
    journal: Rc<Journal>,
}

/// Since when a server is as it is, and what it was sent since then.
struct Health {
    since: Instant,
    /// Milliseconds after that, of each chat completion asked for.
    asked_ms: Vec<u64>,
}

impl Worker {
    fn new(config: WorkerConfig, port: u16, started: Instant, journal: Rc<Journal>) -> Rc<Self> {
        let engine = Engine::new(config.cost, PrefixCache::new(config.cache_blocks));
        Rc::new(Self {
            config,
            port,
            engine: RefCell::new(engine),
            fault: watch::Sender::new(Fault::None),
            started,
            next_id: Cell::new(1),
            answers: RefCell::default(),
            submitted: Notify::new(),
            prefill: RefCell::default(),
            instant: Cell::default(),
            health: RefCell::new(Health { since: started, asked_ms: Vec::new() }),
            journal,
        })
    }

    /// Becomes ill or well; the log of what it is sent begins anew.
    fn set_fault(&self, fault: Fault) {
        self.engine.borrow_mut().set_slowness(fault.slowness());
        *self.health.borrow_mut() = Health { since: Instant::now(), asked_ms: Vec::new() };
        self.fault.send_replace(fault);
    }

    /// Writes down that a chat completion was asked for, with the seed that names it.
    fn asked(&self, seed: Option<u64>) {
        self.journal.write(self.port, seed, Step::Asked);
        let mut health = self.health.borrow_mut();
        if health.asked_ms.len() < LOG {
            let after = health.since.elapsed().as_millis();
            health.asked_ms.push(u64::try_from(after).unwrap_or(u64::MAX));
        }
    }

    /// Seconds since the start in this server's own time.
    fn now(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * self.config.speed
    }

    /// Has the engine answer. The channel holds at most one output for each token asked for.
    fn submit(
        self: &Rc<Self>,
        seed: Option<u64>,
        prompt_tokens: u32,
        blocks: Vec<u64>,
        output_tokens: u32,
    ) -> (Ticket, mpsc::UnboundedReceiver<Output>) {
        let id = self.take_id();
        let (sender, receiver) = mpsc::unbounded_channel();
        self.answers.borrow_mut().insert(id, sender);
        self.hand_out();
        self.engine.borrow_mut().submit(self.now(), id, prompt_tokens, blocks, output_tokens);
        self.submitted.notify_one();
        (Ticket { worker: Rc::clone(self), id, seed, begun: false }, receiver)
    }

    fn take_id(&self) -> u64 {
        self.next_id.replace(self.next_id.get() + 1)
    }

    /// Hands every sequence what the engine has generated for it by now.
    fn hand_out(&self) {
        let outputs = self.engine.borrow_mut().advance(self.now());
        let mut answers = self.answers.borrow_mut();
        for output in outputs {
            if let Some(sender) = answers.get(&output.id) {
                // Fails when the caller has gone, whose ticket then cancels.
                let _ = sender.send(output);
                if output.finished {
                    answers.remove(&output.id);
                }
            }
        }
    }

    /// Keeps the engine's time, for ever.
    async fn keep_time(self: Rc<Self>) {
        let mut last = self.started;
        loop {
            let next = self.engine.borrow().next_end();
            match next {
                None => self.submitted.notified().await,
                Some(end) => {
                    let end = self.started + Duration::from_secs_f64((end / self.config.speed).max(0.0));
                    tokio::time::sleep_until(end.max(last + self.config.event_interval)).await;
                    last = Instant::now();
                    self.hand_out();
                }
            }
        }
    }
}

/// A sequence somebody waits for. Dropped, it is cancelled unless it has come to its end.
pub(crate) struct Ticket {
    worker: Rc<Worker>,
    id: u64,
    seed: Option<u64>,
    begun: bool,
}

impl Ticket {
    /// Something of its answer is on its way.
    pub(crate) fn goes_out(&mut self) {
        if !std::mem::replace(&mut self.begun, true) {
            self.worker.journal.write(self.worker.port, self.seed, Step::First);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let given_up = self.worker.answers.borrow_mut().remove(&self.id).is_some();
        if given_up {
            self.worker.engine.borrow_mut().cancel(self.id);
        }
        self.worker.journal.write(self.worker.port, self.seed, if given_up { Step::GivenUp } else { Step::Ended });
    }
}
