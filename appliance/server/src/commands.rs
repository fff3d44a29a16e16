//! The sub-commands, one module each.

pub mod backup;
pub mod config;
pub mod eval;
pub mod journal;
pub mod knowledge;
pub mod openapi;
mod print;
pub mod user;
