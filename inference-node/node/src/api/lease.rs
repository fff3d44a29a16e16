//! A request's hold on a model: chosen by name, admitted by urgency, let go when the client leaves.

mod within;

use std::sync::Arc;
use std::time::Instant;

use engines::{Model, Stop};
use protocol::{Language, Task};
use tokio_util::sync::DropGuard;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::Api;
use super::error::ApiError;
use super::request::Urgency;
use crate::host::{Hosted, Permit, Work};
use within::Within;

/// The name that leaves the choice of the model to the node.
const ANY: &str = "auto";

/// A request's hold on a model. Dropping it stops the engine and gives the slot to the next.
pub(super) struct Lease {
    /// The model.
    pub(super) model: Arc<dyn Model>,
    /// The model's name.
    pub(super) name: String,
    /// What stops the engine.
    pub(super) stop: Stop,
    _stop_at_end: DropGuard,
    _permit: Permit,
    timer: Timer,
}

/// Tells the metrics how a request went, also when it is dropped in the middle.
struct Timer {
    model: String,
    class: &'static str,
    started: Instant,
    outcome: &'static str,
    /// The request's span, which logs show.
    request: Span,
    /// The computation's, which is there where spans are exported.
    span: Span,
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.span.record("outcome", self.outcome);
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let _request = self.request.enter();
        // A span ends when it was last left.
        let _span = self.span.enter();
        tracing::info!(model = self.model, class = self.class, outcome = self.outcome, ms, "computed");
        let labels = [("model", self.model.clone()), ("class", self.class.to_owned())];
        metrics::histogram!("node_request_seconds", &labels).record(self.started.elapsed().as_secs_f64());
        count(&self.model, self.class, self.outcome);
    }
}

fn count(model: &str, class: &'static str, outcome: &'static str) {
    metrics::counter!("node_requests_total", "model" => model.to_owned(), "class" => class, "outcome" => outcome)
        .increment(1);
}

/// The model of that name for a task; `auto` takes the one that serves it best, in that language where one is given.
pub(super) fn choose(api: &Api, task: Task, name: &str, language: Option<Language>) -> Result<Arc<Hosted>, ApiError> {
    if name.is_empty() {
        return Err(ApiError::request("model", "no model was named; `auto` leaves the choice to the node"));
    }
    let candidates = api.host.for_task(task);
    let speaks = |hosted: &Hosted| {
        language.is_none_or(|language| hosted.languages().is_empty() || hosted.languages().contains(&language))
    };
    if name == ANY {
        let found = candidates.into_iter().find(|hosted| speaks(hosted));
        return found.ok_or_else(|| ApiError::no_model(name, &[]));
    }
    match api.host.get(name) {
        Some(hosted) if hosted.task() == task => Ok(hosted),
        Some(hosted) => {
            let message = format!("the model `{name}` is for {}, not for {}", hosted.task().name(), task.name());
            Err(ApiError::request("model", message))
        }
        None => {
            let known: Vec<&str> = candidates.iter().map(|hosted| hosted.id()).collect();
            Err(ApiError::no_model(name, &known))
        }
    }
}

/// Waits for a slot of a model.
pub(super) async fn lease(api: &Api, hosted: &Hosted, work: Work, urgency: Urgency) -> Result<Lease, ApiError> {
    let started = Instant::now();
    let deadline = urgency.deadline.unwrap_or(started + api.longest_wait);
    let class = urgency.class.name();
    let queue = tracing::debug_span!("queue", model = hosted.id(), class, outcome = Empty);
    let admitted = hosted.admit(work, urgency.class, deadline).instrument(queue.clone()).await.map_err(|why| {
        let error = ApiError::from(why);
        queue.record("outcome", error.code());
        count(hosted.id(), class, error.code());
        error
    })?;
    drop(queue);
    let labels = [("model", hosted.id().to_owned()), ("class", class.to_owned())];
    metrics::histogram!("node_queue_wait_seconds", &labels).record(started.elapsed().as_secs_f64());
    let stop = Stop::new();
    if let Some(deadline) = urgency.deadline {
        // Nobody wants the rest after the deadline.
        let late = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = tokio::time::sleep_until(deadline.into()) => late.cancel(),
                () = late.cancelled() => {}
            }
        });
    }
    let span =
        tracing::debug_span!("generate", model = hosted.id(), class, task = hosted.task().name(), outcome = Empty);
    Ok(Lease {
        model: Arc::new(Within { model: admitted.model, span: span.clone() }),
        name: hosted.id().to_owned(),
        _stop_at_end: stop.clone().drop_guard(),
        stop,
        _permit: admitted.permit,
        timer: Timer {
            model: hosted.id().to_owned(),
            class,
            started: Instant::now(),
            outcome: "abandoned",
            request: Span::current(),
            span,
        },
    })
}

impl Lease {
    /// The request came to its end.
    pub(super) fn done(&mut self) {
        self.timer.outcome = "done";
    }

    /// The request failed.
    pub(super) fn failed(&mut self, error: &ApiError) {
        self.timer.outcome = error.code();
    }

    /// The result of a request that has come to its end.
    pub(super) fn finish<T>(mut self, result: Result<T, engines::EngineError>) -> Result<T, ApiError> {
        match result {
            Ok(value) => {
                self.done();
                Ok(value)
            }
            Err(error) => {
                let error = ApiError::from(error);
                self.failed(&error);
                Err(error)
            }
        }
    }
}
