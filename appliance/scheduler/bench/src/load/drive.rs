//! Sends a plan's requests at their times.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use tokio::task::JoinSet;

use super::client::{Client, Observation, Outcome};
use super::report::{Recorder, Report};
use super::{Arrival, Plan};
use crate::prompt::text_of_blocks;

/// Bodies written before their time, at most.
const AHEAD: usize = 64;

/// Whether arrivals wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Never: each comes at its time.
    Open,
    /// So many are always under way, for so long: the next is sent when one has ended.
    Closed {
        /// How many.
        concurrency: usize,
        /// For how long.
        duration: Duration,
    },
}

/// How a plan is carried out.
#[derive(Debug, Clone)]
pub struct LoadConfig {
    /// `host:port` of the servers, taken in turn.
    pub targets: Vec<String>,
    /// The model asked for.
    pub model: String,
    /// Whether answers are streamed.
    pub stream: bool,
    /// Sent with each request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Whether arrivals wait.
    pub pace: Pace,
    /// Requests that arrive before this time are sent, and not counted.
    pub warmup: Duration,
    /// So long after the last arrival the run ends; what is not done then is unfinished.
    pub drain: Duration,
    /// One request takes so long at most.
    pub timeout: Duration,
    /// Time runs so many times faster at the servers, and the targets are shortened alike.
    pub speed: f64,
    /// Whether the report tells of each request.
    pub each: bool,
}

/// What the requests of one run share.
struct Run {
    plan: Plan,
    config: LoadConfig,
    client: Client,
    recorder: RefCell<Recorder>,
    start: Instant,
}

/// Carries out `plan`. Must run within a [`tokio::task::LocalSet`].
pub async fn run(plan: Plan, config: LoadConfig) -> Report {
    let run = Rc::new(Run {
        client: Client::new(&config.targets, config.headers.clone()),
        recorder: RefCell::new(Recorder::new(&plan.classes, config.speed, config.each)),
        start: Instant::now(),
        plan,
        config,
    });
    let mut running = JoinSet::new();
    let limit = match run.config.pace {
        Pace::Open => {
            open(&run, &mut running).await;
            run.config.drain
        }
        Pace::Closed { concurrency, duration } => {
            closed(&run, concurrency, duration, &mut running);
            duration + run.config.drain
        }
    };
    let offered = run.start.elapsed();
    let drained = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(limit, drained).await.is_err() {
        running.shutdown().await;
    }
    let counted = match run.config.pace {
        Pace::Open => offered,
        Pace::Closed { .. } => run.start.elapsed(),
    };
    run.recorder.borrow().report(counted.saturating_sub(run.config.warmup))
}

async fn open(run: &Rc<Run>, running: &mut JoinSet<()>) {
    // Bodies are written ahead, while there is time, so that writing them makes nobody late.
    let mut ahead: VecDeque<Bytes> = VecDeque::new();
    let mut written = 0;
    for (index, arrival) in run.plan.arrivals.iter().enumerate() {
        let at = Duration::from_secs_f64(arrival.at);
        while ahead.is_empty()
            || (ahead.len() < AHEAD
                && written < run.plan.arrivals.len()
                && at.saturating_sub(run.start.elapsed()) > Duration::from_millis(3))
        {
            ahead.push_back(body_of(written, &run.plan.arrivals[written], &run.config));
            written += 1;
            tokio::task::yield_now().await;
        }
        if !at.saturating_sub(run.start.elapsed()).is_zero() {
            tokio::time::sleep_until((run.start + at).into()).await;
        }
        let Some(body) = ahead.pop_front() else { continue };
        let counted = at >= run.config.warmup;
        if counted {
            run.recorder.borrow_mut().late(run.start.elapsed().saturating_sub(at));
        }
        running.spawn_local(one(Rc::clone(run), index, body, counted));
        // Those that have ended are forgotten as we go.
        while running.try_join_next().is_some() {}
    }
}

fn closed(run: &Rc<Run>, concurrency: usize, duration: Duration, running: &mut JoinSet<()>) {
    let arrivals = run.plan.arrivals.iter().enumerate();
    let bodies: Vec<Bytes> = arrivals.map(|(index, arrival)| body_of(index, arrival, &run.config)).collect();
    if bodies.is_empty() {
        return;
    }
    let bodies = Rc::new(bodies);
    let next = Rc::new(Cell::new(0));
    for _ in 0..concurrency {
        let (run, bodies, next) = (Rc::clone(run), Rc::clone(&bodies), Rc::clone(&next));
        running.spawn_local(async move {
            while run.start.elapsed() < duration {
                let index = next.replace(next.get() + 1) % bodies.len();
                let counted = run.start.elapsed() >= run.config.warmup;
                one(Rc::clone(&run), index, bodies[index].clone(), counted).await;
            }
        });
    }
}

/// One request from sending to end, written down where it counts.
async fn one(run: Rc<Run>, index: usize, body: Bytes, counted: bool) {
    let arrival = &run.plan.arrivals[index];
    let seen = Rc::new(RefCell::new(Observation::default()));
    let sent = Instant::now();
    run.recorder.borrow_mut().sent();
    let mut record = counted.then(|| Record { run: &run, index, sent, seen: &seen, outcome: Outcome::Unfinished });
    let answer = run.client.complete(&run.plan.classes[arrival.class], body, run.config.stream, sent, &seen);
    let outcome = tokio::time::timeout(run.config.timeout, answer).await.unwrap_or(Outcome::Unfinished);
    if let Some(record) = &mut record {
        record.outcome = outcome;
    }
}

/// Writes a request down when it is dropped, so that one that is given up with the run is not forgotten.
struct Record<'a> {
    run: &'a Run,
    index: usize,
    sent: Instant,
    seen: &'a RefCell<Observation>,
    outcome: Outcome,
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        let arrival = &self.run.plan.arrivals[self.index];
        let mut recorder = self.run.recorder.borrow_mut();
        recorder.ended(self.index, arrival, &self.outcome, self.sent.elapsed(), &self.seen.borrow());
    }
}

/// The request as JSON. All of its text is such that JSON needs to escape nothing. Its seed is its number in the plan: every
/// proxy passes that on, so that a server's journal names the same request as the report.
fn body_of(index: usize, arrival: &Arrival, config: &LoadConfig) -> Bytes {
    let text = text_of_blocks(&arrival.blocks, arrival.prompt_tokens as usize);
    let mut body = String::with_capacity(text.len() + 200);
    // Writing to a string cannot fail.
    let _ = write!(
        body,
        r#"{{"model":"{}","seed":{index},"messages":[{{"role":"user","content":"{text}"}}],"max_tokens":{},"stream":{}"#,
        config.model, arrival.output_tokens, config.stream
    );
    if config.stream {
        body.push_str(r#","stream_options":{"include_usage":true}"#);
    }
    body.push('}');
    body.into()
}

#[cfg(test)]
mod tests;
