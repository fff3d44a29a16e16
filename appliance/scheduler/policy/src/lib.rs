//! Which request goes to which replica, and when: the dispatcher of one model as a pure state machine.
//!
//! [`Dispatcher::handle`] takes the time and an [`Event`] and returns [`Decision`]s; it knows no clock, no network and no
//! chance. The live gateway and the simulator run the same code, so that what the simulator promises is what is served.
//!
//! The queue is here, not at the replicas: a request stays movable until its first token. Within a class the earliest deadline
//! goes first ([`queue`]), calls before all others, and each class gets its floor ([`share`]). The replica is chosen by
//! predicted completion ([`plan`]): what it has still to read, what of this prompt it holds already ([`prefix`]), how fast it
//! is ([`rates`]). What cannot be in time is rejected at once; under overload what is worth least for its work stands by
//! ([`price`]). How many replicas all this would keep busy is measured beside ([`demand`]).

mod calls;
mod config;
mod demand;
mod dispatcher;
mod event;
mod fleet;
mod homes;
mod plan;
mod prefix;
mod price;
mod queue;
mod rates;
mod replica;
mod request;
mod share;
mod status;
mod time;

pub use config::{ClassTargets, Classes, PolicyConfig};
pub use demand::Demand;
pub use dispatcher::Dispatcher;
pub use event::{Decision, Event, Health, Rejection, WithdrawReason};
pub use homes::Homes;
pub use replica::Standing;
pub use request::{BlockHash, ReplicaId, Request, RequestId, SessionKey};
pub use status::ReplicaStatus;
pub use time::Moment;
