//! Model placement, carried out: what the pure planner of the crate `placement` decides is done on the real nodes.
//!
//! A few times a second the nodes' heartbeats become a picture ([`picture`]), the picture a plan ([`single`]), and of the
//! plan's steps those are begun whose turn it is ([`executor`]); what each one waits for is a heartbeat that says so
//! ([`operation`]). Nothing of it is kept on a disk: a server that takes over plans from what it hears. Only the server that
//! dispatches acts, under the epoch of its lease; the others show what they would do.

mod demand;
mod executor;
mod memory;
mod operation;
mod picture;
mod refusals;
mod single;
mod status;
mod way;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use placement::{Model, Settings};
use protocol::gpu::UnixMillis;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

use crate::error::{NodeError, chain};
use crate::gateway::Nodes;
use crate::role::Role;
use executor::{Executor, Order};
use operation::Kind;
use picture::Heard;

pub use status::{PendingStep, PlacementStatus, RefusedModel, ReplicaAim, StepState};

/// How often it is looked what became of what was begun.
const ROUND: Duration = Duration::from_millis(200);
/// A node that was not heard for so long counts as gone, and its models are loaded elsewhere. Requests leave it much sooner;
/// a load is too dear for a hiccup.
const GONE: Duration = Duration::from_secs(5);
/// At the start so long is waited for nodes that were not heard yet: they may have what is wanted.
const MEETING: Duration = Duration::from_secs(8);
/// Answers of nodes that wait to be taken note of.
const ANSWERS: usize = 64;

/// What became of an order that a node did not take.
struct NotTaken {
    order: Order,
    reason: String,
    /// Whether it will not be taken however often it is sent.
    lasting: bool,
}

/// Places the models of the catalogue until the gateway stops; tells `status` how it stands.
pub(crate) async fn run(
    nodes: Arc<Nodes>,
    catalogue: Vec<Model>,
    settings: Settings,
    status: watch::Sender<PlacementStatus>,
) {
    let mut executor = Executor::new(catalogue.clone(), settings);
    let mut acted = false;
    let (answers, mut not_taken) = mpsc::channel(ANSWERS);
    let started = Instant::now();
    let mut rounds = tokio::time::interval(ROUND);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = nodes.stop.cancelled() => return,
            _ = rounds.tick() => {}
            Some(NotTaken { order, reason, lasting }) = not_taken.recv() => {
                executor.refused(Instant::now(), &order, &reason, lasting);
                continue;
            }
        }
        let now = Instant::now();
        let heard = heard(&nodes, now);
        if heard.len() < nodes.count() && now < started + MEETING {
            continue;
        }
        let role = *nodes.role.borrow();
        let (acting, epoch) = match role {
            Role::Alone => (true, None),
            Role::Dispatcher { epoch } => (true, Some(epoch)),
            Role::Follower { .. } => (false, None),
        };
        if acting && !acted {
            demand::measure_anew(&nodes);
        }
        acted = acting;
        let measured = demand::measured(&nodes, &catalogue, &heard);
        let orders = executor.round(now, unix_now(), &heard, measured, acting);
        let (emptying, coming) = executor.directions(&heard);
        for (model, node) in &emptying {
            // At once, and not with the next heartbeat: what is sent now would only come back.
            for dispatcher in [nodes.dispatchers.get(model), nodes.live.get(model)].into_iter().flatten() {
                dispatcher.unheard(node, policy::Health::Draining);
            }
        }
        nodes.directions.follow_plan(emptying, coming);
        for order in orders {
            tell(&nodes, order, epoch, answers.clone());
        }
        executor.show_demand();
        let stands = executor.status(now, &heard);
        #[expect(clippy::cast_precision_loss, reason = "a handful of steps")]
        metrics::gauge!("sfetnic_placement_pending_steps").set(stands.pending.len() as f64);
        status.send_replace(stands);
    }
}

/// The nodes that are heard now.
fn heard(nodes: &Nodes, now: Instant) -> Vec<Heard> {
    let fresh = nodes.followed().into_iter().filter(|(_, last)| now.saturating_duration_since(last.node.heard) < GONE);
    let heard = fresh.map(|(name, last)| Heard {
        drained: nodes.directions.is_drained(name),
        name: name.into(),
        beat: last.beat.clone(),
        described: Arc::clone(&last.described),
    });
    heard.collect()
}

/// Tells a node, and hands in its answer where it did not take it.
fn tell(nodes: &Arc<Nodes>, order: Order, epoch: Option<u64>, answers: mpsc::Sender<NotTaken>) {
    let followed = nodes.followed();
    let Some(client) = followed.iter().find(|(name, _)| *name == order.key.1.0).map(|(_, last)| last.client.clone())
    else {
        return;
    };
    let stop = nodes.stop.clone();
    nodes.tasks.spawn(async move {
        let model = &order.key.0.0;
        let told = async {
            match order.kind {
                Kind::Load { gpu } => client.load(model, gpu, epoch).await,
                Kind::Unload { .. } => client.unload(model, epoch).await,
            }
        };
        let told = tokio::select! {
            told = told => told,
            () = stop.cancelled() => return,
        };
        let Err(error) = told else { return };
        // Of its successor this server learns by its lease, and then acts no more.
        let lasting = matches!(error, NodeError::Failed { status: 400..=499, .. } | NodeError::Refused { .. });
        tracing::debug!(node = %order.key.1, model, error = chain(&error), lasting, "placement: not taken");
        let reason = match error {
            NodeError::Failed { message, .. } | NodeError::Refused { message } | NodeError::Busy { message, .. } => {
                message
            }
            error => chain(&error),
        };
        // Nobody listens once the gateway has stopped.
        let _ = answers.send(NotTaken { order, reason, lasting }).await;
    });
}

fn unix_now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Describes the metrics.
pub(crate) fn describe() {
    use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
    describe_counter!("sfetnic_placement_plans_total", "Plans that were made");
    describe_counter!("sfetnic_placement_steps_total", "Steps of plans, by action and outcome");
    describe_histogram!(
        "sfetnic_placement_step_seconds",
        Unit::Seconds,
        "From a step's beginning to its end, by action"
    );
    describe_gauge!("sfetnic_placement_pending_steps", "Steps of the present plan that are not done");
    describe_gauge!("sfetnic_placement_unplaced_replicas", "Replicas that are wanted and find no place");
    describe_gauge!(
        "sfetnic_model_demand_replicas",
        "Replicas that the requests of the last minute would have kept busy, rejected ones included, by model and class"
    );
    describe_gauge!("sfetnic_model_target_replicas", "Replicas that are aimed at, by model and class");
}
