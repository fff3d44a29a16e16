//! What the gateway is measured with: fake model servers of a known cost, and a load that never waits for its answers.
//!
//! [`engine`] is the model server without a network: pure, a function of what it was given and of the time. [`worker`] puts it
//! behind HTTP, with faults on demand. [`load`] sends requests at times fixed beforehand and reports what came of them.
//! `scripts/bench-scheduler` runs both around the programs that are compared.

pub mod engine;
pub mod load;
pub mod prompt;
pub mod worker;
