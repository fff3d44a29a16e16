//! Promises to ring back, kept: one server dials what is due, and a citizen who answers is served like any other.

use std::sync::Arc;
use std::time::Duration;

use desk::call::{Call, Direction, Ending, Recording, Standing};
use desk::call_back::CallBack;
use desk::ids::CallId;
use desk::ports::PortResult;
use desk::ports::call_backs::Attempted;
use desk::ports::calls::{CallFilter, CallScope};
use dialogue::Caller;
use jiff::{SignedDuration, Timestamp};
use signalling::{CallerId, Dial, Progress, Target};
use tokio::sync::mpsc;
use tracing::Instrument;

use crate::arrivals::{self, COMMANDS};
use crate::call::{self, Begun};
use crate::house::House;

/// How long a citizen's telephone rings.
const RINGS: Duration = Duration::from_secs(40);
/// How long a dialler may say nothing before another takes its promise over.
const DIALLING: SignedDuration = SignedDuration::from_mins(3);
/// How many are dialled at once.
const AT_ONCE: usize = 8;
/// How many are looked at for that.
const LOOKED_AT: u32 = 32;
/// A citizen who is on the line is not rung; a call that began longer ago may have been lost with its server.
const ON_THE_LINE: SignedDuration = SignedDuration::from_mins(10);

/// Dials what is due, under the lease of `epoch`. Returns how many were dialled.
///
/// # Errors
/// When what is due cannot be read.
pub(crate) async fn dial_due(house: &Arc<House>, epoch: u64) -> PortResult<usize> {
    let now = house.parts.time.now();
    let due = house.parts.call_backs.due(now, LOOKED_AT).await?;
    let mut dialled = 0;
    for promise in due {
        if dialled == AT_ONCE {
            break;
        }
        if is_on_the_line(house, &promise, now).await? {
            continue;
        }
        let id = CallId::new();
        match house.parts.call_backs.take(promise.id, promise.version, epoch, id, now + DIALLING).await {
            Ok(taken) => {
                dialled += 1;
                let span = tracing::error_span!(parent: None, "call", call = %id, call_back = %promise.id);
                house.tasks.spawn(dial(Arc::clone(house), id, taken).instrument(span));
            }
            Err(error) => tracing::debug!(%error, "a call-back was taken by another"),
        }
    }
    Ok(dialled)
}

/// Whether whoever was promised a call is in one with us, on any server.
async fn is_on_the_line(house: &House, promise: &CallBack, now: Timestamp) -> PortResult<bool> {
    let live = CallFilter {
        scope: CallScope::Live,
        caller_ends_with: Some(promise.number.as_str().trim_start_matches('+').to_owned()),
        from: now.checked_sub(ON_THE_LINE).ok(),
        limit: 1,
        ..CallFilter::default()
    };
    Ok(!house.parts.calls.list(live).await?.is_empty())
}

async fn dial(house: Arc<House>, id: CallId, promise: CallBack) {
    let reached = ring(&house, id, &promise).await;
    let now = house.parts.time.now();
    let outcome = match reached {
        true => Attempted::Kept,
        false => match house.parts.config.call_backs.policy().next(promise.attempts, now) {
            Some(at) => Attempted::Again(at),
            None => Attempted::GivenUp,
        },
    };
    metrics::counter!("sfetnic_phone_call_backs_total", "reached" => if reached { "yes" } else { "no" }).increment(1);
    if let Err(error) = house.parts.call_backs.settle(promise.id, promise.version, outcome).await {
        tracing::warn!(%error, "what became of a call-back could not be written");
    }
}

/// Rings the citizen; returns at once whether he answered, and leads the call beside.
async fn ring(house: &Arc<House>, id: CallId, promise: &CallBack) -> bool {
    let case = match house.parts.cases.case(promise.case).await {
        Ok(case) => case,
        Err(error) => {
            tracing::warn!(%error, "a call-back's case cannot be read");
            return false;
        }
    };
    let conversation = house.parts.conversations.conversation(case.conversation).await.ok();
    let to = Target::Number(promise.number.as_str().to_owned());
    let mut line = match arrivals::line_out(house, &to).await {
        Ok(line) => line,
        Err(error) => {
            tracing::warn!(%error, "no line to ring back");
            return false;
        }
    };
    let record = Call {
        id,
        conversation: conversation.as_ref().map(|conversation| conversation.id),
        server: house.parts.server,
        direction: Direction::Out,
        caller: Some(promise.number.clone()),
        dialled: promise.number.as_str().to_owned(),
        peer: String::new(),
        language: promise.language,
        started_at: house.parts.time.now(),
        answered_at: None,
        ended: None,
        standing: Standing::Ringing,
        department: Some(promise.department.clone()),
        transferred_to: None,
        recording: Recording::default(),
        timings: Vec::new(),
        quality: desk::call::Quality::default(),
    };
    if let Err(error) = arrivals::begin(house, record.clone()).await {
        tracing::error!(error, "a call-back begins without a record");
    }
    let offer = line.offer();
    let dial = Dial { ring_for: RINGS, ..Dial::new(to, CallerId::default(), offer) };
    let mut dialling = house.endpoint.dial(dial).await;
    while let Some(progress) = dialling.next().await {
        match progress {
            Progress::Ringing | Progress::EarlyMedia(_) => {}
            Progress::Offer(offer) => offer.refuse(488).await,
            Progress::Answered { call: leg, events, answer } => {
                if let Err(error) = line.accept(&answer) {
                    tracing::warn!(%error, "a citizen's telephone cannot be spoken with");
                    leg.hang_up(signalling::Cause::temporary_failure()).await;
                    break;
                }
                let (commands, wanted) = mpsc::channel(COMMANDS);
                let seen = house.live.enter(arrivals::live(&record), commands);
                let caller = Caller {
                    number: Some(promise.number.as_str().to_owned()),
                    language: Some(promise.language),
                    open_case: Some(case.reference),
                };
                let direction =
                    dialogue::Direction::CallBack { reference: case.reference, department: promise.department.clone() };
                let begun = Begun {
                    id,
                    direction: Direction::Out,
                    caller: Some(promise.number.clone()),
                    setup: arrivals::setup(house, caller, direction, false),
                    line,
                    leg,
                    events,
                    seen,
                    commands: wanted,
                    conversation,
                    wanted_by: promise.operator,
                };
                house.tasks.spawn(call::run(Arc::clone(house), begun).in_current_span());
                return true;
            }
            Progress::Failed { status, .. } => {
                tracing::info!(status, "a citizen whom we rang back was not reached");
                break;
            }
        }
    }
    arrivals::never_was(house, id, Ending::NotAnswered).await;
    false
}
