//! What happens to models on their way into a store, in it, and out of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

mod bundles;
mod crashes;
mod disks;
mod documentation;
mod folders;
mod site;
mod stores;
