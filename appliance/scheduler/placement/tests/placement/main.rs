//! What the planner promises, seen from outside: stories, and properties on random fleets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step fails the test")]

mod fleet;
mod properties;
mod stories;
mod world;
