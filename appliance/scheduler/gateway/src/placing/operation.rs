//! One model being loaded on a node, or unloaded from it: what is waited for, how long, and when the node is told again.

use std::time::Duration;

use placement::Because;
use protocol::{ModelLoad, ModelState};
use tokio::time::Instant;

/// The longest load: a large model from a slow disk, its sums checked first.
const LOAD_LIMIT: Duration = Duration::from_secs(1_800);
/// A node that was told to load and shows nothing of it after so long has not understood.
const LOAD_BEGINS: Duration = Duration::from_secs(10);
/// An engine that ends again and again while it loads is given up after so long.
const RESTARTING_LIMIT: Duration = Duration::from_secs(60);
/// Requests under way may take so long before their model is unloaded all the same.
const EMPTYING_LIMIT: Duration = Duration::from_secs(600);
/// So long after nothing new is given to a replica a heartbeat knows of all that it was given before.
const EMPTYING_SHOWS: Duration = Duration::from_millis(600);
/// An unload lasts no longer than the node's own patience with what runs (30 s); then it is told again.
const UNLOAD_LIMIT: Duration = Duration::from_secs(60);
/// The pause before a node is told again that did not take it, which doubles; and how often it is told.
const RETRY: (Duration, u32) = (Duration::from_secs(1), 4);

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Loaded on this GPU.
    Load {
        /// Its number.
        gpu: u32,
    },
    /// Emptied, then unloaded from this GPU.
    Unload {
        /// Its number.
        gpu: u32,
    },
}

impl Kind {
    /// The name in logs and metrics.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Load { .. } => "load",
            Self::Unload { .. } => "unload",
        }
    }

    /// The GPU.
    pub(super) fn gpu(self) -> u32 {
        match self {
            Self::Load { gpu } | Self::Unload { gpu } => gpu,
        }
    }
}

/// A model on its way onto a node or off it.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) kind: Kind,
    pub(super) because: Because,
    /// When it was begun.
    pub(super) since: Instant,
    /// When the node was told last.
    told: Option<Instant>,
    /// When it may be told again.
    not_before: Instant,
    attempts: u32,
    loading_seen: bool,
    restarting: Option<Instant>,
}

/// Where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing is to be done but to wait.
    Goes,
    /// The node is to be told.
    Tell,
    /// It is done.
    Done,
    /// It came to nothing.
    Failed {
        /// Why.
        reason: String,
        /// Whether the node still tries, and is to be told to stop.
        undo: bool,
    },
}

impl Operation {
    pub(super) fn new(kind: Kind, because: Because, now: Instant) -> Self {
        Self {
            kind,
            because,
            since: now,
            told: None,
            not_before: now,
            attempts: 0,
            loading_seen: false,
            restarting: None,
        }
    }

    /// Whether the node was told.
    pub(super) fn is_told(&self) -> bool {
        self.told.is_some()
    }

    /// The node is being told.
    pub(super) fn tell(&mut self, now: Instant) {
        self.told = Some(now);
    }

    /// The node did not take it, for a reason that may pass. `false` once that happened too often.
    pub(super) fn not_taken(&mut self, now: Instant) -> bool {
        self.told = None;
        self.not_before = now + RETRY.0 * (1 << self.attempts.min(8));
        self.attempts += 1;
        self.attempts < RETRY.1
    }

    /// Where it stands, from what the node says of the model; `None`: it has no such model.
    pub(super) fn progress(&mut self, now: Instant, load: Option<&ModelLoad>) -> Progress {
        match self.kind {
            Kind::Load { gpu } => self.loading(now, gpu, load),
            Kind::Unload { .. } => self.unloading(now, load),
        }
    }

    fn loading(&mut self, now: Instant, gpu: u32, load: Option<&ModelLoad>) -> Progress {
        let failed = |reason: String, undo| Progress::Failed { reason, undo };
        let Some(load) = load else { return failed("it is not in the node's store any more".to_owned(), false) };
        let Some(told) = self.told else {
            return if now >= self.not_before { Progress::Tell } else { Progress::Goes };
        };
        let reason = || load.reason.clone().unwrap_or_else(|| "the node does not say why".to_owned());
        if load.state != ModelState::Restarting {
            self.restarting = None;
        }
        match load.state {
            ModelState::Ready if load.gpu == Some(gpu) => Progress::Done,
            ModelState::Ready => failed("the node has loaded it elsewhere".to_owned(), false),
            ModelState::Loading if now > told + LOAD_LIMIT => {
                failed(format!("it was not loaded within {} minutes", LOAD_LIMIT.as_secs() / 60), true)
            }
            ModelState::Loading => {
                self.loading_seen = true;
                Progress::Goes
            }
            ModelState::Restarting => {
                self.loading_seen = true;
                let since = *self.restarting.get_or_insert(now);
                if now > since + RESTARTING_LIMIT { failed(reason(), true) } else { Progress::Goes }
            }
            // What it was before it was told.
            ModelState::Failed | ModelState::Unloaded if !self.loading_seen && now < told + LOAD_BEGINS => {
                Progress::Goes
            }
            ModelState::Failed => failed(reason(), false),
            ModelState::Unloaded if !self.loading_seen => {
                failed("the node took the order and did not begin".to_owned(), false)
            }
            ModelState::Unloaded => failed("somebody unloaded it meanwhile".to_owned(), false),
            ModelState::Draining => Progress::Goes,
        }
    }

    fn unloading(&mut self, now: Instant, load: Option<&ModelLoad>) -> Progress {
        let Some(load) = load else { return Progress::Done };
        if matches!(load.state, ModelState::Unloaded | ModelState::Failed) {
            return Progress::Done;
        }
        match self.told {
            Some(told) if now > told + UNLOAD_LIMIT => Progress::Tell,
            Some(_) => Progress::Goes,
            None if now < self.not_before => Progress::Goes,
            None => {
                let idle = load.active == 0 && load.queued == 0 && load.streams == 0;
                let emptied = idle && now >= self.since + EMPTYING_SHOWS;
                let serves = load.state == ModelState::Ready;
                if emptied || !serves || now >= self.since + EMPTYING_LIMIT { Progress::Tell } else { Progress::Goes }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(state: ModelState, active: u32) -> ModelLoad {
        let gpu = matches!(state, ModelState::Ready | ModelState::Loading).then_some(1);
        let reason = (state == ModelState::Failed).then(|| "broken file".to_owned());
        ModelLoad { id: "m".to_owned(), state, active, queued: 0, slots: 4, streams: 0, stream_slots: 0, gpu, reason }
    }

    #[test]
    fn a_load_ends_when_the_model_is_ready_and_an_old_failure_is_not_taken_for_a_new_one() {
        let now = Instant::now();
        let mut operation = Operation::new(Kind::Load { gpu: 1 }, Because::Wanted, now);
        let failed = load(ModelState::Failed, 0);
        assert_eq!(operation.progress(now, Some(&failed)), Progress::Tell);
        operation.tell(now);
        assert_eq!(operation.progress(now, Some(&failed)), Progress::Goes);
        assert_eq!(operation.progress(now, Some(&load(ModelState::Loading, 0))), Progress::Goes);
        assert_eq!(operation.progress(now, Some(&load(ModelState::Ready, 0))), Progress::Done);
        let broken = Progress::Failed { reason: "broken file".to_owned(), undo: false };
        assert_eq!(operation.progress(now, Some(&failed)), broken);
        assert!(matches!(operation.progress(now, None), Progress::Failed { undo: false, .. }));
    }

    #[test]
    fn an_engine_that_never_comes_up_is_given_up() {
        let now = Instant::now();
        let mut operation = Operation::new(Kind::Load { gpu: 1 }, Because::Wanted, now);
        operation.tell(now);
        let restarting = load(ModelState::Restarting, 0);
        assert_eq!(operation.progress(now, Some(&restarting)), Progress::Goes);
        let later = now + RESTARTING_LIMIT + Duration::from_secs(1);
        assert!(matches!(operation.progress(later, Some(&restarting)), Progress::Failed { undo: true, .. }));
    }

    #[test]
    fn a_replica_is_emptied_before_it_is_unloaded() {
        let now = Instant::now();
        let mut operation = Operation::new(Kind::Unload { gpu: 1 }, Because::Draining, now);
        let (busy, idle) = (load(ModelState::Ready, 1), load(ModelState::Ready, 0));
        assert_eq!(operation.progress(now, Some(&idle)), Progress::Goes, "the heartbeat may be an old one");
        let shown = now + EMPTYING_SHOWS;
        assert_eq!(operation.progress(shown, Some(&busy)), Progress::Goes);
        assert_eq!(operation.progress(shown, Some(&idle)), Progress::Tell);
        assert_eq!(operation.progress(now + EMPTYING_LIMIT, Some(&busy)), Progress::Tell, "not for ever");
        operation.tell(shown);
        assert_eq!(operation.progress(shown, Some(&load(ModelState::Draining, 0))), Progress::Goes);
        assert_eq!(operation.progress(shown, Some(&load(ModelState::Unloaded, 0))), Progress::Done);
    }

    #[test]
    fn a_node_that_does_not_take_it_is_told_again_a_few_times() {
        let now = Instant::now();
        let mut operation = Operation::new(Kind::Load { gpu: 1 }, Because::Wanted, now);
        let unloaded = load(ModelState::Unloaded, 0);
        operation.tell(now);
        assert!(operation.not_taken(now));
        assert_eq!(operation.progress(now, Some(&unloaded)), Progress::Goes);
        assert_eq!(operation.progress(now + RETRY.0, Some(&unloaded)), Progress::Tell);
        assert!(operation.not_taken(now) && operation.not_taken(now) && !operation.not_taken(now));
    }
}
