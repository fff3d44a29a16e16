//! The sub-commands, one module each.

pub(crate) mod backup;
pub(crate) mod cluster;
pub(crate) mod config;
pub(crate) mod eval;
pub(crate) mod gateway;
pub(crate) mod journal;
pub(crate) mod knowledge;
pub(crate) mod openapi;
pub(crate) mod phone;
pub(crate) mod placement;
mod print;
pub(crate) mod simulate;
pub(crate) mod size;
pub(crate) mod user;
