//! The sub-commands.

pub(crate) mod config;
pub(crate) mod gpu;
pub(crate) mod models;
mod print;
mod progress;
pub(crate) mod selftest;
pub(crate) mod worker;

/// A check found something wrong.
const EXIT_WRONG: u8 = 4;
