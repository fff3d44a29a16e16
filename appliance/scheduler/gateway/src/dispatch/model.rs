//! The dispatcher of one model: the policy's state, those who wait for it, and the replicas that it knows.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use policy::{
    Decision, Dispatcher, Event, Health, Moment, PolicyConfig, ReplicaId, ReplicaStatus, Request, RequestId,
    SessionKey, Standing,
};
use protocol::Class;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use super::Kind;
use super::meters::Meters;
use super::ticket::{Order, Ticket};
use crate::client::NodeClient;
use crate::status::{ModelStatus, PlacedReplica};

/// Orders that may wait for one request; the policy never has more than two open for it.
const ORDERS: usize = 8;
/// The longest sleep of the timer where the policy names no moment.
const LONGEST_SLEEP: Duration = Duration::from_secs(3_600);
/// The shortest sleep of the timer: the runtime's own measure.
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

/// The dispatcher of one model.
pub(crate) struct ModelDispatcher {
    /// The model.
    pub(crate) model: String,
    /// What it is called in metrics and logs: live streams are told from single requests.
    pub(crate) label: String,
    kind: Kind,
    meters: Meters,
    state: Mutex<State>,
    origin: Instant,
    next: AtomicU64,
    rescheduled: Notify,
}

struct State {
    policy: Dispatcher,
    /// Until when the timekeeper sleeps.
    alarm: Moment,
    waiting: HashMap<RequestId, Waiting>,
    /// By the name of their node.
    replicas: BTreeMap<String, Known>,
}

/// Whoever listens for a request.
struct Waiting {
    orders: mpsc::Sender<Order>,
    class: Class,
    /// When it came, or came back from a replica.
    since: Instant,
}

struct Known {
    replica: Arc<Replica>,
    health: Health,
    slots: u32,
    incarnation: u64,
}

/// A model on a node.
pub(crate) struct Replica {
    /// How the policy calls it.
    pub(crate) id: ReplicaId,
    /// The node.
    pub(crate) node: String,
    /// The way to it.
    pub(crate) client: NodeClient,
}

/// What a heartbeat says of the model on a node.
pub(crate) struct Beat<'a> {
    pub(crate) node: &'a str,
    pub(crate) client: &'a NodeClient,
    pub(crate) incarnation: u64,
    pub(crate) slots: u32,
    pub(crate) health: Health,
}

impl ModelDispatcher {
    pub(super) fn new(model: &str, kind: Kind, config: PolicyConfig) -> Self {
        let label = match kind {
            Kind::Requests => model.to_owned(),
            Kind::Live => format!("{model} (live)"),
        };
        let state = State {
            policy: Dispatcher::new(config),
            alarm: Moment(0),
            waiting: HashMap::new(),
            replicas: BTreeMap::new(),
        };
        Self {
            model: model.to_owned(),
            meters: Meters::new(&label),
            label,
            kind,
            state: Mutex::new(state),
            origin: Instant::now(),
            next: AtomicU64::new(1),
            rescheduled: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now, as the policy counts.
    pub(crate) fn now(&self) -> Moment {
        Moment(u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// A name for a request.
    pub(crate) fn name_request(&self) -> RequestId {
        RequestId(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Queues a request; what becomes of it is told to its ticket.
    pub(crate) fn submit(self: &Arc<Self>, request: Request) -> Ticket {
        let (sender, orders) = mpsc::channel(ORDERS);
        let ticket = Ticket::new(Arc::clone(self), request.id, orders);
        let mut state = self.state();
        state.waiting.insert(request.id, Waiting { orders: sender, class: request.class, since: Instant::now() });
        self.decide(&mut state, Event::Arrival(request));
        ticket
    }

    /// Hands an event to the policy and carries out what it decides.
    pub(super) fn happened(&self, event: Event) {
        self.decide(&mut self.state(), event);
    }

    /// The first piece of a request's answer is there.
    pub(crate) fn count_first_token(&self, class: Class, after: Duration) {
        self.meters.first_token(class, after);
    }

    /// Nobody listens for this request any more.
    pub(super) fn forget(&self, request: RequestId, event: Option<Event>) {
        let mut state = self.state();
        state.waiting.remove(&request);
        if let Some(event) = event {
            self.decide(&mut state, event);
        }
    }

    fn decide(&self, state: &mut State, event: Event) {
        if let Event::Failed { request, .. } = &event
            && let Some(waiting) = state.waiting.get_mut(request)
        {
            waiting.since = Instant::now();
        }
        for decision in state.policy.handle(self.now(), event) {
            self.carry_out(state, decision);
        }
        // Most events put the wake off; who sleeps until the one before looks again then.
        if let Some(wake) = state.policy.next_wake().filter(|wake| *wake < state.alarm) {
            state.alarm = wake;
            self.rescheduled.notify_one();
        }
    }

    fn carry_out(&self, state: &mut State, decision: Decision) {
        let (request, order) = match decision {
            Decision::Dispatch { request, replica, attempt } => {
                let Some(known) = state.replicas.values().find(|known| known.replica.id == replica) else { return };
                tracing::debug!(node = known.replica.node, request = request.0, attempt, "dispatched");
                if let Some(waiting) = state.waiting.get(&request) {
                    self.meters.dispatched(waiting.class, waiting.since.elapsed());
                }
                (request, Order::Go { replica: Arc::clone(&known.replica), attempt })
            }
            Decision::Withdraw { request, reason, .. } => {
                self.meters.withdrawn(reason);
                if let Some(waiting) = state.waiting.get_mut(&request) {
                    waiting.since = Instant::now();
                }
                (request, Order::Back)
            }
            Decision::Reject { request, reason, retry_after } => {
                if let Some(waiting) = state.waiting.get(&request) {
                    self.meters.rejected(waiting.class, reason);
                }
                (request, Order::Reject { reason, retry_after })
            }
            Decision::Lost { request, .. } => {
                self.meters.lost();
                (request, Order::Lost)
            }
        };
        // A full channel belongs to somebody who reads no more: dropping its ticket cancels the request.
        if let Some(waiting) = state.waiting.get(&request) {
            let _ = waiting.orders.try_send(order);
        }
    }

    /// Takes note of a node's heartbeat.
    pub(crate) fn beat(&self, beat: &Beat<'_>) {
        let mut state = self.state();
        let known = state
            .replicas
            .get(beat.node)
            .map(|known| (known.replica.id, known.health, known.slots, known.incarnation == beat.incarnation));
        let (id, joined) = match known {
            Some((id, health, slots, true)) if health != Health::Gone => (id, slots != beat.slots),
            Some((id, _, _, same)) => {
                if !same {
                    // It forgot everything, and with it what it was doing.
                    self.decide(&mut state, Event::ReplicaHealth { replica: id, health: Health::Gone });
                }
                (id, true)
            }
            None => (ReplicaId(u32::try_from(state.replicas.len()).unwrap_or(u32::MAX)), true),
        };
        let replica = Arc::new(Replica { id, node: beat.node.to_owned(), client: beat.client.clone() });
        let entry = Known { replica, health: beat.health, slots: beat.slots, incarnation: beat.incarnation };
        state.replicas.insert(beat.node.to_owned(), entry);
        if joined {
            let event = Event::ReplicaJoined { replica: id, slots: beat.slots, prefill_rate: None, cache_blocks: None };
            self.decide(&mut state, event);
        }
        if joined || known.is_none_or(|(_, health, ..)| health != beat.health) {
            self.decide(&mut state, Event::ReplicaHealth { replica: id, health: beat.health });
        }
        self.decide(&mut state, Event::Heartbeat { replica: id });
    }

    /// A node is not heard any more, or has the model no more.
    pub(crate) fn unheard(&self, node: &str, health: Health) {
        let mut state = self.state();
        let Some(known) = state.replicas.get_mut(node).filter(|known| known.health != health) else { return };
        known.health = health;
        let replica = known.replica.id;
        self.decide(&mut state, Event::ReplicaHealth { replica, health });
    }

    /// How the model is doing.
    pub(crate) fn status(&self) -> ModelStatus {
        let state = self.state();
        let waiting =
            Class::ALL.map(|class| (class.name().to_owned(), state.policy.waiting(class))).into_iter().collect();
        let name =
            |id| state.replicas.values().find(|known| known.replica.id == id).map(|known| known.replica.node.clone());
        let placed = |status: ReplicaStatus| Some(PlacedReplica { node: name(status.replica)?, status });
        let replicas = state.policy.replicas().into_iter().filter_map(placed).collect();
        ModelStatus { model: self.model.clone(), live: self.kind == Kind::Live, waiting, replicas }
    }

    /// Where a session would go from this replica.
    pub(crate) fn other_home(&self, session: SessionKey, replica: ReplicaId) -> Option<Arc<Replica>> {
        let state = self.state();
        let homes = state.policy.homes(session);
        // Once its replica is given nothing more, its first home is another.
        let second = homes.first.into_iter().chain(homes.second).find(|home| *home != replica)?;
        state.replicas.values().find(|known| known.replica.id == second).map(|known| Arc::clone(&known.replica))
    }

    /// How a replica is seen; none where it is not known.
    pub(crate) fn standing(&self, replica: ReplicaId) -> Option<Standing> {
        self.state()
            .policy
            .replicas()
            .into_iter()
            .find(|status| status.replica == replica)
            .map(|status| status.standing)
    }

    /// How many replicas its requests would keep busy; none until that has been measured for a while.
    pub(crate) fn demand(&self) -> Option<policy::Demand> {
        let state = self.state();
        state.policy.demand(self.now())
    }

    /// Begins to measure the demand anew.
    pub(crate) fn measure_anew(&self) {
        self.state().policy.measure_anew(self.now());
    }

    /// Whether some replica could serve.
    pub(crate) fn served(&self) -> bool {
        self.state().replicas.values().any(|known| known.health == Health::Ok)
    }

    /// Whether a replica on another node could serve.
    pub(crate) fn serves_beside(&self, node: &str) -> bool {
        self.state().replicas.iter().any(|(name, known)| name != node && known.health == Health::Ok)
    }

    /// Wakes the policy when it wants to be; never ends.
    pub(super) async fn keep_time(&self) {
        loop {
            let sleep = {
                let mut state = self.state();
                if state.policy.next_wake().is_some_and(|wake| wake <= self.now()) {
                    self.decide(&mut state, Event::Wake);
                }
                let wake = state.policy.next_wake();
                state.alarm = wake.unwrap_or(Moment(u64::MAX));
                wake.map_or(LONGEST_SLEEP, |wake| wake.since(self.now())).max(SHORTEST_SLEEP)
            };
            tokio::select! {
                () = tokio::time::sleep(sleep) => {}
                () = self.rescheduled.notified() => {}
            }
        }
    }
}
