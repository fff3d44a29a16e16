//! What the planner promises, seen from outside: stories, and properties on random fleets.

mod fleet;
mod properties;
mod stories;
mod world;
