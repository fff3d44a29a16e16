//! What a dispatcher counts: every decision, and every wait.

use std::sync::Arc;
use std::time::Duration;

use metrics::{
    Counter, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use policy::{Rejection, Standing, WithdrawReason};
use protocol::Class;

use super::Dispatchers;
use crate::status::ModelStatus;

/// How often what is counted at a moment is counted.
const LOOK: Duration = Duration::from_secs(1);

/// The meters of one model, looked up once: a request touches several of them.
pub(super) struct Meters {
    dispatched: Counter,
    lost: Counter,
    withdrawn: [(WithdrawReason, Counter); 3],
    rejected: [(Rejection, [Counter; 4]); 5],
    waited: [Histogram; 4],
    first_token: [Histogram; 4],
}

impl Meters {
    /// Those of a model; `label` as metrics call it.
    pub(super) fn new(label: &str) -> Self {
        let model = || label.to_owned();
        let decision =
            |what: &'static str| counter!("sfetnic_dispatch_decisions_total", "model" => model(), "decision" => what);
        let by_class =
            |name: &'static str| Class::ALL.map(|class| histogram!(name, "model" => model(), "class" => class.name()));
        let withdrawn = |reason, what: &'static str| {
            (reason, counter!("sfetnic_dispatch_withdrawals_total", "model" => model(), "reason" => what))
        };
        let rejected = |reason: Rejection| {
            let count = |class: Class| counter!("sfetnic_dispatch_rejections_total", "model" => model(), "class" => class.name(), "reason" => reason.name());
            (reason, Class::ALL.map(count))
        };
        Self {
            dispatched: decision("dispatch"),
            lost: decision("lost"),
            withdrawn: [
                withdrawn(WithdrawReason::YieldsToCall, "yields_to_call"),
                withdrawn(WithdrawReason::ReplicaUnwell, "replica_unwell"),
                withdrawn(WithdrawReason::Cancelled, "cancelled"),
            ],
            rejected: [
                rejected(Rejection::DeadlineCannotBeMet),
                rejected(Rejection::QueueFull),
                rejected(Rejection::NoReplica),
                rejected(Rejection::ReplicasFailed),
                rejected(Rejection::Duplicate),
            ],
            waited: by_class("sfetnic_dispatch_wait_seconds"),
            first_token: by_class("sfetnic_dispatch_first_token_seconds"),
        }
    }

    /// A request is sent, so long after it came or came back.
    pub(super) fn dispatched(&self, class: Class, waited: Duration) {
        self.dispatched.increment(1);
        self.waited[class as usize].record(waited);
    }

    /// The first piece of an answer is there.
    pub(super) fn first_token(&self, class: Class, after: Duration) {
        self.first_token[class as usize].record(after);
    }

    pub(super) fn withdrawn(&self, why: WithdrawReason) {
        count(self.withdrawn.iter().find(|(reason, _)| *reason == why).map(|(_, counter)| counter));
    }

    pub(super) fn rejected(&self, class: Class, why: Rejection) {
        count(self.rejected.iter().find(|(reason, _)| *reason == why).map(|(_, classes)| &classes[class as usize]));
    }

    pub(super) fn lost(&self) {
        self.lost.increment(1);
    }
}

fn count(counter: Option<&Counter>) {
    if let Some(counter) = counter {
        counter.increment(1);
    }
}

/// Tells each second what waits and how full the replicas are; never ends.
pub(crate) async fn watch(kinds: [Arc<Dispatchers>; 2]) {
    loop {
        tokio::time::sleep(LOOK).await;
        for model in kinds.iter().flat_map(|dispatchers| dispatchers.all()) {
            tell(&model.label, &model.status());
        }
    }
}

fn tell(label: &str, status: &ModelStatus) {
    #[expect(clippy::cast_precision_loss, reason = "no queue holds 2^52 requests")]
    for (class, waiting) in &status.waiting {
        gauge!("sfetnic_dispatch_waiting", "model" => label.to_owned(), "class" => class.clone()).set(*waiting as f64);
    }
    for replica in &status.replicas {
        let labels = [("model", label.to_owned()), ("node", replica.node.clone())];
        #[expect(clippy::cast_precision_loss, reason = "no replica has 2^52 requests")]
        let busy = replica.status.reading as f64 + f64::from(replica.status.streaming);
        gauge!("sfetnic_replica_requests", &labels).set(busy);
        gauge!("sfetnic_replica_slots", &labels).set(f64::from(replica.status.slots));
        let serves = matches!(replica.status.standing, Standing::Serving | Standing::Returning);
        gauge!("sfetnic_replica_serves", &labels).set(f64::from(u8::from(serves)));
    }
}

/// Says what each is.
pub(crate) fn describe() {
    describe_counter!("sfetnic_dispatch_decisions_total", "Requests sent to a replica, or lost with it, by model");
    describe_counter!("sfetnic_dispatch_withdrawals_total", "Requests called back from a replica, by model and reason");
    describe_counter!("sfetnic_dispatch_rejections_total", "Requests not served, by model, class and reason");
    describe_histogram!(
        "sfetnic_dispatch_wait_seconds",
        Unit::Seconds,
        "From a request's arrival, or return, until it is sent to a replica"
    );
    describe_histogram!(
        "sfetnic_dispatch_first_token_seconds",
        Unit::Seconds,
        "From a request's arrival to the first piece of its answer"
    );
    describe_gauge!("sfetnic_dispatch_waiting", "Requests that wait for a replica, by model and class");
    describe_gauge!("sfetnic_replica_requests", "Requests at a replica, by model and node");
    describe_gauge!("sfetnic_replica_slots", "Requests that a replica computes at once, by model and node");
    describe_gauge!("sfetnic_replica_serves", "Whether a replica may be given requests, by model and node");
}
