//! What decides in a simulation: the live dispatcher or one of its peers, by the same events and decisions.

use policy::{Decision, Dispatcher, Event, Moment};

/// A policy under simulation.
pub trait Scheduler {
    /// Takes note of what happened at `now`, and decides.
    fn handle(&mut self, now: Moment, event: Event) -> Vec<Decision>;

    /// When it wants to be asked again though nothing happens.
    fn next_wake(&self) -> Option<Moment>;
}

impl Scheduler for Dispatcher {
    fn handle(&mut self, now: Moment, event: Event) -> Vec<Decision> {
        Dispatcher::handle(self, now, event)
    }

    fn next_wake(&self) -> Option<Moment> {
        Dispatcher::next_wake(self)
    }
}
