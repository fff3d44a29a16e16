//! Carries one request out: waits for its replica, sends it there, comes back when it is told to, tries elsewhere when the
//! replica fails it, and passes on what comes once the first piece is there. Until then nobody has seen anything of it, so
//! that it can move.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use policy::{BlockHash, Rejection, Request, SessionKey};
use protocol::Class;
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use tracing::Instrument;

use crate::answer::{Answer, Stream};
use crate::client::{NodeClient, Onward, Sent};
use crate::dispatch::{ModelDispatcher, Order};
use crate::error::{NodeError, chain};
use crate::journey::Journey;

/// What a prompt takes to be read, assumed of an answer that does not show it.
const READING: Duration = Duration::from_millis(100);
/// The same, for each of its tokens.
const READ_TOKENS_PER_SECOND: f64 = 4_000.0;
/// How long an answer that is not streamed is waited for where the request sets no end.
const LONGEST: Duration = Duration::from_secs(600);
/// How often an answer in one piece is asked for again after its replica died over it.
const MOST_LOSSES: u32 = 2;

/// One request on its way to a model.
#[derive(Clone)]
pub(crate) struct Work {
    /// Where at the node: `/v1/chat/completions`.
    pub(crate) path: &'static str,
    /// What is sent, as it came.
    pub(crate) body: Bytes,
    /// Its media type.
    pub(crate) media_type: HeaderValue,
    /// Who waits.
    pub(crate) class: Class,
    /// When nobody wants the first piece any more.
    pub(crate) deadline: Option<Duration>,
    /// When nobody wants the rest any more: then the node stops.
    pub(crate) life: Option<Duration>,
    /// Whether the answer comes piece by piece.
    pub(crate) streamed: bool,
    /// Tokens of the prompt, estimated.
    pub(crate) prompt_tokens: u32,
    /// Tokens of the answer, estimated.
    pub(crate) output_tokens: u32,
    /// The chain of the prompt's blocks.
    pub(crate) prefix: Vec<BlockHash>,
    /// The conversation or call.
    pub(crate) session: Option<SessionKey>,
    /// The trace that it came with (W3C Trace Context), for where it is carried out within none.
    pub(crate) trace: Option<HeaderValue>,
    /// The fencing epoch of this dispatcher's lease, where it has one.
    pub(crate) epoch: Option<u64>,
    /// Whether another server has passed it on.
    pub(crate) passed_on: bool,
}

impl Work {
    /// How long the prompt is likely read for, where nothing tells.
    fn likely_read(&self) -> Duration {
        READING + Duration::from_secs_f64(f64::from(self.prompt_tokens) / READ_TOKENS_PER_SECOND)
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkError {
    /// The dispatcher does not take it.
    #[error("{reason}")]
    Rejected {
        /// Why.
        reason: Rejection,
        /// When asking again makes sense.
        retry_after: Duration,
    },
    /// No node that was heard of has the model.
    #[error("no inference node has the model")]
    NoModel,
    /// Its replica failed after the first token.
    #[error("the inference node failed while it answered")]
    Lost,
    /// Another dispatcher has taken over.
    #[error("another dispatcher has taken over")]
    Succeeded,
    /// No server of the cluster dispatches at this moment.
    #[error("no server of the cluster dispatches requests at this moment")]
    NotDispatcher,
}

impl WorkError {
    /// Its name in spans.
    fn name(&self) -> &'static str {
        match self {
            Self::Rejected { reason, .. } => reason.name(),
            Self::NoModel => "no_model",
            Self::Lost => "lost",
            Self::Succeeded => "succeeded",
            Self::NotDispatcher => "not_dispatcher",
        }
    }
}

/// Has a request done.
///
/// # Errors
/// [`WorkError`] when no replica does it. What a replica refuses because the request is wrong is an answer.
pub(crate) async fn carry_out(model: &Arc<ModelDispatcher>, work: Work) -> Result<Answer, WorkError> {
    let mut journey = Journey::begin(&model.label, work.class.name());
    let span = journey.span();
    let done = attempts(model, &work, &mut journey).instrument(span).await;
    match done {
        Ok(answer) => Ok(answer.at_the_end_of(journey)),
        Err(error) => {
            journey.ended(error.name());
            Err(error)
        }
    }
}

async fn attempts(model: &Arc<ModelDispatcher>, work: &Work, journey: &mut Journey) -> Result<Answer, WorkError> {
    let arrived = Instant::now();
    let mut losses = 0;
    loop {
        match attempt(model, work, arrived, journey).await {
            // Of an answer in one piece nobody has seen anything: it is asked for once more, as if its replica had not begun.
            Err(WorkError::Lost) if !work.streamed && losses < MOST_LOSSES => losses += 1,
            done => return done,
        }
    }
}

/// Has a request done by the replicas that the dispatcher names, until one answers or the dispatcher gives up.
async fn attempt(
    model: &Arc<ModelDispatcher>,
    work: &Work,
    arrived: Instant,
    journey: &mut Journey,
) -> Result<Answer, WorkError> {
    let mut ticket = model.submit(request(model, work, arrived));
    // When a node that was too busy for it said to come back.
    let mut busy_for = Duration::ZERO;
    let mut order = ticket.order().await;
    loop {
        order = match order {
            Order::Reject { reason, retry_after } => {
                return Err(WorkError::Rejected { reason, retry_after: retry_after.max(busy_for) });
            }
            Order::Lost => return Err(WorkError::Lost),
            // An order that was already over when it was read.
            Order::Back => ticket.order().await,
            Order::Go { replica, attempt } => {
                journey.sent(&replica.node);
                let mut answer = std::pin::pin!(first_piece(&replica.client, work, arrived));
                let mut unseen = !work.streamed;
                let outcome = loop {
                    tokio::select! {
                        biased;
                        order = ticket.order() => break Err(order),
                        outcome = &mut answer => break Ok(outcome),
                        // An answer in one piece hides its first token; the policy is told when it is likely there.
                        () = tokio::time::sleep(work.likely_read()), if unseen => {
                            unseen = false;
                            ticket.first_token(attempt, None);
                        }
                    }
                };
                match outcome {
                    // Dropping the connection is what makes the node stop.
                    Err(next) => {
                        if matches!(next, Order::Back) {
                            journey.withdrawn();
                        }
                        next
                    }
                    Ok(Ok(First::Begun(stream))) => {
                        ticket.first_token(attempt, None);
                        journey.first_token();
                        model.count_first_token(work.class, arrived.elapsed());
                        return Ok(Answer::stream(*stream, Some((ticket, attempt))));
                    }
                    Ok(Ok(First::Whole(answer))) => {
                        ticket.finished(attempt, work.output_tokens);
                        return Ok(answer);
                    }
                    // Dropping the ticket takes it out of this dispatcher, which is over.
                    Ok(Err(NodeError::Succeeded)) => return Err(WorkError::Succeeded),
                    Ok(Err(error)) => {
                        let suspect = match &error {
                            NodeError::Busy { retry_after, .. } => {
                                busy_for = busy_for.max(*retry_after);
                                false
                            }
                            _ => true,
                        };
                        tracing::warn!(
                            node = replica.node,
                            model = model.label,
                            error = chain(&error),
                            "a node failed a request; it goes elsewhere"
                        );
                        ticket.failed(attempt, suspect);
                        ticket.order().await
                    }
                }
            }
        };
    }
}

/// Has the cluster's dispatcher do a request.
///
/// # Errors
/// [`NodeError`] when it does not take it; it, or its successor, may do so later.
pub(crate) async fn pass_on(dispatcher: &NodeClient, work: &Work) -> Result<Answer, NodeError> {
    match first_piece(dispatcher, work, Instant::now()).await? {
        First::Begun(stream) => Ok(Answer::stream(*stream, None)),
        First::Whole(answer) => Ok(answer),
    }
}

/// The SHA-256 of a key.
pub(crate) fn sum(key: &str) -> [u8; 32] {
    Sha256::digest(key.trim().as_bytes()).into()
}

/// What a replica sent.
enum First {
    /// The first piece of an answer that goes on.
    Begun(Box<Stream>),
    /// All of it: what was refused, or is no stream.
    Whole(Answer),
}

/// Sends the request and waits for the first piece of its answer.
async fn first_piece(client: &NodeClient, work: &Work, arrived: Instant) -> Result<First, NodeError> {
    const WHAT: &str = "for an answer";
    let left = |until: Option<Duration>| until.map(|until| until.saturating_sub(arrived.elapsed()));
    let onward = Onward {
        path: work.path,
        body: work.body.clone(),
        media_type: work.media_type.clone(),
        class: work.class,
        first_token: left(work.deadline),
        life: left(work.life),
        trace: service::trace::header().or_else(|| work.trace.clone()),
        epoch: work.epoch,
    };
    let asked = async {
        match client.forward(onward).await? {
            Sent::Refused { status, body } => Ok(First::Whole(Answer::whole(status, json(), body))),
            Sent::Accepted(mut response) => {
                let first = next(&mut response).await?;
                let Some(first) = first else {
                    return Ok(First::Whole(Answer::whole(response.status(), media_type(&response), Bytes::new())));
                };
                Ok(First::Begun(Box::new(Stream { media_type: media_type(&response), first: Some(first), response })))
            }
        }
    };
    let within = left(work.deadline.or(work.life)).unwrap_or(LONGEST).max(Duration::from_millis(1));
    tokio::time::timeout(within, asked).await.unwrap_or(Err(NodeError::Late { what: WHAT, within }))
}

async fn next(response: &mut Response) -> Result<Option<Bytes>, NodeError> {
    response.chunk().await.map_err(|source| NodeError::BrokeOff { what: "an answer", source: source.without_url() })
}

fn media_type(response: &Response) -> HeaderValue {
    response.headers().get(CONTENT_TYPE).cloned().unwrap_or_else(json)
}

fn json() -> HeaderValue {
    HeaderValue::from_static("application/json")
}

/// The request as the policy sees it.
fn request(model: &ModelDispatcher, work: &Work, arrived: Instant) -> Request {
    let deadline = work.deadline.map(|deadline| model.now() + deadline.saturating_sub(arrived.elapsed()));
    Request {
        id: model.name_request(),
        class: work.class,
        deadline,
        prompt_tokens: work.prompt_tokens,
        expected_output_tokens: work.output_tokens,
        prefix: work.prefix.clone(),
        session: work.session,
    }
}
